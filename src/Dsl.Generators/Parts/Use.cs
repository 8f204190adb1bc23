using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Use&lt;Block&gt;("key")</c> and <c>Repeat&lt;Block&gt;("key", count)</c>, or one of several blocks that the config picks.</summary>
internal sealed class UsePart : Part
{
    public override IReadOnlyList<Word> Words { get; } =
        [new("Use", HasKey: true, "With", "Shared", "By", "Config"), new("Repeat", HasKey: true, "With", "Shared", "By", "Config")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Single(part) is not { } x || !Blocks.Picks(part, at, out var by))
        {
            return;
        }

        var (key, shared, repeats) = (part.Text(0) ?? "", part["Shared"].Text == "true", part.Name == "Repeat");
        at.Key(part, key, !repeats && shared);
        var blocks = new List<BlockUse>();
        IReadOnlyList<BlockOutput> outputs = [];
        (IReadOnlyList<Axis> Axes, IReadOnlyList<Value> Inputs)? first = null;
        foreach (var type in part.Types)
        {
            if (Blocks.Instantiate(part, type, x, at) is not var (block, axes, inputs, given))
            {
                at.Current = [];
                return;
            }

            blocks.Add(block);
            outputs = given;
            if (first is null)
            {
                first = (axes, inputs);
                continue;
            }

            at.Same(new Value(-1, "", axes, block.GivesIds), new Value(-1, "", first.Value.Axes, blocks[0].GivesIds), part.Place,
                Problems.SizesDiffer, Names.Simple(type), Names.Simple(part.Types[0]));
            if (!inputs.SequenceEqual(first.Value.Inputs))
            {
                at.Report(Problems.SizesDiffer, part.Place, Names.Simple(type), Read(inputs), Names.Simple(part.Types[0]), Read(first.Value.Inputs));
                at.Current = [];
                return;
            }
        }

        at.Shape(part, key, !repeats && shared, [.. blocks.SelectMany(b => b.Parameters).Select(p => p.Size)]);
        if (first is not var (result, extra) || !AreCalledAlike(part, blocks, x, extra, at))
        {
            at.Current = [];
            return;
        }

        if (Blocks.Opened(part, blocks, result, x, extra, at) is not { } opened)
        {
            at.Current = [];
            return;
        }

        result = opened;

        at.HandLayer(!repeats && blocks.Any(b => b.Graph?.ReadsLayer == true));
        Operation use;
        if (repeats)
        {
            at.Same(new Value(-1, "", result, blocks[0].GivesIds), x, part.Place, Problems.ResidualWidth,
                $"one layer of {Names.Simple(part.Types[0])}", "what the next layer reads");
            use = new Repeat(blocks.ToEquatable(), key, by, shared, at.SizeOf(part[1], part.Place.At(1)) ?? Size.Of(1));
        }
        else
        {
            use = new Use(blocks.ToEquatable(), key, by, shared);
        }

        var made = at.AddAll(part, use, [x, .. extra],
            [("h", result, blocks[0].GivesIds), .. outputs.Select(o => (Names.Camel(o.Name), o.Axes, o.IsIds))]);
        for (var i = 0; i < outputs.Count; i++)
        {
            at.Name(outputs[i].Name, made[i + 1], part.Place);
        }

