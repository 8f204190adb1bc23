using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Generators.Scalar;

/// <summary>The methods of a kernel: forwards, back, and over whole tensors.</summary>
internal sealed partial class KernelBody(Flow flow, KernelStyle style)
{
    private readonly StringBuilder text = new();
    private readonly HashSet<string> taken = ["pass", "t", "T", "from", "to", "torch", "Tensor", "Vector", "Lanes", "Math", "ScalarMath", "TensorScalar"];
    private readonly Dictionary<FlowNode, string> locals = [];
    private readonly Dictionary<Cell, string> cells = [];
    private readonly HashSet<Cell> declared = [];
    private readonly Dictionary<string, string> named = [];
    private readonly HashSet<FlowNode> live = [];
    private readonly HashSet<Cell> liveCells = [];
    private readonly HashSet<string> liveArrays = [];
    private readonly Dictionary<FlowNode, int> uses = [];
    private readonly Dictionary<FlowNode, LoopItem?> usedIn = [];
    private readonly HashSet<FlowNode> kept = [];
    private readonly List<List<Item>> sections = [];
    private readonly HashSet<int> stepSums = [];
    private readonly bool walksSpans = flow.Step.Items.OfType<LoopItem>().Any();
    private int depth = 2;
    private int unnamed;
    private readonly HashSet<FlowNode> setOnly = [];

    private static string Id(FlowArray array) => array.Role + ":" + array.Index;

    private string Done() => System.Text.RegularExpressions.Regex.Replace(text.ToString(), "\n\n( *})", "\n$1").TrimEnd('\n') + "\n";

    private void Line(string line) => text.Append(line.Length > 0 ? new string(' ', depth * 4) : "").Append(line).Append('\n');

    private string Fresh(string wish)
    {
        var clean = wish.Length == 0 ? "x" : wish;
        var name = Literals.Name(clean);
        for (var i = 2; !taken.Add(name); i++)
        {
            name = clean + i;
        }

        return name;
    }

    private string Name(string key, string wish)
    {
        if (!named.TryGetValue(key, out var name))
        {
            named[key] = name = Fresh(wish);
        }

        return name;
    }

    public string Forward()
    {
        sections.Add(flow.Prologue.Items);
        sections.Add(flow.Step.Items);
        MarkLive([flow.Result, .. flow.Next.OfType<FlowNode>()], i => i is StoreItem { Array.Role: ArrayRole.State });
        DeclareOperands();
        foreach (var state in flow.States)
        {
            Line(flow.Next[state.Index] is null
                ? $"var {Name("State:" + state.Index, state.Name)} = pass.StateSpan({state.Index});"
                : $"var {Name("state:" + state.Index, state.Name)} = pass.State({state.Index});");
        }

        WritePrologue();
        Line("for (int t = pass.From; t < pass.To; t++)");
        Line("{");
        depth++;
        if (flow.States.Count > 0)
        {
            Line("if (pass.Keeping)");
            Line("{");
            foreach (var state in flow.States.Where(s => flow.Next[s.Index] is not null))
            {
                Line($"    pass.State({state.Index}) = {named["state:" + state.Index]};");
            }

            Line("    pass.Keep(t);");
            Line("}");
            Line("");
        }

        if (flow.Function.Form == ScalarForm.Recurrence)
        {
            Line("if (pass.IsPadding(t))");
            Line("{");
            Line($"    pass.SetResult(t, {style.Zero});");
            Line("    continue;");
            Line("}");
            Line("");
        }

        ReadOperands();
        Write(flow.Step.Items);
        Line($"pass.SetResult(t, {Operand(flow.Result, true)});");
        var changed = flow.States.Where(s => flow.Next[s.Index] is { } next && !IsState(next, s.Index)).ToList();
        AssignStates(changed.Select(s => (named["state:" + s.Index], flow.Next[s.Index]!)).ToList());
        depth--;
        Line("}");
        if (flow.States.Any(s => flow.Next[s.Index] is not null))
        {
            Line("");
        }

        foreach (var state in flow.States.Where(s => flow.Next[s.Index] is not null))
        {
            Line($"pass.State({state.Index}) = {named["state:" + state.Index]};");
        }

        return Done();
    }

    // A loop over a span needs the registers that slots would hold: a step then reads them anew.
    private string Slot(string key, string wish, string slot)
    {
        if (walksSpans)
        {
            return named[key] = slot;
        }

        var name = Name(key, wish);
        Line($"var {name} = {slot};");
        return name;
    }

    private static bool RowOfStep(KernelOperand operand) => operand.Time && operand.Span.Length > 0;

    private static bool IsState(FlowNode node, int index) => node.Op == Op.Input && node.Text == "state:" + index;

