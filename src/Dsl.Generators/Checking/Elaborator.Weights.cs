using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Reading;
using ScalarRole = Dsl.Generators.Scalar.ScalarRole;

namespace Dsl.Generators.Checking;

/// <summary>Parts of the groups weights, axes, positions and products.</summary>
internal sealed partial class Elaborator
{
    private void EmbeddingPart(PartSpec part, Scope scope)
    {
        if (Single(part, scope) is not { } ids)
        {
            return;
        }

        var key = part.Text(0) ?? "";
        var shared = part["Shared"].Text == "true";
        if (ids.Axes.Any(a => a.Size is not null))
        {
            Report(Problems.AxesWrong, part.Place, "the value", Shape(ids), "ids [b, t]: an embedding looks rows up");
            return;
        }

        (Size Rows, Size Width) table;
        if (shared && part[1].IsNull && graph.Embeddings.TryGetValue(key, out var before))
        {
            table = before;
        }
        else
        {
            table = (SizeOf(part[1], part.Place.At(1)) ?? sizes.Fresh(), SizeOf(part[2], part.Place.At(2)) ?? sizes.Fresh());
        }

        Key(part, key, shared);
        graph.Embeddings[key] = table;
        var padding = part["Padding"] is { IsNull: false } id
            ? id.IsName
                ? MemberOf(id, part.PlaceOf("Padding")) is { Kind: MemberKind.Integer } member ? new Setting(CodeOf(member)) : null
                : new Setting(id.ToSource())
            : null;
        var node = new EmbeddingNode(key, table.Rows, table.Width, shared) { Place = part.Place, Padding = padding };
        node.Inputs.Add(ids);
        scope.Current = [Add(node, "embedded", [.. ids.Axes, new Axis("d", table.Width)])];
    }

    private void PositionsPart(PartSpec part, Scope scope)
    {
        if (Channels(part, scope) is not { Last: { } width } x || SizeOf(part[1], part.Place.At(1)) is not { } rows)
        {
            return;
        }

        Key(part, part.Text(0) ?? "", false);
        var node = new PositionsNode(part.Text(0) ?? "", rows, width, NumberOf(part["Offset"], part.PlaceOf("Offset"), "0")) { Place = part.Place };
        node.Inputs.Add(x);
        scope.Current = [Add(node, "placed", x.Axes)];
    }

    private void LinearPart(PartSpec part, Scope scope)
    {
        if (Channels(part, scope) is not { Last: { } width } x)
        {
            return;
        }

        var key = part.Text(0) ?? "";
        var size = SizeOf(part[1], part.Place.At(1)) ?? SizeOf(part["Out"], part.PlaceOf("Out")) ?? sizes.Fresh();
        var storage = new Storage(part.Text("Weight"), part.Text("BiasWeight"), part.Text("Stored"), part.Text("BiasStored"));
        if (Maps(part, x, storage) is not { } groups)
        {
            return;
        }

        Key(part, storage.Weight is null ? key : key.Length == 0 ? storage.Weight : key + "." + storage.Weight, false);
        var bias = TruthOf(OptionOr(part, "Bias"), part.PlaceOf("Bias"), storage.Bias is null ? Setting.False : Setting.True);
        if (storage.Bias is not null && !bias.IsFalse)
        {
            Key(part, key.Length == 0 ? storage.Bias : key + "." + storage.Bias, false);
        }

        var node = new LinearNode(key, width, size, bias, storage) { Place = part.Place, Groups = groups, Fast = part["Fast"].Text == "true" };
        node.Inputs.Add(x);
        scope.Current = [Add(node, key.Length == 0 ? "projected" : Camel(key.Substring(key.LastIndexOf('.') + 1)), WithLast(x, size))];
    }

    private void HeadPart(PartSpec part, Scope scope)
    {
        if (Channels(part, scope) is not { Last: { } width } x)
        {
            return;
        }

        var key = part.Text(0) ?? "";
        var size = SizeOf(part[1], part.Place.At(1));
        var tiedTo = part.Text("TiedTo");
        if (tiedTo is not null)
        {
            if (!graph.Embeddings.TryGetValue(tiedTo, out var table))
            {
                Report(Problems.KeyUnknown, part.PlaceOf("TiedTo"), tiedTo, Suggest(tiedTo, graph.Embeddings.Keys));
            }
            else
            {
                if (sizes.Unify(width, table.Width, "the head's input and the embedding it is tied to") == Verdict.Refuted)
                {
                    Report(Problems.TiedShape, part.PlaceOf("TiedTo"), key, Spell(width), tiedTo, Spell(table.Width));
                }

                size ??= table.Rows;
                if (sizes.Unify(size, table.Rows, "the head's rows and those of the embedding it is tied to") == Verdict.Refuted)
                {
                    Report(Problems.TiedShape, part.PlaceOf("TiedTo"), key, Spell(size), tiedTo, Spell(table.Rows));
                }
            }
        }

        size ??= sizes.Fresh();
        Key(part, key, false);
        var node = new LinearNode(
            key,
            width,
            size,
            TruthOf(part["Bias"], part.PlaceOf("Bias"), part.Text("BiasWeight") is null ? Setting.False : Setting.True),
            new Storage(null, part.Text("BiasWeight"), null, null))
        {
            Place = part.Place,
            TiedTo = tiedTo,
            Tied = tiedTo is null ? Setting.False : TruthOf(part["Tied"], part.PlaceOf("Tied"), Setting.True),
            IsHead = true,
        };
        node.Inputs.Add(x);
        scope.Current = [Add(node, "logits", WithLast(x, size))];
    }

