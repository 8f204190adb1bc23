using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading.Tasks;
using Dsl.Generators.Diagnostics;
using Dsl.Generators.Model;
using Microsoft.CodeAnalysis;
using Xunit;

namespace Dsl.Generators.Tests.Diagnostics;

public class DiagnosticTests
{
    private static readonly string[] Ids = [.. typeof(Problems)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (string)f.GetRawConstantValue()!)
        .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Example.Ids), MemberType = typeof(Example))]
    public async Task Is_reported_at_its_exact_span(string id)
    {
        var example = Example.Of(id);
        var (source, marks) = Analysing.Read(Analysing.Prelude + example.Marked);

        var found = await Analysing.Of(source);

        var diagnostic = Assert.Single(found);
        Assert.Equal(id, diagnostic.Id);
        Assert.Equal(example.Message, diagnostic.GetMessage(null));
        Assert.Equal(
            source.Substring(marks.Single().Start, marks.Single().Length),
            source.Substring(diagnostic.Location.SourceSpan.Start, diagnostic.Location.SourceSpan.Length));
        Assert.Equal(marks.Single(), diagnostic.Location.SourceSpan);
        Assert.Equal(DiagnosticSeverity.Error, diagnostic.Severity); // a project that treats warnings as errors
    }

    /// <summary>One rule warns: what it names is not computed, all else is right. Whatever could be wrong in one form is an error.</summary>
    [Fact]
    public void Nothing_else_is_a_mere_warning() =>
        Assert.Equal([Problems.Unread], Rules.All.Where(r => r.DefaultSeverity != DiagnosticSeverity.Error).Select(r => r.Id));

    /// <summary>Scalar functions aside, where the generator leaves out what needs the function.</summary>
    [Theory]
    [MemberData(nameof(Example.Ids), MemberType = typeof(Example))]
    public void Gets_no_code(string id)
    {
        if (Rules.Of(id).DefaultSeverity != DiagnosticSeverity.Error)
        {
            return;
        }

        var (source, marks) = Analysing.Read(Analysing.Prelude + Example.Of(id).Marked);
        var owner = source[..source.IndexOf(';', marks.Single().Start)].Split("class ").Last().Trim().Split([' ', '\n'])[0];
        var run = Compiling.Start(Compiling.Create([source]));

        Assert.DoesNotContain($"User.{owner}.g.cs", run.Texts.Keys);
    }

    [Theory]
    [MemberData(nameof(Example.Ids), MemberType = typeof(Example))]
    public async Task Mended_it_is_silent_and_compiles(string id)
    {
        var run = Compiling.Start(Compiling.Create([Analysing.Prelude + Example.Of(id).Mended]));

        Assert.Empty(run.Errors().Where(e => e.DefaultSeverity == DiagnosticSeverity.Error));
        Assert.Empty(await Analysing.Of(run.Compilation));
    }

    [Fact]
    public void Every_id_has_a_rule_a_page_a_release_row_and_an_example()
    {
        Assert.Equal(Ids, Rules.All.Select(r => r.Id).Order(StringComparer.Ordinal));
        Assert.Equal(Ids, Example.All.Select(e => e.Id).Order(StringComparer.Ordinal));
        var rows = File.ReadAllLines(Path.Combine(Compiling.Repository, "src", "Dsl.Generators", "AnalyzerReleases.Unshipped.md"));
        var table = File.ReadAllText(Path.Combine(Compiling.Repository, "docs", "diagnostics", "README.md"));
        foreach (var rule in Rules.All)
        {
            Assert.Equal($"docs/diagnostics/{rule.Id}.md", rule.HelpLinkUri);
            Assert.True(File.Exists(Path.Combine(Compiling.Repository, rule.HelpLinkUri)), rule.HelpLinkUri);
            Assert.Contains(rows, r => r.StartsWith($"{rule.Id} | {rule.Category} | {rule.DefaultSeverity} |", StringComparison.Ordinal));
            Assert.Contains($"| [{rule.Id}]({rule.Id}.md) | {rule.Title} |", table, StringComparison.Ordinal);
        }

        Assert.True(Ids.Length >= 25);
    }

    [Theory]
    [MemberData(nameof(Example.Ids), MemberType = typeof(Example))]
    public void Its_page_shows_the_example(string id)
    {
        var example = Example.Of(id);
        var page = File.ReadAllText(Path.Combine(Compiling.Repository, "docs", "diagnostics", id + ".md")).ReplaceLineEndings("\n");

        Assert.StartsWith($"# {id}: {Rules.Of(id).Title}\n", page, StringComparison.Ordinal);
        Assert.Contains(
            $"```csharp\n{Analysing.Read(example.Marked).Source.ReplaceLineEndings("\n")}\n```\n\n> {example.Message}\n", page, StringComparison.Ordinal);
        Assert.Contains($"```csharp\n{example.Mended.ReplaceLineEndings("\n")}\n```\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_pages_share_the_config_that_the_table_shows()
    {
        var table = File.ReadAllText(Path.Combine(Compiling.Repository, "docs", "diagnostics", "README.md")).ReplaceLineEndings("\n");
        var config = Analysing.Prelude.ReplaceLineEndings("\n");

        Assert.Contains(config[config.IndexOf("public sealed record", StringComparison.Ordinal)..].Trim(), table, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Example.Ids), MemberType = typeof(Example))]
    public async Task A_pragma_silences_it(string id)
    {
        var (source, _) = Analysing.Read($"{Analysing.Prelude}#pragma warning disable {id}\n{Example.Of(id).Marked}\n#pragma warning restore {id}\n");

        Assert.DoesNotContain(await Analysing.Of(source), d => !d.IsSuppressed);
    }

    /// <summary>What <c>Set</c> may change is what the attributes take.</summary>
    [Fact]
    public void Options_are_those_of_the_attributes()
    {
        foreach (var part in Generators.Pipeline.Core.Vocabulary.Parts)
        {
            var attributes = typeof(LinearAttribute).Assembly
                .GetExportedTypes()
                .Where(t => t.Namespace == "Dsl" && t.Name.Split('`')[0] == part + "Attribute")
                .ToList();
            Assert.NotEmpty(attributes);
            var options = attributes
                .SelectMany(t => t.GetProperties().Where(p => p.SetMethod is { IsPublic: true }))
                .Select(p => p.Name)
                .Distinct()
                .Order(StringComparer.Ordinal);
            Assert.Equal(options, Generators.Pipeline.Core.Vocabulary.OptionsOf(part).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task The_zoo_has_none_before_and_after_generating()
    {
        var zoo = Compiling.Create(Compiling.Zoo());

        Assert.Empty(await Analysing.Of(zoo));
        Assert.Empty(await Analysing.Of(Compiling.Start(zoo).Compilation));
    }
}
