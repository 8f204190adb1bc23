namespace Dsl.Generators.Tests.Pipeline;

/// <summary>A small model that tests take apart.</summary>
internal static class Declared
{
    public const string Config = """
        public sealed partial record TinyConfig(
            [Key("vocab_size")] int Vocab, [Key("hidden_size")] int Hidden, [Key("ffn")] int FeedForward, [Key("layers")] int Layers, [Key("heads")] int Heads,
            [Key("eps")] double Eps = 1e-5)
        {
            public int HeadDim => Hidden / Heads;
        }

        """;

    public const string Block = """
        [Block<TinyConfig>, Defaults(Eps = nameof(TinyConfig.Eps))]
        [Residual, RmsNorm("norm1"), Attention("attn.{q,k,v,o}", Mask = Mask.Causal)]
        [Residual, RmsNorm("norm2"), FeedForward("ffn.{up,down}", Activation.Gelu)]
        public sealed partial class TinyBlock
        {
            internal static int Unrelated() => 1;
        }

        """;

    public const string Model = """
        [Model<TinyConfig>("Tiny"), Defaults(Eps = nameof(TinyConfig.Eps))]
        [Embedding("embed", nameof(TinyConfig.Vocab), nameof(TinyConfig.Hidden))]
        [Repeat<TinyBlock>("layers", nameof(TinyConfig.Layers)), RmsNorm("norm")]
        [Head("head", TiedTo = "embed"), Output("logits")]
        public sealed partial class Tiny;

        """;

    /// <summary>A block that nothing else uses.</summary>
    public const string Lonely = """
        [Block<TinyConfig>]
        [Linear("only", nameof(TinyConfig.Hidden))]
        public sealed partial class Lonely;

        """;

    /// <summary>The whole of it in a namespace, as one file.</summary>
    public static SourceFile In(string space, params string[] parts) => new(space + ".cs", Using + $"namespace {space};\n\n" + string.Concat(parts));

    public const string Using = "using Dsl;\nusing Dsl.Runtime;\n\n";

    public static SourceFile All(string space = "User") => In(space, Config, Block, Model, Lonely);
}