        at.Current = [made[0]];
    }

    /// <summary>Whether one call fits all of the blocks that the config picks one of; reports where it does not.</summary>
    private static bool AreCalledAlike(PartSpec part, IReadOnlyList<BlockUse> blocks, Value x, IReadOnlyList<Value> inputs, Elaborator at)
    {
        // A declared block keeps what it needs of a memory, a layer written by hand is given it at each step.
        if (blocks.FirstOrDefault(b => b.Own is not null) is { } own && blocks.Any(b => b.Graph is not null)
            && inputs.FirstOrDefault(i => i.TimeAxis is { } along && along != x.TimeAxis) is { } memory)
        {
            at.Report(Problems.OwnLayerUnfit, part.Place, Names.Simple(own.TypeName),
                $"reads '{memory.Named ?? memory.Hint}', which is along another time axis, so that it is no alternative to a declared block");
            return false;
        }

        static string TimesOf(BlockUse block) => string.Join(" ", block.Passes.Select(p => block.Passes.ToList().IndexOf(p)));
        if (blocks.FirstOrDefault(b => TimesOf(b) != TimesOf(blocks[0])) is { } other)
        {
            at.Report(Problems.SizesDiffer, part.Place, Names.Simple(other.TypeName), $"inputs along {Axes(other)}", Names.Simple(blocks[0].TypeName),
                $"inputs along {Axes(blocks[0])}");
            return false;
        }

        return true;

        static string Axes(BlockUse block) => string.Join(", ", block.Passes.Select(p => p ?? "no time"));
    }

    private static string Read(IReadOnlyList<Value> inputs) =>
        inputs.Count == 0 ? "reads one value alone" : "reads " + string.Join(", ", inputs.Select(i => $"'{i.Named ?? i.Hint}'"));
}

/// <summary>Declared blocks inside an operation: what one use and many have alike.</summary>
/// <param name="All">The block, or those that the config picks one of.</param>
/// <param name="Key">Its checkpoint key.</param>
/// <param name="By">What picks it.</param>
/// <param name="Shared">Whether another place has the same weights.</param>
internal abstract record BlockOperation(EquatableArray<BlockUse> All, string Key, BlockChoice? By, bool Shared) : Operation
{
    public sealed override IEnumerable<(Size Divisor, Size Dividend)> Divisions => [];

    public sealed override bool IsRandom => All.Any(b => b.IsRandom);

    public sealed override IReadOnlyList<BlockUse> Blocks => All;

    public sealed override IReadOnlyList<Body> Bodies => [];

    public sealed override FastMap? Fast(Node node) => null;

    public sealed override bool IsHead => false;

    public sealed override WayBack? WayBack => null;

    public sealed override Operation WithBodies(IReadOnlyList<Body> bodies) => this;

    public sealed override int Id => 0;

    public sealed override InTime InTime(Node node, string? stepping) =>
        node.Inputs[0].TimeAxis == stepping && All.Any(b => b.HasState) ? Model.InTime.Accumulating : Model.InTime.PerPosition;

    public sealed override Node InSteps(Node node, string? stepping, Func<Value, Node?> producer) => node;

    public sealed override string? WhyNotStateful(Node node, string? stepping)
    {
        if (node.Inputs[0].TimeAxis != stepping)
        {
            return stepping is null ? null : All.Select(block => Beside(node, block, stepping)).FirstOrDefault(r => r is not null);
        }

        foreach (var block in All)
        {
            var name = Names.Simple(block.TypeName);
            var reason = block.Graph is { NotStateful: { } inner } ? $"{name}: {inner}"
                : Remembered(node, block, stepping) is { } input ? $"{name} remembers '{input}', which grows with the sequence"
                : block.Own is { Steps: false } ? $"the layer {name} declares no step"
                : Grown(node, block, stepping) is { } grown ? $"the layer {name} reads '{grown}' whole, which grows with the sequence"
                : null;
            if (reason is not null)
            {
                return reason;
            }
        }

        return null;
    }

    /// <summary>
    /// Of a block whose own sequence is another one: why what steps beside it does not fit. It runs anew at each step, so it must look at one token of that
    /// at a time.
    /// </summary>
    private static string? Beside(Node node, BlockUse block, string stepping)
    {
        for (var i = 1; i < node.Inputs.Count; i++)
        {
            if (node.Inputs[i].TimeAxis != stepping)
            {
                continue;
            }

            var name = node.Inputs[i].Named ?? node.Inputs[i].Hint;
            var along = block.Graph?.Inputs[i].Output.TimeAxis;
            if (along is null || block.Graph!.AllNodes.Any(n => n.Operation.InTime(n, along) > Model.InTime.PerPosition
                || n.Operation.WhyNotStateful(n, along) is not null))
            {
                return $"{Names.Simple(block.TypeName)} keeps no state along '{name}', which steps, but along what flows into it";
            }
        }

        return null;
    }

