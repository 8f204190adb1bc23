using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Testing;
using Dsl.Tests;
using Xunit;
using Xunit.Abstractions;
using Zoo.Cli.Verification;

namespace Zoo.Tests.Goldens;

/// <summary>Every model, and every formula that no model answers, against its published implementation: one test a folder.</summary>
[Trait("Category", "Goldens")]
public sealed class GoldenTests(ITestOutputHelper output)
{
    /// <summary>Cases that must never drop out of the listing for want of a declaration.</summary>
    private static readonly string[] Promised = ["gpt1", "gpt2", "gpt3_alternating", "llama1", "llama3", "llama_variants", "sliding_window"];

    public static TheoryData<string> Cases => SupportedCases.Names;

    [Theory]
    [MemberData(nameof(Cases))]
    public void Case_equals_the_published_implementation(string name)
    {
        var report = ZooGoldens.Verifier.Verify(GoldenFolder.Case(name));
        output.WriteLine(report.ToString());

        Assert.NotEmpty(report.Rows);
        Assert.True(report.Passed, string.Join(Environment.NewLine, report.Misses));
    }

    /// <summary>What lies in the repository is declared; elsewhere (DSL_GOLDENS) each case that is not is named with the reason, and would not pass.</summary>
    [Fact]
    public void Cases_that_no_declaration_supports_are_named()
    {
        IReadOnlyList<UnsupportedCase> unsupported = ZooGoldens.Verifier.Unsupported(GoldenFolder.Path);
        foreach (UnsupportedCase each in unsupported)
        {
            output.WriteLine($"{Path.GetFileName(each.Folder)} is not tested: {each.Reason}");
            Assert.False(ZooGoldens.Verifier.Verify(each.Folder).Passed);
        }

        Assert.Empty(ZooGoldens.Verifier.Unsupported(GoldenFolder.InRepository()).Select(each => $"{Path.GetFileName(each.Folder)}: {each.Reason}"));
    }

    [Fact]
    public void Every_promised_case_at_hand_is_tested() =>
        Assert.Empty(ZooGoldens.Verifier.Unsupported(GoldenFolder.Path).Select(each => Path.GetFileName(each.Folder)).Intersect(Promised));
}
