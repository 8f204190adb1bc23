using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;

namespace Dsl.Reference.Tests;

/// <summary>What tests compile.</summary>
internal static class Sources
{
    /// <summary>What stands above every hand-written declaration.</summary>
    internal const string Prelude = """
        using System;
        using System.Numerics;
        using Dsl;
        using Dsl.Runtime;
        using static Dsl.ScalarMath;
        using C = User.Config;

        namespace User;

        public sealed partial record Config(
            [Key("vocab_size")] int Vocab = 19,
            [Key("hidden_size")] int Hidden = 16,
            [Key("intermediate_size")] int FeedForward = 10,
            [Key("num_hidden_layers")] int Layers = 2,
            [Key("num_attention_heads")] int Heads = 4,
            [Key("num_key_value_heads")] int KvHeads = 2,
            [Key("window")] int Window = 3,
            [Key("kernel")] int Kernel = 3,
            [Key("state")] int State = 4,
            [Key("every")] int Every = 3,
            [Key("one")] int One = 1,
            [Key("none")] int None = 0,
            [Key("theta")] double Theta = 10000,
            [Key("cap")] double Cap = 5,
            [Key("eps")] double Eps = 1e-5,
            [Key("flag")] bool Flag = true,
            [Key("other")] bool Other = false,
            [Key("tied")] bool Tied = true,
            [Key("scaling")] RopeScaling? Scaling = null,
            [Key("context")] int Context = 64)
        {
            public int HeadDim => Hidden / Heads;
            public int WidthOf(int layer) => layer + 2;
            public double ScaleOf(int layer) => 0.5 + layer;
        }


        """;

    /// <summary>The folder that holds Dsl.sln.</summary>
    internal static string Repository => Dsl.Tests.Repository.Root;

    /// <summary>Compiles declarations below the prelude; they must compile.</summary>
    internal static CompiledDeclarations Compile(string declarations, bool fuse = true)
    {
        CompiledDeclarations compiled = CompiledDeclarations.Compile(Prelude + declarations, fuse);
        return compiled.IsLoaded ? compiled : throw new InvalidOperationException(string.Join(Environment.NewLine, compiled.Diagnostics));
    }

    /// <summary>A config of the compiled sources, with members set by name.</summary>
    internal static object Config(CompiledDeclarations compiled, params (string Name, object Value)[] members)
    {
        ConstructorInfo constructor = compiled.Assembly.GetType("User.Config")!.GetConstructors().MaxBy(c => c.GetParameters().Length)!;
        return constructor.Invoke([.. constructor.GetParameters().Select(p => members.FirstOrDefault(m => m.Name == p.Name) is { Name: not null } m
            ? m.Value
            : p.DefaultValue)]);
    }

    /// <summary>The zoo's families as they stand, and the samples' recurrences.</summary>
    internal static IEnumerable<(string Path, string Text)> Zoo()
    {
        IEnumerable<string> families = Directory.GetDirectories(Path.Combine(Repository, "src", "Zoo"))
            .Select(folder => Directory.GetFiles(folder, "*.cs"))
            .Where(files => files.Any(f => File.ReadAllText(f) is var text && (text.Contains("\n[Block<") || text.Contains("\n[Model<"))))
            .SelectMany(files => files);
        return families.Append(Path.Combine(Repository, "samples", "Recurrences", "Layers.cs")).Order(StringComparer.Ordinal)
            .Select(f => (Path.GetRelativePath(Repository, f), File.ReadAllText(f)));
    }
}
