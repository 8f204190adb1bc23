using System;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>A method over whole tensors, one step of all rows.</summary>
internal abstract class TensorKernel(Flow flow, bool back) : KernelBody(flow, new TensorStyle(flow, back))
{
    protected void DeclareOperands()
    {
        foreach (var operand in Flow.Operands.Where(o => InputIsLive(InputRole.Operand, o.Index) || ArrayIsLive(ArrayRole.Operand, o.Index)))
        {
            Line(operand.Span.Length == 0
                ? $"var {Name(Of(InputRole.Operand, operand.Index), operand.Name)} = pass.Operand({operand.Index});"
                : $"var {Name(Of(ArrayRole.Operand, operand.Index), operand.Name)} = pass.Span({operand.Index});");
        }
    }

    protected override void Gather(AddItem add, string value) => throw new InvalidOperationException("Autograd goes back: nothing is added to a gradient.");
}

/// <summary><c>Step</c>: one step forwards, and <c>At</c>: a transfer function at all nodes.</summary>
internal sealed class StepKernel(Flow flow) : TensorKernel(flow, back: false)
{
    protected override void Write()
    {
        Sections.Add(Flow.Prologue.Items);
        Sections.Add(Flow.Step.Items);
        FlowNode[] results = Flow.Imaginary is { } root ? [Flow.Result, root] : [Flow.Result];
        MarkLive([.. results, .. Flow.Next.OfType<FlowNode>()], i => i is StoreItem { Array.Role: ArrayRole.State });
        DeclareOperands();
        DeclareStates();
        WritePrologue();
        Write(Flow.Step.Items);
        if (Flow.Imaginary is { } imaginary)
        {
            Line($"return ({Operand(Flow.Result, true)}, {Operand(imaginary, true)});");
            return;
        }

        var result = Fresh("result");
        Line($"var {result} = {Operand(Flow.Result, true)};");
        foreach (var state in Flow.States.Where(s => Flow.Next[s.Index] is not null))
        {
            Line($"pass.SetState({state.Index}, {Operand(Flow.Next[state.Index]!, true)});");
        }

        Line($"return {result};");
    }
}

/// <summary><c>StepBack</c>: one step back. What is computed once for all steps is computed anew, and its adjoint goes on at once.</summary>
internal sealed class StepBackKernel(Flow flow, Adjoint step, Adjoint before) : TensorKernel(flow, back: true)
{
    protected override void Write()
    {
        Sections.Add(Flow.Prologue.Items);
        Sections.Add(step.Writer.Items);
        Sections.Add(before.Writer.Items);
        MarkLive([.. step.StateBars.OfType<FlowNode>()], i => i is AddItem or StoreItem { Array.Role: ArrayRole.Bar });
        DeclareOperands();
        var adds = Sections.SelectMany(Flow.All).OfType<AddItem>().ToList();
        foreach (var target in adds.Where(a => !a.Hoisted).Select(a => a.Target).Distinct().OrderBy(i => i))
        {
            Line($"var {Name(new KernelSymbol.Gradient(target), Flow.Operands[target].Name + "Gradient")} = pass.Gradient({target});");
        }

        DeclareStateBars();
        WritePrologue();
        DeclareHoistedBars(adds);
        DeclareTapes(step);
        Line($"var {Name(Of(InputRole.ResultBar, 0), "resultBar")} = pass.ResultBar;");
        DeclareStatesBefore("");
        Write(step.Writer.Items);
        foreach (var state in Flow.States.Where(s => Changes(step.StateBars[s.Index], InputRole.StateBar, s.Index)))
        {
            Line($"pass.SetStateBar({state.Index}, {Operand(step.StateBars[state.Index]!, true)});");
        }

        Write(before.Writer.Items);
    }

    protected override void Gather(AddItem add, string value) =>
        Guarded(add.Region, $"{Name(new KernelSymbol.Gradient(add.Target))}.Add({(add.Index is null ? "" : Read(add.Index).Code + ", ")}{value});");
}

/// <summary>The derivative of a pointwise function by one of its values, as a method of its arguments that autograd goes back through again.</summary>
internal sealed class SlopeKernel(Flow flow, Adjoint adjoint, FlowNode? slope) : TensorKernel(flow, back: false)
{
    protected override void Write()
    {
        // The arguments' own names are taken; what they hold goes by another.
        Reserve(Flow.Operands.Select(o => Literals.Name(o.Parameter)));
        Reserve(["scope"]);
        Sections.Add(Flow.Prologue.Items);
        Sections.Add(adjoint.Writer.Items);
        MarkLive(slope is null ? [] : [slope], _ => false);
        foreach (var operand in Flow.Operands.Where(o => InputIsLive(InputRole.Operand, o.Index)))
        {
            Alias(Of(InputRole.Operand, operand.Index), Literals.Name(operand.Parameter));
        }

        WritePrologue();
        Write(adjoint.Writer.Items.Where(i => i is not AddItem));
        Line($"return ({(slope is null ? Style.Zero : Operand(slope, true))}).MoveToOuterDisposeScope();");
    }
}
