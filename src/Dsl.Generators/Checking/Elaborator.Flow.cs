using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Checking;

/// <summary>Parts of the groups flow and functions.</summary>
internal sealed partial class Elaborator
{
    private void OutputPart(PartSpec part, Scope scope)
    {
        if (Single(part, scope) is not { } value || part.Text(0) is not { } name)
        {
            return;
        }

        // Outputs become properties.
        if (graph.Outputs.Any(o => Camel(o.Name) == Camel(name)))
        {
            Report(Problems.OutputTwice, part.Place.At(0), name);
            return;
        }

        if (value.Named is null)
        {
            value.Hint = Camel(name);
        }

        graph.Outputs.Add((name, value));
    }

    private void SumPart(PartSpec part, Scope scope)
    {
        var terms = part.Arguments.Select((a, i) => Named(scope, a.Text, part.Place.At(i))).OfType<Value>().ToList();
        if (terms.Count == 0)
        {
            return;
        }

        for (var i = 1; i < terms.Count; i++)
        {
            Same(terms[i], terms[0], part.Place.At(i), Problems.SizesDiffer, $"'{part.Text(i)}'", $"'{part.Text(0)}'");
        }

        if (terms.Count == 1)
        {
            scope.Current = terms;
            return;
        }

        var node = new SumNode { Place = part.Place };
        node.Inputs.AddRange(terms);
        scope.Current = [Add(node, "sum", terms[0].Axes)];
    }

    private void ConcatPart(PartSpec part, Scope scope)
    {
        var terms = part.Arguments.Select((a, i) => Named(scope, a.Text, part.Place.At(i))).OfType<Value>().ToList();
        if (terms.Find(t => t.Last is null) is { } flat)
        {
            Report(Problems.AxesWrong, part.Place, "a value", Shape(flat), "a value with channels: [b, t, d]");
            return;
        }

        if (terms.Count == 0)
        {
            return;
        }

        var node = new ConcatNode { Place = part.Place };
        node.Inputs.AddRange(terms);
        var total = terms.Skip(1).Aggregate(terms[0].Last!, (sum, t) => sum + t.Last!);
        scope.Current = [Add(node, "joined", WithLast(terms[0], total))];
    }

    private void SlicePart(PartSpec part, Scope scope)
    {
        if (Channels(part, scope) is not { } x
            || (part[0].Text == "0" ? Size.Of(0) : SizeOf(part[0], part.Place.At(0))) is not { } start
            || SizeOf(part[1], part.Place.At(1)) is not { } length)
        {
            return;
        }

        var node = new SliceNode(start, length) { Place = part.Place };
        node.Inputs.Add(x);
        scope.Current = [Add(node, "slice", WithLast(x, length))];
    }

    /// <summary><c>Split("q", "k", "v")</c> in equal parts, or with the size after each name that has one.</summary>
    private void SplitPart(PartSpec part, Scope scope)
    {
        if (Channels(part, scope) is not { Last: { } total } x)
        {
            lost.UnionWith(part.Arguments.Select(a => a.Text));
            return;
        }

        var pieces = new List<(string Name, Size? Size, int Argument)>();
        for (var i = 0; i < part.Arguments.Count; i++)
        {
            var argument = part[i];
            if (pieces.Count > 0 && pieces[pieces.Count - 1].Size is null && (argument.Kind == ConstantKind.Integer || argument.Kind == ConstantKind.Reference))
            {
                pieces[pieces.Count - 1] = (pieces[pieces.Count - 1].Name, SizeOf(argument, part.Place.At(i)), i);
            }
            else
            {
                pieces.Add((argument.Text, null, i));
            }
        }

        if (pieces.Count == 0)
        {
            return;
        }

        var equal = pieces.All(p => p.Size is null) ? sizes.Fresh() : null;
        var lengths = pieces.Select(p => p.Size ?? equal ?? sizes.Fresh()).ToList();
        var sum = equal is not null ? Size.Of(pieces.Count) * equal : lengths.Skip(1).Aggregate(lengths[0], (a, b) => a + b);
        if (sizes.Unify(sum, total, "the parts of the split and the axis") == Verdict.Refuted)
        {
            Report(Problems.SplitSizes, part.Place, Spell(sum), Spell(total));
        }

        var node = new SplitNode(lengths) { Place = part.Place, Bracket = bracket };
        node.Inputs.Add(x);
        for (var i = 0; i < pieces.Count; i++)
        {
            var value = Result(node, Camel(pieces[i].Name), WithLast(x, lengths[i]));
            Name(scope, pieces[i].Name, value, part.Place.At(pieces[i].Argument));
        }

        nodes.Add(node);
        scope.Current = [node.Output];
    }

