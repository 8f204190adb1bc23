using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl;
using Dsl.Runtime;
using Dsl.Tests;
using Recurrences;
using Xunit;
using Zoo.Decoders;
using Zoo.EncoderDecoders;
using Zoo.Encoders;
using Zoo.Multimodal;
using Zoo.StateSpaces;
using Zoo.Tests.Goldens;
using Zoo.TestTimeTraining;

namespace Zoo.Tests.Models;

/// <summary>A small configuration, and the models that are built from it.</summary>
/// <param name="Name">What tests call it.</param>
/// <param name="Entry">The model.</param>
/// <param name="Config">Its configuration.</param>
internal sealed record TinyCase(string Name, ModelEntry Entry, object Config);

/// <summary>Small configurations of every model of the zoo: those of the goldens, and some by hand.</summary>
internal static class TinyConfigs
{
    private const string InRepository = "tests/goldens";

    /// <summary>Models that this assembly compiles from the samples' source.</summary>
#pragma warning disable CS0436 // the zoo shows its own list to this assembly; this one is meant, and is what the compiler takes
    private static readonly IReadOnlyList<ModelEntry> Samples = DslModels.All;
#pragma warning restore CS0436

    /// <summary>By name.</summary>
    internal static IReadOnlyDictionary<string, TinyCase> All { get; } = WithOtherHeads([.. Make()]).ToDictionary(tiny => tiny.Name);

    internal static TheoryData<string> Names => [.. All.Keys.Order()];