    private void ConvPart(PartSpec part, Scope scope)
    {
        if (Single(part, scope) is not { Last: { } width } x || SizeOf(part[1], part.Place.At(1)) is not { } kernel)
        {
            return;
        }

        var key = part.Text(0) ?? "";
        Key(part, key, false);
        if (part.Text("Kind") is not (null or "causal depthwise"))
        {
            scope.Current = [Uncompiled(part, "convolved", x.Axes, x)];
            return;
        }

        var node = new CausalConvolutionNode(
            key, width, kernel, TruthOf(OptionOr(part, "Bias"), part.PlaceOf("Bias"), Setting.False), null)
        { Place = part.Place };
        node.Inputs.Add(x);
        scope.Current = [Add(node, "convolved", x.Axes)];
    }

    private void NormPart(PartSpec part, Scope scope)
    {
        if (Channels(part, scope) is not { Last: { } width } x)
        {
            return;
        }

        var rms = part.Name == "RmsNorm";
        var key = part.Text(0);
        var eps = NumberOf(OptionOr(part, "Eps"), part.PlaceOf("Eps"), rms ? "1e-6" : "1e-5");
        var bias = rms ? Setting.False : TruthOf(part["Bias"], part.PlaceOf("Bias"), Setting.True);
        if (Spanned(part, x) is not { } spans)
        {
            return;
        }

        if (key is not null || part.Text("Weight") is not null)
        {
            Key(part, part.Text("Weight") is { } weight ? (key is null or "" ? weight : key + "." + weight) : key!, false);
        }

        var node = new NormNode(
            rms,
            key ?? (part.Text("Weight") is null ? null : ""),
            width,
            eps,
            bias,
            new Storage(part.Text("Weight"), part.Text("BiasWeight"), part.Text("Stored"), null))
        { Place = part.Place, Spans = spans };
        node.Inputs.Add(x);
        scope.Current = [Add(node, "normed", x.Axes)];
    }

    private void ParameterPart(PartSpec part, Scope scope)
    {
        var key = part.Text(0) ?? "";
        var axes = ReadAxisList(part.Text(1) ?? "");
        Key(part, key, false);
        var node = new ParameterNode(key, axes.Select(a => a.Size ?? Size.Of(1)).ToList()) { Place = part.Place };
        scope.Current = [Add(node, Camel(key), axes)];
    }