    /// <summary>An input that the block computes once (it has a time axis of its own there), though here it is along the axis that steps.</summary>
    private static string? Remembered(Node node, BlockUse block, string? stepping) => block.Graph is not { HasState: true } inner ? null
        : inner.Inputs.Zip(node.Inputs, (formal, given) => (Formal: formal, Given: given)).Skip(1)
            .FirstOrDefault(p => p.Given.TimeAxis == stepping && p.Formal.Output.TimeAxis != inner.Inputs[0].Output.TimeAxis).Formal?.Name;

    /// <summary>An input of a layer written by hand that has a time axis of its own there, though here it is along the axis that steps.</summary>
    private static string? Grown(Node node, BlockUse block, string? stepping)
    {
        for (var i = 1; i < block.OwnPasses.Count; i++)
        {
            if (node.Inputs[i].TimeAxis == stepping && block.OwnPasses[i] != block.OwnPasses[0])
            {
                return node.Inputs[i].Named ?? node.Inputs[i].Hint;
            }
        }

        return null;
    }

    protected string Words(Func<Size, string> spell) =>
        $"{string.Join("|", All.Select(b => b.TypeName))} '{Key}' by {By?.ToCode()} {All[0].Describe(spell)}{(Shared ? " shared" : "")}";

    /// <summary>What a person would call the field.</summary>
    protected string FieldName => Key.Length == 0 ? Names.Simple(All[0].TypeName) : Key;

    protected string StateName => Names.Pascal(KeyText.LastSegment(FieldName));

    /// <summary>The call of the block, or of the one that is there: in the stateful form with its state, which has kept what it needs of a memory.</summary>
    protected string CallOf(Calling at, string target, string x, string index = "", IReadOnlyList<string>? given = null)
    {
        var extra = string.Concat(at.Node.Inputs.Skip(1).Select((_, i) => ", " + at.In(i + 1)));
        var passes = Passes(at);
        if (All.Count == 1)
        {
            var outputs = string.Concat(given?.Select(o => ", out " + o) ?? []);
            return at.ByForm($"{target}.Forward({x}{extra}, {passes}{outputs})", state => $"{target}.Advance({x}{extra}, {passes}, {state}{index}{outputs})");
        }

        var names = All.Select((_, i) => at.Local($"block{i + 1}")).ToList();
        string Switch(Func<BlockUse, int, string> arm) =>
            $"{target} switch {{ {string.Join(", ", All.Select(arm))}, _ => throw Require.Unreachable }}";
        string Forward(BlockUse block, int i) => $"{at.TypeOf(block)} {names[i]} => {names[i]}.Forward({x}{extra}, {passes})";
        return at.ByForm(Switch(Forward), state => Switch((b, i) => b.HasState
            ? $"{at.TypeOf(b)} {names[i]} => {names[i]}.Advance({x}{extra}, {passes}, ({StateType(at, b)}){state}{index}!)"
            : Forward(b, i)));
    }

    /// <summary>
    /// The pass of the block's own time axis, then those of its other time axes in the order of its inputs; several of them may be one axis here.
    /// </summary>
    private string Passes(Calling at)
    {
        // A node of the stateful form reads less than the block: what is along other axes is kept.
        var whole = at.Whole;
        var axes = All[0].Passes.Zip(whole.Inputs, (axis, given) => (Axis: axis, Given: given.PassAxis)).Where(a => a.Axis is not null).GroupBy(a => a.Axis);
        return string.Join(", ", axes.Select(a => a.First().Given).DefaultIfEmpty(null).Select(at.PassOf));
    }

    public sealed override IEnumerable<string> Masks(Construction at) =>
        All.Any(b => b.Graph is not null) ? [$".. MasksOf({Writing.Text(KeyText.Plain(FieldName))}, {Declared(at)})"] : [];

    /// <summary>The blocks in the field that have masks: those that are declared.</summary>
    protected abstract string Declared(Construction at);

