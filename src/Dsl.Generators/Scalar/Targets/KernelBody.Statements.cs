using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Generators.Scalar;

/// <summary>Statements.</summary>
internal abstract partial class KernelBody
{
    protected void Write(IEnumerable<Item> items)
    {
        foreach (var item in items.Where(IsLive))
        {
            switch (item)
            {
                case Define d:
                    if (Deserves(d.Node))
                    {
                        var own = Print(d.Node);
                        var name = Fresh(d.Node.Name.Length > 0 ? d.Node.Name : "r" + ++unnamed);
                        Line($"var {name} = {own.Code};");
                        locals[d.Node] = name;
                    }

                    break;
                case SetItem s:
                    if (declared.Add(s.Cell))
                    {
                        var name = cells[s.Cell] = Fresh(s.Cell.Name);
                        Line($"{(s.Cell.Kind == ScalarKind.Int ? "int" : style.Type)} {name} = {Operand(s.Value, s.Cell.Kind == ScalarKind.Double)};");
                    }
                    else
                    {
                        var cell = cells[s.Cell];
                        var sum = !locals.ContainsKey(s.Value) && s.Value.Op == Op.Add && s.Value.Arguments[0] is { Op: Op.Get } get && get.Cell == s.Cell
                            && Fused(s.Value.Arguments[1], s.Value.Arguments[0], "") is null;
                        Line(sum
                            ? Increase(cell, Argument(s.Value, 1, 0), Host(s.Value))
                            : $"{cell} = {Operand(s.Value, s.Cell.Kind == ScalarKind.Double)};");
                    }

                    break;
                case StoreItem s:
                    Guarded(s.Region, $"{named[Of(s.Array)]}[{Read(s.Index).Code}] = {Operand(s.Value, true)};");
                    break;
                case AddItem a:
                    WriteAdd(a);
                    break;
                case LoopItem l:
                    var counter = Fresh(l.Counter.Name);
                    locals[l.Counter] = counter;
                    var (within, next) = l.Step > 0 ? ("<", "++") : (">", "--");
                    Line($"for (int {counter} = {Read(l.From).Code}; {counter} {within} {Read(l.To).Tight(7)}; {counter}{next})");
                    Line("{");
                    depth++;
                    Write(l.Body);
                    depth--;
                    Line("}");
                    Line("");
                    taken.Remove(counter);
                    break;
            }
        }
    }

    private void WriteAdd(AddItem a)
    {
        var value = Operand(a.Value, true);
        if (a.Hoisted)
        {
            var bar = a.Index is null ? named[Of(InputRole.HoistedBar, a.Target)] : $"{named[Of(ArrayRole.HoistedBar, a.Target)]}[{Read(a.Index).Code}]";
            Guarded(a.Region, Increase(bar, value));
            return;
        }

        Gather(a, value);
    }

    protected string Increase(string sum, string by, bool uniform = false) =>
        uniform || style.SumsByOperator ? $"{sum} += {by};" : $"{sum} = {sum}.Plus({by});";

    private string Guard(PathCondition region)
    {
        var conditions = new List<string>();
        for (PathCondition? r = region; r is not null; r = r.Parent)
        {
            if (r.Condition is { } condition && Host(condition))
            {
                conditions.Insert(0, r.Negated ? "!" + Read(condition).Tight(9) : Read(condition).Tight(5));
            }
        }

        return string.Join(" && ", conditions);
    }

    protected void Guarded(PathCondition region, string line)
    {
        var guard = Guard(region);
        if (guard.Length == 0)
        {
            Line(line);
            return;
        }

        Line($"if ({guard})");
        Line("{");
        Line("    " + line);
        Line("}");
        Line("");
    }

    private bool Deserves(FlowNode node)
    {
        if (node.Op is Op.Get or Op.Constant)
        {
            return false;
        }

        if (setOnly.Contains(node) && uses[node] == 1 && !kept.Contains(node))
        {
            return false;
        }

        return node.Name.Length > 0 || kept.Contains(node) || (uses.TryGetValue(node, out var n) && n > 1)
            || (node.Op == Op.Load && node.Array!.Mutable) || Deep(node) > 5;
    }

    private int Deep(FlowNode node) => locals.ContainsKey(node) || node.Arguments.Count == 0 ? 0 : 1 + node.Arguments.Max(a => Deep(a));
}