    private void GatePart(PartSpec part, Scope scope)
    {
        if (Single(part, scope) is not { } x || Named(scope, part.Text(0) ?? "", part.Place.At(0)) is not { } other)
        {
            return;
        }

        Same(x, other, part.Place.At(0), Problems.SizesDiffer, "the value", $"'{part.Text(0)}'");
        var node = new GateNode(part[1].IsNull ? null : ActivationOf(part[1], part.Place.At(1))) { Place = part.Place };
        node.Inputs.Add(x);
        node.Inputs.Add(other);
        scope.Current = [Add(node, "gated", x.Axes)];
    }

    private void ActivatePart(PartSpec part, Scope scope)
    {
        if (Single(part, scope) is { } x && ActivationOf(part[0], part.Place.At(0)) is { } activation)
        {
            var node = new ActivateNode(activation) { Place = part.Place };
            node.Inputs.Add(x);
            scope.Current = [Add(node, "activated", x.Axes)];
        }
    }

    private void DropoutPart(PartSpec part, Scope scope)
    {
        if (Single(part, scope) is { } x)
        {
            var node = new DropoutNode(NumberOf(part[0], part.Place.At(0), "0.0")) { Place = part.Place };
            node.Inputs.Add(x);
            scope.Current = [Add(node, "dropped", x.Axes)];
        }
    }

    private void ApplyPart(PartSpec part, Scope scope)
    {
        if (scope.Current.Count == 0
            || FunctionOf(part[0], part.Place.At(0), FunctionKind.Pointwise, FunctionKind.Recurrence, FunctionKind.Transfer) is not { } function)
        {
            return;
        }

        var inputs = scope.Current.ToArray();
        if (function.Spec.Kind == FunctionKind.Recurrence && function.Scalar is not null)
        {
            RecurrenceApply(part, scope, function, inputs);
            return;
        }

        if (function.Spec.Kind == FunctionKind.Transfer)
        {
            Report(Problems.TransferAlone, part.Place.At(0), function.Spec.Name);
            return;
        }

        if (function.Spec.Kind != FunctionKind.Pointwise || function.Scalar is null)
        {
            scope.Current = [Uncompiled(
                part,
                Camel(function.Spec.Name),
                inputs[inputs.Length - 1].Axes.Count > inputs[0].Axes.Count ? inputs[inputs.Length - 1].Axes : inputs[0].Axes,
                inputs)];
            return;
        }

        var formal = function.Scalar.Parameters.Count(p => p.Role == Scalar.ScalarRole.Value);
        if (formal != inputs.Length)
        {
            Report(Problems.FunctionSignature, part.Place.At(0), function.Spec.Name, $"{formal} values", $"{inputs.Length}, as many as flow into it");
            return;
        }

        for (var i = 1; i < inputs.Length; i++)
        {
            Same(inputs[i], inputs[0], part.Place, Problems.SizesDiffer, $"value {i + 1} of {function.Spec.Name}", "its first");
        }

        foreach (var weight in function.Scalar.Of(Scalar.ScalarRole.Parameter))
        {
            var shape = weight.Axes.Split([' '], StringSplitOptions.RemoveEmptyEntries)
                .Select(a =>
                    long.TryParse(a, out var n)
                        ? Size.Of(n)
                        : inputs[0].Axes.FirstOrDefault(x => x.Name == a && x.Size is not null)?.Size
                            ?? (a == "d" ? inputs[0].Last : null)
                            ?? AxisSize(a)).ToList();
            Key(part, weight.Key, false);
            function.Weights.Add((weight.Name, weight.Key, shape));
        }

        graph.ReadsLayer |= function.Scalar.Parameters.Any(p => p.Name == "layer");
        var node = new PointwiseNode(function) { Place = part.Place };
        node.Inputs.AddRange(inputs);
        scope.Current = [Add(node, Camel(function.Spec.Name), inputs[0].Axes)];
    }

