using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;

namespace Dsl.Generators.Scalar;

/// <summary>The body of one method of a kernel: a class a method says what stands in it, in which order; how anything is said is the same for all.</summary>
internal abstract partial class KernelBody(Flow flow, KernelStyle style)
{
    private static readonly Regex EmptyLine = new("\n\n( *})");

    private readonly StringBuilder text = new();
    private readonly HashSet<string> taken = ["pass", "t", "T", "from", "to", "torch", "Tensor", "Vector", "Lanes", "Math", "ScalarMath", "TensorScalar"];
    private readonly Dictionary<FlowNode, string> locals = [];
    private readonly Dictionary<Cell, string> cells = [];
    private readonly HashSet<Cell> declared = [];
    private readonly Dictionary<KernelSymbol, string> named = [];
    private readonly HashSet<FlowNode> live = [];
    private readonly HashSet<Cell> liveCells = [];
    private readonly HashSet<KernelSymbol> liveArrays = [];
    private readonly Dictionary<FlowNode, int> uses = [];
    private readonly HashSet<FlowNode> kept = [];
    private readonly HashSet<FlowNode> setOnly = [];
    private int depth = 2;
    private int unnamed;

    protected Flow Flow => flow;

    protected KernelStyle Style => style;

    /// <summary>What is written, in order; what none of the roots needs is left out.</summary>
    protected List<List<Item>> Sections { get; } = [];

    /// <summary>The text of the method's body.</summary>
    public string Text()
    {
        Write();
        return EmptyLine.Replace(text.ToString(), "\n$1").TrimEnd('\n') + "\n";
    }

    protected abstract void Write();

    /// <summary>Adds to the gradient of an operand.</summary>
    protected abstract void Gather(AddItem add, string value);

    protected static KernelSymbol Of(InputRole role, int index) => new KernelSymbol.Number(new FlowInput(role, index));

    protected static KernelSymbol Of(ArrayRole role, int index) => new KernelSymbol.Array(role, index);

    protected static KernelSymbol Of(FlowArray array) => Of(array.Role, array.Index);

    protected void Line(string line = "") => text.Append(line.Length > 0 ? new string(' ', depth * 4) : "").Append(line).Append('\n');

    /// <summary>A block in braces.</summary>
    protected void Block(string head, System.Action body)
    {
        Line(head);
        Line("{");
        depth++;
        body();
        depth--;
        Line("}");
    }

    /// <summary>Names that the method has already.</summary>
    protected void Reserve(IEnumerable<string> names) => taken.UnionWith(names);

    protected string Fresh(string wish)
    {
        var clean = wish.Length == 0 ? "x" : wish;
        var name = Literals.Name(clean);
        for (var i = 2; !taken.Add(name); i++)
        {
            name = clean + i;
        }

        return name;
    }

    /// <summary>The name of a symbol, made from a wish where it has none.</summary>
    protected string Name(KernelSymbol symbol, string wish)
    {
        if (!named.TryGetValue(symbol, out var name))
        {
            named[symbol] = name = Fresh(wish);
        }

        return name;
    }

    /// <summary>The name that a symbol has.</summary>
    protected string Name(KernelSymbol symbol) => named[symbol];

    /// <summary>A symbol that is written as an expression, or by a name that is there.</summary>
    protected string Alias(KernelSymbol symbol, string code) => named[symbol] = code;

    /// <summary>The node stands in a local.</summary>
    protected bool IsNamed(FlowNode node) => locals.ContainsKey(node);

    protected bool InputIsLive(InputRole role, int index) => live.Any(n => n.Input == new FlowInput(role, index));

    protected bool ArrayIsLive(FlowArray array) => ArrayIsLive(array.Role, array.Index);

    protected bool ArrayIsLive(ArrayRole role, int index) => liveArrays.Contains(Of(role, index));

    /// <summary>A state of one number is read into a local, one of many is a span.</summary>
    protected void DeclareStates()
    {
        foreach (var state in flow.States)
        {
            Line(flow.Next[state.Index] is null
                ? $"var {Name(Of(ArrayRole.State, state.Index), state.Name)} = pass.StateSpan({state.Index});"
                : $"var {Name(Of(InputRole.State, state.Index), state.Name)} = pass.State({state.Index});");
        }
    }

