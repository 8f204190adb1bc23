using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>Which axes there are, and along which of them vectors lie.</summary>
internal sealed partial class Flow
{
    private void ReadAxes()
    {
        // A transfer function is computed at all nodes at once; nothing of it moves in time.
        var isTransfer = Function.Form == ScalarForm.Transfer;
        var axes = Function.IsElementwise ? "b t d" : isTransfer ? Function.Axes + " " + Nodes : Function.Axes;
        var said = axes.Split([' '], StringSplitOptions.RemoveEmptyEntries);

        // A function over a token's own axes is walked along time; where its values have none, along the first of their axes.
        var isOfToken = Function.Form == ScalarForm.Pointwise && !Function.IsElementwise;
        var walked = isOfToken && said.Length > 1 && !said.Contains("t") ? said[0] : "t";
        string Kernel(string axis) => axis == walked ? "t" : axis;
        string Said(string axis) => axis == "t" ? walked : axis;
        Axes = [.. said.Select(Kernel)];
        if (Axes.Contains("t") == isTransfer || Axes.Distinct().Count() != Axes.Count)
        {
            throw new NotAKernelException(
                $"The axes '{axes}' of '{Function.Name}' must name each axis once, and {(isOfToken ? "two of them or more" : "time as 't'")}.",
                NotAKernelException.Axes);
        }

        var last = Axes.Last(a => a != "t" || Axes.Count == 1);
        Lane = last == Axes[0] || last == "t" ? "-" : last;
        var batch = walked == "t" ? Axes.FirstOrDefault(a => a != "t") : null;
        var stateSpan = Function.State.Split(' ').Where(a => a.StartsWith("[", StringComparison.Ordinal)).Select(a => a.Trim('[', ']')).ToList();
        if (stateSpan.Count > 1)
        {
            throw new NotAKernelException($"The state '{Function.State}' of '{Function.Name}' has more than one axis in brackets: one span walks one axis.",
                NotAKernelException.Axes);
        }

        var parallel = Function.State.Split([' '], StringSplitOptions.RemoveEmptyEntries).Where(a => !a.StartsWith("[", StringComparison.Ordinal)).ToList();
        if (Function.Form == ScalarForm.Recurrence && Function.Of(ScalarRole.State).Any() && !parallel.SequenceEqual(Axes.Where(a => a != "t")))
        {
            throw new NotAKernelException(
                $"The state '{Function.State}' of '{Function.Name}' must have the axes '{string.Join(" ", Axes.Where(a => a != "t"))}' outside its brackets.",
                NotAKernelException.Axes);
        }

        // Time is walked by the recurrence itself, and rows of a batch know nothing of each other.
        void CheckSpan(string span, string name)
        {
            if (span == "t" || (span == batch && Axes.Count > 2 && !isTransfer) || (isOfToken && span is "b" or "s"))
            {
                throw new NotAKernelException(
                    $"'{name}' is a span along '{Said(span)}': a step sees one moment of one row; its spans lie along other axes than time and the first.",
                    name);
            }
        }

        foreach (var span in stateSpan)
        {
            CheckSpan(span, Function.Of(ScalarRole.State).FirstOrDefault(p => p.Span)?.Name ?? "");
        }

        foreach (var p in Function.Parameters)
        {
            if (p.Role is ScalarRole.Config or ScalarRole.Index)
            {
                continue;
            }

            if (p.Role == ScalarRole.Table)
            {
                throw new NotAKernelException($"'{p.Name}' is a table, which only a score can read.", p.Name);
            }

            var parts = p.Kind == ScalarKind.Complex ? new[] { 0, 1 } : [-1];
            foreach (var part in parts)
            {
                var name = p.Name + (part < 0 ? "" : part == 0 ? "Re" : "Im");
                if (p.Role == ScalarRole.State)
                {
                    if (p.Span && stateSpan.Count == 0)
                    {
                        throw new NotAKernelException($"'{p.Name}' is a span, but the state '{Function.State}' has no axis in brackets.", p.Name);
                    }

                    States.Add(new KernelState(States.Count, name, p.Name, p.Span ? stateSpan[0] : "", part, part == 1 ? 0 : p.Start.Value));
                    continue;
                }

                // Brackets say that the file has one axis for several; here they are several.
                var own = p.Axes.Split([' ', '(', ')'], StringSplitOptions.RemoveEmptyEntries).Select(Kernel).ToList();
                if (isTransfer && p.Role == ScalarRole.Value)
                {
                    own = [Nodes];
                }

                if (part >= 0 && own.Count > 0 && own[own.Count - 1] == "2")
                {
                    own.RemoveAt(own.Count - 1);
                }

                var isSaid = own.Count > 0;
                if (Function.IsElementwise && own.Count > 1 && own[own.Count - 1] == "1" && own.Any(a => a != "1"))
                {
                    throw new NotAKernelException($"'{p.Name}' does not lie along the last axis.", p.Name);
                }

                own.RemoveAll(a => a == "1");
                if (own.GroupBy(a => a).FirstOrDefault(g => g.Count() > 1) is { } twice)
                {
                    throw new NotAKernelException($"'{p.Name}' has the axis '{twice.Key}' twice: axes are told apart by their names.", p.Name);
                }

                if (Function.IsElementwise)
                {
                    if (own.Count > 1)
                    {
                        throw new NotAKernelException($"'{p.Name}' has more than one axis: a weight of a pointwise function lies along the last axis.", p.Name);
                    }

                    own = p.Role == ScalarRole.Value && p.Axes.Length == 0 ? [.. Axes] : own.Count == 0 ? [] : ["d"];
                }
                else if (!isSaid && p.Axes.Length == 0)
                {
                    own = [.. Axes];
                    if (p.Span)
                    {
                        throw new NotAKernelException($"'{p.Name}' is a span and must say its axes, the span's last: [Axes(\"b t n\")].", p.Name);
                    }
                }

                var span = "";
                if (p.Span)
                {
                    if (own.Count == 0)
                    {
                        throw new NotAKernelException($"'{p.Name}' is a span, but '{p.Axes}' names no axis that it could walk.", p.Name);
                    }

                    span = own[own.Count - 1];
                    own.RemoveAt(own.Count - 1);
                    CheckSpan(span, p.Name);
                }

                if (p.Role is ScalarRole.Parameter or ScalarRole.Derived && isSaid
                    && own.FirstOrDefault(a => a == "t" || (a == batch && Axes.Count > 2) || (isOfToken && a is "b" or "s")) is { } moving)
                {
                    throw new NotAKernelException($"'{p.Name}' is a weight: it cannot have the axis '{Said(moving)}', which every call has in another size.",
                        p.Name);
                }

                if (own.Except(Axes).FirstOrDefault() is { } strange)
                {
                    throw new NotAKernelException($"'{p.Name}' has an axis '{strange}', which '{Function.Name}' ('{string.Join(" ", Axes)}') has not.", p.Name);
                }

                Operands.Add(
                    new KernelOperand(
                        Operands.Count,
                        name,
                        p.Name,
                        own.ToEquatable(),
                        span,
                        part,
                        own.Contains("t"),
                        own.Contains(Lane))
                    { Stored = !Function.IsElementwise && p.Axes.Split(' ').Contains("1") ? p.Axes : "" });
            }
        }

        if (Function.Form == ScalarForm.Recurrence || isOfToken)
        {
            // Every call must be able to tell how long an axis is.
            var known = new HashSet<string>(Operands.SelectMany(o => o.Axes.Append(o.Span)));
            if (Axes.Concat(stateSpan).FirstOrDefault(a => !known.Contains(a)) is { } unknown)
            {
                throw new NotAKernelException(
                    $"Nothing that '{Function.Name}' reads has the axis '{Said(unknown)}', so that nobody knows how long it is.", NotAKernelException.Axes);
            }

            if (Axes.Take(1).Append("t").FirstOrDefault(a => Operands.All(o => !o.Axes.Contains(a))) is { } still)
            {
                throw new NotAKernelException($"No value of '{Function.Name}' has the axis '{Said(still)}'.", NotAKernelException.Axes);
            }
        }
    }
}
