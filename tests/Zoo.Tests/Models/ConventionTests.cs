using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Dsl.Runtime;
using Dsl.Tests;
using Xunit;

namespace Zoo.Tests.Models;

/// <summary>What the zoo promises of its own sources.</summary>
public sealed partial class ConventionTests
{
    /// <summary>Files that declare a model or a block, the presets' apart.</summary>
    private static readonly IReadOnlyDictionary<string, string[]> Declarations = Directory
        .GetFiles(Path.Combine(Repository.Root, "src", "Zoo"), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Split(Path.DirectorySeparatorChar).Intersect(["obj", "bin"]).Any())
        .Select(file => (Name: Path.GetFileName(file), Lines: File.ReadAllLines(file)))
        .Where(file => file.Lines.Any(line => Declaring().IsMatch(line)))
        .ToDictionary(file => file.Name, file => file.Lines);

    [Fact]
    public void Every_model_and_block_is_declared_in_a_source()
    {
        string text = string.Join('\n', Declarations.Values.SelectMany(lines => lines));
        string[] types = [.. typeof(global::Zoo.Models).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(GeneratedModule)) && !type.IsAbstract).Select(type => type.Name)];
        Assert.NotEmpty(types);
        Assert.All(types, name => Assert.Matches($@"\bpartial class {name}\b", text));
    }

    /// <summary>No family computes with tensors by hand: whatever runs is written by the compiler. First weights may be filled by a function.</summary>
    [Fact]
    public void No_family_has_a_forward_of_its_own()
    {
        Assert.All(Declarations, file => Assert.All(Code(file.Value), line =>
            Assert.False(ByHand().IsMatch(line), $"{file.Key} computes by hand: {line.Trim()}")));
    }

    /// <summary>
    /// The bar of each family, in lines without comments, usings and blank ones; the config counts, presets have files of their own. A family that misses its
    /// bar is named with what it takes now. What takes Mamba, RWKV-4, S4D and TTT beyond theirs are rules for first weights, and options of their configs.
    /// </summary>
    [Theory]
    [InlineData("Llama.cs", 50)]
    [InlineData("Bert.cs", 50)]
    [InlineData("T5.cs", 70)]
    [InlineData("Bart.cs", 70)]
    [InlineData("Mamba.cs", 50, 85)]
    [InlineData("Rwkv.cs", 50, 80)]
    [InlineData("S4d.cs", 35, 41)]
    [InlineData("Ttt.cs", 50, 63)]
    [InlineData("Mistral.cs", 12)]
    [InlineData("Qwen2.cs", 15)]
    [InlineData("Qwen3.cs", 25)]
    [InlineData("Mixtral.cs", 25)]
    [InlineData("Olmoe.cs", 25)]
    [InlineData("Qwen3Moe.cs", 25)]
    [InlineData("RoutedFeedForward.cs", 20)]
    [InlineData("Gemma2.cs", 40)]
    [InlineData("Phi.cs", 60)]
    [InlineData("GptNeoX.cs", 60)]
    [InlineData("Roberta.cs", 12)]
    [InlineData("MBart.cs", 12)]
    [InlineData("MT5.cs", 12)]
    [InlineData("T0.cs", 12)]
    [InlineData("FlanT5.cs", 12)]
    public void Families_are_short(string file, int bar, int takes = 0)
    {
        int lines = Code(Declarations[file]).Count();
        Assert.True(
            takes == 0 ? lines <= bar : lines == takes,
            $"{file} has {lines} lines of code, at most {bar} were promised{(takes > 0 ? $"; it was known to take {takes}" : "")}");
    }

    [Theory]
    [InlineData("Gpt3.cs", "Gpt3", 12)]
    [InlineData("Electra.cs", "Electra", 12)]
    public void Derived_families_are_short(string file, string family, int most)
    {
        // A derived family says how it differs: its config, its blocks and its model; a second model of the same family counts for itself.
        string[][] parts = [.. Split(Code(Declarations[file]))];
        Assert.NotEmpty(parts);
        Assert.All(parts, part => Assert.True(part.Length <= most, $"{family}: {part[^1].Trim()} takes {part.Length} lines, at most {most} were promised"));
    }

    /// <summary>Folders whose lines all fit on a screen. Tests of the compiler and of kernels hold declarations and tables as their subjects.</summary>
    public static TheoryData<string> Folders =>
    [
        "benchmarks", "samples", "tests/Shared",
        .. Directory.GetDirectories(Path.Combine(Repository.Root, "src")).Select(folder => $"src/{Path.GetFileName(folder)}"),
        .. Directory.GetDirectories(Path.Combine(Repository.Root, "tests"), "*.Tests").Select(folder => $"tests/{Path.GetFileName(folder)}")
            .Except(["tests/Dsl.Generators.Tests", "tests/Dsl.Runtime.Tests"]),
    ];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Lines_have_at_most_160_characters(string folder)
    {
        var files = Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Intersect(["obj", "bin"]).Any())
            .ToList();
        Assert.NotEmpty(files);
        Assert.Empty(files.SelectMany(file => File.ReadLines(file)
            .Select((line, i) => (line.Length, At: $"{Path.GetRelativePath(Repository.Root, file)}:{i + 1}"))
            .Where(line => line.Length > 160)
            .Select(line => line.At)));
    }

    private static IEnumerable<string> Code(IEnumerable<string> lines) =>
        lines.Where(line => !string.IsNullOrWhiteSpace(line) && !NoCode().IsMatch(line));

    private static IEnumerable<string[]> Split(IEnumerable<string> lines)
    {
        var part = new List<string>();
        foreach (string line in lines)
        {
            part.Add(line);
            if (line.StartsWith('}') || Whole().IsMatch(line))
            {
                yield return [.. part];
                part.Clear();
            }
        }
    }

    [GeneratedRegex(@"^\[(Block|Model)<")]
    private static partial Regex Declaring();

    [GeneratedRegex(@"\b(Tensor(?! weight\b)|Forward|Advance|override|torch)\b")]
    private static partial Regex ByHand();

    [GeneratedRegex(@"^\s*//|^using |^namespace ")]
    private static partial Regex NoCode();

    [GeneratedRegex(@"^(public|internal).*;\s*$")]
    private static partial Regex Whole();
}