    // All new values are computed before the first old one goes.
    private void AssignStates(List<(string Name, FlowNode Value)> pairs)
    {
        var ready = pairs.Select(p => (p.Name, Value: Operand(p.Value, true), p)).ToList();
        if (ready.Count > 1)
        {
            ready = ready.Select(r =>
            {
                if (locals.ContainsKey(r.p.Value) || r.p.Value.Op == Op.Constant)
                {
                    return r;
                }

                var next = Fresh(r.Name + "Next");
                Line($"var {next} = {r.Value};");
                return (r.Name, Value: next, r.p);
            }).ToList();
        }

        foreach (var (name, value, _) in ready)
        {
            Line($"{name} = {value};");
        }
    }

    public string Backward(Adjoint step, Adjoint before, List<FlowArray> tapes)
    {
        sections.Add(flow.Prologue.Items);
        sections.Add(step.Writer.Items);
        sections.Add(before.Writer.Items);
        MarkLive([.. step.StateBars.OfType<FlowNode>()], i => i is AddItem or StoreItem { Array.Role: ArrayRole.Bar });
        foreach (var sum in step.Writer.Items.OfType<AddItem>().Where(a => !a.Hoisted && a.Index is null && !flow.Operands[a.Target].Time))
        {
            stepSums.Add(sum.Target);
        }

        DeclareOperands();
        var gradients = sections.SelectMany(Flow.All).OfType<AddItem>().Where(a => !a.Hoisted)
            .Select(a => flow.Operands[a.Target]).Distinct().OrderBy(o => o.Index).ToList();
        foreach (var operand in gradients)
        {
            var gradient = $"pass.Gradient({operand.Index})";
            if (RowOfStep(operand))
            {
                Name("gradient:" + operand.Index, operand.Name + "Gradient");
                Slot("gradientAt:" + operand.Index, operand.Name + "GradientAt", gradient);
            }
            else if (operand.Span.Length > 0)
            {
                Line($"var {Name("gradient:" + operand.Index, operand.Name + "Gradient")} = {gradient}.Row(0);");
            }
            else
            {
                Slot("gradient:" + operand.Index, operand.Name + "Gradient", gradient);
            }
        }

        foreach (var state in flow.States)
        {
            Line(flow.Next[state.Index] is null
                ? $"var {Name("Bar:" + state.Index, state.Name + "Bar")} = pass.StateBarSpan({state.Index});"
                : $"var {Name("stateBar:" + state.Index, state.Name + "Bar")} = pass.StateBar({state.Index});");
        }

        WritePrologue();
        DeclareHoistedBars(sections.SelectMany(Flow.All).OfType<AddItem>());
        foreach (var target in stepSums.OrderBy(i => i))
        {
            Line($"var {Name("sum:" + target, flow.Operands[target].Name + "Bar")} = {style.Zero};");
        }

        DeclareTapes(step);
        Line("for (int t = pass.To - 1; t >= pass.From; t--)");
        Line("{");
        depth++;
        if (flow.Function.Form == ScalarForm.Recurrence)
        {
            Line("if (pass.IsPadding(t))");
            Line("{");
            Line("    continue;");
            Line("}");
            Line("");
        }

        ReadOperands();
        foreach (var operand in gradients.Where(RowOfStep))
        {
            Line($"var {named["gradient:" + operand.Index]} = {named["gradientAt:" + operand.Index]}.Row(t);");
        }

        Line($"var {Name("resultBar:0", "resultBar")} = pass.ResultBar(t);");
        DeclareStatesBefore("t, ");
        Write(step.Writer.Items);
        AssignStates(flow.States.Where(s => step.StateBars[s.Index] is { } bar && !(bar.Op == Op.Input && bar.Text == "stateBar:" + s.Index))
            .Select(s => (named["stateBar:" + s.Index], step.StateBars[s.Index]!)).ToList());
        depth--;
        Line("}");
        Line("");
        foreach (var target in stepSums.OrderBy(i => i))
        {
            Line($"{named["gradient:" + target]}.{(flow.Operands[target].Lanes ? "Add" : "AddSum")}(0, {named["sum:" + target]});");
        }

        // What was computed once for all steps has gathered its adjoint from all of them.
        stepSums.Clear();
        Write(before.Writer.Items);
        foreach (var state in flow.States.Where(s => flow.Next[s.Index] is not null))
        {
            Line($"pass.StateBar({state.Index}) = {named["stateBar:" + state.Index]};");
        }

        return Done();
    }