    /// <summary>Begins one block, or the one that is there.</summary>
    protected void BeginOne(Calling at, string target, string memory, string state)
    {
        if (All.Count == 1)
        {
            at.Line($"{target}.Begin({memory}, {state});");
            return;
        }

        at.Block($"switch ({target})", () =>
        {
            foreach (var type in All.Where(b => b.Graph is not null).Select(at.TypeOf))
            {
                var block = at.Local("block");
                at.Line($"case {type} {block}:");
                at.Line($"    {block}.Begin({memory}, ({type}.State){state}!);");
                at.Line("    break;");
            }
        });
    }

    /// <summary>One arm of the switch that makes the state of whichever block is there.</summary>
    protected static string StateArm(Writing at, BlockUse block, int index, string owner)
    {
        var type = at.TypeOf(block);
        return block.Graph is { HasState: true } ? $"{type} block{index + 1} => new {type}.State({owner}, block{index + 1})"
            : block.Own is { Steps: true } ? $"{type} block{index + 1} => {owner}.Own(block{index + 1}.NewState())"
            : $"{type} _ => null";
    }

    private static string StateType(Writing at, BlockUse block) => block.Own is null ? at.TypeOf(block) + ".State" : "IStatePart";

    /// <summary>The type of the field: what all of the blocks are.</summary>
    protected string FieldType(Construction at) => All.Count == 1 ? at.TypeOf(All[0]) : All.Any(b => b.Own is not null) ? "object" : "GeneratedModule";
}

/// <summary>A block of another declaration, or one of several.</summary>
internal sealed record Use(EquatableArray<BlockUse> All, string Key, BlockChoice? By, bool Shared) : BlockOperation(All, Key, By, Shared)
{
    public override string Called => $"a size of {Names.Simple(All[0].TypeName)}";

    public override string Describe(Func<Size, string> spell) => "use " + Words(spell);

    public override Operation MapSizes(Func<Size, Size> map) => this with { All = All.Select(b => b.MapSizes(map)).ToEquatable() };

    public override void Build(Construction at)
    {
        at.Field(FieldType(at), FieldName, BlockText.Chosen(at, All, By, BlockText.Scoped(at, Key, Shared), at.Layer));
    }

    public override void Call(Calling at)
    {
        // The block's outputs come through parameters, and belong to whoever calls.
        var given = at.Node.Outputs.Skip(1).Select(o => at.Local(o.Hint + "Given")).ToList();
        if (given.Count > 0)
        {
            at.Line($"Tensor {string.Join(", ", given)};");
        }

        at.Result(CallOf(at, at.Field().ToCode(), at.In(), given: given));
        for (var i = 0; i < given.Count; i++)
        {
            at.Also(i + 1, given[i]);
        }
    }

    protected override string Declared(Construction at) => at.Field().Name + (All.Any(b => b.Own is not null) ? " as GeneratedModule" : "");

    public override void Begin(Calling at, string memory)
    {
        var field = at.Field();
        if (field.Optional)
        {
            at.Block($"if ({field.Name} is not null)", () => BeginOne(at, field.Name, memory, at.State));
        }
        else
        {
            BeginOne(at, field.Name, memory, at.State);
        }
    }

    public override StateField State(Construction at)
    {
        var field = at.Field();
        var type = at.TypeOf(All[0]);
        if (All.Count > 1)
        {
            return new StateField(StateName, "object?", (owner, module) =>
                $"{module}.{field.Name} switch {{ {string.Join(", ", All.Select((b, i) => StateArm(at, b, i, owner)))}, _ => (object?)null }}");
        }

        if (All[0].Own is not null)
        {
            return new StateField(StateName, "IStatePart", (owner, module) => field.Optional
                ? $"{module}.{field.Name} is {{ }} {field.Name} ? {owner}.Own({field.Name}.NewState()) : null"
                : $"{owner}.Own({module}.{field.Name}.NewState())", field.Optional);
        }

        return new StateField(StateName, type + ".State", (owner, module) => field.Optional
            ? $"{module}.{field.Name} is {{ }} {field.Name} ? new {type}.State({owner}, {field.Name}) : null"
            : $"new {type}.State({owner}, {module}.{field.Name})", field.Optional);
    }
}
