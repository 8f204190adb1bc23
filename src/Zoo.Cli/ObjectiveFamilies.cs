using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using Dsl.Training.Objectives;
using Dsl.Text;
using Dsl.Training;

namespace Zoo.Cli;

/// <summary>A small model of a family that is trained by an objective of its own, described as published checkpoints are: by its config.json.</summary>
/// <param name="Name">What <c>--family</c> calls it.</param>
/// <param name="Objectives">What it can be trained to do, its own first.</param>
/// <param name="Layout">Special tokens of its vocabulary.</param>
/// <param name="WordPiece">A WordPiece vocabulary; otherwise byte pairs.</param>
/// <param name="Config">The config for a vocabulary and a context.</param>
/// <param name="Make">An objective by its name.</param>
public sealed record ObjectiveFamily(
    string Name, IReadOnlyList<string> Objectives, VocabularyLayout Layout, bool WordPiece,
    Func<ITokenizer, int, JsonObject> Config, Func<string, ITokenizer, TrainingOptions, IObjective> Make)
{
    /// <summary>The family for texts in other languages, whose codes its vocabulary then has; null where the family knows no languages.</summary>
    public Func<IReadOnlyList<string>, ObjectiveFamily>? In { get; init; }

    /// <summary>The objective for a text in one of these languages, by its code; null where the family knows no languages.</summary>
    public Func<ITokenizer, TrainingOptions, string, IObjective>? MakeIn { get; init; }

    /// <summary>A vocabulary learned from a text.</summary>
    public ITokenizer Learn(string text, int vocabulary) => WordPiece
        ? TokenizerTraining.WordPiece(text, vocabulary, Layout)
        : TokenizerTraining.BytePair(text, vocabulary, Layout);
}

/// <summary>The families that <c>train --objective</c> offers.</summary>
public static class ObjectiveFamilies
{
    private const int Hidden = 128;
    private const int Heads = 4;
    private const int Layers = 2;

    // The published deviation of 0.02 belongs to a width of 768. In rows so much shorter it leaves every score near zero, and attention even for long.
    private static readonly double Deviation = 0.02 * Math.Sqrt(768.0 / Hidden);

    /// <summary>mBART's code of the text's language where none is named.</summary>
    private const string Language = "en_XX";

