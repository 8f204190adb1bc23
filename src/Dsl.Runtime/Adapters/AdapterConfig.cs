using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;

namespace Dsl.Runtime;

/// <summary><c>adapter_config.json</c> as peft writes it (peft/tuners/lora/config.py).</summary>
internal sealed class AdapterConfig
{
    internal const string FileName = "adapter_config.json";

    // What these say changes nothing of what a loaded adapter computes.
    private static readonly HashSet<string> withoutEffect = new(StringComparer.Ordinal)
    {
        "auto_mapping", "base_model_name_or_path", "inference_mode", "megatron_core", "peft_version", "qalora_group_size", "revision", "runtime_config",
        "task_type",

        // Whether a weight is stored the other way round is the model's to know; A and B are the same in either case.
        "fan_in_fan_out",
    };

    // How A and B begin; others (pissa, olora, corda, loftq) change the base too, so that the file is not one of the base alone.
    private static readonly string[] beginnings = ["gaussian", "eva", "orthogonal"];

    private readonly string file;
    private readonly ConfigNode root;
    private readonly HashSet<string> read = new(StringComparer.Ordinal);

    private AdapterConfig(string file, ConfigNode root)
    {
        this.file = file;
        this.root = root;
        Options = ReadOptions();
    }

    internal AdapterOptions Options { get; }

    /// <summary>The config of a folder.</summary>
    /// <exception cref="ConfigException">It is not there, is no LoRA's, or asks for what is not there; the message names the keys.</exception>
    internal static AdapterConfig Read(string folder)
    {
        string file = Path.Combine(folder, FileName);
        return new AdapterConfig(file, ConfigNode.ReadFile(file));
    }

    internal ConfigException Error(string problem, Exception? inner = null) => new(file, problem, inner);

    /// <summary>The members of a file that says this: those that came, with what the adapter is now.</summary>
    internal static IReadOnlyList<(string Key, object? Value)> Members(Adapter adapter)
    {
        AdapterOptions options = adapter.Options;
        var members = new SortedDictionary<string, object?>(StringComparer.Ordinal)
        {
            ["alpha_pattern"] = Sorted(options.AlphaPattern),
            ["base_model_name_or_path"] = null,
            ["bias"] = "none",
            ["exclude_modules"] = options.Exclude.Count == 0 ? null : options.Exclude,
            ["fan_in_fan_out"] = adapter.Parts.Any(part => part.Product.Layout.Transposed),
            ["inference_mode"] = true,
            ["init_lora_weights"] = true,
            ["layers_to_transform"] = options.Layers,
            ["lora_alpha"] = Number(options.Alpha),
            ["lora_dropout"] = options.Dropout,
            ["modules_to_save"] = null,
            ["peft_type"] = "LORA",
            ["r"] = options.Rank,
            ["rank_pattern"] = Sorted(options.RankPattern),
            ["target_modules"] = options.TargetExpression ?? (object)TargetNames(adapter),
            ["task_type"] = null,
            ["use_dora"] = false,
            ["use_rslora"] = options.RankStabilised,
        };
        foreach ((string key, ConfigNode value) in adapter.Source?.root.Members ?? [])
        {
            members[key] = value;
        }

        return [.. members.Select(member => (member.Key, member.Value))];
    }

    /// <summary>Ends of keys as peft takes them: as given, or, for patterns, the last segments where these mean the same maps, else whole keys.</summary>
    private static IReadOnlyList<string> TargetNames(Adapter adapter)
    {
        AdapterOptions options = adapter.Options;
        if (options.Targets.All(target => target != AdapterOptions.AllLinear && target.AsSpan().IndexOfAny("*?{") < 0))
        {
            return options.Targets;
        }

        string[] ends = [.. adapter.Targets.Select(key => key.Split('.')[^1]).Distinct()];
        return adapter.Parts.First().Product.Siblings.Count(key => ends.Any(end => TargetPatterns.Fits(end, key))) == adapter.Targets.Count
            ? ends : [.. adapter.Targets];
    }

