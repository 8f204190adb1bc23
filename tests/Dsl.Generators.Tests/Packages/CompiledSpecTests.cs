using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.Loader;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;
using Dsl.Generators.Tests.Sugar;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Dsl.Generators.Tests.Packages;

/// <summary>A referenced assembly has no syntax: what the generator left in it stands for its source.</summary>
public sealed class CompiledSpecTests
{
    private const string Derived = """
        using Dsl;
        using Zoo.Decoders;
        using C = User.NarrowConfig;

        namespace User;

        [Extend<LlamaConfig>]
        public sealed partial record NarrowConfig([Key("narrow_window")] int Narrow = 4);

        [Block<C>, Derive<LlamaBlock>, Set("self_attn", "Mask", nameof(Near))]
        [Replace("input_layernorm"), LayerNorm("input_layernorm")]
        public sealed partial class NarrowBlock
        {
            [Mask] static bool Near(int query, int key, C c) => key <= query && (query - key < c.Narrow || key == 0);
        }

        [Model<C>("NarrowForCausalLM"), Derive<Llama>, Rename("model", "narrow")]
        [Replace("narrow.layers"), Repeat<NarrowBlock>("narrow.layers", nameof(C.Layers))]
        public sealed partial class Narrow;

        // A mask of a compiled class, and a block as it is.
        [Block<MistralConfig>, Derive<MistralBlock>, Remove("input_layernorm")]
        public sealed partial class Bare;

        [Model<MistralConfig>]
        [Embedding("embed", nameof(MistralConfig.Vocab), nameof(MistralConfig.Hidden))]
        [Repeat<MistralBlock>("layers", nameof(MistralConfig.Layers)), Output("hidden")]
        public sealed partial class Reused;

        [Block<T5Copy>, Derive<Zoo.EncoderDecoders.T5DecoderBlock>]
        public sealed partial class Biased;

        [Extend<Zoo.EncoderDecoders.T5Config>]
        public sealed partial record T5Copy([Key("nothing")] int Nothing = 0);
        """;

    private static readonly Lazy<(GeneratedRun Run, byte[] Image)> Zoo = new(() =>
    {
        var run = Compiling.Start(Compiling.Create(Compiling.Zoo(), name: "ZooInMemory"));
        return (run, run.Emit());
    });

    [Fact]
    public void Code_from_compiled_specs_is_the_code_from_source()
    {
        var user = new SourceFile("User.cs", Derived);
        var compiled = Compiling.Generate(Compiling.Create([user], [MetadataReference.CreateFromImage(Zoo.Value.Image)]));
        compiled.AssertCompiles();
        var source = Compiling.Start(Compiling.Create([user, .. Compiling.Zoo()]));
        var own = source.Texts.Where(t => t.Key.StartsWith("User.", StringComparison.Ordinal)).ToList();
        Assert.Equal(
            ["User.Bare.g.cs", "User.Biased.g.cs", "User.Narrow.g.cs", "User.NarrowBlock.g.cs", "User.NarrowConfigJson.g.cs", "User.Reused.g.cs", "User.T5CopyJson.g.cs"],
            own.Select(t => t.Key));
        Assert.All(own, t => Assert.Equal(t.Value, compiled.Texts[t.Key]));
        Assert.Equal(own.Count + 1, compiled.Texts.Count);
    }

