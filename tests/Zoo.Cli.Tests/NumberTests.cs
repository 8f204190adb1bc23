using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Mono.Cecil;
using TorchSharp;
using Xunit;

namespace Zoo.Cli.Tests;

/// <summary>
/// TorchSharp makes an object with a finaliser of a number, and gives native code its address alone. Whatever member of it makes one, itself or through
/// others, is called by none of our assemblies; <c>Scalars</c> holds the numbers that we make.
/// </summary>
public sealed class NumberTests
{
    private static readonly string Folder = AppContext.BaseDirectory;

    [Fact]
    public void NoCallMakesANumberThatNobodyHolds()
    {
        using AssemblyDefinition torch = AssemblyDefinition.ReadAssembly(typeof(Scalar).Assembly.Location);
        HashSet<string> making = Making(torch);
        Assert.Contains("TorchSharp.torch/Tensor TorchSharp.torch/Tensor::square()", making);
        Assert.True(making.Count > 300, $"{making.Count} members make numbers");
        string[] found = [.. new[] { "Dsl.Runtime", "Dsl.Testing", "Dsl.Generation", "Dsl.Training",
            "Zoo", "Zoo.Cli" }.SelectMany(name => Calls(name, making))];
        Assert.Equal([], found);
    }

    private static IEnumerable<string> Calls(string name, HashSet<string> making)
    {
        using AssemblyDefinition assembly = AssemblyDefinition.ReadAssembly(Path.Combine(Folder, name + ".dll"));
        return [.. assembly.MainModule.GetTypes().SelectMany(type => type.Methods)

            // The one place that holds them, and a field that lives for ever.
            .Where(method => method.HasBody && method.DeclaringType.Name != "Scalars" && method.Name != ".cctor")
            .SelectMany(method =>
                Called(method).Select(called => called.FullName).Where(making.Contains).Select(called => $"{method.FullName} calls {called}"))];
    }

    /// <summary>Conversions to a number, what calls them, and what calls that.</summary>
    private static HashSet<string> Making(AssemblyDefinition torch)
    {
        MethodDefinition[] methods = [.. torch.MainModule.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody)];
        Dictionary<string, string[]> calls = methods.GroupBy(method => method.FullName)
            .ToDictionary(group => group.Key, group => group.SelectMany(Called).Select(called => called.FullName).Distinct().ToArray());
        var making = new HashSet<string>(methods.Where(Converts).Select(method => method.FullName), StringComparer.Ordinal);
        for (int before = -1; before != making.Count;)
        {
            before = making.Count;
            making.UnionWith(calls.Where(method => method.Value.Any(making.Contains)).Select(method => method.Key));
        }

        return making;
    }

    private static bool Converts(MethodDefinition method) => method.DeclaringType.Name switch
    {
        "Scalar" => method.Name == "op_Implicit",
        "ScalarExtensionMethods" => method.Name.EndsWith("Scalar", StringComparison.Ordinal),
        _ => false,
    };

    private static IEnumerable<MethodReference> Called(MethodDefinition method) =>
        method.Body.Instructions.Select(each => each.Operand).OfType<MethodReference>();
}
