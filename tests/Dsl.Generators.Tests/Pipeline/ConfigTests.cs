using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Xunit;

namespace Dsl.Generators.Tests.Pipeline;

/// <summary>Records over records, and what a file that does not say a thing leaves.</summary>
public sealed class ConfigTests
{
    private const string Levels = """
        [Extend<TinyConfig>]
        public sealed partial record MidConfig([Key("mid")] int Mid = 1)
        {
            [Key("deep")] public int Deep { get; init; } = 3;
            public int Twice => 2 * Mid;
        }

        [Extend<MidConfig>]
        public sealed partial record LowConfig([Key("low")] int Low = 1, [Key("deep")] int Deep = 4);

        [Block<MidConfig>]
        [Linear("a", nameof(MidConfig.Twice)), Use<Lonely>("b")]
        public sealed partial class MidBlock;

        [Block<LowConfig>]
        [Use<MidBlock>("mid"), Use<Lonely>("first"), Linear("out", nameof(LowConfig.Twice))]
        public sealed partial class LowBlock;

        """;

    private static readonly SourceFile Three = Declared.In("User", Declared.Config, Levels, Declared.Lonely);

    [Fact]
    public void A_config_extends_one_that_extends_another()
    {
        var run = Compiling.Generate(Three, new SourceFile("Program.cs", """
            namespace User;

            public static class Program
            {
                public static string Levels()
                {
                    const string file = "{\"vocab_size\":9,\"hidden_size\":8,\"ffn\":7,\"layers\":6,\"heads\":4,\"mid\":5}";
                    var low = LowConfigJson.Read(Dsl.Runtime.ConfigReader.Parse(file));
                    MidConfig mid = low;
                    TinyConfig tiny = low;
                    return $"{low.Low} {low.Deep} {mid.Deep} {mid.Mid} {mid.Twice} {tiny.Hidden} {tiny.HeadDim} {tiny.Eps}";
                }
            }
            """));
        run.AssertCompiles();
        Assert.Equal("1 4 4 5 10 8 2 1E-05", Invoke(run.Emit(), "Levels"));
    }

    /// <summary>The generator writes these members and does not see what it writes.</summary>
    [Fact]
    public void A_function_reads_what_extend_gives_its_config()
    {
        var run = Compiling.Generate(Declared.In("User", Declared.Config, """
            [Extend<TinyConfig>]
            public sealed partial record CappedConfig([Key("cap")] double Cap = 30);

            [Block<CappedConfig>]
            [Attention("{q,k,v,o}", Mask = nameof(Near)), Apply(nameof(Scaled))]
            public sealed partial class CappedBlock
            {
                [Mask] static bool Near(int query, int key, CappedConfig c) => key <= query && query - key < c.FeedForward;
                [Pointwise] static double Scaled(double x, CappedConfig c) => c.Cap * System.Math.Sqrt(c.Hidden) * x;
            }
            """));
        run.AssertCompiles();
        Assert.Contains("MaskRule.Band(config.FeedForward)", run.Text("CappedBlock.g.cs"), System.StringComparison.Ordinal);
        Assert.Contains("Math.Sqrt(((double)config.Hidden))", run.Text("CappedBlock.g.cs"), System.StringComparison.Ordinal);
    }

    [Fact]
    public void Levels_may_stand_in_assemblies_of_their_own()
    {
        var (first, second) = ("[Extend<TinyConfig>]", "[Extend<MidConfig>]");
        var middle = Levels[..Levels.IndexOf(second, System.StringComparison.Ordinal)]
            + "[Block<MidConfig>] [Linear(\"a\", nameof(MidConfig.Twice))] public sealed partial class MidBlock;\n";
        var low = Levels[Levels.IndexOf(second, System.StringComparison.Ordinal)..].Replace(
            "[Block<MidConfig>]\n[Linear(\"a\", nameof(MidConfig.Twice)), Use<Lonely>(\"b\")]\npublic sealed partial class MidBlock;",
            "",
            System.StringComparison.Ordinal);
        Assert.StartsWith(first, middle, System.StringComparison.Ordinal);
        var one = Compiled("One", [], Declared.In("User", Declared.Config, Declared.Lonely));
        var two = Compiled("Two", [one], Declared.In("User", middle));
        var three = Compiling.Start(Compiling.Create([Declared.In("User", low)], [one, two], "Three"));
        three.AssertCompiles();
        Assert.Equal(
            Compiling.Start(Compiling.Create([Three])).Text("LowConfigJson.g.cs"), three.Text("LowConfigJson.g.cs"));
        Assert.Contains("User.LowBlock.g.cs", three.Texts.Keys);
    }

