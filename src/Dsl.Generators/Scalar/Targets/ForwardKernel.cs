using System;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary><c>Forward</c>: from the first step to the last.</summary>
internal sealed class ForwardKernel(Flow flow) : VectorKernel(flow)
{
    protected override void Write()
    {
        var numbers = Flow.States.Where(s => Flow.Next[s.Index] is not null).ToList();
        Sections.Add(Flow.Prologue.Items);
        Sections.Add(Flow.Step.Items);
        MarkLive([Flow.Result, .. Flow.Next.OfType<FlowNode>()], i => i is StoreItem { Array.Role: ArrayRole.State });
        DeclareOperands();
        DeclareStates();
        WritePrologue();
        Block("for (int t = pass.From; t < pass.To; t++)", () =>
        {
            if (Flow.States.Count > 0)
            {
                Block("if (pass.Keeping)", () =>
                {
                    foreach (var state in numbers)
                    {
                        Line($"pass.State({state.Index}) = {Name(Of(InputRole.State, state.Index))};");
                    }

                    Line("pass.Keep(t);");
                });
                Line();
            }

            if (IsRecurrence)
            {
                Block("if (pass.IsPadding(t))", () =>
                {
                    Line($"pass.SetResult(t, {Style.Zero});");
                    Line("continue;");
                });
                Line();
            }

            ReadOperands();
            Write(Flow.Step.Items);
            Line($"pass.SetResult(t, {Operand(Flow.Result, true)});");
            Assign(Flow.States.Where(s => Changes(Flow.Next[s.Index], InputRole.State, s.Index))
                .Select(s => (Name(Of(InputRole.State, s.Index)), Flow.Next[s.Index]!)));
        });
        if (numbers.Count > 0)
        {
            Line();
        }

        foreach (var state in numbers)
        {
            Line($"pass.State({state.Index}) = {Name(Of(InputRole.State, state.Index))};");
        }
    }

    protected override void Gather(AddItem add, string value) => throw new InvalidOperationException("Forwards, nothing is added to a gradient.");
}