    /// <summary>Binds values in their order and weights by name; axes of one name are one size.</summary>
    private void RecurrenceApply(PartSpec part, Scope scope, FunctionUse function, Value[] inputs)
    {
        TransferUse? transfer = null;
        if (!part["Transfer"].IsNull && PairTransfer(part, ref function, out transfer) is { } unfit)
        {
            Report(Problems.TransferUnfit, part.PlaceOf("Transfer"), part.Text("Transfer") ?? "", function.Spec.Name, unfit);
            return;
        }

        var scalar = function.Scalar!;
        if (Scalar.KernelEmitter.WhyNot(scalar) is { } reason)
        {
            Report(Problems.ScalarForm, part.Place, reason, "");
            return;
        }

        var formal = scalar.Of(Scalar.ScalarRole.Value).ToList();
        if (formal.Count != inputs.Length)
        {
            Report(Problems.FunctionSignature, part.Place.At(0), function.Spec.Name, $"{formal.Count} values", $"{inputs.Length}, as many as flow into it");
            return;
        }

        var named = new Dictionary<string, Size>(StringComparer.Ordinal);
        for (var i = 0; i < inputs.Length; i++)
        {
            var axes = AxisNames(formal[i].Axes.Length > 0 ? formal[i].Axes : scalar.Axes);
            if (axes.Length != inputs[i].Axes.Count)
            {
                Report(Problems.AxesWrong, part.Place, $"'{formal[i].Name}' of {function.Spec.Name}", Shape(inputs[i]), $"[{string.Join(", ", axes)}]");
                return;
            }

            for (var a = 0; a < axes.Length; a++)
            {
                if (inputs[i].Axes[a].Size is not { } size)
                {
                    continue;
                }

                if (!named.TryGetValue(axes[a], out var known))
                {
                    named[axes[a]] = size;
                }
                else
                {
                    Fits(size, known, part.Place, Problems.SizesDiffer, $"axis {axes[a]} of '{formal[i].Name}'", "that of the values before it");
                }
            }
        }

        Size SizeOfAxis(string axis) =>
            long.TryParse(axis, out var n) ? Size.Of(n) : named.TryGetValue(axis, out var size) ? size : named[axis] = AxisSize(axis);
        // What a transfer function alone reads (the read-out that its step derives) comes after the step's own.
        var ownWeights = scalar.Of(Scalar.ScalarRole.Parameter).ToList();
        foreach (var weight in ownWeights.Concat(
            transfer?.Function.Scalar!.Of(Scalar.ScalarRole.Parameter).Where(w => ownWeights.All(o => o.Name != w.Name)) ?? []))
        {
            Key(part, weight.Key, false);
            if (StoredAxes.Parse(weight.Axes, out var problem) is not { } stored)
            {
                Report(Problems.PatternWrong, part.Place.At(0), weight.Axes, problem);
                return;
            }

            function.Weights.Add(
                (weight.Name, weight.Key, stored.Groups.Select(g => g.Count == 0 ? Size.Of(1) : g.Select(SizeOfAxis).Aggregate((x, y) => x * y)).ToList()));
            if (stored.Groups.Any(g => g.Count > 1))
            {
                function.Views[weight.Name] = stored.Names.Select(SizeOfAxis).ToList();
            }
        }

        graph.ReadsLayer |= scalar.Parameters.Any(p => p.Name == "layer");
        var node = new RecurrenceNode(function) { Place = part.Place, Transfer = transfer };
        node.Inputs.AddRange(inputs);
        scope.Current = [Add(
            node, Camel(function.Spec.Name), AxisNames(scalar.Axes).Select(a => Axis.IsRunTime(a) ? new Axis(a, null) : new Axis(a, named[a])).ToList())];
    }

    private static string[] AxisNames(string axes) => axes.Split([' ', '[', ']'], StringSplitOptions.RemoveEmptyEntries);

