using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;
using Dsl.Generators.Scalar;

namespace Dsl.Generators.Parts;

/// <summary><c>Attend("q", "k", "v")</c> under a mask and a score rule.</summary>
internal sealed class AttendPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Attend", false, "Mask", "Score", "Scale", "Dropout")];

    public override void Check(PartSpec part, Elaborator at)
    {
        var found = Enumerable.Range(0, 3).Select(i => at.Named(part.Text(i) ?? "", part.Place.At(i))).ToList();
        if (found[0] is not { } q || found[1] is not { } k || found[2] is not { } v)
        {
            return;
        }

        foreach (var (value, i) in new[] { q, k, v }.Select((x, i) => (x, i)))
        {
            if (!Attend.IsHeads(value))
            {
                at.Report(Problems.AxesWrong, part.Place.At(i), $"'{part.Text(i)}'", at.Shape(value), "[b, t, h, d]: cut it into heads first");
                return;
            }
        }

        if (k.TimeAxis != v.TimeAxis)
        {
            at.Report(Problems.AxesWrong, part.Place.At(2), $"'{part.Text(2)}'", at.Shape(v), $"[b, {k.TimeAxis}, h, d]: a value for each key");
            return;
        }

        var (heads, groups) = (q.Axes[2].Size!, k.Axes[2].Size!);
        at.Fits(q.Axes[3].Size!, k.Axes[3].Size!, part.Place.At(1), Problems.SizesDiffer, $"the head width of '{part.Text(0)}'", $"that of '{part.Text(1)}'");
        at.Fits(v.Axes[2].Size!, groups, part.Place.At(2), Problems.SizesDiffer, $"the heads of '{part.Text(2)}'", $"those of '{part.Text(1)}'");
        if (at.Number(heads) is { } many && at.Number(groups) is > 0 and var few && many % few != 0)
        {
            at.Report(Problems.HeadGroups, part.Place, at.Spell(groups), at.Spell(heads));
        }

        var (mask, maskFunction) = MaskOf(part, at);
        var tables = new List<Value>();
        var score = part["Score"].IsNull ? null : ScoreOf(part, at, q, k, tables);
        at.ReadLayer(maskFunction?.ReadsLayer == true || score?.ReadsLayer == true);
        var scale = part["Scale"].IsNull ? new Setting.InverseRoot(q.Axes[3].Size!) : at.NumberOf(part["Scale"], part.PlaceOf("Scale"), "1.0");
        var dropout = at.OptionOr(part, "Dropout") is { IsNull: false } p ? at.NumberOf(p, part.PlaceOf("Dropout"), "0.0") : null;
        var attend = new Attend(mask, maskFunction, score, scale, dropout, heads, groups);
        at.Current = [at.Add(part, attend, [q, k, v, .. tables], "attended", [q.Axes[0], q.Axes[1], q.Axes[2], new Axis("d", v.Axes[3].Size)])];
    }

    private static (string Mask, FunctionUse? Function) MaskOf(PartSpec part, Elaborator at)
    {
        if (part["Mask"].IsNull)
        {
            return ("none", null);
        }

        if (part["Mask"].Kind != ConstantKind.Reference && part.Text("Mask") is "causal" or "none")
        {
            return (part.Text("Mask")!, null);
        }

        var function = at.FunctionOf(part["Mask"], part.PlaceOf("Mask"), FunctionKind.Mask);
        var stranger = function?.Spec.Parameters.Any(p => p.Name is "query" or "key" or "layer" ? p.Type is not "int" : !at.IsConfig(p.Type)) == true;
        CheckSignature(function, part.PlaceOf("Mask"), at, "bool (int query, int key, C c)", "bool", stranger, "query", "key");
        return ("none", function);
    }

    private static FunctionUse? ScoreOf(PartSpec part, Elaborator at, Value q, Value k, List<Value> tables)
    {
        var score = at.FunctionOf(part["Score"], part.PlaceOf("Score"), FunctionKind.Score);
        CheckSignature(score, part.PlaceOf("Score"), at, "double (double score, ...)", "double", false, "score");
        foreach (var table in score?.Scalar?.Of(ScalarRole.Table) ?? [])
        {
            if (at.Find(table.Name) is not { } given)
            {
                at.Report(Problems.NameUnknown, part.PlaceOf("Score"), table.Name, Elaborator.Suggest(table.Name, at.ValueNames));
            }
            else if (table.Span)
            {
                if (Computed(part, at, q, k, given, table) is { } computed)
                {
                    tables.Add(computed);
                }
            }
            else if (given.Axes.Count != 2 || given.Axes.Any(a => a.Size is null))
            {
                // An index would pick a row of the batch.
                at.Report(
                    Problems.AxesWrong, part.PlaceOf("Score"), $"'{table.Name}'", at.Shape(given),
                    "a table of two axes, without batch and time (a span with axes reads others)");
            }
            else
            {
                tables.Add(given);
            }
        }

        return score;
    }

    /// <summary>
    /// A computed value that a score reads by index, as [row, token, head, index]; reported and null where its axes are not those that it says.
    /// </summary>
    private static Value? Computed(PartSpec part, Elaborator at, Value q, Value k, Value given, ScalarParameter table)
    {
        var axes = table.Axes.Split([' '], StringSplitOptions.RemoveEmptyEntries);
        var place = part.PlaceOf("Score");
        if (ScoreTable.Problem(axes) is { } problem)
        {
            at.Report(Problems.PatternWrong, place, table.Axes, problem);
            return null;
        }

        bool Binds(string name, Axis axis) => name switch
        {
            ScoreTable.Row => axis is { Size: null, Name: "b" },
            ScoreTable.Query => axis.Size is null && axis.Name == q.TimeAxis,
            ScoreTable.Key => axis.Size is null && axis.Name == k.TimeAxis,
            _ => axis.Size is not null,
        };
        if (axes.Length != given.Axes.Count || !axes.Zip(given.Axes, Binds).All(binds => binds))
        {
            var wanted = axes.Select(a => a == ScoreTable.Query ? $"{q.TimeAxis} (the query)" : a == ScoreTable.Key ? $"{k.TimeAxis} (the key)" : a);
            at.Report(Problems.AxesWrong, place, $"'{table.Name}'", at.Shape(given), $"[{string.Join(", ", wanted)}], as its [Table] says");
            return null;
        }

        if (axes.ToList().IndexOf(ScoreTable.Head) is >= 0 and var head
            && !at.Fits(given.Axes[head].Size!, q.Axes[2].Size!, place, Problems.SizesDiffer, $"the heads of '{table.Name}'", $"those of '{part.Text(0)}'"))
        {
            return null;
        }

        return ScoreTable.Ordered(axes) is { } ordered ? Rearranged(part, at, given, axes, RearrangePattern.Parse(ordered, out _)!) : given;
    }

    private static Value Rearranged(PartSpec part, Elaborator at, Value given, string[] axes, RearrangePattern pattern)
    {
        var known = axes.Zip(given.Axes, (n, a) => (n, a)).ToDictionary(p => p.n, p => p.a);
        var sizes = known.Where(p => p.Value.Size is not null).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => new NamedSize(p.Key, p.Value.Size!));
        var after = pattern.After.Select(g => g.Count == 0 ? new Axis("1", Size.Of(1)) : known[g[0]]).ToList();
        return at.Add(part, new Rearrange(pattern, sizes.ToEquatable()), [given], given.Hint, after);
    }

    private static void CheckSignature(
        FunctionUse? use, Place place, Elaborator at, string expected, string returns, bool hasStranger, params string[] wanted)
    {
        if (use is not null && (hasStranger || use.Spec.Returns != returns || wanted.Any(w => use.Spec.Parameters.All(p => p.Name != w))))
        {
            at.Report(Problems.FunctionSignature, place, use.Spec.Name, Elaborator.Signature(use.Spec), expected);
        }
    }
}

