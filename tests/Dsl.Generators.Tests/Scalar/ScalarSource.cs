using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.Loader;
using Dsl.Generators.Scalar;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Dsl.Generators.Tests.Scalar;

/// <summary>Functions as a user writes them, read and compiled in memory.</summary>
internal static class ScalarSource
{
    private const string Header = """
        using System;
        using System.Numerics;
        using System.Collections.Generic;
        using Dsl;
        using static System.Math;
        using static Dsl.ScalarMath;

        namespace User;

        public sealed record C(int Window = 4, int? Bound = null, bool Sliding = false, int Sinks = 2, double Cap = 30, int Buckets = 8, int MaxDistance = 20, string Kind = "a")
        {
            public int[] Windows { get; init; } = [3, 5];
            public IReadOnlyList<string> Kinds { get; init; } = ["full", "near"];
            public int? Near(int layer) => layer % 2 == 0 ? Window : null;
            public double Rate(int layer) => 1.0 / (layer + 1);
        }

        """;

    private static readonly ImmutableArray<MetadataReference> References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(p => Path.GetFileName(p) is not ("Dsl.Generators.dll" or "Dsl.CodeFixes.dll")
                && !Path.GetFileName(p).StartsWith("Dsl.Generators.Tests", StringComparison.Ordinal))
            .Select(p => (MetadataReference)MetadataReference.CreateFromFile(p)),
    ];

    public static CSharpCompilation Compile(string members, params string[] more)
    {
        var source = Header + "public static partial class F\n{\n" + members + "\n}\n";
        var options = new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable, optimizationLevel: OptimizationLevel.Release);
        var parse = new CSharpParseOptions(LanguageVersion.CSharp12);
        return CSharpCompilation.Create(
            "User" + Guid.NewGuid().ToString("N"), new[] { source }.Concat(more).Select(s => CSharpSyntaxTree.ParseText(s, parse)), References, options);
    }

    public static string Using => Header[..Header.IndexOf("namespace", StringComparison.Ordinal)];

    public static ScalarReading ReadWithProblems(string members, string name)
    {
        var compilation = Compile(members);
        var method = compilation.GetTypeByMetadataName("User.F")!.GetMembers(name).OfType<IMethodSymbol>().Single();
        return ScalarReader.Read(method, compilation);
    }

    /// <summary>The one problem of a function: what is said, and of which text.</summary>
    public static (string Message, string Token) Refusal(string members, string name)
    {
        var reading = ReadWithProblems(members, name);
        Assert.Null(reading.Function);
        var problem = Assert.Single(reading.Problems);
        Assert.EndsWith(".", problem.Message);
        return (problem.Message, problem.Location.SourceTree!.GetText().ToString(problem.Location.SourceSpan));
    }

    /// <summary>The function, read without a problem, and the same after its text form.</summary>
    public static ScalarFunction Read(string members, string name)
    {
        var compilation = Compile(members);
        Assert.Empty(compilation.GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error));
        var reading = ScalarReader.Read(compilation.GetTypeByMetadataName("User.F")!.GetMembers(name).OfType<IMethodSymbol>().Single(), compilation);
        Assert.Empty(reading.Problems.Select(p => p.Message));
        var again = ScalarText.Read(ScalarText.Write(reading.Function!));
        Assert.Equal(reading.Function, again);
        return again!;
    }

    /// <summary>The compiled assembly of these members and further files.</summary>
    public static Assembly Load(string members, params string[] more)
    {
        var compilation = Compile(members, more);
        var stream = new MemoryStream();
        var result = compilation.Emit(stream);
        Assert.True(
            result.Success,
            string.Join("\n", result.Diagnostics.Where(d => d.Severity >= DiagnosticSeverity.Warning).Take(10)) + "\n" + string.Join("\n", more));
        stream.Position = 0;
        return AssemblyLoadContext.Default.LoadFromStream(stream);
    }

    public static TDelegate Method<TDelegate>(Assembly assembly, string name, string type = "User.F")
        where TDelegate : Delegate =>
        assembly.GetType(type)!.GetMethod(name, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!.CreateDelegate<TDelegate>();
}
