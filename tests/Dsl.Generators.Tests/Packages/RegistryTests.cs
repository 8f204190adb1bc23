using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.Loader;
using Dsl.Generators.Tests.Pipeline;
using Dsl.Runtime;
using Microsoft.CodeAnalysis;
using Xunit;

namespace Dsl.Generators.Tests.Packages;

/// <summary>The list of an assembly's models.</summary>
public sealed class RegistryTests
{
    [Fact]
    public void Two_projects_of_which_one_sees_the_other_have_lists_of_their_own()
    {
        const string friend = "[assembly: System.Runtime.CompilerServices.InternalsVisibleTo(\"Its.Tests\")]\n";
        const string list =
            "internal static class Listed { public static System.Collections.Generic.IReadOnlyList<Dsl.Runtime.ModelEntry> All => DslModels.All; }\n";
        var file = Declared.All("First");
        var first = Compiling.Start(Compiling.Create([file, new SourceFile("Friend.cs", friend), new SourceFile("List.cs", list)], name: "Its"));
        first.AssertCompiles();
        var image = first.Emit();
        var another = Declared.Model.Replace("class Tiny", "class Another", System.StringComparison.Ordinal);
        var own = Declared.In("Second", Declared.Config, Declared.Block, another);
        var second = Compiling.Start(
            Compiling.Create([own, new SourceFile("List.cs", "namespace Second;\n" + list)], [MetadataReference.CreateFromImage(image)], "Its.Tests"));
        second.AssertCompiles();
        var context = new AssemblyLoadContext(null);
        Assert.Equal(["Tiny"], Listed(context, image, "Listed"));
        Assert.Equal(["Another"], Listed(context, second.Emit(), "Second.Listed"));
    }

    /// <summary>A dot and a line must not fall together.</summary>
    [Fact]
    public void Names_of_assemblies_stay_apart()
    {
        string[] names = ["a.b", "a_b", "a-b", "a b", "1", "class", "Ä"];
        var classes = names.Select(name => Compiling.Start(Compiling.Create([Declared.All()], name: name)).Text("DslModels.g.cs")
            .Split("internal static class ")[1].Split('\n')[0]).ToList();
        Assert.Equal(names.Length, classes.Distinct().Count());
        Assert.All(names, name => Compiling.Start(Compiling.Create([Declared.All()], name: name)).AssertCompiles());
    }

    private static string[] Listed(AssemblyLoadContext context, byte[] image, string type) =>
        [.. ((IReadOnlyList<ModelEntry>)context.LoadFromStream(new MemoryStream(image)).GetType(type)!.GetProperty("All")!.GetValue(null)!)
            .Select(m => m.Name)];
}