    [Fact]
    public void A_key_that_is_not_there_leaves_the_default_and_null_is_null()
    {
        var run = Compiling.Generate(
            Declared.In("User", """
                public sealed partial record Loose(
                    [Key("h")] int Hidden = 4, [Key("i")] int? I = 5, [Key("l")] long? L = 6, [Key("d")] double? D = 0.5, [Key("b")] bool? B = true,
                    [Key("s", "old.s")] string? S = "a", [Key("n")] int? N = null)
                {
                    [Key("a")] public Activation? A { get; init; } = Activation.Silu;
                    [Key("list")] public int[]? List { get; init; } = [1, 2];
                    [Key("words")] public string[] Words { get; init; } = ["one"];
                    [Count("labels")] public int? Classes { get; init; } = 3;
                }

                [Extend<Loose>]
                public sealed partial record Looser([Key("j")] int? J = 7);

                [Block<Looser>]
                [Linear("only", nameof(Looser.Hidden))]
                public sealed partial class Lonely;

                [Block<Loose>]
                [Linear("only", nameof(Loose.Hidden))]
                public sealed partial class Other;

                public static class Program
                {
                    public static string Absent() => Show("{}");
                    public static string Null() =>
                        Show("{\"i\":null,\"l\":null,\"d\":null,\"b\":null,\"old\":{\"s\":null},\"n\":null,\"a\":null,\"list\":null,\"j\":null}");
                    public static string Given() =>
                        Show("{\"i\":1,\"l\":2,\"d\":3,\"b\":false,\"s\":null,\"old\":{\"s\":\"z\"},\"n\":4,"
                            + "\"a\":\"relu\",\"list\":[],\"j\":8,\"words\":[],\"num_labels\":9}");

                    public static string Saved()
                    {
                        var folder = System.IO.Directory.CreateTempSubdirectory().FullName;
                        var none = LooserJson.Read(ConfigReader.Parse("{\"i\":null,\"j\":null,\"s\":null}"));
                        ConfigWriter.Write(System.IO.Path.Combine(folder, "config.json"), LooserJson.Values(none));
                        var again = LooserJson.Load(folder);
                        System.IO.Directory.Delete(folder, recursive: true);
                        return $"{again.I}|{again.J}|{again.S}|{again.L}";
                    }

                    private static string Show(string json)
                    {
                        var reader = ConfigReader.Parse(json);
                        var c = LooserJson.Read(reader);
                        reader.Finish();
                        Loose plain = LooseJson.Read(ConfigReader.Parse(json));
                        if ((plain.I, plain.L, plain.D, plain.B, plain.S, plain.N, plain.A) != (c.I, c.L, c.D, c.B, c.S, c.N, c.A))
                            throw new System.Exception("differ");
                        return System.FormattableString.Invariant(
                            $"{c.I}|{c.L}|{c.D}|{c.B}|{c.S}|{c.N}|{c.A?.Name}|{(c.List is null ? "" : c.List.Length)}|{c.J}|{c.Words.Length}|{c.Classes}");
                    }
                }
                """));
        run.AssertCompiles();
        var image = run.Emit();
        Assert.Equal("5|6|0.5|True|a||silu|2|7|1|3", Invoke(image, "Absent"));
        Assert.Equal("|||||||||1|3", Invoke(image, "Null"));
        Assert.Equal("1|2|3|False|z|4|relu|0|8|0|9", Invoke(image, "Given"));
        Assert.Equal("|||6", Invoke(image, "Saved"));
    }

    private static MetadataReference Compiled(string name, MetadataReference[] references, SourceFile file)
    {
        var run = Compiling.Start(Compiling.Create([file], references, name));
        run.AssertCompiles();
        return MetadataReference.CreateFromImage(run.Emit());
    }

    private static string Invoke(byte[] image, string method) => (string)new AssemblyLoadContext(null, isCollectible: true)
        .LoadFromStream(new MemoryStream(image)).GetType("User.Program")!.GetMethod(method, BindingFlags.Public | BindingFlags.Static)!.Invoke(null, null)!;
}