    [Fact]
    public void Every_spec_survives_its_text()
    {
        var compilation = Compiling.Create(Compiling.Zoo());
        var names = compilation.SyntaxTrees.SelectMany(
            t => t.GetRoot().DescendantNodes().OfType<TypeDeclarationSyntax>(), (t, d) => compilation.GetSemanticModel(t).GetDeclaredSymbol(d)!)
            .Where(s => s
                .GetAttributes()
                .Any(a => SpecReader.IsOurs(a) && SpecReader.WordOf(a) is "Block" or "Model")).Select(s => s.ToDisplayString()).Distinct().ToList();
        Assert.NotEmpty(names);
        foreach (var name in names)
        {
            var spec = Graphs.Read(compilation, name).Main;
            var text = SpecText.Write(spec);
            var again = SpecText.ReadDeclaration(text, _ => spec.Config);
            Assert.Equal(WithoutPlaces(spec) with { Hidden = [], OwnMembers = [] }, again);
            Assert.Equal(text, SpecText.Write(again));

            // What derived sizes, options and presets say, and nothing of where it stands.
            var config = SpecText.Write(spec.Config);
            var configAgain = SpecText.ReadConfig(config);
            Assert.Equal(
                spec.Config with { FromSource = false, Hidden = [], Overridden = [], Containers = [], Presets = [], Extended = null, Inside = [] },
                configAgain with { Presets = [], Inside = [] });
            Assert.Equal(spec.Config.Inside.Select(c => c.Name), configAgain.Inside.Select(c => c.Name));
            Assert.Equal(config, SpecText.Write(configAgain));
        }
    }

    [Fact]
    public void A_broken_text_is_a_format_error()
    {
        var compilation = Compiling.Create(Compiling.Zoo());
        var spec = Graphs.Read(compilation, "Zoo.Decoders.MistralBlock").Main;
        var text = SpecText.Write(spec);
        for (var length = 0; length < text.Length; length += 1 + (length / 8))
        {
            Assert.Throws<FormatException>(() => SpecText.ReadDeclaration(text[..length], _ => spec.Config));
        }

        Assert.Throws<FormatException>(() => SpecText.ReadDeclaration(text, _ => null));
    }

    [Fact]
    public void A_derived_model_runs_over_the_compiled_base()
    {
        const string program = """
            using System.Linq;
            using TorchSharp;
            namespace User;
            public static class Program
            {
                public static double Difference()
                {
                    var config = new NarrowConfig(Narrow: 3) { Vocab = 50, Hidden = 16, FeedForward = 24, Layers = 2, Heads = 4, KvHeadsKey = 2, Act = "silu" };
                    torch.manual_seed(3);
                    using var model = new Narrow(config);
                    using var ids = torch.randint(0, 50, [2, 9]);
                    using var whole = model.Forward(ids);
                    using var state = model.NewState(2);
                    double worst = 0;
                    for (var t = 0; t < 9; t++)
                    {
                        using var one = ids.narrow(1, t, 1);
                        using var logits = model.Advance(one, state);
                        worst = System.Math.Max(worst, (logits.squeeze(1) - whole.Logits!.select(1, t)).abs().max().item<float>());
                    }
                    if (!model.Weights.All.Any(w => w.Key == "narrow.layers.1.input_layernorm.bias")) throw new System.Exception(string.Join(" ", model.Weights.All.Select(w => w.Key)));
                    return worst;
                }
            }
            """;
        var run = Compiling.Start(
            Compiling.Create(
                [new SourceFile("User.cs", Derived), new SourceFile("Program.cs", program)],
                [MetadataReference.CreateFromImage(Zoo.Value.Image)],
                "UserOfCompiled"));
        run.AssertCompiles();
        AssemblyLoadContext.Default.LoadFromStream(new MemoryStream(Zoo.Value.Image));
        var assembly = AssemblyLoadContext.Default.LoadFromStream(new MemoryStream(run.Emit()));
        Assert.InRange(Invoke(assembly, "Difference"), 0, 2e-5);
    }

    internal static double Invoke(Assembly assembly, string method) => (double)assembly.GetType("User.Program")!.GetMethod(method)!.Invoke(null, null)!;

    private static DeclarationSpec WithoutPlaces(DeclarationSpec spec)
    {
        static PartSpec Plain(PartSpec part) => part with { Place = Place.Class, Options = part.Options.Select(o => o with { Argument = -1 }).ToEquatable() };
        return spec with
        {
            IsPartial = true,
            FromSource = false,
            Header = spec.Header.Select(Plain).ToEquatable(),
            Brackets = spec.Brackets.Select(b => new BracketSpec(b.Parts.Select(Plain).ToEquatable())).ToEquatable(),
        };
    }
}