    public string Whole()
    {
        sections.Add(flow.Prologue.Items);
        sections.Add(flow.Step.Items);
        FlowNode[] results = flow.Imaginary is { } root ? [flow.Result, root] : [flow.Result];
        MarkLive([.. results, .. flow.Next.OfType<FlowNode>()], i => i is StoreItem { Array.Role: ArrayRole.State });
        DeclareWholeOperands();
        foreach (var state in flow.States)
        {
            Line(flow.Next[state.Index] is null
                ? $"var {Name("State:" + state.Index, state.Name)} = pass.StateSpan({state.Index});"
                : $"var {Name("state:" + state.Index, state.Name)} = pass.State({state.Index});");
        }

        WritePrologue();
        Write(flow.Step.Items);
        if (flow.Imaginary is { } imaginary)
        {
            Line($"return ({Operand(flow.Result, true)}, {Operand(imaginary, true)});");
            return Done();
        }

        var result = Fresh("result");
        Line($"var {result} = {Operand(flow.Result, true)};");
        foreach (var state in flow.States.Where(s => flow.Next[s.Index] is not null))
        {
            Line($"pass.SetState({state.Index}, {Operand(flow.Next[state.Index]!, true)});");
        }

        Line($"return {result};");
        return Done();
    }

    public string Slope(Adjoint adjoint, FlowNode? slope)
    {
        // The arguments' own names are taken; what they hold goes by another.
        taken.UnionWith(flow.Operands.Select(o => Literals.Name(o.Parameter)));
        taken.Add("scope");
        sections.Add(flow.Prologue.Items);
        sections.Add(adjoint.Writer.Items);
        MarkLive(slope is null ? [] : [slope], _ => false);
        foreach (var operand in flow.Operands.Where(o => InputIsLive(":" + o.Index)))
        {
            named[":" + operand.Index] = Literals.Name(operand.Parameter);
        }

        WritePrologue();
        Write(adjoint.Writer.Items.Where(i => i is not AddItem));
        Line($"return ({(slope is null ? style.Zero : Operand(slope, true))}).MoveToOuterDisposeScope();");
        return Done();
    }

    /// <summary>One step back: what is computed once for all steps is computed anew, and its adjoint goes on at once.</summary>
    public string WholeBack(Adjoint step, Adjoint before)
    {
        sections.Add(flow.Prologue.Items);
        sections.Add(step.Writer.Items);
        sections.Add(before.Writer.Items);
        MarkLive([.. step.StateBars.OfType<FlowNode>()], i => i is AddItem or StoreItem { Array.Role: ArrayRole.Bar });
        DeclareWholeOperands();
        var adds = sections.SelectMany(Flow.All).OfType<AddItem>().ToList();
        foreach (var target in adds.Where(a => !a.Hoisted).Select(a => a.Target).Distinct().OrderBy(i => i))
        {
            Line($"var {Name("gradient:" + target, flow.Operands[target].Name + "Gradient")} = pass.Gradient({target});");
        }

        foreach (var state in flow.States)
        {
            Line(flow.Next[state.Index] is null
                ? $"var {Name("Bar:" + state.Index, state.Name + "Bar")} = pass.StateBarSpan({state.Index});"
                : $"var {Name("stateBar:" + state.Index, state.Name + "Bar")} = pass.StateBar({state.Index});");
        }

        WritePrologue();
        DeclareHoistedBars(adds);
        DeclareTapes(step);
        Line($"var {Name("resultBar:0", "resultBar")} = pass.ResultBar;");
        DeclareStatesBefore("");
        Write(step.Writer.Items);
        foreach (var state in flow.States.Where(s => step.StateBars[s.Index] is { } bar && !(bar.Op == Op.Input && bar.Text == "stateBar:" + s.Index)))
        {
            Line($"pass.SetStateBar({state.Index}, {Operand(step.StateBars[state.Index]!, true)});");
        }

        Write(before.Writer.Items);
        return Done();
    }

    private bool InputIsLive(string source) => live.Any(n => n.Op == Op.Input && n.Text == source);

    private void DeclareWholeOperands()
    {
        foreach (var operand in flow.Operands.Where(o => InputIsLive(":" + o.Index) || liveArrays.Contains("Operand:" + o.Index)))
        {
            Line(operand.Span.Length == 0
                ? $"var {Name(":" + operand.Index, operand.Name)} = pass.Operand({operand.Index});"
                : $"var {Name("Operand:" + operand.Index, operand.Name)} = pass.Span({operand.Index});");
        }
    }

    private void DeclareHoistedBars(IEnumerable<AddItem> adds)
    {
        var reached = new HashSet<int>(adds.Where(a => a.Hoisted).Select(a => a.Target));
        foreach (var hoisted in flow.Hoists.Where(h => reached.Contains(h.Index)))
        {
            if (hoisted.Array is null)
            {
                Line($"var {Name("hoistedBar:" + hoisted.Index, hoisted.Name + "Bar")} = {style.Zero};");
            }
            else
            {
                var bars = Name("HoistedBar:" + hoisted.Index, hoisted.Name + "Bar");
                Line($"var {bars} = pass.Scratch({flow.Hoists.Count + hoisted.Index}, {Count(hoisted.Loop!)});");
            }
        }
    }

