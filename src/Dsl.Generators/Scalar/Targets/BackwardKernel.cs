using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary><c>Backward</c>: from the last step to the first, each with its values computed again.</summary>
internal sealed class BackwardKernel(Flow flow, Adjoint step, Adjoint before) : VectorKernel(flow)
{
    private readonly HashSet<int> stepSums = [];

    protected override void Write()
    {
        Sections.Add(Flow.Prologue.Items);
        Sections.Add(step.Writer.Items);
        Sections.Add(before.Writer.Items);
        MarkLive([.. step.StateBars.OfType<FlowNode>()], i => i is AddItem or StoreItem { Array.Role: ArrayRole.Bar });
        foreach (var sum in step.Writer.Items.OfType<AddItem>().Where(a => !a.Hoisted && a.Index is null && !Flow.Operands[a.Target].Time))
        {
            stepSums.Add(sum.Target);
        }

        DeclareOperands();
        var adds = Sections.SelectMany(Flow.All).OfType<AddItem>().ToList();
        var gradients = adds.Where(a => !a.Hoisted).Select(a => Flow.Operands[a.Target]).Distinct().OrderBy(o => o.Index).ToList();
        gradients.ForEach(DeclareGradient);
        DeclareStateBars();
        WritePrologue();
        DeclareHoistedBars(adds);
        foreach (var target in stepSums.OrderBy(i => i))
        {
            Line($"var {Name(new KernelSymbol.StepSum(target), Flow.Operands[target].Name + "Bar")} = {Style.Zero};");
        }

        DeclareTapes(step);
        Block("for (int t = pass.To - 1; t >= pass.From; t--)", () => WriteStep(gradients));
        Line();
        foreach (var target in stepSums.OrderBy(i => i))
        {
            var sum = Name(new KernelSymbol.StepSum(target));
            Line($"{Name(new KernelSymbol.Gradient(target))}.{(Flow.Operands[target].Lanes ? "Add" : "AddSum")}(0, {sum});");
        }

        // What was computed once for all steps has gathered its adjoint from all of them.
        stepSums.Clear();
        Write(before.Writer.Items);
        foreach (var state in Flow.States.Where(s => Flow.Next[s.Index] is not null))
        {
            Line($"pass.StateBar({state.Index}) = {Name(Of(InputRole.StateBar, state.Index))};");
        }
    }

    protected override void Gather(AddItem add, string value)
    {
        if (add.Index is null && stepSums.Contains(add.Target))
        {
            Line(Increase(Name(new KernelSymbol.StepSum(add.Target)), value));
            return;
        }

        var operand = Flow.Operands[add.Target];
        var at = add.Index is null ? operand.Time ? "t" : "0"
            : LoopItem.StaysWithin(add.Index, new FlowArray(operand.Name, ArrayRole.Operand, operand.Index, operand.Span)) ? Read(add.Index).Code
            : $"pass.Checked({Read(add.Index).Code}, {operand.Index})";
        Guarded(add.Region, $"{Name(new KernelSymbol.Gradient(add.Target))}.{(operand.Lanes ? "Add" : "AddSum")}({at}, {value});");
    }

    private void DeclareGradient(KernelOperand operand)
    {
        KernelSymbol gradient = new KernelSymbol.Gradient(operand.Index);
        var (wish, source) = (operand.Name + "Gradient", $"pass.Gradient({operand.Index})");
        if (HasRows(operand))
        {
            Name(gradient, wish);
            DeclareSlot(new KernelSymbol.GradientSlot(operand.Index), wish + "At", source);
        }
        else if (operand.Span.Length > 0)
        {
            Line($"var {Name(gradient, wish)} = {source}.Row(0);");
        }
        else
        {
            DeclareSlot(gradient, wish, source);
        }
    }

    private void WriteStep(IReadOnlyList<KernelOperand> gradients)
    {
        if (IsRecurrence)
        {
            Block("if (pass.IsPadding(t))", () => Line("continue;"));
            Line();
        }

        ReadOperands();
        foreach (var operand in gradients.Where(HasRows))
        {
            Line($"var {Name(new KernelSymbol.Gradient(operand.Index))} = {Name(new KernelSymbol.GradientSlot(operand.Index))}.Row(t);");
        }

        Line($"var {Name(Of(InputRole.ResultBar, 0), "resultBar")} = pass.ResultBar(t);");
        DeclareStatesBefore("t, ");
        Write(step.Writer.Items);
        Assign(Flow.States.Where(s => Changes(step.StateBars[s.Index], InputRole.StateBar, s.Index))
            .Select(s => (Name(Of(InputRole.StateBar, s.Index)), step.StateBars[s.Index]!)));
    }
}
