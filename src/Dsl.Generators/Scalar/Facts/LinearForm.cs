using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>
/// Whether a step is linear in its state and its one input, with coefficients that do not change over time. Then its result is the convolution of
/// the input with the answer to an impulse.
/// </summary>
internal static class LinearForm
{
    /// <summary>How a value depends on state and input.</summary>
    private enum Degree
    {
        Zero,
        Fixed,
        Linear,
        Other,
    }

    /// <summary>The index of the operand that is the input; -1 where the step has no such form.</summary>
    public static int Input(Flow flow) => WhyNot(flow) is null ? flow.Operands.First(o => o.Time).Index : -1;

    /// <summary>As <see cref="Input(Flow)"/>, for a function; -1 for one without a kernel too.</summary>
    public static int Input(ScalarFunction function)
    {
        try
        {
            return Input(Flow.Of(function));
        }
        catch (NotAKernelException)
        {
            return -1;
        }
    }

    /// <summary>Why the step has no convolution, as the end of a sentence; null where it has one.</summary>
    public static string? WhyNot(Flow flow)
    {
        if (flow.Function.Form != ScalarForm.Recurrence || flow.States.Count == 0)
        {
            return "it carries no state";
        }

        if (flow.States.FirstOrDefault(s => s.Start != 0) is { } started)
        {
            return $"its state '{started.Parameter}' does not begin at zero";
        }

        var moving = flow.Operands.Where(o => o.Time).ToList();
        if (moving.Count != 1)
        {
            return moving.Count == 0 ? "nothing that it reads changes over time" : $"'{moving[1].Parameter}' changes over time beside '{moving[0].Parameter}'";
        }

        if (moving[0].Span.Length > 0 || moving[0].Part >= 0 || !moving[0].Axes.SequenceEqual(flow.Axes))
        {
            return $"'{moving[0].Parameter}' is not one number for each of '{string.Join(" ", flow.Axes)}'";
        }

        var cells = new Dictionary<Cell, Degree>();
        var items = Flow.All(flow.Step.Items).ToList();
        while (true)
        {
            // What a loop carries is known when another round changes nothing.
            var known = new Dictionary<FlowNode, Degree>();
            var changed = false;
            foreach (var set in items.OfType<SetItem>())
            {
                var before = cells.TryGetValue(set.Cell, out var old) ? old : Degree.Zero;
                var after = Join(before, Of(set.Value, cells, known));
                changed |= after != before || !cells.ContainsKey(set.Cell);
                cells[set.Cell] = after;
            }

            if (!changed)
            {
                break;
            }
        }

        var degrees = new Dictionary<FlowNode, Degree>();
        bool Linear(FlowNode node) => Of(node, cells, degrees) is Degree.Linear or Degree.Zero;
        if (items.OfType<StoreItem>().FirstOrDefault(s => s.Array.Role == ArrayRole.State && !Linear(s.Value)) is { } store)
        {
            return $"its state '{store.Array.Name}' is not linear in state and input";
        }

        if (flow.Next.Select((next, i) => (next, i)).FirstOrDefault(n => n.next is not null && !Linear(n.next)) is { next: not null } wrong)
        {
            return $"its state '{flow.States[wrong.i].Name}' is not linear in state and input";
        }

        return Linear(flow.Result) ? null : "its result is not linear in state and input";
    }

    private static Degree Join(Degree a, Degree b) => a == b || b == Degree.Zero ? a : a == Degree.Zero ? b : Degree.Other;

    private static Degree Of(FlowNode node, Dictionary<Cell, Degree> cells, Dictionary<FlowNode, Degree> known)
    {
        if (known.TryGetValue(node, out var degree))
        {
            return degree;
        }

        Degree At(int i) => Of(node.Arguments[i], cells, known);
        bool AreFixed() => node.Arguments.All(a => Of(a, cells, known) <= Degree.Fixed);
        degree = node.Op switch
        {
            Op.Constant => node.Kind == ScalarKind.Double && node.Number == 0 ? Degree.Zero : Degree.Fixed,
            Op.Input => node.Time ? Degree.Linear : Degree.Fixed,
            Op.Load => node.Array!.Role == ArrayRole.State ? Degree.Linear : node.Time ? Degree.Other : Degree.Fixed,
            Op.Get => cells.TryGetValue(node.Cell!, out var carried) ? carried : Degree.Zero,
            Op.Position => Degree.Other,
            Op.Negate => At(0),
            Op.Add or Op.Subtract => Join(At(0), At(1)),
            Op.Multiply => Product(At(0), At(1)),
            Op.Divide => At(1) <= Degree.Fixed ? At(0) : Degree.Other,
            Op.Select => At(0) <= Degree.Fixed ? Join(At(1), At(2)) : Degree.Other,
            _ => AreFixed() ? Degree.Fixed : Degree.Other,
        };
        return known[node] = degree;
    }

    private static Degree Product(Degree a, Degree b) =>
        a == Degree.Other || b == Degree.Other || (a == Degree.Linear && b == Degree.Linear) ? Degree.Other
        : a == Degree.Zero || b == Degree.Zero ? Degree.Zero
        : a == Degree.Linear || b == Degree.Linear ? Degree.Linear : Degree.Fixed;
}
