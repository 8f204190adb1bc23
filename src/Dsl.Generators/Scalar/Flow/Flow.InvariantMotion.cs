using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>Loop-invariant code motion: what is the same at every step is computed before the first.</summary>
internal sealed partial class Flow
{
    // What does not depend on the step is computed before the first one: single values always, values of a loop's turns where they cost something.
    private void Hoist()
    {
        var old = Step;
        var wanted = new HashSet<FlowNode>();
        void Want(FlowNode node, bool byStep)
        {
            if (!node.Time && !node.Uniform && node.Op is not (Op.Input or Op.Load) && byStep && (node.Loop is null || Costs(node)))
            {
                wanted.Add(node);
                return;
            }

            foreach (var argument in node.Arguments)
            {
                Want(argument, byStep);
            }
        }

        var items = All(old.Items).ToList();
        foreach (var item in items)
        {
            switch (item)
            {
                case Define { Node: { Time: true } node }:
                    foreach (var argument in node.Arguments)
                    {
                        Want(argument, true);
                    }

                    break;
                case StoreItem s:
                    Want(s.Value, true);
                    break;
                case SetItem s:
                    Want(s.Value, true);
                    break;
            }
        }

        Want(Result, true);
        foreach (var next in Next)
        {
            if (next is not null)
            {
                Want(next, true);
            }
        }

        // A value under a condition that changes with the step stays in the step.
        wanted.RemoveWhere(n => !ReferenceEquals(n.Region, old.Root) && Conditions(n.Region).Any(c => c.Time));
        if (wanted.Count == 0)
        {
            return;
        }

        var rebuilt = new FlowWriter();
        var prologue = new Copier(Prologue);
        var copier = new Copier(rebuilt);
        // What a loop takes from outside is computed outside.
        void Outside(FlowNode node)
        {
            foreach (var argument in node.Arguments)
            {
                if (argument.Loop is null)
                {
                    prologue.Copy(argument);
                }
                else
                {
                    Outside(argument);
                }
            }
        }

        foreach (var group in wanted.OrderBy(n => n.Id).GroupBy(n => n.Loop))
        {
            if (group.Key is { } loop)
            {
                foreach (var node in group)
                {
                    Outside(node);
                }

                var opened = Prologue.Open(prologue.Copy(loop.From), prologue.Copy(loop.To), loop.Step, loop.Counter.Name);
                prologue.Map[loop.Counter] = opened.Counter;
                foreach (var node in group)
                {
                    var array = new FlowArray("hoisted" + Hoists.Count, ArrayRole.Hoisted, Hoists.Count, "");
                    var value = prologue.Copy(node);
                    Prologue.Store(array, Prologue.Turn(opened.Counter), value);
                    Hoists.Add(new Hoisted(Hoists.Count, NameOf(node, Hoists.Count), value, array, loop));
                    copier.Hoisted[node] = Hoists[Hoists.Count - 1];
                }

                Prologue.Close();
            }
            else
            {
                foreach (var node in group)
                {
                    Hoists.Add(new Hoisted(Hoists.Count, NameOf(node, Hoists.Count), prologue.Copy(node), null, null));
                    copier.Hoisted[node] = Hoists[Hoists.Count - 1];
                }
            }
        }

        copier.CopyItems(old.Items);
        Result = copier.Copy(Result);
        for (var i = 0; i < Next.Count; i++)
        {
            Next[i] = Next[i] is { } next ? copier.Copy(next) : null;
        }

        Step = rebuilt;
    }

    // Exp(decay) is called expDecay.
    private static string NameOf(FlowNode node, int index)
    {
        if (node.Name.Length > 0)
        {
            return node.Name;
        }

        var word = node.Op switch
        {
            Op.Call => char.ToLowerInvariant(node.Text[0]) + node.Text.Substring(1),
            Op.Negate => "minus",
            _ => "",
        };
        if (word.Length > 0 && node.Arguments.Count == 1)
        {
            var argument = node.Arguments[0];
            var inner = argument.Op == Op.Load ? argument.Array!.Name : NameOf(argument, -1);
            if (inner.Length > 0)
            {
                return word + char.ToUpperInvariant(inner[0]) + inner.Substring(1);
            }
        }

        return index < 0 ? "" : "fixed" + index;
    }

    private static bool Costs(FlowNode node) => node.Op is Op.Call or Op.Divide || (!node.Time && node.Arguments.Any(Costs));

    private static IEnumerable<FlowNode> Conditions(PathCondition region)
    {
        for (PathCondition? r = region; r is not null; r = r.Parent)
        {
            if (r.Condition is not null)
            {
                yield return r.Condition;
            }
        }
    }
}