    private void DeclareTapes(Adjoint step)
    {
        foreach (var loop in step.Writer.Items.OfType<LoopItem>())
        {
            foreach (var store in loop.Body.OfType<StoreItem>().Where(s => s.Array.Role == ArrayRole.Tape && liveArrays.Contains(Id(s.Array))))
            {
                Line($"var {Name(Id(store.Array), store.Array.Name)} = pass.Scratch({(2 * flow.Hoists.Count) + store.Array.Index}, {Count(loop)});");
            }
        }
    }

    /// <param name="at">Which step, where there are several.</param>
    private void DeclareStatesBefore(string at)
    {
        foreach (var state in flow.States)
        {
            var entry = ArrayRole.Entry + ":" + state.Index;
            var work = ArrayRole.State + ":" + state.Index;
            if (flow.Next[state.Index] is not null)
            {
                if (InputIsLive("state:" + state.Index))
                {
                    Line($"var {Name("state:" + state.Index, state.Name)} = pass.Before({at}{state.Index});");
                }

                continue;
            }

            if (liveArrays.Contains(entry))
            {
                Line($"var {Name(entry, state.Name + "Before")} = pass.BeforeSpan({at}{state.Index});");
            }

            if (liveArrays.Contains(work))
            {
                Line($"var {Name(work, state.Name)} = pass.Restored({at}{state.Index});");
            }
        }
    }

    private void DeclareOperands()
    {
        foreach (var operand in flow.Operands)
        {
            if (liveArrays.Contains("Operand:" + operand.Index))
            {
                var row = Name("operand:" + operand.Index, operand.Name);
                if (operand.Time)
                {
                    Slot("operandAt:" + operand.Index, operand.Name + "At", $"pass.Operand({operand.Index})");
                }
                else
                {
                    Line($"var {row} = pass.Operand({operand.Index}).Row(0);");
                }
            }
            else if (InputIsLive(":" + operand.Index))
            {
                var value = Name(":" + operand.Index, operand.Name);
                if (operand.Time)
                {
                    Slot("operand:" + operand.Index, operand.Name + "At", $"pass.Operand({operand.Index})");
                }
                else
                {
                    Line($"var {value} = {style.Operand(operand, $"pass.Operand({operand.Index})")};");
                }
            }
        }
    }

    private void ReadOperands()
    {
        foreach (var operand in flow.Operands.Where(o => o.Time && InputIsLive(":" + o.Index)))
        {
            Line($"var {named[":" + operand.Index]} = {style.Operand(operand, named["operand:" + operand.Index])};");
        }

        foreach (var operand in flow.Operands.Where(o => o.Time && liveArrays.Contains("Operand:" + o.Index)))
        {
            Line($"var {named["operand:" + operand.Index]} = {named["operandAt:" + operand.Index]}.Row(t);");
        }
    }

    private void WritePrologue()
    {
        foreach (var hoisted in flow.Hoists.Where(h => h.Array is not null && liveArrays.Contains("Hoisted:" + h.Index)))
        {
            Line($"var {Name("Hoisted:" + hoisted.Index, hoisted.Name)} = pass.Scratch({hoisted.Index}, {Count(hoisted.Loop!)});");
        }

        Write(flow.Prologue.Items);
        foreach (var hoisted in flow.Hoists.Where(h => h.Array is null && (InputIsLive("hoisted:" + h.Index) || live.Contains(h.Value))))
        {
            var value = Read(hoisted.Value);
            if (IsWord(value.Code))
            {
                named["hoisted:" + hoisted.Index] = value.Code;
            }
            else
            {
                var name = Name("hoisted:" + hoisted.Index, hoisted.Name);
                Line($"var {name} = {value.Code};");
                locals[hoisted.Value] = name;
            }
        }
    }

    private static bool IsWord(string code) => code.All(c => char.IsLetterOrDigit(c) || c is '_' or '@');

    // How many turns a loop's arrays must hold.
    private string Count(LoopItem loop) => loop.MayBeNegative
        ? loop.Step > 0 ? $"{Read(loop.To).Tight(7)} - {Read(loop.From).Tight(8)}" : $"{Read(loop.From).Tight(7)} - {Read(loop.To).Tight(8)}"
        : loop.Step > 0 ? Read(loop.To).Code : Read(loop.From).Tight(7) + " + 1";
}