    private static IEnumerable<TinyCase> Make()
    {
        foreach (string folder in Directory.GetDirectories(Folder()).Order())
        {
            string file = Path.Combine(folder, "config.json");
            if (File.Exists(file) && Path.GetFileName(folder) is not ("minilm" or "smollm2")
                && !Path.GetFileName(folder).StartsWith("trajectory", StringComparison.Ordinal)
                && ConfigReader.Open(file).Architectures.Select(global::Zoo.Models.Find).FirstOrDefault(found => found is not null) is { } entry)
            {
                yield return new TinyCase(Path.GetFileName(folder), entry, entry.ReadConfig(ConfigReader.Open(file)));
            }
        }

        var bert = new BertConfig(99, 32, 2, 4, 64, Activation.Gelu, 64, Drop: 0, AttentionDrop: 0, Classes: 4);
        foreach (string name in new[] { nameof(Bert), nameof(BertForMaskedLM), nameof(BertForTokenClassification), nameof(BertForMultipleChoice) })
        {
            yield return Of(name, name, bert);
        }

        var roberta = new RobertaConfig(1)
        {
            Vocab = 99,
            Hidden = 32,
            Layers = 2,
            Heads = 4,
            FeedForward = 64,
            Act = Activation.Gelu,
            Context = 64,
            Types = 1,
            Drop = 0,
            AttentionDrop = 0,
            Classes = 4,
        };
        var electra = new ElectraConfig(16, 0)
        {
            Vocab = 99,
            Hidden = 32,
            Layers = 2,
            Heads = 4,
            FeedForward = 64,
            Act = Activation.Gelu,
            Context = 64,
            Drop = 0,
            AttentionDrop = 0,
            Classes = 4,
        };
        var albert = new AlbertConfig(99, 16, 32, 2, 4, 64, Activation.GeluTanh, Context: 64, ClassifierDrop: 0, Classes: 4);
        foreach (string head in new[] { "SequenceClassification", "TokenClassification", "MultipleChoice", "QuestionAnswering" })
        {
            yield return Of($"roberta, {head}", "RobertaFor" + head, roberta);
            yield return Of($"electra, {head}", "ElectraFor" + head, electra);
            yield return Of($"albert, {head}", "AlbertFor" + head, albert);
        }

        var llama = new LlamaConfig(99, 32, 64, 2, 4, Activation.Silu, KvHeadsKey: 2, Classes: 3);
        yield return Of("llama, values", nameof(LlamaForCausalLMWithValueHead), llama);
        yield return Of("gpt2, classes", nameof(Gpt2ForSequenceClassification),
            new Gpt2Config(99, 32, 2, 4, 64, Activation.GeluTanh, EmbeddingDrop: 0, AttentionDrop: 0, ResidualDrop: 0, Classes: 3));
        yield return Of("albert, MaskedLM", nameof(AlbertForMaskedLM), albert);

        // Grouped layers, each of several inner ones; a projection that is not there; heads whose product is not the width.
        yield return Of("albert, groups", nameof(AlbertForPreTraining), new AlbertConfig(99, 16, 32, 4, 4, 64, Activation.GeluTanh, 2, 2, 64));
        yield return Of("electra, one width", nameof(ElectraForPreTraining), new ElectraConfig(32)
        {
            Vocab = 99,
            Hidden = 32,
            Layers = 2,
            Heads = 4,
            FeedForward = 64,
            Act = Activation.Gelu,
            Drop = 0,
            AttentionDrop = 0,
        });
        yield return Of("electra, both parts", nameof(ElectraForJointPreTraining), new ElectraJointConfig(16, 24, 2, 2, 48)
        {
            Vocab = 99,
            Hidden = 32,
            Layers = 2,
            Heads = 4,
            FeedForward = 64,
            Act = Activation.Gelu,
            Drop = 0,
            AttentionDrop = 0,
        });

        // No absolute positions, distances that are not normed and that only queries read; without buckets, as far as a limit.
        var deberta = new DebertaV2Config(
            99, 32, 2, 4, 64, Activation.Gelu, true, true, ["c2p"], 6, HasPositions: false, Context: 64, Drop: 0, AttentionDrop: 0);
        yield return Of("deberta, content to position", nameof(DebertaV2ForMaskedLM), deberta);
        yield return Of("deberta, without buckets", nameof(DebertaV2ForSequenceClassification),
            deberta with { Reads = ["p2c|c2p"], Buckets = -1, FurthestKey = 5, DistanceNorm = "layer_norm", HasPositions = true });
        var gpt3 = new Gpt3Config(12, 5, 1)
        {
            Vocab = 99,
            Hidden = 32,
            Layers = 4,
            Heads = 4,
            Context = 64,
            ActKey = Activation.GeluTanh,
            EmbeddingDrop = 0,
            AttentionDrop = 0,
            ResidualDrop = 0,
        };
        yield return Of("gpt3", nameof(Gpt3), gpt3);
        // A single layer: nothing hides what its mask does.
        yield return Of("gpt3, banded", nameof(Gpt3), gpt3 with { Layers = 1, FirstBanded = 0 });
        yield return Of("gpt3, dense", nameof(Gpt3), gpt3 with { Layers = 1, FirstBanded = 1 });
        yield return Of("gpt2, scaled by layer", nameof(Gpt2),
            new Gpt2Config(99, 32, 3, 4, 64, Activation.Gelu, 48, EmbeddingDrop: 0.1, AttentionDrop: 0.1, ScaledByLayer: true, Tied: false));
        yield return Of("s4d, zero-order hold", nameof(S4dLm), new S4dLmConfig(99) { Hidden = 16, Layers = 2, State = 8 });
        yield return Of("s4d, bilinear", nameof(S4dLm),
            new S4dLmConfig(99, 2) { Hidden = 12, Layers = 1, State = 2, Discretisation = "bilinear", Start = "inv" });
        yield return Of("mistral, one layer", nameof(Mistral),
            new MistralConfig(4) { Vocab = 99, Hidden = 32, FeedForward = 48, Layers = 1, Heads = 4, KvHeadsKey = 1, Act = Activation.Silu });

        // Some layers banded, by a list and by their number; serial branches; heads that are normalised.
        var qwen2 = new Qwen2Config(5, true, 1) { Vocab = 99, Hidden = 32, FeedForward = 48, Layers = 2, Heads = 4, KvHeadsKey = 2, Act = Activation.Silu };
        yield return Of("qwen2, banded", nameof(Qwen2), qwen2);
        yield return Of("qwen3, banded", nameof(Qwen3), new Qwen3Config
        {
            Vocab = 99,
            Hidden = 32,
            FeedForward = 48,
            Layers = 2,
            Heads = 4,
            KvHeadsKey = 2,
            HeadDimKey = 10,
            Act = Activation.Silu,
            Window = 4,
            Windowed = true,
            Kinds = ["sliding_attention", "full_attention"],
        });

        // One expert a token and all of them; every second layer routed, one of these not; queries, keys and values clipped.
        yield return Of("mixtral, one of two, banded", nameof(Mixtral), new MixtralConfig(2, 1)
        {
            Vocab = 99,
            Hidden = 32,
            FeedForward = 24,
            Layers = 2,
            Heads = 4,
            KvHeadsKey = 2,
            Act = Activation.Silu,
            Window = 5,
        });
        yield return Of("olmoe, clipped", nameof(Olmoe), new OlmoeConfig(3, 3, Clip: 0.02)
        {
            Vocab = 99,
            Hidden = 32,
            FeedForward = 24,
            Layers = 2,
            Heads = 4,
            Act = Activation.Silu,
        });
        yield return Of("qwen3-moe, some layers", nameof(Qwen3Moe), new Qwen3MoeConfig(5, 2, 12, Every: 2, Dense: [1])
        {
            Vocab = 99,
            Hidden = 32,
            FeedForward = 48,
            Layers = 4,
            Heads = 4,
            KvHeadsKey = 2,
            HeadDimKey = 8,
            Act = Activation.Silu,
        });
        yield return Of("gemma2, uncapped", nameof(Gemma2), new Gemma2Config(Activation.GeluTanh, 20, 6, ScoreCap: null, LogitCap: null)
        {
            Vocab = 99,
            Hidden = 32,
            FeedForward = 48,
            Layers = 2,
            Heads = 4,
            KvHeadsKey = 1,
            HeadDimKey = 8,
        });
        yield return Of("phi, normed heads", nameof(Phi), new PhiConfig(99, 32, 48, 2, 4, Activation.GeluTanh, 2, NormedHeads: true));
        yield return Of("gpt-neox, serial", nameof(GptNeoX),
            new GptNeoXConfig(99, 32, 48, 2, 4, Activation.Gelu, Rotated: 0.6, Parallel: false, AttentionBias: false, Tied: true));

        var seen = new ClipVisionConfig(32, 48, 2, 4, 32, 8);
        var read = new ClipTextConfig(99, 24, 48, 2, 4, 60);
        yield return Of("clip, texts", nameof(ClipText), read);
        yield return Of("clip, both", nameof(Clip), new ClipConfig(read, seen, 20));

        yield return Of("t0", nameof(T0),
            new T0Config { Vocab = 99, Hidden = 32, HeadDim = 8, FeedForward = 48, Heads = 4, Layers = 2, Buckets = 8, MaxDistance = 20, Drop = 0 });
        yield return Of("flan-t5", nameof(FlanT5),
            new FlanT5Config { Vocab = 99, Hidden = 32, HeadDim = 8, FeedForward = 48, Heads = 2, Layers = 1, Drop = 0 });

        yield return Of("minigpt4", nameof(MiniGpt4), new MiniGpt4Config(
            new EvaVisionConfig(32, 48, 2, 4, 16, 8, Deviation: 0.02), new QFormerConfig(24, 48, 2, 4, Drop: 0, AttentionDrop: 0),
            new VicunaConfig(99, 32, 48, 2, 4), Queries: 3, PlaceholderKey: 98));

        // Each option of the layer by itself; an MLP of one head; mini-batches that no text here fills, and of one token.
        var ttt = new TttConfig(61, 16, 24, 2, 2, MiniBatch: 4);
        yield return Of("ttt, gated", nameof(Ttt), ttt with { Gated = true, Tied = false });
        yield return Of("ttt, shared", nameof(Ttt), ttt with { SharesQk = true, Kernel = 3, MiniBatch = 64 });
        yield return Of("ttt, convolved", nameof(Ttt), ttt with { PreConv = true, Kind = "mlp", Heads = 1, BaseRate = 0.3 });
        yield return Of("ttt, by one", nameof(Ttt), ttt with { MiniBatch = 1, Layers = 1 });
        yield return Of("mamba2, one group", nameof(Mamba2),
            new Mamba2Config(61, 16, 2, 4, 8, 1, 4, StepLimit: [0.01, 0.6], Bias: true, ConvBias: false, Tied: true));
        yield return Of("retention, GLA, delta rule, HGRN", nameof(Mixed), new MixedConfig(61, 16, 2, 2));
    }

    /// <summary>Those, and the heads that have no configuration of their own here: each takes one of its family's.</summary>
    private static IEnumerable<TinyCase> WithOtherHeads(IReadOnlyList<TinyCase> made) => made.Concat(global::Zoo.Models.All
        .Where(entry => made.All(tiny => tiny.Entry.Name != entry.Name))
        .Select(entry => (Entry: entry, Family: made.FirstOrDefault(tiny => tiny.Entry.ConfigType == entry.ConfigType)))
        .Where(pair => pair.Family is not null).Select(pair => new TinyCase(pair.Entry.Name, pair.Entry, pair.Family!.Config)));

    private static TinyCase Of(string name, string model, object config) =>
        new(name, global::Zoo.Models.All.Concat(Samples).Single(entry => entry.Name == model), config);

    /// <summary>The repository's own cases, whatever the goldens of a run are.</summary>
    private static string Folder()
    {
        for (var at = new DirectoryInfo(System.AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string folder = Path.Combine(at.FullName, InRepository);
            if (Directory.Exists(folder))
            {
                return folder;
            }
        }

        return GoldenFolder.Path;
    }
}