    private void RearrangePart(PartSpec part, Scope scope)
    {
        if (Single(part, scope) is not { } x || part.Text(0) is not { } text)
        {
            return;
        }

        if (RearrangePattern.Parse(text, out var problem) is not { } pattern)
        {
            Report(Problems.PatternWrong, part.Place.At(0), text, problem);
            return;
        }

        if (pattern.Before.Count != x.Axes.Count)
        {
            Report(Problems.AxesWrong, part.Place, "the value", Shape(x), $"{pattern.Before.Count} axes, as '{text}' says");
            return;
        }

        var named = new Dictionary<string, Size>(StringComparer.Ordinal);
        for (var i = 1; i + 1 < part.Arguments.Count; i += 2)
        {
            if (SizeOf(part[i + 1], part.Place.At(i + 1)) is { } size)
            {
                named[part[i].Text] = size;
            }
        }

        var elementary = new Dictionary<string, Size?>(StringComparer.Ordinal);
        for (var i = 0; i < pattern.Before.Count; i++)
        {
            var group = pattern.Before[i];
            var axis = x.Axes[i];
            if (group.Count == 0)
            {
                Fits(axis.Size ?? Size.Of(0), Size.Of(1), part.Place, Problems.SizesDiffer, "the axis", "1");
                continue;
            }

            if (axis.Size is null)
            {
                if (group.Count != 1)
                {
                    Report(Problems.PatternWrong, part.Place.At(0), text, $"'{axis.Name}' is known only when the program runs and cannot be cut");
                    return;
                }

                elementary[group[0]] = null;
                continue;
            }

            foreach (var name in group)
            {
                elementary[name] = named.TryGetValue(name, out var size) ? size : group.Count == 1 ? axis.Size : sizes.Fresh();
            }

            // Constants are divided here; what a config decides is checked where it is known.
            var known = group.Where(named.ContainsKey).Select(n => named[n]).Aggregate(Size.Of(1), (a, b) => a * b);
            if (group.Any(n => !named.ContainsKey(n)) && Number(axis.Size) is { } total && Number(known) is > 0 and var divisor && total % divisor != 0)
            {
                Report(Problems.AxisDivision, part.Place, Spell(axis.Size), $"({string.Join(" ", group)})", Spell(known));
                return;
            }

            var product = group.Select(n => elementary[n]!).Aggregate((a, b) => a * b);
            if (sizes.Unify(axis.Size, product, $"the axis and ({string.Join(" ", group)})") == Verdict.Refuted)
            {
                Report(Problems.SizesDiffer, part.Place, "the axis", Spell(axis.Size), $"({string.Join(" ", group)})", Spell(product));
            }
        }

        var axes = new List<Axis>();
        foreach (var group in pattern.After)
        {
            if (group.Count == 0)
            {
                axes.Add(new Axis("1", Size.Of(1)));
            }
            else if (group.Count == 1)
            {
                var run = elementary[group[0]] is null;
                axes.Add(new Axis(run ? x.Axes[pattern.Before.ToList().FindIndex(g => g.Contains(group[0]))].Name : group[0], elementary[group[0]]));
            }
            else if (group.Any(n => elementary[n] is null))
            {
                Report(Problems.PatternWrong, part.Place.At(0), text, "an axis known only when the program runs cannot be merged");
                return;
            }
            else
            {
                axes.Add(new Axis("d", group.Select(n => elementary[n]!).Aggregate((a, b) => a * b)));
            }
        }

        var node = new RearrangeNode(pattern, elementary.Where(e => e.Value is not null).ToDictionary(e => e.Key, e => e.Value!)) { Place = part.Place };
        node.Inputs.Add(x);
        scope.Current = [Add(node, pattern.After.Any(g => g.Count > 1) ? "merged" : x.Hint + "Heads", axes)];
    }

    private long? Number(Size size) => sizes.FormOf(sizes.Resolve(size)).Constant;

