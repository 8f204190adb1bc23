using System;
using System.IO;
using System.Linq;
using Dsl.Tests;
using Xunit;
using Xunit.Abstractions;
using Zoo.Verification;

namespace Zoo.Tests.Goldens;

/// <summary>Every model against its published implementation: one test a folder.</summary>
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
        var report = GoldenVerifier.Zoo.Verify(GoldenFolder.Case(name));
        foreach (var row in report.Rows)
        {
            output.WriteLine(row.ToString());
        }

        Assert.NotEmpty(report.Rows);
        Assert.True(report.Passed, string.Join(Environment.NewLine, report.Misses));
    }

    [Fact]
    public void Every_promised_case_at_hand_is_tested()
    {
        var found = GoldenCase.Find(GoldenFolder.Path);
        string[] names = [.. found.Select(f => Path.GetFileName(f) + (GoldenModels.Supports(f) ? "" : " (no declaration)"))];
        output.WriteLine($"{GoldenFolder.Path}: {string.Join(", ", names)}");
        Assert.Empty(found.Where(f => Promised.Contains(Path.GetFileName(f)) && !GoldenModels.Supports(f)).Select(Path.GetFileName));
    }
}
