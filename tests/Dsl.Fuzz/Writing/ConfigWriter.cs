using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz.Writing;

/// <summary>
/// The config of a program: sizes, options, conditions. Each has a value for each sample; together they fit every declaration that is written from them.
/// </summary>
internal sealed class ConfigWriter
{
    public const int Samples = 2;

    private readonly Chance chance;
    private readonly List<Member> members = [];
    private readonly List<(string Source, Size Size)> sizes = [];
    private readonly Dictionary<string, long>[] values = [.. Enumerable.Range(0, Samples).Select(_ => new Dictionary<string, long>())];

    public ConfigWriter(Chance chance)
    {
        this.chance = chance;
        HeadDimIsDerived = chance.Maybe;
        bool one = chance.OneIn(8);
        int[] heads = Each(() => one ? 1 : chance.Next(1, 5));
        int[] widths = Each(() => chance.OneIn(12) ? 2 : 2 * chance.Next(1, 4));
        int[] hidden = HeadDimIsDerived ? [.. heads.Zip(widths, (h, w) => h * w)] : Each(() => chance.OneIn(10) ? 1 : chance.Next(2, 13));
        Integer("Vocab", "vocab_size", Each(() => chance.Next(7, 14)), isSize: false);
        Integer("Hidden", "hidden_size", hidden);
        Integer("Heads", "num_attention_heads", heads, isSize: false);
        if (HeadDimIsDerived)
        {
            Derived("HeadDim", "Hidden / Heads", Size.Of("Hidden/Heads"), s => values[s]["Hidden"] / values[s]["Heads"]);
        }
        else
        {
            Integer("HeadDim", "head_dim", widths);
            Derived("HeadsDim", "Heads * HeadDim", Size.Of("Heads") * Size.Of("HeadDim"), s => values[s]["Heads"] * values[s]["HeadDim"]);
        }

        int[] kv = [.. heads.Select(h => chance.Of(Enumerable.Range(1, h).Where(k => h % k == 0).ToArray()))];
        if (chance.Maybe)
        {
            members.Add(new Member("int?", "KvHeadsKey", "num_key_value_heads", [.. kv.Select((k, s) => k == heads[s] && chance.Maybe ? "null" : Text(k))]));
            Derived("KvHeads", "KvHeadsKey ?? Heads", Size.Of("KvHeads"), s => kv[s]);
        }
        else
        {
            Integer("KvHeads", "num_key_value_heads", kv, isSize: false);
        }

        Integer("FeedForward", "intermediate_size", Each(() => chance.Next(1, 12)));
        Integer("Rank", "rank", Each(() => chance.Next(1, 6)));
        Integer("N", "state_size", Each(() => chance.OneIn(4) ? 1 : chance.Next(1, 5)));
        Integer("Layers", "num_hidden_layers", Each(() => chance.OneIn(5) ? 0 : chance.Next(1, 4)), isSize: false);
        Integer("Kernel", "conv_kernel", Each(() => chance.Next(1, 5)), isSize: false);
        Integer("Window", "window", Each(() => chance.OneIn(4) ? 1 : chance.Next(1, 7)), isSize: false);
        Integer("Context", "max_position_embeddings", Each(() => 128), isSize: false);
        Integer("Types", "type_vocab_size", Each(() => 2), isSize: false);
        Integer("Every", "mini_batch", Each(() => chance.Next(1, 5)), isSize: false);
        Derived("TwoHidden", "2 * Hidden", Size.Of(2) * Size.Of("Hidden"), s => 2 * values[s]["Hidden"]);
        Derived("Mixed", "Rank + 2 * N", Size.Of("Rank") + (Size.Of(2) * Size.Of("N")), s => values[s]["Rank"] + (2 * values[s]["N"]));
        Derived("Both", "Hidden + FeedForward", Size.Of("Hidden") + Size.Of("FeedForward"), s => values[s]["Hidden"] + values[s]["FeedForward"]);
        Derived("ThreeRank", "Rank * 3", Size.Of(3) * Size.Of("Rank"), s => 3 * values[s]["Rank"]);
        sizes.Add(("3", Size.Of(3)));
        sizes.Add(("1", Size.Of(1)));
        sizes.Add(("5", Size.Of(5)));
        Other("double", "Eps", "norm_eps", "1e-5", "1e-6");
        Other("double", "Drop", "dropout", "0.0", "0.1");
        Other("double", "Cap", "cap", "3.5", "0.75");
        Other("double", "Theta", "rope_theta", "10000.0", "500.0");
        Other("bool", "P", "p", "true", "false");
        Other("bool", "Q", "q", "false", "false");
        Other("bool", "Tied", "tie_word_embeddings", "true", "false");
        Other("bool", "Biased", "use_bias", "true", "false");
        Other("Activation", "Act", "hidden_act", "Activation.Silu", "Activation.Tanh");
        Other("RopeScaling?", "Scaling", "rope_scaling", chance.Of(
            "null", "new RopeScaling(RopeScalingKind.Linear, 2.0)", "new RopeScaling(RopeScalingKind.Dynamic, 3.0) { OriginalLength = 9 }"), "null");
        members.Add(new Member("double", "Scale", null, ["1.0 / (layer + 2)"], "(int layer)"));
        members.Add(new Member("bool", "Odd", null, ["layer % 2 == 1"], "(int layer)"));
        members.Add(new Member("bool", "Either", null, [chance.Of("P || Q", "P && !Q", "Heads > 1", "Window != 1")]));
    }

    public bool HeadDimIsDerived { get; }

    public IReadOnlyList<Member> Members => members;

    public void Add(Member member) => members.Add(member);

    /// <summary>How a declaration may write this size; null where it cannot.</summary>
    public string? SourceOf(Size size) =>
        sizes.Where(s => s.Size.Equals(size)).Select(s => s.Source).ToArray() is { Length: > 0 } named ? chance.Of(named)
            : size.Constant is { } constant and > 0 ? Text(constant) : null;

    /// <summary>A size that can be written, small.</summary>
    public Size Any() => chance.Of([.. sizes.Select(s => s.Size)]);

    /// <summary>The size in a sample.</summary>
    public long Evaluate(Size size, int sample) =>
        size.Evaluate(s => s == "Hidden/Heads" ? values[sample]["Hidden"] / values[sample]["Heads"] : values[sample].GetValueOrDefault(s, 6));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private int[] Each(Func<int> one) => [.. Enumerable.Range(0, Samples).Select(_ => one())];

    private void Integer(string name, string key, int[] each, bool isSize = true)
    {
        members.Add(new Member("int", name, key, [.. each.Select(v => Text(v))]));
        for (int sample = 0; sample < Samples; sample++)
        {
            values[sample][name] = each[sample];
        }

        if (isSize)
        {
            sizes.Add(($"nameof(C.{name})", Size.Of(name)));
        }
    }

    private void Derived(string name, string body, Size size, Func<int, long> value)
    {
        members.Add(new Member("int", name, null, [body]));
        for (int sample = 0; sample < Samples; sample++)
        {
            values[sample][name] = value(sample);
        }

        if (name != "KvHeads")
        {
            sizes.Add(($"nameof(C.{name})", size));
        }
    }

    private void Other(string type, string name, string key, params string[] each) => members.Add(new Member(type, name, key, each));
}
