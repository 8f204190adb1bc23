using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;

namespace Dsl.Runtime;

/// <summary>The values of a config as a model has read them, also under the names that the published library has for all families.</summary>
internal static class CheckedValues
{
    // What generation and storage read of a config; the model's record holds some of them itself.
    private static readonly string[] Own = ["bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id", "dtype", "torch_dtype"];

    private static readonly (string Common, string[] Names)[] Common =
    [
        ("hidden_size", ["d_model", "n_embd"]), ("num_hidden_layers", ["n_layer", "num_layers", "encoder_layers"]),
        ("num_attention_heads", ["n_head", "num_heads", "encoder_attention_heads"]), ("max_position_embeddings", ["n_positions"]), ("head_dim", ["d_kv"]),
    ];

    /// <summary>Dotted paths with their values.</summary>
    public static IReadOnlyList<(string Path, object? Value)> Of(GeneratedModel model, ConfigReader reader)
    {
        var values = new List<(string Path, object? Value)>();
        foreach ((string path, object? value) in model.ReadValues)
        {
            if (!Own.Contains(path) && !path.StartsWith("rope_", StringComparison.Ordinal))
                values.Add((path, reader.Text(path) ?? value)); // a name as the file writes it
        }
        foreach (string key in Own)
        {
            if (reader.Root.Members.TryGetValue(key, out var node) && !(key.EndsWith("dtype", StringComparison.Ordinal) && node.Kind == JsonTokenType.Null))
                Add(key == "torch_dtype" ? "dtype" : key, node.Plain());
        }
        foreach (var (common, names) in Common)
            if (names.FirstOrDefault(name => Has(name)) is { } name)
                Add(common, Find(name));
        if (reader.OptionalInt(["num_labels"]) is { } classes)
            Add("num_labels", classes);
        else if (Find("id2label") is IEnumerable<KeyValuePair<string, object?>> labels)
            Add("num_labels", labels.Count());
        if (reader.Asked("num_key_value_heads"))
            Add("num_key_value_heads", Find("num_attention_heads"));
        if (reader.Asked("head_dim") && Find("hidden_size") is int width && Find("num_attention_heads") is int heads and > 0)
            Add("head_dim", width / heads);
        if (model.ReadValues.FirstOrDefault(pair => pair.Path.EndsWith("rope_theta", StringComparison.Ordinal)) is { Path: not null } theta)
            Add("rope_parameters", Rope(reader, theta.Value));
        return values;

        bool Has(string name) => values.Any(pair => pair.Path == name);
        object? Find(string name) => values.FirstOrDefault(pair => pair.Path == name).Value;
        void Add(string name, object? value)
        {
            if (!Has(name))
                values.Add((name, value));
        }
    }

    /// <summary>What rotates: the file's object, under whichever name it stands, with the base and the rule where they stand beside it.</summary>
    private static Dictionary<string, object?> Rope(ConfigReader reader, object? theta)
    {
        var rope = new Dictionary<string, object?>();
        foreach (string name in (string[])["rope_parameters", "rope_scaling"])
            if (rope.Count == 0 && reader.Root.Members.TryGetValue(name, out var given) && given.Kind == JsonTokenType.StartObject)
                foreach (var (key, value) in given.Members)
                    rope[key] = value.Plain();
        rope.TryAdd("rope_theta", theta);
        rope.TryAdd("rope_type", rope.GetValueOrDefault("type") ?? "default");
        return rope;
    }
}