    private void UsePart(PartSpec part, Scope scope)
    {
        if (Single(part, scope) is not { } x)
        {
            return;
        }

        if (!Picks(part, out var by))
        {
            return;
        }

        var key = part.Text(0) ?? "";
        Key(part, key, part.Name == "Use" && part["Shared"].Text == "true");
        var blocks = new List<BlockUse>();
        var extra = new List<Value>();
        Value? result = null;
        foreach (var type in part.Types)
        {
            var (block, axes, inputs) = Instantiate(part, type, x, scope);
            if (block is null || axes is null)
            {
                scope.Current = [];
                return;
            }

            blocks.Add(block);
            if (result is null)
            {
                extra = inputs;
                result = new Value(values++, "h", axes);
            }
            else
            {
                Same(new Value(-1, "", axes), result, part.Place, Problems.SizesDiffer, Names.Simple(type), Names.Simple(part.Types[0]));
            }
        }

        if (result is null)
        {
            return;
        }

        UseNode node;
        if (part.Name == "Repeat")
        {
            Same(result, x, part.Place, Problems.ResidualWidth, $"one layer of {Names.Simple(part.Types[0])}", "what the next layer reads");
            node = new RepeatNode(blocks, key, by, SizeOf(part[1], part.Place.At(1)) ?? Size.Of(1));
        }
        else
        {
            node = new UseNode(blocks, key, by);
        }

        node.Place = part.Place;
        node.Shared = part["Shared"].Text == "true";
        node.Bracket = bracket;
        node.Inputs.Add(x);
        node.Inputs.AddRange(extra);
        node.Outputs.Add(result);
        nodes.Add(node);
        scope.Current = [result];
    }

    /// <summary>The config member that picks one of several blocks; false where there must be one and is none.</summary>
    private bool Picks(PartSpec part, out string? by)
    {
        by = null;
        if (part.Types.Count < 2)
        {
            return true;
        }

        if (part.Text("By") is null)
        {
            Report(Problems.ChoiceWithoutBy, part.Place, string.Join(" and ", part.Types.Select(Names.Simple)));
            return false;
        }

        if (MemberOf(part["By"], part.PlaceOf("By")) is not { } member)
        {
            return false;
        }

        if (member.Kind != MemberKind.Type)
        {
            Report(Problems.MemberKindWrong, part.PlaceOf("By"), member.Name, Names.Simple(member.Type), "a Type: it picks a block");
            return false;
        }

        graph.ReadsLayer |= member.OfLayer && part.Name != "Repeat";
        by = member.Name + (member.OfLayer ? "(layer)" : "");
        return true;
    }

