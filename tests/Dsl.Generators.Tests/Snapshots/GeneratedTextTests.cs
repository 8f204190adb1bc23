using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.Loader;
using System.Text.RegularExpressions;
using Dsl.Generators.Tests.Diagnostics;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Generators.Tests.Snapshots;

/// <summary>Generated code is code that a person would sign.</summary>
public sealed class GeneratedTextTests
{
    private static readonly Lazy<IReadOnlyDictionary<string, string>> Zoo = new(() => Compiling.Start(Compiling.Create(Compiling.Zoo())).Texts);

    /// <summary>A text alone on its line is not cut: it is what a user searches for.</summary>
    [Fact]
    public void Lines_of_the_zoo_have_at_most_160_characters() => Assert.Empty(
        Zoo.Value.Where(t => t.Key != HintNames.Registry).SelectMany(
            t => t.Value.Split('\n').Where(l => l.Length > 160 && !Regex.IsMatch(l, "^\\s*\"[^\"]*\"[,;)\\]]*$")).Select(l => $"{t.Key}: {l}")));

    [Fact]
    public void Namespaces_are_written_once_and_blocks_hold_something()
    {
        foreach (var (file, text) in Zoo.Value.Where(t => t.Key != HintNames.Registry))
        {
            Assert.True(Regex.Matches(text, @"System\.Collections\.Generic").Count <= 1, file);
            Assert.DoesNotMatch(@"\{\s*\}\s*else", text);
            Assert.DoesNotMatch(@"else\s*\{\s*\}", text);
        }
    }

    /// <summary>A check of two equal expressions, or of a constant, holds always.</summary>
    [Fact]
    public void No_check_is_trivially_true()
    {
        foreach (var (file, text) in Zoo.Value)
        {
            foreach (var call in CSharpSyntaxTree.ParseText(text).GetRoot().DescendantNodes().OfType<InvocationExpressionSyntax>())
            {
                var arguments = call.ArgumentList.Arguments.Select(a => a.ToString()).ToList();
                var trivial = call.Expression.ToString() switch
                {
                    "Require.Equal" => arguments[0] == arguments[2] || arguments.All(a => Regex.IsMatch(a, "^(\\d+|\".*\")$")),
                    "Require.Divides" => arguments[0] is "1" || arguments[0] == arguments[2],
                    _ => false,
                };
                Assert.False(trivial, $"{file}: {call}");
            }

            foreach (var branch in CSharpSyntaxTree.ParseText(text).GetRoot().DescendantNodes().OfType<IfStatementSyntax>())
            {
                Assert.False(branch.Condition.ToString() is "true" or "!false", $"{file}: {branch.Condition}");
            }
        }
    }

    /// <summary>Fields begin with an underscore or a capital, so that a local is numbered only after a local of its own method.</summary>
    [Fact]
    public void A_local_is_numbered_after_another_local_and_never_after_a_field()
    {
        foreach (var (file, text) in Zoo.Value)
        {
            // A checkpoint's own number, as of fc2.
            bool IsKey(string name) => Regex.IsMatch(text, $"\"([^\"]*\\.)?{name}\"", RegexOptions.IgnoreCase);
            var root = CSharpSyntaxTree.ParseText(text).GetRoot();
            foreach (var type in root.DescendantNodes().OfType<ClassDeclarationSyntax>())
            {
                // Kernels number their lanes.
                foreach (var method in type.Members.OfType<MethodDeclarationSyntax>())
                {
                    var names = method.DescendantNodes().SelectMany(n => n switch
                    {
                        VariableDeclaratorSyntax v => [v.Identifier.ValueText],
                        SingleVariableDesignationSyntax s => [s.Identifier.ValueText],
                        ParameterSyntax p => [p.Identifier.ValueText],
                        _ => Array.Empty<string>(),
                    }).ToHashSet();
                    foreach (var name in names.Where(n => Regex.IsMatch(n, "[A-Za-z]2$")))
                    {
                        Assert.True(
                            names.Contains(name[..^1]) || names.Contains(name[..^1] + "1") || IsKey(name),
                            $"{file}: {method.Identifier.Text} has '{name}' and nothing before it");
                    }
                }
            }
        }
    }

    [Fact]
    public void Parts_of_a_split_have_the_names_that_it_gives_them()
    {
        var text = Compiling.Generate(Compiling.Create([Analysing.Prelude + """
            [Block<C>]
            [Linear("in", 12), Split("dt", 3, "B", 4, "C", 5)]
            [From("B"), Linear("b", nameof(C.Hidden)), As("b")]
            [From("C"), Linear("c", nameof(C.Hidden)), As("c")]
            [From("dt"), Linear("d", nameof(C.Hidden)), As("d")]
            [Sum("b", "c", "d")]
            public sealed partial class Layer;
            """])).Texts["User.Layer.g.cs"];
        var used = Regex.Matches(text, @"_\w+\.Apply\((?<given>[^)]*)\)").Select(m => m.Groups["given"].Value).ToList();
        Assert.DoesNotContain(used, u => u.Contains('[', StringComparison.Ordinal));
        Assert.Contains("Slices.Split(", text, StringComparison.Ordinal);
    }

    /// <summary>Of every set of outputs, what is wanted is there and what is not is null.</summary>

    [Fact]
    public void An_output_that_is_not_wanted_is_null()
    {
        var run = Compiling.Start(Compiling.Create([Analysing.Prelude + """
            [Model<C>("Small")]
            [Embedding("e", nameof(C.Vocab), nameof(C.Hidden)), Output("embedded")]
            [Linear("a", nameof(C.Hidden)), As("h"), Output("hidden"), Linear("b", nameof(C.FeedForward)), Output("wide")]
            [From("h"), Head("head", nameof(C.Vocab)), Output("logits")]
            public sealed partial class Small;
            """]));
        var assembly = new AssemblyLoadContext("wanted", isCollectible: false).LoadFromStream(new System.IO.MemoryStream(run.Emit()));
        var config = Activator.CreateInstance(assembly.GetType("User.Config")!, 11, 4, 6, 1, 2, 2, Activation.Of("gelu"), 1e-5, 8)!;
        var type = assembly.GetType("User.Small")!;
        using var model = (Runtime.GeneratedModel)Activator.CreateInstance(type, config, new Runtime.Weights(torch.ScalarType.Float32))!;
        var wanted = type.GetNestedType("Wanted")!;
        string[] names = ["Embedded", "Hidden", "Wide", "Logits"];
        Assert.Equal(names.Aggregate(0L, (all, n) => all | Convert.ToInt64(Enum.Parse(wanted, n))), Convert.ToInt64(Enum.Parse(wanted, "All")));
        using var ids = torch.tensor(new long[] { 1, 2, 3 }, [1, 3]);
        for (var set = 0; set < 1 << names.Length; set++)
        {
            var asked = names.Where((_, i) => (set >> i & 1) == 1).ToList();
            var bits = asked.Aggregate(0L, (all, n) => all | Convert.ToInt64(Enum.Parse(wanted, n)));
            using var results = (IDisposable)type.GetMethod("Forward")!.Invoke(model, [ids, null, Enum.ToObject(wanted, bits)])!;
            Assert.All(names, n => Assert.Equal(asked.Contains(n), results.GetType().GetProperty(n)!.GetValue(results) is Tensor));
        }
    }
}
