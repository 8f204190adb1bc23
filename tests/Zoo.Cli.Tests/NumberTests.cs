using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Tests;
using Mono.Cecil;
using TorchSharp;
using Xunit;

namespace Zoo.Cli.Tests;

/// <summary>
/// TorchSharp makes an object with a finaliser of a number, and gives native code its address alone. Whatever member of it makes one, itself or through
/// others, is called by none of our assemblies, nor by their tests, whose process may end of it; <c>Scalars</c> holds the numbers that we make.
/// </summary>
public sealed class NumberTests
{
    private static readonly string Folder = AppContext.BaseDirectory;

    private static readonly Lazy<HashSet<string>> Making = new(() =>
    {
        using AssemblyDefinition torch = AssemblyDefinition.ReadAssembly(typeof(Scalar).Assembly.Location);
        return Makers(torch);
    });

    [Fact]
    public void NoCallMakesANumberThatNobodyHolds()
    {
        Assert.Contains("TorchSharp.torch/Tensor TorchSharp.torch/Tensor::square()", Making.Value);
        Assert.True(Making.Value.Count > 300, $"{Making.Value.Count} members make numbers");
        NoneMake(new[] { "Dsl.Runtime", "Dsl.Testing", "Dsl.Generation", "Dsl.Training", "Zoo", "Zoo.Cli" }
            .Select(name => Path.Combine(Folder, name + ".dll")));
    }

    [Fact]
    public void NorDoesACallOfATest()
    {
        string[] built = BuiltTests();
        Assert.Contains(typeof(NumberTests).Assembly.Location, built);
        NoneMake(built);
    }

    private static void NoneMake(IEnumerable<string> paths)
    {
        string[] found = [.. paths.SelectMany(Calls)];
        Assert.True(found.Length == 0, string.Join('\n', found));
    }

    /// <summary>The assemblies of all projects under tests that are built as this one is.</summary>
    private static string[] BuiltTests()
    {
        string project = Path.Combine(Repository.Root, "tests", "Zoo.Cli.Tests"), output = Path.GetRelativePath(project, Folder);
        return [.. Directory.GetFiles(Path.Combine(Repository.Root, "tests"), "*.csproj", SearchOption.AllDirectories)
            .Select(file => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, output, Path.GetFileNameWithoutExtension(file) + ".dll")))
            .Where(File.Exists)];
    }

    private static IEnumerable<string> Calls(string path)
    {
        using AssemblyDefinition assembly = AssemblyDefinition.ReadAssembly(path);
        return [.. assembly.MainModule.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody && !MayMake(method)).SelectMany(method =>
            Called(method).Select(called => called.FullName).Where(Making.Value.Contains).Select(called => $"{method.FullName} calls {called}"))];
    }

    private static bool MayMake(MethodDefinition method)
    {
        TypeDefinition type = method.DeclaringType;
        while (type.DeclaringType is { } outer)
        {
            type = outer;
        }

        return type.FullName switch
        {
            // The one place that holds them.
            "Dsl.Runtime.Scalars" => true,

            // Its fields live for ever.
            "Dsl.Runtime.Activations" => method.Name == ".cctor",

            // Shows the fault on purpose: the stress run that must break.
            "Dsl.Fuzz.Stress.StressCalls" => method.Name.StartsWith("<OfOperators>", StringComparison.Ordinal),

            // What the benchmarks compare with, compiled into Zoo.Tests: models as one writes them by hand, operator by operator.
            _ => type.Namespace == "Benchmarks.Baselines",
        };
    }

    /// <summary>Conversions to a number, what calls them, and what calls that.</summary>
    private static HashSet<string> Makers(AssemblyDefinition torch)
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
