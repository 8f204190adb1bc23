using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

internal sealed partial class Flow
{
    /// <summary>If-conversion: a branch becomes selections between values; a loop stays one.</summary>
    private sealed partial class Builder
    {
        // An element is written in all lanes: where the branch is not taken, with what was there.
        private void Write(FlowArray array, FlowNode index, FlowNode value)
        {
            var at = to.Region;
            to.Region = Reaching(array, index);
            WriteWithin(array, index, value);
            to.Region = at;
        }

        // Lanes go through a branch together, also those that do not take it: an index that its condition kept inside may lie outside for them.
        private PathCondition Reaching(FlowArray array, FlowNode index)
        {
            var region = to.Region;
            if (LoopItem.StaysWithin(index, array))
            {
                return region;
            }

            var masked = false;
            for (var r = region; r.Condition is not null; r = r.Parent!)
            {
                masked |= !r.Condition.Uniform;
            }

            if (!masked)
            {
                return region;
            }

            var inside = to.Binary(
                Op.And, to.Binary(Op.GreaterOrEqual, index, to.Constant(0, ScalarKind.Int)), to.Binary(Op.Less, index, to.Length(array)));
            return new PathCondition(region, inside, false);
        }

        private void WriteWithin(FlowArray array, FlowNode index, FlowNode value)
        {
            var masks = new List<(FlowNode Condition, bool Negated)>();
            for (var region = to.Region; region.Condition is not null; region = region.Parent!)
            {
                if (!region.Condition.Uniform)
                {
                    masks.Add((region.Condition, region.Negated));
                }
            }

            if (masks.Count > 0)
            {
                // What is uniform stays a condition of the statement; lanes are selected.
                var inner = to.Region;
                to.Region = Uniform(inner);
                var old = to.Load(array, index, true);
                foreach (var (condition, negated) in masks)
                {
                    value = negated ? to.Select(condition, old, value) : to.Select(condition, value, old);
                }

                to.Store(array, index, value);
                to.Region = inner;
                return;
            }

            to.Store(array, index, value);
        }

        private static PathCondition Uniform(PathCondition region)
        {
            if (region.Condition is null)
            {
                return region;
            }

            var parent = Uniform(region.Parent!);
            return !region.Condition.Uniform ? parent
                : ReferenceEquals(parent, region.Parent) ? region : new PathCondition(parent, region.Condition, region.Negated);
        }

        private Pair? Branch(If branch)
        {
            var condition = Read(branch.Condition).Re;
            var before = new Dictionary<string, Pair>(environment);
            var outer = to.Region;
            to.Region = new PathCondition(outer, condition, false);
            var yes = Block(branch.Then);
            var then = new Dictionary<string, Pair>(environment);
            environment.Clear();
            foreach (var pair in before)
            {
                environment[pair.Key] = pair.Value;
            }

            to.Region = new PathCondition(outer, condition, true);
            var no = Block(branch.Else);
            to.Region = outer;
            foreach (var name in environment.Keys.Union(then.Keys).ToList())
            {
                var (a, b) = (then.TryGetValue(name, out var x) ? x : null, environment.TryGetValue(name, out var y) ? y : null);
                if (a is null || b is null)
                {
                    // Declared before, given a value in one branch: C# lets nobody read it unless that branch was taken.
                    if (!before.ContainsKey(name))
                    {
                        environment.Remove(name);
                    }
                }
                else if (!a.Equals(b))
                {
                    environment[name] = Named(Choose(condition, a, b), name);
                }
            }

            return yes is not null && no is not null ? Choose(condition, yes, no) : null;
        }

        private Pair Choose(FlowNode condition, Pair yes, Pair no)
        {
            if (!condition.Uniform && yes.Re.Kind == ScalarKind.Bool)
            {
                return new Pair(
                    to.Binary(Op.Or, to.Binary(Op.And, condition, yes.Re), to.Binary(Op.And, to.Make(Op.Not, ScalarKind.Bool, [condition]), no.Re)), null);
            }

            return !condition.IsFixed && yes.Re.Kind == ScalarKind.Int && !ReferenceEquals(yes.Re, no.Re)
                ? throw new NotAKernelException(
                    $"'{flow.Function.Name}' has an int that depends on values: a kernel counts with ints and computes with doubles.")
                : Selected(condition, yes, no);
        }

        private Pair Selected(FlowNode condition, Pair yes, Pair no) => new(
            to.Select(condition, yes.Re, no.Re),
            yes.Im is null && no.Im is null ? null : to.Select(condition, yes.Im ?? to.Constant(0), no.Im ?? to.Constant(0)));

        private void ReadLoop(Loop loop)
        {
            if (to.Loop is not null)
            {
                throw new NotAKernelException($"'{flow.Function.Name}' has a loop inside a loop: a kernel walks one bracketed axis at a time.");
            }

            var from = Read(loop.From).Re;
            var bound = Read(loop.To).Re;
            if (!from.Uniform || !bound.Uniform)
            {
                throw new NotAKernelException(
                    $"'{flow.Function.Name}' has a loop whose bounds depend on the position: all rows walk one bracketed axis together.");
            }

            var written = Inliner.Assigned(loop.Body);
            var cells = new Dictionary<string, Cell[]>();
            foreach (var name in written.Where(environment.ContainsKey).OrderBy(n => n, StringComparer.Ordinal))
            {
                var kind = kinds[name];
                if (kind == ScalarKind.Bool)
                {
                    throw new NotAKernelException($"'{name}' is a truth value that a loop carries on: a kernel carries numbers.");
                }

                cells[name] = kind == ScalarKind.Complex
                    ? [new Cell(name + "Re", ScalarKind.Double), new Cell(name + "Im", ScalarKind.Double)]
                    : [new Cell(name, kind)];
                Put(cells[name], environment[name]);
            }

            var opened = to.Open(from, bound, loop.Step, loop.Name);
            environment[loop.Name] = new Pair(opened.Counter, null);
            kinds[loop.Name] = ScalarKind.Int;
            Take(cells);
            var outside = new HashSet<string>(environment.Keys);
            Block(loop.Body);
            foreach (var pair in cells)
            {
                Put(pair.Value, environment[pair.Key]);
            }

            to.Close();
            foreach (var name in environment.Keys.Except(outside).ToList())
            {
                environment.Remove(name);
            }

            environment.Remove(loop.Name);
            Take(cells);
        }

        private void Put(Cell[] cells, Pair value)
        {
            if (cells[0].Kind == ScalarKind.Int && !value.Re.Uniform)
            {
                throw new NotAKernelException($"'{cells[0].Name}' is an int that a loop carries on, and depends on the position: make it a double.");
            }

            to.Set(cells[0], value.Re);
            if (cells.Length > 1)
            {
                to.Set(cells[1], value.Im ?? to.Constant(0));
            }
        }

        private void Take(Dictionary<string, Cell[]> cells)
        {
            foreach (var pair in cells)
            {
                environment[pair.Key] = new Pair(to.Get(pair.Value[0]), pair.Value.Length > 1 ? to.Get(pair.Value[1]) : null);
            }
        }
    }
}
