using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>A method that walks time for the lanes of one vector.</summary>
internal abstract class VectorKernel(Flow flow) : KernelBody(flow, new VectorStyle(flow))
{
    // A loop over a span needs the registers that slots would hold: a step then reads them anew.
    private readonly bool walksSpans = flow.Step.Items.OfType<LoopItem>().Any();

    protected bool IsRecurrence => Flow.Function.Form == ScalarForm.Recurrence;

    /// <summary>An operand with a row of numbers a step.</summary>
    protected static bool HasRows(KernelOperand operand) => operand.Time && operand.Span.Length > 0;

    protected void DeclareSlot(KernelSymbol symbol, string wish, string slot)
    {
        if (walksSpans)
        {
            Alias(symbol, slot);
            return;
        }

        Line($"var {Name(symbol, wish)} = {slot};");
    }

    protected void DeclareOperands()
    {
        foreach (var operand in Flow.Operands)
        {
            var source = $"pass.Operand({operand.Index})";
            if (ArrayIsLive(ArrayRole.Operand, operand.Index))
            {
                var row = Name(Of(ArrayRole.Operand, operand.Index), operand.Name);
                if (operand.Time)
                {
                    DeclareSlot(new KernelSymbol.Slot(operand.Index), operand.Name + "At", source);
                }
                else
                {
                    Line($"var {row} = {source}.Row(0);");
                }
            }
            else if (InputIsLive(InputRole.Operand, operand.Index))
            {
                var value = Name(Of(InputRole.Operand, operand.Index), operand.Name);
                if (operand.Time)
                {
                    DeclareSlot(new KernelSymbol.Slot(operand.Index), operand.Name + "At", source);
                }
                else
                {
                    Line($"var {value} = {Style.Operand(operand, source)};");
                }
            }
        }
    }

    /// <summary>What changes with the step.</summary>
    protected void ReadOperands()
    {
        foreach (var operand in Flow.Operands.Where(o => o.Time && InputIsLive(InputRole.Operand, o.Index)))
        {
            Line($"var {Name(Of(InputRole.Operand, operand.Index))} = {Style.Operand(operand, Name(new KernelSymbol.Slot(operand.Index)))};");
        }

        foreach (var operand in Flow.Operands.Where(o => o.Time && ArrayIsLive(ArrayRole.Operand, o.Index)))
        {
            Line($"var {Name(Of(ArrayRole.Operand, operand.Index))} = {Name(new KernelSymbol.Slot(operand.Index))}.Row(t);");
        }
    }

    /// <summary>All new values are computed before the first old one goes.</summary>
    protected void Assign(IEnumerable<(string Name, FlowNode Value)> pairs)
    {
        var ready = pairs.Select(p => (p.Name, p.Value, Code: Operand(p.Value, true))).ToList();
        if (ready.Count > 1)
        {
            ready = ready.Select(r =>
            {
                if (IsNamed(r.Value) || r.Value.Op == Op.Constant)
                {
                    return r;
                }

                var next = Fresh(r.Name + "Next");
                Line($"var {next} = {r.Code};");
                return (r.Name, r.Value, next);
            }).ToList();
        }

        foreach (var (name, _, code) in ready)
        {
            Line($"{name} = {code};");
        }
    }
}