    /// <summary>A block at this place: its sizes unified with what it is given.</summary>
    private (BlockUse? Block, IReadOnlyList<Axis>? Axes, List<Value> Inputs) Instantiate(PartSpec part, string type, Value x, Scope scope)
    {
        var none = ((BlockUse?)null, (IReadOnlyList<Axis>?)null, new List<Value>());
        if (session.Closed.Find(type) is not { } declared)
        {
            if (session.Closed.Own.FirstOrDefault(o => o.Name == type) is not { Config.Length: > 0 } own)
            {
                Report(Problems.BlockUnknown, part.Place, Names.Simple(type));
                return none;
            }

            if (!Accepts(own.Config))
            {
                Report(Problems.BlockConfig, part.Place, Names.Simple(type), Names.Simple(own.Config), spec.Config.SimpleName);
                return none;
            }

            var width = own.Width.IsNull ? x.Last : SizeOf(own.Width, part.Place);
            return (new BlockUse(type, null, own, [("width", x.Last ?? Size.Of(1))]), width is null ? x.Axes : WithLast(x, width), []);
        }

        if (declared.IsModel)
        {
            Report(Problems.BlockUnknown, part.Place, Names.Simple(type) + " (a model)");
            return none;
        }

        if (!Accepts(declared.Config.Name))
        {
            Report(Problems.BlockConfig, part.Place, Names.Simple(type), Names.Simple(declared.Config.Name), spec.Config.SimpleName);
            return none;
        }

        if (session.GraphOf(declared) is not { } inner)
        {
            Report(Problems.Recursive, part.Place, Names.Simple(type));
            return none;
        }

        if (inner.Result is null || inner.Inputs.Count == 0)
        {
            return none;
        }

        // Sizes that the block leaves to its user become unknowns here.
        var own2 = new Dictionary<string, Size>();
        Size Outer(Size size) => inner.Sizes.Resolve(size) switch
        {
            Size.Member { Name: var n } m when n[0] == '@' => own2.TryGetValue(n, out var known) ? known : own2[n] = sizes.Fresh(),
            Size.Binary b => b with { Left = Outer(b.Left), Right = Outer(b.Right) },
            Size.Unknown => sizes.Fresh(),
            var s => s,
        };

        var renamed = new Dictionary<string, string>();
        var with = Bindings(part);
        foreach (var word in with.Keys.Where(w => inner.Inputs.All(i => i.Name != w)))
        {
            Report(Problems.BlockInput, part.PlaceOf("With"), Names.Simple(type), word, Suggest(word, inner.Inputs.Select(i => i.Name)));
        }

        var inputs = new List<Value>();
        for (var i = 0; i < inner.Inputs.Count; i++)
        {
            var formal = inner.Inputs[i];
            var given = i == 0 ? x : scope.Find(with.TryGetValue(formal.Name, out var other) ? other : formal.Name);
            if (given is null)
            {
                var wanted = with.TryGetValue(formal.Name, out var w) ? w : formal.Name;
                if (lost.Contains(wanted))
                {
                    return none;
                }

                Report(
                    Problems.InputUnmatched,
                    with.ContainsKey(formal.Name) ? part.PlaceOf("With") : part.Place,
                    Names.Simple(type),
                    wanted,
                    Suggest(wanted, scope.All));
                return none;
            }

            var axes = formal.Output.Axes.Select(a => a with { Size = a.Size is null ? null : Outer(a.Size) }).ToList();
            if (!(formal.Output.Axes.Count == 1 && i > 0 && formal.IsIds))
            {
                var which = i == 0 ? "the value" : $"'{formal.Name}'";
                Same(given, new Value(-1, "", axes), part.Place, Problems.SizesDiffer, which, $"what {Names.Simple(type)} reads");
            }

            foreach (var (a, b) in formal.Output.Axes.Zip(given.Axes, (a, b) => (a, b)).Where(p => p.a.Size is null && p.b.Size is null))
            {
                // One axis of the block is one axis here.
                if (renamed.TryGetValue(a.Name, out var other2) && other2 != b.Name)
                {
                    Report(
                        Problems.AxesWrong,
                        part.Place,
                        $"'{formal.Name}'",
                        Shape(given),
                        $"what {Names.Simple(type)} reads, along {a.Name} as its other inputs: {Shape(formal.Output)}");
                    return none;
                }

                renamed[a.Name] = b.Name;
            }

            if (i > 0)
            {
                inputs.Add(given);
            }
        }

        var result = inner.Result.Axes
            .Select(a => new Axis(a.Size is null && renamed.TryGetValue(a.Name, out var n) ? n : a.Name, a.Size is null ? null : Outer(a.Size)))
            .ToList();
        foreach (var table in inner.Embeddings)
        {
            var prefix = part.Text(0) ?? "";
            graph.Embeddings[prefix.Length == 0 ? table.Key : prefix + "." + table.Key] = (Outer(table.Value.Rows), Outer(table.Value.Width));
        }

        var parameters = inner.Parameters.Select(p => (p, own2.TryGetValue("@" + p, out var size) ? size : own2["@" + p] = sizes.Fresh())).ToList();
        return (new BlockUse(type, inner, null, parameters), result, inputs);
    }

    /// <summary>What <c>With</c> binds: inputs of the used block to names here.</summary>
    private static Dictionary<string, string> Bindings(PartSpec part) =>
        (part.Text("With") ?? "")
            .Split([','], StringSplitOptions.RemoveEmptyEntries)
            .Select(w => w.Split('='))
            .Where(w => w.Length == 2)
            .GroupBy(w => w[0].Trim(), w => w[1].Trim())
            .ToDictionary(g => g.Key, g => g.First());

    /// <summary>A block may be built with this declaration's config or with one that the config extends.</summary>
    private bool Accepts(string config) => config == spec.Config.Name || spec.Config.Ancestors.Contains(config);

    private static IReadOnlyList<Axis> WithLast(Value x, Size size) =>
        x.Axes.Select((a, i) => i == x.Axes.Count - 1 ? a with { Size = size } : a).ToList();
}
