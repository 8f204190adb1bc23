using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Fuzz.Judging;
using Dsl.Fuzz.Tree;
using Xunit;

namespace Dsl.Fuzz.Tests;

/// <summary>Programs as data: they can be made again, hold the whole language, and can be made smaller.</summary>
public sealed class WriterTests
{
    /// <summary>Words that no program holds, each with the reason.</summary>
    private static readonly Dictionary<string, string> Absent = new()
    {
        ["Layer"] = "is a layer written by hand",
        ["Extend"] = "stands at configs",
        ["Only"] = "stands at configs",
        ["NoEffect"] = "stands at configs",
        ["ModelType"] = "stands at configs",
        ["TrainedBy"] = "is read by trainers alone",
        ["Folder"] = "names files of other models",
    };

    [Fact]
    public void The_same_numbers_make_the_same_program() =>
        Assert.All(Enumerable.Range(0, 40), i => Assert.Equal(Printer.Print(Worker.Make(7, i)), Printer.Print(Worker.Make(7, i))));

    [Fact]
    public void Other_numbers_make_another_program() =>
        Assert.Equal(120,
            Enumerable.Range(0, 120).Select(i => Printer.Print(Worker.Make(7 + (i % 2), i)).Replace($"S{7 + (i % 2)}N{i}", "")).Distinct().Count());

    [Fact]
    public void Three_hundred_programs_hold_every_word_of_the_language()
    {
        HashSet<string> held = [.. Enumerable.Range(0, 300).SelectMany(i => Words.Of(Worker.Make(1, i))).Select(w => w.Split('<', '(')[0])];
        string[] words =
        [
            .. typeof(ResidualAttribute).Assembly.GetTypes()
                .Where(t => t.Namespace == "Dsl" && t.IsSubclassOf(typeof(Attribute)) && !t.IsAbstract && Targets(t).HasFlag(AttributeTargets.Class))
                .Select(t => t.Name.Split('`')[0][..^"Attribute".Length]).Distinct(),
        ];
        Assert.Equal([], words.Where(w => !held.Contains(w) && !Absent.ContainsKey(w)));
        Assert.Equal([], Absent.Keys.Where(held.Contains));
    }

    [Fact]
    public void What_fails_is_made_as_small_as_it_fails()
    {
        Program program = Enumerable.Range(0, 100).Select(i => Worker.Make(3, i)).First(p => p.Declarations.Count > 2 && Words.Of(p).Contains("Shift"));
        Program small = new Shrinker(p => Words.Of(p).Contains("Shift"), TimeSpan.FromMinutes(1)).Shrink(program);
        Part part = Assert.Single(small.Declarations.SelectMany(d => d.Brackets).SelectMany(b => b.Parts));
        Assert.Equal("Shift", part.Word);
        Assert.True(small.Declarations.Count <= 2 && small.Declarations.All(d => d.Header.Count == 1 && d.Functions.Count == 0));
    }

    private static AttributeTargets Targets(Type attribute) =>
        attribute.GetCustomAttributes(typeof(AttributeUsageAttribute), true).Cast<AttributeUsageAttribute>().Single().ValidOn;
}
