using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using Dsl.Text;
using Dsl.Training;
using Dsl.Training.Tasks;

namespace Zoo.Cli;

/// <summary>Small models that are fine-tuned on tasks: families' configs, narrowed, with the head that a task wants.</summary>
public static class TaskFamilies
{
    private const int Width = 96;

    private static readonly Dictionary<string, string> Prefixes = new()
    {
        ["bert"] = "Bert",
        ["roberta"] = "Roberta",
        ["albert"] = "Albert",
        ["electra"] = "Electra",
    };

    /// <summary>The options of a run unless others are asked for; how many steps it has is the task's to say.</summary>
    public static TrainingOptions Defaults { get; } = new()
    {
        Batch = 32,
        Context = 40,
        Rate = 1e-3,
        LastRate = 1e-4,
        WarmUp = 60,
        Decay = 0.01,
        Beta2 = 0.98,
        EvaluateEvery = 200,
        EvaluationBatches = 4,
    };

    /// <summary>Which families a task is run on without more words, in order; it can be run on any that has its head.</summary>
    public static IReadOnlyList<(string Task, string Family)> All { get; } =
    [
        ("kind", "bert"), ("kind", "roberta"), ("kind", "albert"), ("kind", "electra"),
        ("follows", "bert"), ("follows", "roberta"), ("follows", "albert"), ("follows", "electra"),
        ("roles", "bert"), ("next", "bert"), ("part", "bert"), ("sort", "t5"), ("sort", "bart"),
    ];

    /// <summary>Families with a head for a task.</summary>
    public static IReadOnlyList<string> For(RuleTask task) => task.Head == Head.Text ? ["t5", "bart"] : [.. Prefixes.Keys];

    /// <summary>A vocabulary in which every word of the tasks is one token.</summary>
    public static ITokenizer Learn(ObjectiveFamily family) =>
        family.Learn(string.Concat(Enumerable.Repeat(string.Concat(RuleTask.Vocabulary.Select(word => $"{word} {word}\n")), 20)), 1500);

    /// <summary>The config of a family's model with the head of a task.</summary>
    public static JsonObject Config(ObjectiveFamily family, RuleTask task, ITokenizer tokenizer, int context)
    {
        JsonObject config = family.Config(tokenizer, context);
        (string Key, JsonNode Value)[] narrow = family.Name switch
        {
            "t5" => [("d_model", Width), ("d_kv", 24), ("num_heads", 4), ("d_ff", 2 * Width), ("num_layers", 2), ("num_decoder_layers", 2)],
            "bart" =>
            [
                ("d_model", Width), ("encoder_layers", 2), ("decoder_layers", 2), ("encoder_attention_heads", 4), ("decoder_attention_heads", 4),
                ("encoder_ffn_dim", 2 * Width), ("decoder_ffn_dim", 2 * Width),
            ],
            _ => [("hidden_size", Width), ("num_hidden_layers", 2), ("num_attention_heads", 4), ("intermediate_size", 2 * Width)],
        };
        foreach ((string key, JsonNode value) in narrow)
        {
            config[key] = value;
        }

        foreach (string key in config.Select(pair => pair.Key).Where(key => key.StartsWith("generator_", StringComparison.Ordinal)).ToArray())
        {
            config.Remove(key);
        }

        if (task.Head != Head.Text)
        {
            config["architectures"] = new JsonArray(Prefixes[family.Name] + task.Head switch
            {
                Head.Sequence => "ForSequenceClassification",
                Head.Tokens => "ForTokenClassification",
                Head.Choice => "ForMultipleChoice",
                _ => "ForQuestionAnswering",
            });
        }

        if (task.Labels.Count > 0)
        {
            config["id2label"] = new JsonObject(
                task.Labels.Select((label, id) => KeyValuePair.Create(id.ToString(System.Globalization.CultureInfo.InvariantCulture), (JsonNode?)label)));
        }

        return config;
    }
}
