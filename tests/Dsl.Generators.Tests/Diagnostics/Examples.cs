using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Tests.Diagnostics;

/// <summary>For every diagnostic the smallest declaration that shows it, with the marked span, and the same one mended. The help pages show these.</summary>
/// <param name="Id">The diagnostic.</param>
/// <param name="Marked">The declaration at fault; <c>[|marks|]</c> stand around what is underlined.</param>
/// <param name="Message">What it says.</param>
/// <param name="Mended">The declaration without fault.</param>
public sealed record Example(string Id, string Marked, string Message, string Mended)
{
    public override string ToString() => Id;

    public static IEnumerable<object[]> Ids => All.Select(e => new object[] { e.Id });

    public static Example Of(string id) => All.Single(e => e.Id == id);

    public static readonly IReadOnlyList<Example> All =
    [
        new(
            "DSL001",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed class [|Layer|];
            """,
            "'Layer' must be declared partial: its code is written into another part of it",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed partial class Layer;
            """),
        new(
            "DSL002",
            """
            public sealed class Sizes
            {
                public int Hidden { get; init; }
            }

            [Block<[|Sizes|]>]
            [RmsNorm("norm")]
            public sealed partial class Layer;
            """,
            "'Sizes' must be a record with members: sizes and options are read from them",
            """
            public sealed record Sizes([Key("hidden_size")] int Hidden);

            [Block<Sizes>]
            [RmsNorm("norm")]
            public sealed partial class Layer;
            """),
        new(
            "DSL003",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed partial class Layer;

            [[|Linear("map", nameof(C.Hidden))|]]
            public sealed partial class Layer;
            """,
            "The dataflow of 'Layer' stands on several parts of the class: brackets have an order only where they all stand on one",
            """
            [Block<C>]
            [RmsNorm("norm")]
            [Linear("map", nameof(C.Hidden))]
            public sealed partial class Layer;
            """),
        new(
            "DSL004",
            """
            [Block<C>]
            [Linear("q", nameof(C.Hidden)), As("query")]
            [From([|"qeury"|]), RmsNorm("norm")]
            public sealed partial class Layer;
            """,
            "No value is named 'qeury' here: did you mean 'query'?",
            """
            [Block<C>]
            [Linear("q", nameof(C.Hidden)), As("query")]
            [From("query"), RmsNorm("norm")]
            public sealed partial class Layer;
            """),
        new(
            "DSL005",
            """
            [Block<C>]
            [Linear("a", nameof(C.Hidden)), As("h")]
            [Linear("b", nameof(C.Hidden)), As([|"h"|])]
            public sealed partial class Layer;
            """,
            "'h' names a value already: every name is given once",
            """
            [Block<C>]
            [Linear("a", nameof(C.Hidden)), As("h")]
            [Linear("b", nameof(C.Hidden)), As("k")]
            public sealed partial class Layer;
            """),
        new(
            "DSL006",
            """
            [Block<C>]
            [Linear("map", [|"Hiden"|])]
            public sealed partial class Layer;
            """,
            "'Config' has no member 'Hiden': did you mean 'Hidden'?",
            """
            [Block<C>]
            [Linear("map", nameof(C.Hidden))]
            public sealed partial class Layer;
            """),
        new(
            "DSL007",
            """
            [Block<C>]
            [Linear("map", [|nameof(C.Eps)|])]
            public sealed partial class Layer;
            """,
            "'Eps' (double) cannot stand here: expected is an integer: it is a size",
            """
            [Block<C>]
            [Linear("map", nameof(C.Hidden))]
            public sealed partial class Layer;
            """),
        new(
            "DSL008",
            """
            [Block<C>]
            [Linear("in", nameof(C.Hidden))]
            [Residual, RmsNorm("norm"), [|Linear("map", nameof(C.FeedForward))|]]
            public sealed partial class Layer;
            """,
            "The residual does not fit: the branch has the width FeedForward, the residual has Hidden",
            """
            [Block<C>]
            [Linear("in", nameof(C.Hidden))]
            [Residual, RmsNorm("norm"), Linear("map", nameof(C.Hidden))]
            public sealed partial class Layer;
            """),
        new(
            "DSL009",
            """
            [Block<C>]
            [Linear("a", nameof(C.Hidden)), As("a")]
            [From("x"), Linear("b", nameof(C.FeedForward)), As("b")]
            [Sum("a", [|"b"|])]
            public sealed partial class Layer;
            """,
            "Sizes differ: 'b' has FeedForward, 'a' has Hidden",
            """
            [Block<C>]
            [Linear("a", nameof(C.Hidden)), As("a")]
            [From("x"), Linear("b", nameof(C.Hidden)), As("b")]
            [Sum("a", "b")]
            public sealed partial class Layer;
            """),
        new(
            "DSL010",
            """
            [Block<C>]
            [RmsNorm("norm"), [|Linear("up")|], Activate(Activation.Gelu), Linear("down", nameof(C.Hidden))]
            public sealed partial class Layer;
            """,
            "Nothing fixes the size of linear map 'up': name a size, or let something after it demand one",
            """
            [Block<C>]
            [RmsNorm("norm"), Linear("up", nameof(C.FeedForward)), Activate(Activation.Gelu), Linear("down", nameof(C.Hidden))]
            public sealed partial class Layer;
            """),
        new(
            "DSL011",
            """
            [Block<C>]
            [Linear("q", 64), Heads(8, 8), As("q")]
            [From("x"), Linear("k", 40), Heads(5, 8), As("k")]
            [From("x"), Linear("v", 40), Heads(5, 8), As("v")]
            [[|Attend("q", "k", "v")|], Merge, Linear("o", nameof(C.Hidden))]
            public sealed partial class Layer;
            """,
            "5 key heads cannot serve 8 query heads: 5 does not divide 8",
            """
            [Block<C>]
            [Linear("q", 64), Heads(8, 8), As("q")]
            [From("x"), Linear("k", 32), Heads(4, 8), As("k")]
            [From("x"), Linear("v", 32), Heads(4, 8), As("v")]
            [Attend("q", "k", "v"), Merge, Linear("o", nameof(C.Hidden))]
            public sealed partial class Layer;
            """),
        new(
            "DSL012",
            """
            [Block<C>]
            [Linear("in", 10), [|Split("a", 4, "b", 5)|]]
            [From("a"), RmsNorm("norm")]
            public sealed partial class Layer;
            """,
            "The parts of the split have 4 + 5 together, the axis has 10",
            """
            [Block<C>]
            [Linear("in", 10), Split("a", 4, "b", 6)]
            [From("a"), RmsNorm("norm")]
            public sealed partial class Layer;
            """),
        new(
            "DSL013",
            """
            [Block<C>]
            [Linear("map", nameof(C.Hidden)), [|Rotary|]]
            public sealed partial class Layer;
            """,
            "Axes do not fit: the value is [b, t, Hidden], expected is [b, t, h, d]: rotate after Heads",
            """
            [Block<C>]
            [Linear("map", nameof(C.Hidden)), Heads(nameof(C.Heads)), Rotary, Merge]
            public sealed partial class Layer;
            """),
        new(
            "DSL014",
            """
            [Block<C>]
            [Linear("map", nameof(C.Hidden))]
            [Linear([|"map"|], nameof(C.Hidden))]
            public sealed partial class Layer;
            """,
            "Key 'map' is named twice: a key is one weight, and naming it again says Shared = true",
            """
            [Block<C>]
            [Linear("map", nameof(C.Hidden))]
            [Linear("map", Shared = true)]
            public sealed partial class Layer;
            """),
        new(
            "DSL015",
            """
            [Model<C>("Small")]
            [Embedding("embed_tokens", nameof(C.Vocab), nameof(C.Hidden))]
            [Head("lm_head", TiedTo = [|"embed_token"|]), Output("logits")]
            public sealed partial class Small;
            """,
            "No weight has the key 'embed_token' here: did you mean 'embed_tokens'?",
            """
            [Model<C>("Small")]
            [Embedding("embed_tokens", nameof(C.Vocab), nameof(C.Hidden))]
            [Head("lm_head", TiedTo = "embed_tokens"), Output("logits")]
            public sealed partial class Small;
            """),
        new(
            "DSL016",
            """
            [Model<C>("Small")]
            [Embedding("embed_tokens", nameof(C.Vocab), nameof(C.Hidden)), Linear("up", nameof(C.FeedForward))]
            [Head("lm_head", TiedTo = [|"embed_tokens"|]), Output("logits")]
            public sealed partial class Small;
            """,
            "'lm_head' cannot be tied to 'embed_tokens': one has FeedForward, the other Hidden",
            """
            [Model<C>("Small")]
            [Embedding("embed_tokens", nameof(C.Vocab), nameof(C.Hidden)), Linear("up", nameof(C.FeedForward)), Linear("down", nameof(C.Hidden))]
            [Head("lm_head", TiedTo = "embed_tokens"), Output("logits")]
            public sealed partial class Small;
            """),
        new(
            "DSL017",
            """
            [Block<C>]
            [Residual, Attention("{q,k,v,o}", Mask = [|"Bnad"|])]
            public sealed partial class Layer
            {
                [Mask] static bool Band(int query, int key, C c) => key <= query && query - key < c.Window;
            }
            """,
            "'Layer' has no static function 'Bnad': did you mean 'Band'?",
            """
            [Block<C>]
            [Residual, Attention("{q,k,v,o}", Mask = nameof(Band))]
            public sealed partial class Layer
            {
                [Mask] static bool Band(int query, int key, C c) => key <= query && query - key < c.Window;
            }
            """),
        new(
            "DSL018",
            """
            [Block<C>]
            [Residual, Attention("{q,k,v,o}", Mask = [|nameof(Cap)|])]
            public sealed partial class Layer
            {
                [Score] static double Cap(double score) => 30 * Math.Tanh(score / 30);
            }
            """,
            "'Cap' has [Score], expected is [Mask]",
            """
            [Block<C>]
            [Residual, Attention("{q,k,v,o}", Mask = Mask.Causal, Score = nameof(Cap))]
            public sealed partial class Layer
            {
                [Score] static double Cap(double score) => 30 * Math.Tanh(score / 30);
            }
            """),
        new(
            "DSL019",
            """
            [Block<C>]
            [Residual, Attention("{q,k,v,o}", Mask = [|nameof(Before)|])]
            public sealed partial class Layer
            {
                [Mask] static bool Before(int query, int past) => past <= query;
            }
            """,
            "'Before' is bool (int query, int past), expected is bool (int query, int key, C c)",
            """
            [Block<C>]
            [Residual, Attention("{q,k,v,o}", Mask = nameof(Before))]
            public sealed partial class Layer
            {
                [Mask] static bool Before(int query, int key) => key <= query;
            }
            """),
        new(
            "DSL020",
            """
            public sealed class Plain;

            [Block<C>]
            [[|Use<Plain>("plain")|]]
            public sealed partial class Layer;
            """,
            "'Plain' is no block: a class that Use or Repeat names says Block<C>, or Layer<C> where its forward is written by hand",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed partial class Plain;

            [Block<C>]
            [Use<Plain>("plain")]
            public sealed partial class Layer;
            """),
        new(
            "DSL021",
            """
            public sealed record Other([Key("width")] int Width);

            [Block<Other>]
            [RmsNorm("norm")]
            public sealed partial class Inner;

            [Block<C>]
            [[|Use<Inner>("inner")|]]
            public sealed partial class Layer;
            """,
            "'Inner' is built from Other, but here there is only Config: use one config, or let it extend the other",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed partial class Inner;

            [Block<C>]
            [Use<Inner>("inner")]
            public sealed partial class Layer;
            """),
        new(
            "DSL022",
            """
            [Block<C>, Input("gate")]
            [Gate("gate")]
            public sealed partial class Inner;

            [Block<C>]
            [Linear("open", nameof(C.Hidden)), As("gate")]
            [From("x"), Use<Inner>("inner", With = [|"gaet=gate"|])]
            public sealed partial class Layer;
            """,
            "'Inner' has no input 'gaet': did you mean 'gate'?",
            """
            [Block<C>, Input("gate")]
            [Gate("gate")]
            public sealed partial class Inner;

            [Block<C>]
            [Linear("open", nameof(C.Hidden)), As("gate")]
            [From("x"), Use<Inner>("inner", With = "gate=gate")]
            public sealed partial class Layer;
            """),
        new(
            "DSL023",
            """
            [Block<C>]
            [RmsNorm("norm"), [|Residual|], Linear("map", nameof(C.Hidden))]
            public sealed partial class Layer;
            """,
            "'Residual' says something of the whole bracket: it must stand first",
            """
            [Block<C>]
            [Residual, RmsNorm("norm"), Linear("map", nameof(C.Hidden))]
            public sealed partial class Layer;
            """),
        new(
            "DSL024",
            """
            public sealed class Plain;

            [Block<C>, [|Derive<Plain>|]]
            public sealed partial class Layer;
            """,
            "'Plain' declares nothing to derive from: a base says Block<C> or Model<C>, and is not derived from itself",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed partial class Plain;

            [Block<C>, Derive<Plain>]
            public sealed partial class Layer;
            """),
        new(
            "DSL025",
            """
            [Block<C>]
            [Residual, RmsNorm("input_norm"), Linear("map")]
            public sealed partial class Layer;

            [Block<C>, Derive<Layer>, Remove([|"inptu_norm"|])]
            public sealed partial class Bare;
            """,
            "'Layer' has no part at 'inptu_norm': did you mean 'input_norm'?",
            """
            [Block<C>]
            [Residual, RmsNorm("input_norm"), Linear("map")]
            public sealed partial class Layer;

            [Block<C>, Derive<Layer>, Remove("input_norm")]
            public sealed partial class Bare;
            """),
        new(
            "DSL026",
            """
            [Block<C>]
            [Residual, RmsNorm("norm"), Linear("map")]
            public sealed partial class Layer;

            [Block<C>, Derive<Layer>, Set("norm", [|"Epss"|], 1e-6)]
            public sealed partial class Finer;
            """,
            "'RmsNorm' has no option 'Epss': did you mean 'Eps'?",
            """
            [Block<C>]
            [Residual, RmsNorm("norm"), Linear("map")]
            public sealed partial class Layer;

            [Block<C>, Derive<Layer>, Set("norm", "Eps", 1e-6)]
            public sealed partial class Finer;
            """),
        new(
            "DSL027",
            """
            public sealed record Sizes([Key("hidden_size")] int Hidden, [Key("num_attention_heads")] int Heads)
            {
                public int HeadDim => Hidden / Heads;

                [Preset("uneven")] public static Sizes [|Uneven|] => new(100, 12);
            }

            [Block<Sizes>]
            [RmsNorm("norm")]
            public sealed partial class Layer;
            """,
            "Preset 'uneven': Heads = 12 does not divide Hidden = 100",
            """
            public sealed record Sizes([Key("hidden_size")] int Hidden, [Key("num_attention_heads")] int Heads)
            {
                public int HeadDim => Hidden / Heads;

                [Preset("even")] public static Sizes Even => new(96, 12);
            }

            [Block<Sizes>]
            [RmsNorm("norm")]
            public sealed partial class Layer;
            """),
        new(
            "DSL028",
            """
            [Block<C>]
            [Linear("map", 64), Rearrange([|"b t (h d -> b t h d"|], "h", 4)]
            [Merge]
            public sealed partial class Layer;
            """,
            "The pattern 'b t (h d -> b t h d' cannot be read: its brackets do not match",
            """
            [Block<C>]
            [Linear("map", 64), Rearrange("b t (h d) -> b t h d", "h", 4)]
            [Merge]
            public sealed partial class Layer;
            """),
        new(
            "DSL029",
            """
            [Block<C>]
            [RmsNorm("norm"), [|Use<Layer>("inner")|]]
            public sealed partial class Layer;
            """,
            "'Layer' uses itself: the model would have no end",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed partial class Inner;

            [Block<C>]
            [RmsNorm("norm"), Use<Inner>("inner")]
            public sealed partial class Layer;
            """),
        new(
            "DSL030",
            """
            [Block<C>]
            [Linear("map", nameof(C.Hidden)), Activate([|"gellu"|])]
            public sealed partial class Layer;
            """,
            "No activation is named 'gellu': did you mean 'gelu'?",
            """
            [Block<C>]
            [Linear("map", nameof(C.Hidden)), Activate(Activation.Gelu)]
            public sealed partial class Layer;
            """),
        new(
            "DSL031",
            """
            [Block<C>]
            [RmsNorm([|"norms.{layr}"|])]
            public sealed partial class Layer;
            """,
            "'layr' in the key 'norms.{layr}' is neither the layer nor an integer or text of the config: did you mean 'layer'?",
            """
            [Block<C>]
            [RmsNorm("norms.{layer}")]
            public sealed partial class Layer;
            """),
        new(
            "DSL032",
            """
            public sealed record Sizes([Key("hidden_size")] int Hidden, int [|Heads|]);

            [Block<Sizes>]
            [RmsNorm("norm")]
            public sealed partial class Layer;
            """,
            "'Heads' of 'Sizes' has no Key: say where config.json holds it, or derive it with => from other members",
            """
            public sealed record Sizes([Key("hidden_size")] int Hidden, [Key("num_attention_heads")] int Heads);

            [Block<Sizes>]
            [RmsNorm("norm")]
            public sealed partial class Layer;
            """),
        new(
            "DSL033",
            """
            [Block<C>]
            [RmsNorm("before"), Output("hidden")]
            [RmsNorm("after"), Output([|"hidden"|])]
            public sealed partial class Layer;
            """,
            "'hidden' is an output already: every output has a name of its own",
            """
            [Block<C>]
            [RmsNorm("before"), Output("before")]
            [RmsNorm("after"), Output("hidden")]
            public sealed partial class Layer;
            """),
        new(
            "DSL035",
            """
            [Block<C>]
            [Linear("q", 15), Heads(3, 5), [|Rotary|]]
            [Merge]
            public sealed partial class Layer;
            """,
            "5 channels cannot be rotated in pairs: the width must be even",
            """
            [Block<C>]
            [Linear("q", 12), Heads(3, 4), Rotary]
            [Merge]
            public sealed partial class Layer;
            """),
        new(
            "DSL036",
            """
            [Block<C>]
            [Linear("map", [|0|])]
            public sealed partial class Layer;
            """,
            "0 is no size: expected is an integer from 1 to 2147483647",
            """
            [Block<C>]
            [Linear("map", 8)]
            public sealed partial class Layer;
            """),
        new(
            "DSL037",
            """
            [Block<C>, [|Remove("norm")|]]
            [RmsNorm("norm"), Linear("map", nameof(C.Hidden))]
            public sealed partial class Layer;
            """,
            "'Remove' changes a base, but this declaration derives from none: say Derive<...>",
            """
            [Block<C>]
            [RmsNorm("norm"), Linear("map", nameof(C.Hidden))]
            public sealed partial class Layer;

            [Block<C>, Derive<Layer>, Remove("norm")]
            public sealed partial class Bare;
            """),
        new(
            "DSL038",
            """
            [Block<C>]
            public sealed partial class [|Layer|];
            """,
            "'Layer' declares no dataflow: after Block or Model stands at least one bracket of parts",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed partial class Layer;
            """),
        new(
            "DSL039",
            """
            [Block<C>]
            [Linear("map", nameof(C.Hidden)), Apply(nameof(Blur))]
            public sealed partial class Layer
            {
                [Pointwise] static double Blur(double x) => x * [|Environment.ProcessorCount|];
            }
            """,
            "'ProcessorCount' cannot stand in a scalar function: allowed are locals, arithmetic, Math functions, comparisons, ?: and if, for-loops that count by one, writes to a state's elements, Complex, members of the config and calls of other such functions.",
            """
            [Block<C>]
            [Linear("map", nameof(C.Hidden)), Apply(nameof(Blur))]
            public sealed partial class Layer
            {
                [Pointwise] static double Blur(double x) => x * Math.Exp(-x * x);
            }
            """),
        new(
            "DSL040",
            """
            public sealed record Sizes([Key("hidden_size")] int Hidden, [Key("inner_size")] int? InnerKey = null)
            {
                public int Inner => InnerKey ?? Hidden;

                [Preset("wide")] public static Sizes [|Wide|] => new(64, 128);
            }

            [Block<Sizes>]
            [Linear("in", nameof(Sizes.Hidden))]
            [Residual, Linear("map", nameof(Sizes.Inner))]
            public sealed partial class Layer;
            """,
            "Preset 'wide': Inner = 128, but Hidden = 64, and both are one axis",
            """
            public sealed record Sizes([Key("hidden_size")] int Hidden, [Key("inner_size")] int? InnerKey = null)
            {
                public int Inner => InnerKey ?? Hidden;

                [Preset("narrow")] public static Sizes Narrow => new(64, 64);
            }

            [Block<Sizes>]
            [Linear("in", nameof(Sizes.Hidden))]
            [Residual, Linear("map", nameof(Sizes.Inner))]
            public sealed partial class Layer;
            """),
        new(
            "DSL041",
            """
            [Extend<Config>]
            public sealed record [|Wider|]([Key("extra_size")] int Extra);

            [Block<Wider>]
            [Linear("map", nameof(Wider.Extra))]
            public sealed partial class Layer;
            """,
            "'Wider' must be declared partial: the members it extends are written into another part of it",
            """
            [Extend<Config>]
            public sealed partial record Wider([Key("extra_size")] int Extra);

            [Block<Wider>]
            [Linear("map", nameof(Wider.Extra))]
            public sealed partial class Layer;
            """),
        new(
            "DSL042",
            """
            [Block<C>]
            [Residual, RmsNorm("norm")]
            public sealed partial class One;

            [Block<C>]
            [Residual, LayerNorm("norm")]
            public sealed partial class Two;

            [Block<C>]
            [[|Use<One, Two>("inner")|]]
            public sealed partial class Layer;
            """,
            "Nothing chooses between One and Two: say By = nameof(...), a config member that returns the type",
            """
            [Block<C>]
            [Residual, RmsNorm("norm")]
            public sealed partial class One;

            [Block<C>]
            [Residual, LayerNorm("norm")]
            public sealed partial class Two;

            [Block<C>]
            [Use<One>("inner")]
            public sealed partial class Layer;
            """),
        new(
            "DSL043",
            """
            [Block<C>]
            [Residual, RmsNorm("norm"), Linear("map")]
            public sealed partial class Layer;

            [Block<C>, Derive<Layer>]
            [LayerNorm("last"), [|Replace("norm")|]]
            public sealed partial class Other;
            """,
            "'Replace' must stand first in its bracket: it says what the rest of the bracket replaces",
            """
            [Block<C>]
            [Residual, RmsNorm("norm"), Linear("map")]
            public sealed partial class Layer;

            [Block<C>, Derive<Layer>]
            [Replace("norm"), LayerNorm("last")]
            public sealed partial class Other;
            """),
        new(
            "DSL044",
            """
            [Block<C>]
            [Linear("q", 64), [|Heads(7)|]]
            [Merge]
            public sealed partial class Layer;
            """,
            "An axis of 64 cannot be cut into (h d): 7 does not divide 64",
            """
            [Block<C>]
            [Linear("q", 64), Heads(8)]
            [Merge]
            public sealed partial class Layer;
            """),
        new(
            "DSL045",
            """
            [Block<C>, Input("gate")]
            [Gate("gate")]
            public sealed partial class Inner;

            [Block<C>]
            [Linear("open", nameof(C.Hidden)), As("opened")]
            [From("x"), Use<Inner>("inner", With = [|"gate=opend"|])]
            public sealed partial class Layer;
            """,
            "'Inner' reads 'opend', but no value here has that name: did you mean 'opened'?",
            """
            [Block<C>, Input("gate")]
            [Gate("gate")]
            public sealed partial class Inner;

            [Block<C>]
            [Linear("open", nameof(C.Hidden)), As("opened")]
            [From("x"), Use<Inner>("inner", With = "gate=opened")]
            public sealed partial class Layer;
            """),
        new(
            "DSL046",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed partial class [|State|];
            """,
            "'State' is the name of a member that is written into the class: a class cannot have a member of its own name",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed partial class StateNorm;
            """),
        new(
            "DSL047",
            """
            [Block<C>]
            [Apply([|nameof(Kernel)|])]
            public sealed partial class Layer
            {
                [Transfer("d", Nodes = "length")]
                private static Complex Kernel(Complex w, [Parameter("C", "d 2")] Complex c) => c / (1 - w / 2);
            }
            """,
            "'Kernel' gives a kernel and no step: apply the recurrence that it belongs to, with Transfer = nameof(Kernel)",
            """
            [Block<C>]
            [Apply(nameof(Step), Transfer = nameof(Kernel), Lengthen = nameof(Lengthen))]
            public sealed partial class Layer
            {
                [Recurrence("b t d", State = "b d")]
                private static double Step(ref double s, double u, [Derived] Complex c) { s = 0.5 * s + u; return c.Real * s; }

                [Transfer("d", Nodes = "length")]
                private static Complex Kernel(Complex w, [Parameter("C", "d 2")] Complex c) => c / (1 - w / 2);

                private static void Lengthen(Span<Complex> c, int from, int to) => c[0] *= (1 - Factor(to)) / (1 - Factor(from));
                private static double Factor(int length) => length == 0 ? 0 : Math.Pow(0.5, length);
            }
            """),
        new(
            "DSL048",
            """
            [Block<C>]
            [Apply(nameof(Step), Transfer = [|nameof(Kernel)|], Lengthen = nameof(Lengthen))]
            public sealed partial class Layer
            {
                [Recurrence("b t d", State = "b d")]
                private static double Step(ref double s, double u, [Derived] Complex c) { s = Math.Tanh(s + u); return c.Real * s; }

                [Transfer("d", Nodes = "length")]
                private static Complex Kernel(Complex w, [Parameter("C", "d 2")] Complex c) => c / (1 - w / 2);

                private static void Lengthen(Span<Complex> c, int from, int to) => c[0] *= 1;
            }
            """,
            "'Kernel' cannot give the kernel of 'Step': the step is no convolution, for its state 's' is not linear in state and input",
            """
            [Block<C>]
            [Apply(nameof(Step))]
            public sealed partial class Layer
            {
                [Recurrence("b t d", State = "b d")]
                private static double Step(ref double s, double u) => s = Math.Tanh(s + u);
            }
            """),
        new(
            "DSL050",
            """
            [Block<C>]
            [Linear("map", nameof(C.Hidden))]
            public sealed partial class Learner;

            [Block<C>]
            [From("x"), Linear("v", nameof(C.Hidden)), As("v")]
            [From("x", "v"), [|Learn<Learner>("learner", Loss = nameof(Loss))|]]
            public sealed partial class Layer
            {
                [Pointwise] static double Loss(double f, double target) => (f - target) * (f - target);
            }
            """,
            "'Learner' has no fast weight: say Fast = true at the linear maps of it that are trained within the sequence",
            """
            [Block<C>]
            [Linear("map", nameof(C.Hidden), Fast = true)]
            public sealed partial class Learner;

            [Block<C>]
            [From("x"), Linear("v", nameof(C.Hidden)), As("v")]
            [From("x", "v"), Learn<Learner>("learner", Loss = nameof(Loss))]
            public sealed partial class Layer
            {
                [Pointwise] static double Loss(double f, double target) => (f - target) * (f - target);
            }
            """),
        new(
            "DSL051",
            """
            [Block<C>]
            [Linear("map", nameof(C.Hidden), Fast = true)]
            [Shift]
            public sealed partial class Learner;

            [Block<C>]
            [From("x"), Linear("v", nameof(C.Hidden)), As("v")]
            [From("x", "v"), [|Learn<Learner>("learner", Loss = nameof(Loss))|]]
            public sealed partial class Layer
            {
                [Pointwise] static double Loss(double f, double target) => (f - target) * (f - target);
            }
            """,
            "'Learner' cannot be learnt: [Shift] has a part without a derivative here: expected are Linear, LayerNorm, RmsNorm, Activate, Gate, Sum, Residual and Apply of a [Pointwise] function",
            """
            [Block<C>]
            [Linear("map", nameof(C.Hidden), Fast = true)]
            public sealed partial class Learner;

            [Block<C>]
            [From("x"), Linear("v", nameof(C.Hidden)), As("v")]
            [From("x", "v"), Learn<Learner>("learner", Loss = nameof(Loss))]
            public sealed partial class Layer
            {
                [Pointwise] static double Loss(double f, double target) => (f - target) * (f - target);
            }
            """),
        new(
            "DSL065",
            """
            [Block<C>, Input("x", "b t e d")]
            [Linear("map", nameof(C.Hidden), Stored = "e out in"), Rearrange("b t e d -> b t d e")]
            public sealed partial class Turned;

            [Block<C>]
            [Linear("gate", 4), As("scores")]
            [From("scores"), Route(2), As("chosen")]
            [From("x"), [|Experts<Turned>("experts", "chosen", "scores")|], Linear("out")]
            public sealed partial class Layer;
            """,
            "'Turned' is no block of experts: an axis of 'b t e d -> b t d e' has a result without the experts' axis 'e' behind time",
            """
            [Block<C>, Input("x", "b t e d")]
            [Linear("map", nameof(C.Hidden), Stored = "e out in")]
            public sealed partial class Straight;

            [Block<C>]
            [Linear("gate", 4), As("scores")]
            [From("scores"), Route(2), As("chosen")]
            [From("x"), Experts<Straight>("experts", "chosen", "scores")]
            public sealed partial class Layer;
            """),
        new(
            "DSL052",
            """
            [Block<C>]
            [Linear("map", nameof(C.Hidden), Fast = true)]
            public sealed partial class Learner;

            [Block<C>]
            [From("x"), Linear("v", nameof(C.Hidden)), As("v")]
            [From("x", "v"), [|Learn<Learner>("learner")|]]
            public sealed partial class Layer
            {
                [Pointwise] static double Loss(double f, double target) => (f - target) * (f - target);
            }
            """,
            "Learn needs two values, what is learnt from and the target, and a Loss: it names no loss",
            """
            [Block<C>]
            [Linear("map", nameof(C.Hidden), Fast = true)]
            public sealed partial class Learner;

            [Block<C>]
            [From("x"), Linear("v", nameof(C.Hidden)), As("v")]
            [From("x", "v"), Learn<Learner>("learner", Loss = nameof(Loss))]
            public sealed partial class Layer
            {
                [Pointwise] static double Loss(double f, double target) => (f - target) * (f - target);
            }
            """),
        new(
            "DSL053",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public abstract partial class [|Layer|];
            """,
            "The code of 'Layer' cannot be written: it is abstract",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed partial class Layer;
            """),
        new(
            "DSL054",
            """
            public sealed record Sizes([Key("hidden_size")] int Hidden)
            {
                [Key("ratio")] public decimal [|Ratio|] { get; init; }
            }

            [Block<Sizes>]
            [RmsNorm("norm")]
            public sealed partial class Layer;
            """,
            "'Sizes' cannot be built from a config.json: 'Ratio' is decimal, expected int, long, double, bool, string, Activation, RopeScaling or an array of int, double or string",
            """
            public sealed record Sizes([Key("hidden_size")] int Hidden)
            {
                [Key("ratio")] public double Ratio { get; init; }
            }

            [Block<Sizes>]
            [RmsNorm("norm")]
            public sealed partial class Layer;
            """),
        new(
            "DSL055",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed partial class Layer
            {
                public static int [|Forward|](int step) => step + 1;
            }
            """,
            "'Forward' is the name of a member that is written into the class: give this one another name",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed partial class Layer
            {
                public static int Next(int step) => step + 1;
            }
            """),
        new(
            "DSL060",
            """
            [Block<C>, [|Derive<Layer>|]]
            public sealed partial class Layer;
            """,
            "'Layer' derives from itself: one of its bases must be declared in full",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed partial class Inner;

            [Block<C>, Derive<Inner>]
            public sealed partial class Layer;
            """),
        new(
            "DSL061",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed partial class Layer0;

            [Block<C>, Derive<Layer0>] public sealed partial class Layer1;
            [Block<C>, Derive<Layer1>] public sealed partial class Layer2;
            [Block<C>, Derive<Layer2>] public sealed partial class Layer3;
            [Block<C>, Derive<Layer3>] public sealed partial class Layer4;
            [Block<C>, Derive<Layer4>] public sealed partial class Layer5;
            [Block<C>, Derive<Layer5>] public sealed partial class Layer6;
            [Block<C>, Derive<Layer6>] public sealed partial class Layer7;
            [Block<C>, Derive<Layer7>] public sealed partial class Layer8;
            [Block<C>, Derive<Layer8>] public sealed partial class Layer9;
            [Block<C>, Derive<Layer9>] public sealed partial class Layer10;
            [Block<C>, Derive<Layer10>] public sealed partial class Layer11;
            [Block<C>, Derive<Layer11>] public sealed partial class Layer12;
            [Block<C>, Derive<Layer12>] public sealed partial class Layer13;
            [Block<C>, Derive<Layer13>] public sealed partial class Layer14;
            [Block<C>, Derive<Layer14>] public sealed partial class Layer15;
            [Block<C>, Derive<Layer15>] public sealed partial class Layer16;
            [Block<C>, Derive<Layer16>] public sealed partial class Layer17;
            [Block<C>, Derive<Layer17>] public sealed partial class Layer18;
            [Block<C>, Derive<Layer18>] public sealed partial class Layer19;
            [Block<C>, Derive<Layer19>] public sealed partial class Layer20;
            [Block<C>, Derive<Layer20>] public sealed partial class Layer21;
            [Block<C>, Derive<Layer21>] public sealed partial class Layer22;
            [Block<C>, Derive<Layer22>] public sealed partial class Layer23;
            [Block<C>, Derive<Layer23>] public sealed partial class Layer24;
            [Block<C>, Derive<Layer24>] public sealed partial class Layer25;
            [Block<C>, Derive<Layer25>] public sealed partial class Layer26;
            [Block<C>, Derive<Layer26>] public sealed partial class Layer27;
            [Block<C>, Derive<Layer27>] public sealed partial class Layer28;
            [Block<C>, Derive<Layer28>] public sealed partial class Layer29;
            [Block<C>, Derive<Layer29>] public sealed partial class Layer30;
            [Block<C>, Derive<Layer30>] public sealed partial class Layer31;
            [Block<C>, Derive<Layer31>] public sealed partial class Layer32;
            [Block<C>, [|Derive<Layer32>|]] public sealed partial class Layer33;
            """,
            "'Layer33' has more than 32 bases one after another: expected 32 at most",
            """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed partial class Layer0;

            [Block<C>, Derive<Layer0>]
            public sealed partial class Layer1;
            """),
        new(
            "DSL062",
            """
            [Block<C>]
            [Residual, Attention([|"attn.{q,k,v}_proj"|])]
            public sealed partial class Layer;
            """,
            "Attention has 4 linear maps, 'attn.{q,k,v}_proj' is 3 keys: write them in braces, as in 'a.{q,k,v,o}'",
            """
            [Block<C>]
            [Residual, Attention("attn.{q,k,v,o}_proj")]
            public sealed partial class Layer;
            """),
        new(
            "DSL068",
            """
            [Block<C>]
            [[|Residual|], RmsNorm("norm"), Linear("map"), As("branch")]
            [From("branch"), Activate(Activation.Silu)]
            public sealed partial class Layer;
            """,
            "Nothing reads the result of 'Residual': what follows reads something else, and no name or output stands for it (As names what stands before it: "
                + "of a Residual, the branch)",
            """
            [Block<C>]
            [Residual, RmsNorm("norm"), Linear("map")]
            [Activate(Activation.Silu)]
            public sealed partial class Layer;
            """),
        new(
            "DSL064",
            """
            [Block<C>]
            [Residual, RmsNorm("norm"), Linear("map"), Dropout(0.1)]
            [Residual, Linear("last"), Dropout(0.2)]
            public sealed partial class Layer;

            [Block<C>, Derive<Layer>, Remove([|"dropout"|])]
            public sealed partial class Sure;
            """,
            "'Layer' has 2 parts at 'dropout': name one of them by its key, its As name, or by a part and a word beside it ('key.word')",
            """
            [Block<C>]
            [Residual, RmsNorm("norm"), Linear("map"), Dropout(0.1)]
            [Residual, Linear("last"), Dropout(0.2)]
            public sealed partial class Layer;

            [Block<C>, Derive<Layer>, Remove("last.dropout")]
            public sealed partial class Sure;
            """),
        new(
            "DSL066",
            """
            [Layer<C>, Input("memory", "b s m")]
            public sealed class Look : IBuiltLayer<Look, C>
            {
                public static Look Create(C config, Weights weights, long width) => new();

                public TorchSharp.torch.Tensor Forward(TorchSharp.torch.Tensor x, Pass pass) => x.alias();
            }

            [Block<C>, Input("memory", "b s m")]
            [From("x"), [|Use<Look>("look")|]]
            public sealed partial class Layer;
            """,
            "'Look' has no public method 'Tensor Forward(Tensor x, Tensor memory, Pass pass, Pass sPass)', which its inputs ask for",
            """
            [Layer<C>, Input("memory", "b s m")]
            public sealed class Look : IBuiltLayer<Look, C>
            {
                public static Look Create(C config, Weights weights, long width) => new();

                public TorchSharp.torch.Tensor Forward(TorchSharp.torch.Tensor x, TorchSharp.torch.Tensor memory, Pass pass, Pass sPass) => x.alias();
            }

            [Block<C>, Input("memory", "b s m")]
            [From("x"), Use<Look>("look")]
            public sealed partial class Layer;
            """),
    ];
}