    private void RotaryPart(PartSpec part, Scope scope)
    {
        if (Single(part, scope) is not { } x)
        {
            return;
        }

        if (!IsHeads(x))
        {
            Report(Problems.AxesWrong, part.Place, "the value", Shape(x), "[b, t, h, d]: rotate after Heads");
            return;
        }

        Setting? width = null;
        if (!part["Width"].IsNull)
        {
            if (part["Width"].Kind == ConstantKind.Integer && part["Width"].Text is var text && int.TryParse(text, out var w) && w % 2 != 0)
            {
                Report(Problems.WidthOdd, part.PlaceOf("Width"), text);
            }

            width = SizeOf(part["Width"], part.PlaceOf("Width")) is { } size ? new Setting(size.ToCode()) : null;
        }
        else if (sizes.Resolve(x.Last!) is Size.Number { Value: var odd } && odd % 2 != 0)
        {
            Report(Problems.WidthOdd, part.Place, odd.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        var frequency = OptionOr(part, "Frequency") is { IsNull: false } rule && MemberOf(rule, part.PlaceOf("Frequency")) is { } member
            ? member.Kind == MemberKind.Scaling ? new Setting(CodeOf(member)) : WrongScaling(member)
            : null;
        var context = OptionOr(part, "Context") is { IsNull: false } length ? NumberOf(length, part.PlaceOf("Context"), "0") : null;
        FunctionUse? position = null;
        if (!part["Position"].IsNull && part.Text("Position") is not ("none" or "rotary"))
        {
            position = FunctionOf(part["Position"], part.PlaceOf("Position"), FunctionKind.Host);
        }

        var node = new RotaryNode(
            width,
            part.Text("Pairs") ?? "halves",
            NumberOf(OptionOr(part, "Theta"), part.PlaceOf("Theta"), "10000.0"),
            frequency,
            context,
            position,
            x.Last!)
        { Place = part.Place };
        node.Inputs.Add(x);
        scope.Current = [Add(node, "rotated", x.Axes)];

        Setting? WrongScaling(MemberSpec member)
        {
            Report(Problems.MemberKindWrong, part.PlaceOf("Frequency"), member.Name, Names.Simple(member.Type), "a RopeScaling");
            return null;
        }
    }

    private static bool IsHeads(Value value) =>
        value.Axes.Count == 4 && value.Axes[0].Size is null && value.Axes[1].Size is null && value.Axes[2].Size is not null && value.Axes[3].Size is not null;

    private void AttendPart(PartSpec part, Scope scope)
    {
        var found = Enumerable.Range(0, 3).Select(i => Named(scope, part.Text(i) ?? "", part.Place.At(i))).ToList();
        if (found[0] is not { } q || found[1] is not { } k || found[2] is not { } v)
        {
            return;
        }

        foreach (var (value, i) in new[] { q, k, v }.Select((x, i) => (x, i)))
        {
            if (!IsHeads(value))
            {
                Report(Problems.AxesWrong, part.Place.At(i), $"'{part.Text(i)}'", Shape(value), "[b, t, h, d]: cut it into heads first");
                return;
            }
        }

        var (heads, groups) = (q.Axes[2].Size!, k.Axes[2].Size!);
        Fits(q.Axes[3].Size!, k.Axes[3].Size!, part.Place.At(1), Problems.SizesDiffer, $"the head width of '{part.Text(0)}'", $"that of '{part.Text(1)}'");
        Fits(v.Axes[2].Size!, groups, part.Place.At(2), Problems.SizesDiffer, $"the heads of '{part.Text(2)}'", $"those of '{part.Text(1)}'");
        CheckGroups(heads, groups, part);

        var mask = "none";
        FunctionUse? maskFunction = null;
        if (!part["Mask"].IsNull)
        {
            if (part["Mask"].Kind != ConstantKind.Reference && part.Text("Mask") is "causal" or "none")
            {
                mask = part.Text("Mask")!;
            }
            else
            {
                maskFunction = FunctionOf(part["Mask"], part.PlaceOf("Mask"), FunctionKind.Mask);
                CheckSignature(maskFunction, part.PlaceOf("Mask"), "bool", "query", "key");
            }
        }

        FunctionUse? score = null;
        var tables = new List<Value>();
        if (!part["Score"].IsNull)
        {
            score = FunctionOf(part["Score"], part.PlaceOf("Score"), FunctionKind.Score);
            CheckSignature(score, part.PlaceOf("Score"), "double", "score");
            if (score?.Scalar?.Of(ScalarRole.Parameter).Any() == true)
            {
                Report(Problems.NotCompiled, part.PlaceOf("Score"), "a [Parameter] of a score");
            }

            foreach (var table in score?.Scalar?.Of(ScalarRole.Table) ?? [])
            {
                if (scope.Find(table.Name) is { } given)
                {
                    tables.Add(given);
                }
                else
                {
                    Report(Problems.NameUnknown, part.PlaceOf("Score"), table.Name, Suggest(table.Name, scope.All));
                }
            }
        }

        var scale = part["Scale"].IsNull
            ? new Setting($"1 / Math.Sqrt({sizes.Resolve(q.Axes[3].Size!).ToCode()})")
            : NumberOf(part["Scale"], part.PlaceOf("Scale"), "1.0");
        var dropout = OptionOr(part, "Dropout") is { IsNull: false } p ? NumberOf(p, part.PlaceOf("Dropout"), "0.0") : null;
        var node = new AttendNode(
            mask,
            maskFunction,
            score,
            scale,
            dropout,
            heads,
            groups)
        { Place = part.Place, IsCausal = mask == "causal" || MaskProof.Of(maskFunction)?.Causal == true };
        node.Inputs.AddRange([q, k, v, .. tables]);
        scope.Current = [Add(node, "attended", [q.Axes[0], q.Axes[1], q.Axes[2], new Axis("d", v.Axes[3].Size)])];
    }

    private void CheckGroups(Size heads, Size groups, PartSpec part)
    {
        var (h, g) = (sizes.FormOf(sizes.Resolve(heads)), sizes.FormOf(sizes.Resolve(groups)));
        if (h.Constant is { } many && g.Constant is { } few && few > 0 && many % few != 0)
        {
            Report(Problems.HeadGroups, part.Place, Spell(groups), Spell(heads));
        }
    }

    private void CheckSignature(FunctionUse? use, Place place, string returns, params string[] wanted)
    {
        if (use is null)
        {
            return;
        }

        var names = use.Spec.Parameters.Select(p => p.Name).ToList();
        string[] known = returns == "bool" ? ["query", "key", "layer"] : ["score", "head", "layer", "query", "key"];
        var stranger = use.Spec.Parameters.FirstOrDefault(
            p => !known.Contains(p.Name) && p.Type is "int" or "double" && returns == "bool" && !known.Contains(p.Name));
        if (use.Spec.Returns != returns || wanted.Any(w => !names.Contains(w)) || stranger is not null)
        {
            Report(
                Problems.FunctionSignature,
                place,
                use.Spec.Name,
                Signature(use.Spec),
                returns == "bool" ? "bool (int query, int key, C c)" : "double (double score, ...)");
        }
    }

    private static string Signature(FunctionSpec function) =>
        $"{function.Returns} ({string.Join(", ", function.Parameters.Select(p => p.Type.Split('.').Last() + " " + p.Name))})";
}
