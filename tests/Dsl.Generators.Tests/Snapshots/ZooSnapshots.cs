using System;
using System.Linq;
using Xunit;

namespace Dsl.Generators.Tests.Snapshots;

/// <summary>The generated code of every declaration of the zoo. Reading what changed here is part of reading a change.</summary>
public sealed class ZooSnapshots
{
    private static readonly Lazy<GeneratedRun> Zoo = new(() => Compiling.Start(Compiling.Create(Compiling.Zoo())));

    public static TheoryData<string> Files => [.. Zoo.Value.Texts.Keys.Where(k => k != "DslModels.g.cs")];

    [Theory]
    [MemberData(nameof(Files))]
    public void Generated_code_is_the_approved_one(string file) => Approved.Match(file[..^".g.cs".Length], Zoo.Value.Texts[file]);

    [Fact]
    public void Nothing_is_approved_that_is_no_longer_generated() => Approved.Only("Zoo.", name => Zoo.Value.Texts.ContainsKey(name + ".g.cs"));
}