/// <summary>Attention over [b, t, h, d]: reads queries, keys, values, and the tables of its score.</summary>
/// <param name="Mask">A known mask: causal or none.</param>
/// <param name="MaskFunction">A rule of the user's, instead.</param>
/// <param name="Score">What becomes of scores.</param>
/// <param name="Scale">What they are multiplied by before.</param>
/// <param name="Dropout">Of the weights, in training.</param>
/// <param name="Heads">Heads of the queries.</param>
/// <param name="Groups">Heads of keys and values; they divide those of the queries.</param>
internal sealed record Attend(string Mask, FunctionUse? MaskFunction, FunctionUse? Score, Setting Scale, Setting? Dropout, Size Heads, Size Groups)
    : Operation
{
    /// <summary>Keys come unrotated, and the cache rotates them (made by the lowering of the stateful form).</summary>
    public Rotary? RotateKeys { get; init; }

    /// <summary>Whether no query sees a later key, for certain.</summary>
    public bool IsCausal => Mask == "causal" || Facts?.Causal == true;

    public override string Called => "heads of attention";

    public override IEnumerable<(Size Divisor, Size Dividend)> Divisions => Heads == Groups ? [] : [(Groups, Heads)];

    public override bool IsRandom => Dropout is not null;

    public override IReadOnlyList<BlockUse> Blocks => [];

    public override void Begin(Calling at, string memory)
    {
    }

    public override IReadOnlyList<Body> Bodies => [];

    public override FastMap? Fast(Node node) => null;

    public override bool IsHead => false;

    public override WayBack? WayBack => null;

    private MaskFacts? Facts => MaskFunction?.Scalar is { } function ? MaskFacts.Analyse(function) : null;

    public static bool IsHeads(Value value) =>
        value.Axes.Count == 4 && value.Axes[0].Size is null && value.Axes[1].Size is null && value.Axes[2].Size is not null && value.Axes[3].Size is not null;

    public override string Describe(Func<Size, string> spell) =>
        $"attend mask {MaskFunction?.Spec.Name ?? Mask} score {Score?.Spec.Name} scale {Scale.ToCode()} dropout {Dropout?.ToCode()} "
            + $"heads {spell(Heads)} groups {spell(Groups)}" + (RotateKeys is null ? "" : " rotating keys");

    public override Operation MapSizes(Func<Size, Size> map) => this with
    {
        Scale = Scale.MapSizes(map),
        Dropout = Dropout?.MapSizes(map),
        Heads = map(Heads),
        Groups = map(Groups),
        RotateKeys = (Rotary?)RotateKeys?.MapSizes(map),
    };

    public override Operation WithBodies(IReadOnlyList<Body> bodies) => this;

    public override int Id => 0;

    public override InTime InTime(Node node, string? stepping)
    {
        var (queries, keys) = (node.Inputs[0].TimeAxis, node.Inputs[1].TimeAxis);
        return keys != stepping || stepping is null ? Model.InTime.PerPosition
            : queries == stepping && IsCausal ? Model.InTime.Accumulating
            : Model.InTime.WholeSequence;
    }

    /// <summary>Keys whose frequencies may read the length are kept unrotated: the cache rotates them at each use.</summary>
    public override Node InSteps(Node node, string? stepping, Func<Value, Node?> producer) =>
        InTime(node, stepping) == Model.InTime.Accumulating
            && producer(node.Inputs[1]) is { Operation: Rotary { Frequency: not null } rotary } turned
            ? node.With(this with { RotateKeys = rotary }, [node.Inputs[0], turned.Inputs[0], .. node.Inputs.Skip(2)])
            : node;

    public override string? WhyNotStateful(Node node, string? stepping) =>
        InTime(node, stepping) != Model.InTime.WholeSequence ? null
        : node.Inputs[0].TimeAxis == stepping ? $"the mask '{MaskFunction?.Spec.Name ?? Mask}' of its attention is not provably causal"
        : "its attention looks at all tokens that come";

    public override void Build(Construction at)
    {
        if (MaskFunction is { } function)
        {
            at.Shared("MaskRule", function.Spec.Name, MaskValue(at, function), "mask");
        }

        if (Scale.ToCode() is not ("1.0" or "1"))
        {
            at.Shared("double", "scale", Scale.ToCode(), "scale");
        }

        RotateKeys?.Table(at, "rotary");
    }

    public override void Call(Calling at)
    {
        var comment = MaskFunction is { } mask ? mask.Spec.Name : Mask == "causal" ? "the mask is causal" : "";
        var scale = Scale.ToCode() is "1.0" or "1" ? "1.0" : at.Field("scale").ToCode();
        var score = Score is null ? "" : ScoreArgument(at, Score);
        var dropout = Dropout is { } p ? $", dropout: {p.ToCode()}" : "";
        if (at.State != "null" || RotateKeys is not null)
        {
            var rotary = RotateKeys is null ? "" : $", rotateKeys: {at.Field("rotary").ToCode()}";
            at.Result(
                $"CachedAttention.Attend({at.In(0)}, {at.In(1)}, {at.In(2)}, {at.State}, {MaskCode(at)}, {scale}, {at.Pass()}{rotary}{dropout}{score})",
                    comment);
            return;
        }

        var memory = at.Node.Inputs[1].TimeAxis == at.Node.Inputs[0].TimeAxis ? "" : $", memory: {at.Pass(1)}";
        at.Result($"Attention.Attend({at.In(0)}, {at.In(1)}, {at.In(2)}, {MaskCode(at)}, {scale}, {at.Pass()}{dropout}{score}{memory})", comment);
    }

    public override StateField State(Construction at)
    {
        if (MaskFunction is null)
        {
            return new StateField("Attended", "KeyValueCache", (owner, _) => $"{owner}.Own(new KeyValueCache())");
        }

        var mask = at.Field("mask");
        return new StateField(
            "Attended", "KeyValueCache", (owner, module) => $"{owner}.Own(new KeyValueCache({module}.{mask.Name}{(mask.Optional ? "?" : "")}.Window))");
    }

    public override IEnumerable<string> Masks(Construction at)
    {
        yield return MaskFunction is not null && at.Field("mask").Optional
            ? $".. MasksOf(\"attend\", {at.Field("mask").Name})"
            : $"(\"attend\", {MaskCode(at)})";
    }

    private string MaskCode(Writing at) => MaskFunction is not null ? at.Field("mask").ToCode() : Mask == "causal" ? "MaskRule.Causal" : "MaskRule.Full";

    private string MaskValue(Construction at, FunctionUse function)
    {
        if (Facts?.Exact is { } exact)
        {
            return exact;
        }

        var arguments = function.Spec.Parameters.Select(p => p.Name is "query" or "key" or "layer" ? p.Name : "config").ToList();
        var name = function.ReadsLayer ? $"$\"{function.Spec.Name}({{layer}})\"" : Writing.Text(function.Spec.Name);
        return $"weights.Mask({function.Identity(arguments.Contains("config"))}, () => MaskRule.Rule({name}, "
            + $"causal: {(IsCausal ? "true" : "false")}, window: {Facts?.Window ?? "null"}, "
            + $"(query, key) => {at.Host(function)}({string.Join(", ", arguments)})))";
    }

    /// <summary>
    /// A rule that only adds is built once for all layers that add the same; any other changes the scores of each, as does one that reads computed values.
    /// What it reads at keys joins the cache as they do.
    /// </summary>
    private static string ScoreArgument(Calling at, FunctionUse rule)
    {
        var tables = rule.Scalar!.Of(ScalarRole.Table).ToList();
        if (tables.Any(t => t.Span))
        {
            var ofKeys = new List<string>();
            string Read(ScalarParameter table, int index)
            {
                if (at.State == "null" || !table.Axes.Split(' ').Contains(ScoreTable.Key))
                {
                    return ", " + at.In(index + 3);
                }

                ofKeys.Add(at.In(index + 3));
                return $", place.OfKeys[{Invariant.Text(ofKeys.Count - 1)}]";
            }

            var all = string.Concat(tables.Select(Read));
            return $", score: (scores, place) => {at.TensorMethod(rule)}(scores, place{all})"
                + (ofKeys.Count > 0 ? $", ofKeys: [{string.Join(", ", ofKeys)}]" : "");
        }

        var read = string.Concat(at.Node.Inputs.Skip(3).Select((_, i) => ", " + at.In(i + 3)));
        if (at.BiasMethod(rule) is not { } bias)
        {
            return $", score: (scores, place) => {at.TensorMethod(rule)}(scores, place{read})";
        }

        return $", bias: new ScoreBias({rule.Identity(rule.Scalar!.Of(ScalarRole.Config).Any())}, (like, place) => {bias}(like, place{read}){read})";
    }
}