    /// <summary>The options of a run unless others are asked for.</summary>
    public static TrainingOptions Defaults { get; } = new()
    {
        Steps = 1500,
        Batch = 64,
        Context = 32,
        Rate = 3e-3,
        LastRate = 3e-4,
        WarmUp = 100,
        Decay = 0.01,
        Beta2 = 0.98,
        EvaluateEvery = 200,
        EvaluationBatches = 20,
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ObjectiveFamily> All { get; } =
    [
        new("bert", ["mlm"], VocabularyLayout.Bert, true, (t, c) => Bert("BertForPreTraining", "bert", t, c),
            (_, t, o) => new MaskedLanguage(t, o.Context, o.WholeWords ? MaskingUnit.WholeWords : MaskingUnit.Tokens, PairTask.NextSentence)),
        new("roberta", ["mlm"], VocabularyLayout.Roberta, false, (t, c) => Bert("RobertaForMaskedLM", "roberta", t, c, positions: c + 2, types: 1),
            (_, t, o) => new MaskedLanguage(t, o.Context, o.WholeWords ? MaskingUnit.WholeWords : MaskingUnit.Tokens)),
        new("albert", ["mlm"], VocabularyLayout.Bert, true,
            (t, c) => With(Bert("AlbertForPreTraining", "albert", t, c), ("embedding_size", Hidden / 2), ("num_hidden_groups", 1)),
            (_, t, o) => new MaskedLanguage(t, o.Context, o.WholeWords ? MaskingUnit.WholeWords : MaskingUnit.Runs, PairTask.SentenceOrder)),
        new("electra", ["rtd"], VocabularyLayout.Bert, true,
            (t, c) => With(
                Bert("ElectraForJointPreTraining", "electra", t, c), ("embedding_size", Hidden / 2), ("generator_hidden_size", Hidden / 2),
                ("generator_num_hidden_layers", Layers), ("generator_num_attention_heads", Heads / 2), ("generator_intermediate_size", 2 * Hidden)),
            (_, t, o) => new ReplacedTokenDetection(t, o.Context)),
        new("t5", ["span", "prefix"], VocabularyLayout.T5, false, T5,
            (name, t, o) => name == "prefix" ? new PrefixLanguage(t, o.Context) : new SpanDenoising(t, o.Context)),
        new("bart", ["denoise"], VocabularyLayout.Roberta, false, (t, c) => Bart("BartForConditionalGeneration", "bart", t, c, t.Special.End!.Value),
            (_, t, o) => new TextDenoising(t, o.Context, o.Noise.Over(DenoisingShares.Bart))),
        MBart([Language]),
    ];

    /// <summary>Every objective that some family has.</summary>
    public static IReadOnlyList<string> Objectives { get; } = [.. All.SelectMany(family => family.Objectives).Distinct()];

    /// <summary>Without other words it writes in the first language.</summary>
    private static ObjectiveFamily MBart(IReadOnlyList<string> languages)
    {
        VocabularyLayout layout = VocabularyLayout.Roberta with
        {
            Name = "mbart",
            Last = [.. languages, .. VocabularyLayout.Roberta.Last],
            Single = $"A:0 </s>:0 {languages[0]}:0",
            Pair = $"A:0 B:0 </s>:0 {languages[0]}:0",
        };
        JsonObject Config(ITokenizer tokenizer, int context)
        {
            int first = tokenizer.IdOf(languages[0])!.Value;
            return With(
                Bart("MBartForConditionalGeneration", "mbart", tokenizer, context, first), ("scale_embedding", true), ("forced_bos_token_id", first));
        }

        IObjective In(ITokenizer tokenizer, TrainingOptions options, string language) =>
            new TextDenoising(tokenizer, options.Context, options.Noise.Over(DenoisingShares.MBart), tokenizer.IdOf(language));

        return new ObjectiveFamily("mbart", ["denoise"], layout, false, Config, (_, tokenizer, options) => In(tokenizer, options, languages[0]))
        {
            In = MBart,
            MakeIn = In,
        };
    }

    /// <summary>The families that have an objective; where texts name their languages, those that know any.</summary>
    public static IEnumerable<ObjectiveFamily> Able(string objective, bool speaks) =>
        All.Where(family => family.Objectives.Contains(objective) && (!speaks || family.In is not null));

    private static JsonObject Bert(string architecture, string type, ITokenizer tokenizer, int context, int? positions = null, int types = 2) => new()
    {
        ["architectures"] = new JsonArray(architecture),
        ["model_type"] = type,
        ["vocab_size"] = tokenizer.Vocabulary,
        ["hidden_size"] = Hidden,
        ["num_hidden_layers"] = Layers,
        ["num_attention_heads"] = Heads,
        ["intermediate_size"] = 4 * Hidden,
        ["hidden_act"] = "gelu",
        ["hidden_dropout_prob"] = 0.0,
        ["attention_probs_dropout_prob"] = 0.0,
        ["max_position_embeddings"] = positions ?? context,
        ["type_vocab_size"] = types,
        ["layer_norm_eps"] = 1e-12,
        ["pad_token_id"] = tokenizer.Special.Pad,
        ["tie_word_embeddings"] = true,
        ["initializer_range"] = Deviation,
    };

    private static JsonObject T5(ITokenizer tokenizer, int context) => new()
    {
        ["architectures"] = new JsonArray("T5ForConditionalGeneration"),
        ["model_type"] = "t5",
        ["vocab_size"] = tokenizer.Vocabulary,
        ["d_model"] = Hidden,
        ["d_kv"] = Hidden / Heads,
        ["d_ff"] = 384,
        ["num_heads"] = Heads,
        ["num_layers"] = Layers,
        ["num_decoder_layers"] = Layers,
        ["relative_attention_num_buckets"] = 32,
        ["relative_attention_max_distance"] = 128,
        ["feed_forward_proj"] = "gated-gelu",
        ["dropout_rate"] = 0.0,
        ["layer_norm_epsilon"] = 1e-6,
        ["tie_word_embeddings"] = true,
        ["pad_token_id"] = tokenizer.Special.Pad,
        ["eos_token_id"] = tokenizer.Special.End,
        ["decoder_start_token_id"] = tokenizer.Special.Pad,
    };

    private static JsonObject Bart(string architecture, string type, ITokenizer tokenizer, int context, int start) => new()
    {
        ["architectures"] = new JsonArray(architecture),
        ["model_type"] = type,
        ["vocab_size"] = tokenizer.Vocabulary,
        ["d_model"] = Hidden,
        ["encoder_layers"] = Layers,
        ["decoder_layers"] = Layers,
        ["encoder_attention_heads"] = Heads,
        ["decoder_attention_heads"] = Heads,
        ["encoder_ffn_dim"] = 4 * Hidden,
        ["decoder_ffn_dim"] = 4 * Hidden,
        ["activation_function"] = "gelu",

        // What is read may have grown by inserted masks.
        ["max_position_embeddings"] = 2 * context,
        ["dropout"] = 0.0,
        ["attention_dropout"] = 0.0,
        ["activation_dropout"] = 0.0,
        ["scale_embedding"] = false,
        ["tie_word_embeddings"] = true,
        ["bos_token_id"] = tokenizer.Special.Begin,
        ["pad_token_id"] = tokenizer.Special.Pad,
        ["eos_token_id"] = tokenizer.Special.End,
        ["decoder_start_token_id"] = start,
        ["init_std"] = Deviation,
    };

    private static JsonObject With(JsonObject config, params (string Key, JsonNode Value)[] more)
    {
        foreach ((string key, JsonNode value) in more)
        {
            config[key] = value;
        }

        return config;
    }
}