    /// <summary>The same for what comes back to it.</summary>
    protected void DeclareStateBars()
    {
        foreach (var state in flow.States)
        {
            Line(flow.Next[state.Index] is null
                ? $"var {Name(Of(ArrayRole.Bar, state.Index), state.Name + "Bar")} = pass.StateBarSpan({state.Index});"
                : $"var {Name(Of(InputRole.StateBar, state.Index), state.Name + "Bar")} = pass.StateBar({state.Index});");
        }
    }

    protected void DeclareHoistedBars(IEnumerable<AddItem> adds)
    {
        var reached = new HashSet<int>(adds.Where(a => a.Hoisted).Select(a => a.Target));
        foreach (var hoisted in flow.Hoists.Where(h => reached.Contains(h.Index)))
        {
            if (hoisted.Array is null)
            {
                Line($"var {Name(Of(InputRole.HoistedBar, hoisted.Index), hoisted.Name + "Bar")} = {style.Zero};");
            }
            else
            {
                var bars = Name(Of(ArrayRole.HoistedBar, hoisted.Index), hoisted.Name + "Bar");
                Line($"var {bars} = pass.Scratch({flow.Hoists.Count + hoisted.Index}, {Count(hoisted.Loop!)});");
            }
        }
    }

    protected void DeclareTapes(Adjoint step)
    {
        foreach (var loop in step.Writer.Items.OfType<LoopItem>())
        {
            foreach (var store in loop.Body.OfType<StoreItem>().Where(s => s.Array.Role == ArrayRole.Tape && ArrayIsLive(s.Array)))
            {
                Line($"var {Name(Of(store.Array), store.Array.Name)} = pass.Scratch({(2 * flow.Hoists.Count) + store.Array.Index}, {Count(loop)});");
            }
        }
    }

    /// <param name="at">Which step, where there are several.</param>
    protected void DeclareStatesBefore(string at)
    {
        foreach (var state in flow.States)
        {
            if (flow.Next[state.Index] is not null)
            {
                if (InputIsLive(InputRole.State, state.Index))
                {
                    Line($"var {Name(Of(InputRole.State, state.Index), state.Name)} = pass.Before({at}{state.Index});");
                }

                continue;
            }

            if (ArrayIsLive(ArrayRole.Entry, state.Index))
            {
                Line($"var {Name(Of(ArrayRole.Entry, state.Index), state.Name + "Before")} = pass.BeforeSpan({at}{state.Index});");
            }

            if (ArrayIsLive(ArrayRole.State, state.Index))
            {
                Line($"var {Name(Of(ArrayRole.State, state.Index), state.Name)} = pass.Restored({at}{state.Index});");
            }
        }
    }

    protected void WritePrologue()
    {
        foreach (var hoisted in flow.Hoists.Where(h => h.Array is not null && ArrayIsLive(ArrayRole.Hoisted, h.Index)))
        {
            Line($"var {Name(Of(ArrayRole.Hoisted, hoisted.Index), hoisted.Name)} = pass.Scratch({hoisted.Index}, {Count(hoisted.Loop!)});");
        }

        Write(flow.Prologue.Items);
        foreach (var hoisted in flow.Hoists.Where(h => h.Array is null && (InputIsLive(InputRole.Hoisted, h.Index) || live.Contains(h.Value))))
        {
            var value = Read(hoisted.Value);
            if (IsWord(value.Code))
            {
                named[Of(InputRole.Hoisted, hoisted.Index)] = value.Code;
            }
            else
            {
                var name = Name(Of(InputRole.Hoisted, hoisted.Index), hoisted.Name);
                Line($"var {name} = {value.Code};");
                locals[hoisted.Value] = name;
            }
        }
    }

    /// <summary>States of one number that the step gives another value.</summary>
    protected static bool Changes(FlowNode? next, InputRole role, int index) => next is not null && next.Input != new FlowInput(role, index);

    private static bool IsWord(string code) => code.All(c => char.IsLetterOrDigit(c) || c is '_' or '@');

    // How many turns a loop's arrays must hold.
    private string Count(LoopItem loop) => loop.MayBeNegative
        ? loop.Step > 0 ? $"{Read(loop.To).Tight(7)} - {Read(loop.From).Tight(8)}" : $"{Read(loop.From).Tight(7)} - {Read(loop.To).Tight(8)}"
        : loop.Step > 0 ? Read(loop.To).Code : Read(loop.From).Tight(7) + " + 1";
}