    private AdapterOptions ReadOptions()
    {
        if (Text("peft_type") is not "LORA" and var type)
        {
            throw Error($"peft_type is {(type is null ? "missing" : SafeTensorsHeader.Quote(type))}, expected 'LORA'");
        }

        if (Text("bias") is not (null or "none") and var bias)
        {
            throw Error($"bias is {SafeTensorsHeader.Quote(bias)}, expected 'none': biases are the base's here");
        }

        if (Find("init_lora_weights") is { Kind: JsonTokenType.String } begins && !beginnings.Contains(begins.Text))
        {
            throw Error($"init_lora_weights is {begins.Describe()}, expected true, false or one of {string.Join(", ", beginnings)}: "
                + "it changes the base as well");
        }

        var options = new AdapterOptions
        {
            Rank = Whole("r", Find("r") ?? throw Error("r is missing, expected the rank")),
            Alpha = Real("lora_alpha", Find("lora_alpha") ?? throw Error("lora_alpha is missing, expected a number")),
            Dropout = Find("lora_dropout") is { } dropout ? Real("lora_dropout", dropout) : 0,
            RankStabilised = Find("use_rslora") is { } stabilised && Truth("use_rslora", stabilised),
            RankPattern = Pattern("rank_pattern", Whole),
            AlphaPattern = Pattern("alpha_pattern", Real),
            Targets = Words("target_modules", out string? expression),
            TargetExpression = expression,
            Exclude = Words("exclude_modules", out string? excluded),
            Layers = Layers(),
        };
        if (excluded is not null)
        {
            throw Error("exclude_modules is a string, expected a list of ends of keys");
        }

        RefuseOthers();
        try
        {
            options.Validate();
        }
        catch (ArgumentException e)
        {
            throw Error(e.Message, e);
        }

        return options;
    }

    /// <summary>Every key that is not known and says something.</summary>
    private void RefuseOthers()
    {
        read.Add("init_lora_weights");
        string[] unknown = [.. root.Members.Where(member => !read.Contains(member.Key) && !withoutEffect.Contains(member.Key) && !member.Value.SaysNothing)
            .Select(member => $"{SafeTensorsHeader.Printable(member.Key)} {member.Value.Describe()}")];
        if (unknown.Length > 0)
        {
            throw Error($"{KeyFit.Listed(unknown)} not supported, expected keys of a plain LoRA");
        }
    }

    private IReadOnlyList<string> Words(string key, out string? expression)
    {
        expression = null;
        switch (Find(key))
        {
            case null:
                return [];
            case { Kind: JsonTokenType.String, Text: AdapterOptions.AllLinear }:
                return [AdapterOptions.AllLinear];
            case { Kind: JsonTokenType.String } text:
                expression = text.Text;
                return [];
            case { Kind: JsonTokenType.StartArray } list when list.Items.All(item => item.Kind == JsonTokenType.String):
                return [.. list.Items.Select(item => item.Text)];
            case var other:
                throw Error($"{key} is {other.Describe()}, expected a string or a list of strings");
        }
    }

    private IReadOnlyList<int>? Layers() => Find("layers_to_transform") switch
    {
        null => null,
        { Kind: JsonTokenType.StartArray } list => [.. list.Items.Select(item => Whole("layers_to_transform", item))],
        var one => [Whole("layers_to_transform", one)],
    };

    private IReadOnlyDictionary<string, T> Pattern<T>(string key, Func<string, ConfigNode, T> value) => Find(key) switch
    {
        null => new Dictionary<string, T>(),
        { Kind: JsonTokenType.StartObject } map => map.Members.ToDictionary(member => member.Key, member => value($"{key}.{member.Key}", member.Value)),
        var other => throw Error($"{key} is {other.Describe()}, expected an object"),
    };

    private ConfigNode? Find(string key)
    {
        read.Add(key);
        return root.Members.TryGetValue(key, out ConfigNode? node) && node.Kind != JsonTokenType.Null ? node : null;
    }

    private string? Text(string key) => Find(key) switch
    {
        null => null,
        { Kind: JsonTokenType.String } text => text.Text,
        var other => throw Error($"{key} is {other.Describe()}, expected a string"),
    };

    private int Whole(string key, ConfigNode node) => node.AsLong() is { } value and >= 0 and <= 1 << 20 ? (int)value
        : throw Error($"{SafeTensorsHeader.Printable(key)} is {node.Describe()}, expected a whole number up to {1 << 20}");

    private double Real(string key, ConfigNode node) => node.AsDouble()
        ?? throw Error($"{SafeTensorsHeader.Printable(key)} is {node.Describe()}, expected a number");

    private bool Truth(string key, ConfigNode node) => node.Kind is JsonTokenType.True or JsonTokenType.False ? node.Kind == JsonTokenType.True
        : throw Error($"{key} is {node.Describe()}, expected true or false");

    private static SortedDictionary<string, object?> Sorted<T>(IReadOnlyDictionary<string, T> values) =>
        new(values.ToDictionary(pair => pair.Key, pair => pair.Value is double real ? Number(real) : pair.Value), StringComparer.Ordinal);

    /// <summary>A whole number is written without a point, as published files have it.</summary>
    private static object Number(double value) => value == Math.Floor(value) && Math.Abs(value) < 1 << 30 ? (int)value : value;
}
