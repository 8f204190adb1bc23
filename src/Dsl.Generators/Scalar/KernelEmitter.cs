using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Dsl.Generators.Scalar;

/// <summary>
/// A recurrence or pointwise function as a struct that implements <c>IScanKernel</c>: vectors over the innermost parallel axis, forwards and back,
/// and the same step over whole tensors for other devices and types. The text needs
/// <c>using System; using System.Numerics; using Dsl; using Dsl.Runtime; using TorchSharp; using static TorchSharp.torch;</c>.
/// </summary>
internal static class KernelEmitter
{
    /// <param name="name">Name of the struct.</param>
    /// <exception cref="NotAKernelException">The function has no kernel; the message is a sentence that says why.</exception>
    public static string Emit(ScalarFunction function, string name, string access = "internal")
    {
        var flow = Flow.Of(function);
        var tapes = new List<FlowArray>();
        var step = Adjoint.OfStep(flow, tapes);
        var before = Adjoint.OfPrologue(flow, tapes, step);
        var text = new StringBuilder();
        var what = function.Form == ScalarForm.Pointwise ? "each element" : "each step";
        text.Append($"/// <summary>{function.Name}: {what} for the lanes of one vector, and the way back.</summary>\n");
        text.Append($"{access} readonly struct {name} : IScanKernel\n{{\n");
        Layout(text, flow);
        text.Append("    /// <inheritdoc/>\n    public static void Forward<T>(scoped ref ScanPass<T> pass)\n        where T : unmanaged\n    {\n");
        text.Append(new Body(flow, new VectorStyle(flow)).Forward());
        text.Append("    }\n\n    /// <inheritdoc/>\n    public static void Backward<T>(scoped ref ScanPass<T> pass)\n        where T : unmanaged\n    {\n");
        text.Append(new Body(flow, new VectorStyle(flow)).Backward(step, before, tapes));
        text.Append("    }\n\n    /// <inheritdoc/>\n    public static Tensor Step(TensorStep pass)\n    {\n");
        text.Append(new Body(flow, new TensorStyle(flow, back: false)).Whole());
        if (function.Form == ScalarForm.Recurrence)
        {
            text.Append("    }\n\n    /// <inheritdoc/>\n    public static void StepBack(TensorStepBack pass)\n    {\n");
            text.Append(new Body(flow, new TensorStyle(flow, back: true)).WholeBack(step, before));
        }

        text.Append("    }\n}\n");
        return text.ToString();
    }

    /// <summary>The derivative of a pointwise function by one of its values, as a method over whole tensors that autograd can differentiate in its turn.</summary>
    /// <param name="function">The function.</param>
    /// <param name="name">The method's name.</param>
    /// <param name="value">Which of its values.</param>
    /// <exception cref="NotAKernelException">The function uses what kernels cannot say.</exception>
    public static string Slope(ScalarFunction function, string name, string value)
    {
        var flow = Flow.Of(function);
        var (adjoint, slope) = Adjoint.OfOperand(flow, flow.Operands.First(o => o.Parameter == value).Index);
        var body = new Body(flow, new TensorStyle(flow, back: false)).Slope(adjoint, slope);
        var operands = flow.Operands.Select(o => Literals.Name(o.Parameter)).ToList();
        var text = new StringBuilder();
        text.Append($"private Tensor {name}({string.Join(", ", operands.Select(o => "Tensor " + o))})\n{{\n");
        text.Append("    using var scope = torch.NewDisposeScope();\n");
        text.Append($"    var pass = TensorStep.Over([{string.Join(", ", flow.Settings)}], {string.Join(", ", operands)});\n");
        text.Append(string.Join("\n", body.TrimEnd('\n').Split('\n').Select(l => l.StartsWith("    ", StringComparison.Ordinal) ? l.Substring(4) : l)));
        text.Append("\n}\n");
        return text.ToString();
    }

    /// <summary>A transfer function as a struct that implements <c>ITransferKernel</c>: all nodes at once, over whole tensors.</summary>
    /// <exception cref="NotAKernelException">The function has no such form; the message is a sentence that says why.</exception>
    public static string EmitTransfer(ScalarFunction function, string name, string access = "internal")
    {
        var flow = Flow.Of(function);
        var text = new StringBuilder();
        text.Append($"/// <summary>{function.Name}: the kernel at all nodes of the unit circle.</summary>\n");
        text.Append($"{access} readonly struct {name} : ITransferKernel\n{{\n");
        Layout(text, flow);
        text.Append("    /// <inheritdoc/>\n    public static (Tensor Real, Tensor Imaginary) At(TensorStep pass)\n    {\n");
        text.Append(new Body(flow, new TensorStyle(flow, back: false)).Whole());
        text.Append("    }\n}\n");
        return text.ToString();
    }

    /// <summary>Why the function has no kernel, in a sentence; null where it has one.</summary>
    public static string? WhyNot(ScalarFunction function)
    {
        try
        {
            _ = function.Form == ScalarForm.Transfer ? EmitTransfer(function, "Kernel") : Emit(function, "Kernel");
            return null;
        }
        catch (NotAKernelException e)
        {
            return e.Message;
        }
    }

    /// <summary>C# texts of the settings that the kernel asks for, over a variable <c>config</c> (and <c>layer</c>), in order.</summary>
    public static IReadOnlyList<string> Settings(ScalarFunction function) => Flow.Of(function).Settings;

    private static void Layout(StringBuilder text, Flow flow)
    {
        var parameters = flow.Function.Parameters.Where(p => p.Role is not (ScalarRole.Config or ScalarRole.Index or ScalarRole.State)).Select(p => p.Name).ToList();
        var states = flow.Function.Parameters.Where(p => p.Role == ScalarRole.State).Select(p => p.Name).ToList();
        text.Append("    /// <inheritdoc/>\n    public static ScanLayout Layout { get; } = new(\n");
        text.Append($"        \"{flow.Function.Name}\", \"{string.Join(" ", flow.Axes)}\",\n        [\n");
        foreach (var o in flow.Operands)
        {
            text.Append($"            new ScanOperand(\"{o.Name}\", \"{string.Join(" ", o.Axes)}\", \"{o.Span}\", {parameters.IndexOf(o.Parameter)}, {o.Part}){(o.Stored.Length > 0 ? $" {{ Stored = {Microsoft.CodeAnalysis.CSharp.SymbolDisplay.FormatLiteral(o.Stored, quote: true)} }}" : "")},\n");
        }

        text.Append("        ],\n        [\n");
        foreach (var s in flow.States)
        {
            text.Append($"            new ScanState(\"{s.Name}\", \"{s.Span}\", {states.IndexOf(s.Parameter)}, {s.Part}, {Literals.Double(s.Start)}),\n");
        }

        var input = LinearForm.Input(flow);
        text.Append(input < 0 ? "        ]);\n\n" : $"        ])\n    {{\n        Signal = {input},  // linear in it and in the state, with coefficients fixed in time\n    }};\n\n");
    }

    /// <summary>How values are written down.</summary>
    private abstract class Style(Flow flow)
    {
        protected Flow Flow => flow;

        /// <summary>Autograd goes back through what is written, so that branches mark what enters them.</summary>
        public virtual bool Enters => false;

        public abstract string Zero { get; }

        public abstract string Type { get; }

        public abstract string Constant(string number);

        public abstract string Call(string function, IReadOnlyList<string> arguments);

        public abstract string Compare(Op op, string left, string right);

        public abstract string Logic(Op op, string left, string right);

        public virtual bool SumsByOperator => true;

        public abstract string Not(string x);

        public abstract string Select(string condition, string yes, string no);

        public abstract string Within(string mask, bool negated, string x);

        public abstract string Operand(KernelOperand operand, string name);

        public abstract string Element(KernelOperand operand, string name, string index);
    }

    private sealed class VectorStyle(Flow flow) : Style(flow)
    {
        public override string Zero => "Vector<T>.Zero";

        public override string Type => "Vector<T>";

        public override string Constant(string number) => number is "0.0" ? Zero : $"Lanes.Of<T>({number})";

        public override string Call(string function, IReadOnlyList<string> arguments) => $"Lanes.{function}({string.Join(", ", arguments)})";

        public override string Compare(Op op, string left, string right) => $"Lanes.{op}({left}, {right})";

        public override string Logic(Op op, string left, string right) => $"{left} {(op == Op.And ? "&" : "|")} {right}";

        public override string Not(string x) => "~" + x;

        public override string Select(string condition, string yes, string no) => $"Lanes.Select({condition}, {yes}, {no})";

        public override string Within(string mask, bool negated, string x) => x;

        public override string Operand(KernelOperand operand, string name) => $"{name}.{(operand.Lanes ? "Lanes" : "Same")}({(operand.Time ? "t" : "0")})";

        public override string Element(KernelOperand operand, string name, string index) => $"{name}.{(operand.Lanes ? "Lanes" : "Same")}({(operand.Time ? "t" : "0")}, {index})";
    }

    private sealed class TensorStyle(Flow flow, bool back) : Style(flow)
    {
        public override bool Enters => !back;

        private static readonly Dictionary<string, string> Methods = new()
        {
            ["Exp"] = "exp",
            ["ExpM1"] = "expm1",
            ["Log"] = "log",
            ["Log1P"] = "log1p",
            ["Log2"] = "log2",
            ["Log10"] = "log10",
            ["Sqrt"] = "sqrt",
            ["Tanh"] = "tanh",
            ["Sinh"] = "sinh",
            ["Cosh"] = "cosh",
            ["Sin"] = "sin",
            ["Cos"] = "cos",
            ["Tan"] = "tan",
            ["Asin"] = "asin",
            ["Acos"] = "acos",
            ["Atan"] = "atan",
            ["Asinh"] = "asinh",
            ["Acosh"] = "acosh",
            ["Atanh"] = "atanh",
            ["Abs"] = "abs",
            ["Sign"] = "sign",
            ["Floor"] = "floor",
            ["Ceiling"] = "ceil",
            ["Round"] = "round",
            ["Truncate"] = "trunc",
            ["Sigmoid"] = "sigmoid",
            ["Erf"] = "erf",
            ["Detach"] = "detach",
        };

        public override string Zero => "pass.Number(0.0)";

        public override string Type => "Tensor";

        // a + b would make a number that a collection may free while native code reads it (see Scalars).
        public override bool SumsByOperator => false;

        public override string Constant(string number) => $"pass.Number({number})";

        public override string Call(string function, IReadOnlyList<string> arguments) =>
            Methods.TryGetValue(function, out var method) ? $"{arguments[0]}.{method}()" : $"TensorScalar.{function}({string.Join(", ", arguments)})";

        public override string Compare(Op op, string left, string right) => op switch
        {
            Op.Less => $"{left}.lt({right})",
            Op.LessOrEqual => $"{left}.le({right})",
            Op.Greater => $"{left}.gt({right})",
            Op.GreaterOrEqual => $"{left}.ge({right})",
            Op.Equal => $"{left}.eq({right})",
            _ => $"{left}.ne({right})",
        };

        public override string Logic(Op op, string left, string right) => $"TensorScalar.{op}({left}, {right})";

        public override string Not(string x) => x + ".logical_not()";

        public override string Select(string condition, string yes, string no) => $"TensorScalar.Where({condition}, {yes}, {no})";

        public override string Within(string mask, bool negated, string x) => $"TensorScalar.Within({(negated ? Not(mask) : mask)}, {x})";

        public override string Operand(KernelOperand operand, string name) => name;

        public override string Element(KernelOperand operand, string name, string index) => $"{name}[{index}]";
    }

    private readonly record struct Text(string Code, int Binds)
    {
        public string Tight(int outer) => Binds < outer ? "(" + Code + ")" : Code;
    }

    private sealed class Body(Flow flow, Style style)
    {
        private readonly StringBuilder text = new();
        private readonly HashSet<string> taken = ["pass", "t", "T", "from", "to", "torch", "Tensor", "Vector", "Lanes", "Math", "ScalarMath", "TensorScalar"];
        private readonly Dictionary<FlowNode, string> locals = [];
        private readonly Dictionary<Cell, string> cells = [];
        private readonly HashSet<Cell> declared = [];
        private readonly Dictionary<string, string> named = [];
        private readonly HashSet<FlowNode> live = [];
        private readonly HashSet<Cell> liveCells = [];
        private readonly HashSet<string> liveArrays = [];
        private readonly Dictionary<FlowNode, int> uses = [];
        private readonly Dictionary<FlowNode, LoopItem?> usedIn = [];
        private readonly HashSet<FlowNode> kept = [];
        private readonly List<List<Item>> sections = [];
        private readonly HashSet<int> stepSums = [];
        private int depth = 2;
        private int unnamed;
        private readonly HashSet<FlowNode> setOnly = [];

        private static string Id(FlowArray array) => array.Role + ":" + array.Index;

        private string Done() => System.Text.RegularExpressions.Regex.Replace(text.ToString(), "\n\n( *})", "\n$1").TrimEnd('\n') + "\n";

        private void Line(string line) => text.Append(line.Length > 0 ? new string(' ', depth * 4) : "").Append(line).Append('\n');

        private string Fresh(string wish)
        {
            var clean = wish.Length == 0 ? "x" : wish;
            var name = Literals.Name(clean);
            for (var i = 2; !taken.Add(name); i++)
            {
                name = clean + i;
            }

            return name;
        }

        private string Name(string key, string wish)
        {
            if (!named.TryGetValue(key, out var name))
            {
                named[key] = name = Fresh(wish);
            }

            return name;
        }

        public string Forward()
        {
            sections.Add(flow.Prologue.Items);
            sections.Add(flow.Step.Items);
            MarkLive([flow.Result, .. flow.Next.OfType<FlowNode>()], i => i is StoreItem { Array.Role: ArrayRole.State });
            DeclareOperands();
            foreach (var state in flow.States)
            {
                Line(flow.Next[state.Index] is null
                    ? $"var {Name("State:" + state.Index, state.Name)} = pass.StateSpan({state.Index});"
                    : $"var {Name("state:" + state.Index, state.Name)} = pass.State({state.Index});");
            }

            WritePrologue();
            Line("for (int t = pass.From; t < pass.To; t++)");
            Line("{");
            depth++;
            if (flow.States.Count > 0)
            {
                Line("if (pass.Keeping)");
                Line("{");
                foreach (var state in flow.States.Where(s => flow.Next[s.Index] is not null))
                {
                    Line($"    pass.State({state.Index}) = {named["state:" + state.Index]};");
                }

                Line("    pass.Keep(t);");
                Line("}");
                Line("");
            }

            Line("if (pass.IsPadding(t))");
            Line("{");
            Line($"    pass.SetResult(t, {style.Zero});");
            Line("    continue;");
            Line("}");
            Line("");
            ReadOperands();
            Write(flow.Step.Items);
            Line($"pass.SetResult(t, {Operand(flow.Result, true)});");
            var changed = flow.States.Where(s => flow.Next[s.Index] is { } next && !IsState(next, s.Index)).ToList();
            AssignStates(changed.Select(s => (named["state:" + s.Index], flow.Next[s.Index]!)).ToList());
            depth--;
            Line("}");
            if (flow.States.Any(s => flow.Next[s.Index] is not null))
            {
                Line("");
            }

            foreach (var state in flow.States.Where(s => flow.Next[s.Index] is not null))
            {
                Line($"pass.State({state.Index}) = {named["state:" + state.Index]};");
            }

            return Done();
        }

        private static bool IsState(FlowNode node, int index) => node.Op == Op.Input && node.Text == "state:" + index;

        // All new values are computed before the first old one goes.
        private void AssignStates(List<(string Name, FlowNode Value)> pairs)
        {
            var ready = pairs.Select(p => (p.Name, Value: Operand(p.Value, true), p)).ToList();
            if (ready.Count > 1)
            {
                ready = ready.Select(r =>
                {
                    if (locals.ContainsKey(r.p.Value) || r.p.Value.Op == Op.Constant)
                    {
                        return r;
                    }

                    var next = Fresh(r.Name + "Next");
                    Line($"var {next} = {r.Value};");
                    return (r.Name, Value: next, r.p);
                }).ToList();
            }

            foreach (var (name, value, _) in ready)
            {
                Line($"{name} = {value};");
            }
        }

        public string Backward(Adjoint step, Adjoint before, List<FlowArray> tapes)
        {
            sections.Add(flow.Prologue.Items);
            sections.Add(step.Writer.Items);
            sections.Add(before.Writer.Items);
            MarkLive([.. step.StateBars.OfType<FlowNode>()], i => i is AddItem or StoreItem { Array.Role: ArrayRole.Bar });
            foreach (var sum in step.Writer.Items.OfType<AddItem>().Where(a => !a.Hoisted && a.Index is null && !flow.Operands[a.Target].Time))
            {
                stepSums.Add(sum.Target);
            }

            DeclareOperands();
            var gradients = sections.SelectMany(Flow.All).OfType<AddItem>().Where(a => !a.Hoisted).Select(a => a.Target).Distinct().OrderBy(i => i);
            foreach (var target in gradients)
            {
                Line($"var {Name("gradient:" + target, flow.Operands[target].Name + "Gradient")} = pass.Gradient({target});");
            }

            foreach (var state in flow.States)
            {
                Line(flow.Next[state.Index] is null
                    ? $"var {Name("Bar:" + state.Index, state.Name + "Bar")} = pass.StateBarSpan({state.Index});"
                    : $"var {Name("stateBar:" + state.Index, state.Name + "Bar")} = pass.StateBar({state.Index});");
            }

            WritePrologue();
            DeclareHoistedBars(sections.SelectMany(Flow.All).OfType<AddItem>());
            foreach (var target in stepSums.OrderBy(i => i))
            {
                Line($"var {Name("sum:" + target, flow.Operands[target].Name + "Bar")} = {style.Zero};");
            }

            DeclareTapes(step);
            Line("for (int t = pass.To - 1; t >= pass.From; t--)");
            Line("{");
            depth++;
            Line("if (pass.IsPadding(t))");
            Line("{");
            Line("    continue;");
            Line("}");
            Line("");
            ReadOperands();
            Line($"var {Name("resultBar:0", "resultBar")} = pass.ResultBar(t);");
            DeclareStatesBefore("t, ");
            Write(step.Writer.Items);
            AssignStates(flow.States.Where(s => step.StateBars[s.Index] is { } bar && !(bar.Op == Op.Input && bar.Text == "stateBar:" + s.Index))
                .Select(s => (named["stateBar:" + s.Index], step.StateBars[s.Index]!)).ToList());
            depth--;
            Line("}");
            Line("");
            foreach (var target in stepSums.OrderBy(i => i))
            {
                Line($"{named["gradient:" + target]}.{(flow.Operands[target].Lanes ? "Add" : "AddSum")}(0, {named["sum:" + target]});");
            }

            // What was computed once for all steps has gathered its adjoint from all of them.
            stepSums.Clear();
            Write(before.Writer.Items);
            foreach (var state in flow.States.Where(s => flow.Next[s.Index] is not null))
            {
                Line($"pass.StateBar({state.Index}) = {named["stateBar:" + state.Index]};");
            }

            return Done();
        }

        public string Whole()
        {
            sections.Add(flow.Prologue.Items);
            sections.Add(flow.Step.Items);
            MarkLive([flow.Result, .. flow.Imaginary is { } root ? [root] : Array.Empty<FlowNode>(), .. flow.Next.OfType<FlowNode>()], i => i is StoreItem { Array.Role: ArrayRole.State });
            DeclareWholeOperands();
            foreach (var state in flow.States)
            {
                Line(flow.Next[state.Index] is null
                    ? $"var {Name("State:" + state.Index, state.Name)} = pass.StateSpan({state.Index});"
                    : $"var {Name("state:" + state.Index, state.Name)} = pass.State({state.Index});");
            }

            WritePrologue();
            Write(flow.Step.Items);
            if (flow.Imaginary is { } imaginary)
            {
                Line($"return ({Operand(flow.Result, true)}, {Operand(imaginary, true)});");
                return Done();
            }

            var result = Fresh("result");
            Line($"var {result} = {Operand(flow.Result, true)};");
            foreach (var state in flow.States.Where(s => flow.Next[s.Index] is not null))
            {
                Line($"pass.SetState({state.Index}, {Operand(flow.Next[state.Index]!, true)});");
            }

            Line($"return {result};");
            return Done();
        }

        public string Slope(Adjoint adjoint, FlowNode? slope)
        {
            // The arguments' own names are taken; what they hold goes by another.
            taken.UnionWith(flow.Operands.Select(o => Literals.Name(o.Parameter)));
            taken.Add("scope");
            sections.Add(flow.Prologue.Items);
            sections.Add(adjoint.Writer.Items);
            MarkLive(slope is null ? [] : [slope], _ => false);
            foreach (var operand in flow.Operands.Where(o => InputIsLive(":" + o.Index)))
            {
                named[":" + operand.Index] = Literals.Name(operand.Parameter);
            }

            WritePrologue();
            Write(adjoint.Writer.Items.Where(i => i is not AddItem));
            Line($"return ({(slope is null ? style.Zero : Operand(slope, true))}).MoveToOuterDisposeScope();");
            return Done();
        }

        /// <summary>One step back: what is computed once for all steps is computed anew, and its adjoint goes on at once.</summary>
        public string WholeBack(Adjoint step, Adjoint before)
        {
            sections.Add(flow.Prologue.Items);
            sections.Add(step.Writer.Items);
            sections.Add(before.Writer.Items);
            MarkLive([.. step.StateBars.OfType<FlowNode>()], i => i is AddItem or StoreItem { Array.Role: ArrayRole.Bar });
            DeclareWholeOperands();
            var adds = sections.SelectMany(Flow.All).OfType<AddItem>().ToList();
            foreach (var target in adds.Where(a => !a.Hoisted).Select(a => a.Target).Distinct().OrderBy(i => i))
            {
                Line($"var {Name("gradient:" + target, flow.Operands[target].Name + "Gradient")} = pass.Gradient({target});");
            }

            foreach (var state in flow.States)
            {
                Line(flow.Next[state.Index] is null
                    ? $"var {Name("Bar:" + state.Index, state.Name + "Bar")} = pass.StateBarSpan({state.Index});"
                    : $"var {Name("stateBar:" + state.Index, state.Name + "Bar")} = pass.StateBar({state.Index});");
            }

            WritePrologue();
            DeclareHoistedBars(adds);
            DeclareTapes(step);
            Line($"var {Name("resultBar:0", "resultBar")} = pass.ResultBar;");
            DeclareStatesBefore("");
            Write(step.Writer.Items);
            foreach (var state in flow.States.Where(s => step.StateBars[s.Index] is { } bar && !(bar.Op == Op.Input && bar.Text == "stateBar:" + s.Index)))
            {
                Line($"pass.SetStateBar({state.Index}, {Operand(step.StateBars[state.Index]!, true)});");
            }

            Write(before.Writer.Items);
            return Done();
        }

        private bool InputIsLive(string source) => live.Any(n => n.Op == Op.Input && n.Text == source);

        private void DeclareWholeOperands()
        {
            foreach (var operand in flow.Operands.Where(o => InputIsLive(":" + o.Index) || liveArrays.Contains("Operand:" + o.Index)))
            {
                Line(operand.Span.Length == 0
                    ? $"var {Name(":" + operand.Index, operand.Name)} = pass.Operand({operand.Index});"
                    : $"var {Name("Operand:" + operand.Index, operand.Name)} = pass.Span({operand.Index});");
            }
        }

        private void DeclareHoistedBars(IEnumerable<AddItem> adds)
        {
            var reached = new HashSet<int>(adds.Where(a => a.Hoisted).Select(a => a.Target));
            foreach (var hoisted in flow.Hoists.Where(h => reached.Contains(h.Index)))
            {
                if (hoisted.Array is null)
                {
                    Line($"var {Name("hoistedBar:" + hoisted.Index, hoisted.Name + "Bar")} = {style.Zero};");
                }
                else
                {
                    Line($"var {Name("HoistedBar:" + hoisted.Index, hoisted.Name + "Bar")} = pass.Scratch({flow.Hoists.Count + hoisted.Index}, {Count(hoisted.Loop!)});");
                }
            }
        }

        private void DeclareTapes(Adjoint step)
        {
            foreach (var loop in step.Writer.Items.OfType<LoopItem>())
            {
                foreach (var store in loop.Body.OfType<StoreItem>().Where(s => s.Array.Role == ArrayRole.Tape && liveArrays.Contains(Id(s.Array))))
                {
                    Line($"var {Name(Id(store.Array), store.Array.Name)} = pass.Scratch({(2 * flow.Hoists.Count) + store.Array.Index}, {Count(loop)});");
                }
            }
        }

        /// <param name="at">Which step, where there are several.</param>
        private void DeclareStatesBefore(string at)
        {
            foreach (var state in flow.States)
            {
                var entry = ArrayRole.Entry + ":" + state.Index;
                var work = ArrayRole.State + ":" + state.Index;
                if (flow.Next[state.Index] is not null)
                {
                    if (InputIsLive("state:" + state.Index))
                    {
                        Line($"var {Name("state:" + state.Index, state.Name)} = pass.Before({at}{state.Index});");
                    }

                    continue;
                }

                if (liveArrays.Contains(entry))
                {
                    Line($"var {Name(entry, state.Name + "Before")} = pass.BeforeSpan({at}{state.Index});");
                }

                if (liveArrays.Contains(work))
                {
                    Line($"var {Name(work, state.Name)} = pass.Restored({at}{state.Index});");
                }
            }
        }

        private void DeclareOperands()
        {
            foreach (var operand in flow.Operands)
            {
                if (liveArrays.Contains("Operand:" + operand.Index))
                {
                    Line($"var {Name("operand:" + operand.Index, operand.Name)} = pass.Operand({operand.Index});");
                }
                else if (InputIsLive(":" + operand.Index))
                {
                    var value = Name(":" + operand.Index, operand.Name);
                    Line(operand.Time
                        ? $"var {Name("operand:" + operand.Index, operand.Name + "At")} = pass.Operand({operand.Index});"
                        : $"var {value} = {style.Operand(operand, $"pass.Operand({operand.Index})")};");
                }
            }
        }

        private void ReadOperands()
        {
            foreach (var operand in flow.Operands.Where(o => o.Time && InputIsLive(":" + o.Index)))
            {
                Line($"var {named[":" + operand.Index]} = {style.Operand(operand, named["operand:" + operand.Index])};");
            }
        }

        private void WritePrologue()
        {
            foreach (var hoisted in flow.Hoists.Where(h => h.Array is not null && liveArrays.Contains("Hoisted:" + h.Index)))
            {
                Line($"var {Name("Hoisted:" + hoisted.Index, hoisted.Name)} = pass.Scratch({hoisted.Index}, {Count(hoisted.Loop!)});");
            }

            Write(flow.Prologue.Items);
            foreach (var hoisted in flow.Hoists.Where(h => h.Array is null && (InputIsLive("hoisted:" + h.Index) || live.Contains(h.Value))))
            {
                var value = Read(hoisted.Value);
                if (IsWord(value.Code))
                {
                    named["hoisted:" + hoisted.Index] = value.Code;
                }
                else
                {
                    var name = Name("hoisted:" + hoisted.Index, hoisted.Name);
                    Line($"var {name} = {value.Code};");
                    locals[hoisted.Value] = name;
                }
            }
        }

        private static bool IsWord(string code) => code.All(c => char.IsLetterOrDigit(c) || c is '_' or '@');

        // How many turns a loop's arrays must hold.
        private string Count(LoopItem loop) => loop.Step > 0 ? Read(loop.To).Code : Read(loop.From).Tight(7) + " + 1";

        private void MarkLive(IEnumerable<FlowNode> roots, Func<Item, bool> isRoot)
        {
            var all = sections.SelectMany(Flow.All).ToList();
            var stores = all.OfType<StoreItem>().ToLookup(s => Id(s.Array));
            var sets = all.OfType<SetItem>().ToLookup(s => s.Cell);
            var work = new Stack<FlowNode>(roots);
            var doneLoops = new HashSet<LoopItem>();
            void Conditions(Region region)
            {
                for (Region? r = region; r is not null; r = r.Parent)
                {
                    if (r.Condition is not null && (r.Condition.Uniform || style.Enters))
                    {
                        work.Push(r.Condition);
                    }
                }
            }

            void KeepStore(StoreItem store)
            {
                work.Push(store.Index);
                work.Push(store.Value);
                Conditions(store.Region);
            }

            void KeepArray(FlowArray array)
            {
                if (liveArrays.Add(Id(array)))
                {
                    foreach (var store in stores[Id(array)])
                    {
                        KeepStore(store);
                    }
                }
            }

            foreach (var item in all.Where(isRoot))
            {
                switch (item)
                {
                    case AddItem a:
                        work.Push(a.Value);
                        if (a.Index is not null)
                        {
                            work.Push(a.Index);
                        }

                        Conditions(a.Region);
                        break;
                    case StoreItem s:
                        KeepArray(s.Array);
                        break;
                }
            }

            // Loops are kept for what is live in them, and then their bounds are, too.
            while (true)
            {
                while (work.Count > 0)
                {
                    var node = work.Pop();
                    if (!live.Add(node))
                    {
                        continue;
                    }

                    foreach (var argument in node.Arguments)
                    {
                        work.Push(argument);
                    }

                    if (node.Op == Op.Load)
                    {
                        KeepArray(node.Array!);
                        Conditions(node.Region);
                    }

                    if (style.Enters)
                    {
                        Conditions(node.Region);
                    }

                    if (node.Op == Op.Get && liveCells.Add(node.Cell!))
                    {
                        foreach (var set in sets[node.Cell!])
                        {
                            work.Push(set.Value);
                        }
                    }
                }

                foreach (var loop in all.OfType<LoopItem>().Where(l => !doneLoops.Contains(l) && l.Body.Any(IsLive)))
                {
                    doneLoops.Add(loop);
                    work.Push(loop.From);
                    work.Push(loop.To);
                }

                foreach (var hoisted in flow.Hoists.Where(h => h.Array is null && live.Any(n => n.Op == Op.Input && n.Text == "hoisted:" + h.Index) && !live.Contains(h.Value)))
                {
                    work.Push(hoisted.Value);
                }

                if (work.Count == 0)
                {
                    break;
                }
            }

            // Uses, to know what deserves a name.
            void Use(FlowNode? node, LoopItem? where)
            {
                if (node is null)
                {
                    return;
                }

                uses[node] = uses.TryGetValue(node, out var n) ? n + 1 : 1;
                if (!ReferenceEquals(node.Loop, where))
                {
                    kept.Add(node);
                }
            }

            foreach (var node in live)
            {
                foreach (var argument in node.Arguments)
                {
                    Use(argument, node.Loop);
                }

                if (style.Enters)
                {
                    for (Region? r = node.Region; r is not null; r = r.Parent)
                    {
                        if (r.Condition is not null)
                        {
                            kept.Add(r.Condition);
                        }
                    }
                }
            }

            void Walk(IEnumerable<Item> items, LoopItem? where)
            {
                var list = items.Where(IsLive).ToList();
                var many = list.OfType<SetItem>().Count(s => where is not null) > 1;
                foreach (var item in list)
                {
                    switch (item)
                    {
                        case StoreItem s:
                            Use(s.Index, where);
                            Use(s.Value, where);
                            break;
                        case SetItem s:
                            Use(s.Value, where);
                            setOnly.Add(s.Value);
                            if (many)
                            {
                                kept.Add(s.Value);
                            }

                            break;
                        case AddItem a:
                            Use(a.Index, where);
                            Use(a.Value, where);
                            break;
                        case LoopItem l:
                            Use(l.From, where);
                            Use(l.To, where);
                            Walk(l.Body, l);
                            break;
                    }
                }
            }

            foreach (var section in sections)
            {
                Walk(section, null);
            }

            foreach (var root in roots)
            {
                Use(root, null);
            }
        }

        private bool IsLive(Item item) => item switch
        {
            Define d => live.Contains(d.Node),
            StoreItem s => liveArrays.Contains(Id(s.Array)) || s.Array.Role is ArrayRole.Bar || (s.Array.Role == ArrayRole.HoistedBar),
            SetItem s => liveCells.Contains(s.Cell),
            AddItem => true,
            LoopItem l => l.Body.Any(IsLive),
            _ => false,
        };

        private void Write(IEnumerable<Item> items)
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
                            var sum = !locals.ContainsKey(s.Value) && s.Value.Op == Op.Add && s.Value.Arguments[0] is { Op: Op.Get } get && get.Cell == s.Cell;
                            Line(sum ? Increase(cell, Argument(s.Value, 1, 0), s.Value.Uniform) : $"{cell} = {Operand(s.Value, s.Cell.Kind == ScalarKind.Double)};");
                        }

                        break;
                    case StoreItem s:
                        Guarded(s.Region, $"{named[Id(s.Array)]}[{Read(s.Index).Code}] = {Operand(s.Value, true)};");
                        break;
                    case AddItem a:
                        WriteAdd(a);
                        break;
                    case LoopItem l:
                        var counter = Fresh(l.Counter.Name);
                        locals[l.Counter] = counter;
                        Line($"for (int {counter} = {Read(l.From).Code}; {counter} {(l.Step > 0 ? "<" : ">")} {Read(l.To).Tight(7)}; {counter}{(l.Step > 0 ? "++" : "--")})");
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
                Guarded(a.Region, Increase(a.Index is null ? named["hoistedBar:" + a.Target] : $"{named["HoistedBar:" + a.Target]}[{Read(a.Index).Code}]", value));
                return;
            }

            if (a.Index is null && stepSums.Contains(a.Target))
            {
                Line(Increase(named["sum:" + a.Target], value));
                return;
            }

            var operand = flow.Operands[a.Target];
            if (style is TensorStyle)
            {
                Guarded(a.Region, $"{named["gradient:" + a.Target]}.Add({(a.Index is null ? "" : Read(a.Index).Code + ", ")}{value});");
                return;
            }

            var at = (operand.Time ? "t" : "0") + (a.Index is null ? "" : ", " + Read(a.Index).Code);
            Guarded(a.Region, $"{named["gradient:" + a.Target]}.{(operand.Lanes ? "Add" : "AddSum")}({at}, {value});");
        }

        private string Increase(string sum, string by, bool uniform = false) => uniform || style.SumsByOperator ? $"{sum} += {by};" : $"{sum} = {sum}.Plus({by});";

        private string Guard(Region region)
        {
            var conditions = new List<string>();
            for (Region? r = region; r is not null; r = r.Parent)
            {
                if (r.Condition is { Uniform: true } condition)
                {
                    conditions.Insert(0, r.Negated ? "!" + Read(condition).Tight(9) : Read(condition).Tight(5));
                }
            }

            return string.Join(" && ", conditions);
        }

        private void Guarded(Region region, string line)
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

            return node.Name.Length > 0 || kept.Contains(node) || (uses.TryGetValue(node, out var n) && n > 1) || (node.Op == Op.Load && node.Array!.Mutable) || Deep(node) > 5;
        }

        private int Deep(FlowNode node) => locals.ContainsKey(node) || node.Arguments.Count == 0 ? 0 : 1 + node.Arguments.Max(a => Deep(a));

        // A value where vectors are wanted: a number that C# knows becomes one.
        private string Operand(FlowNode node, bool lanes) => lanes && node.Uniform && node.Kind == ScalarKind.Double ? style.Constant(Read(node).Code) : Read(node).Code;

        private string Lane(FlowNode node, int outer) => node.Uniform && node.Kind == ScalarKind.Double ? style.Constant(Read(node).Code) : Read(node).Tight(outer);

        private Text Read(FlowNode node)
        {
            if (locals.TryGetValue(node, out var local))
            {
                return new Text(local, 10);
            }

            return Print(node);
        }

        private Text Print(FlowNode node)
        {
            var a = node.Arguments;
            switch (node.Op)
            {
                case Op.Constant:
                    return node.Kind switch
                    {
                        ScalarKind.Double => new Text(Literals.Double(node.Number), node.Number < 0 ? 9 : 10),
                        ScalarKind.Int => new Text(Literals.Int((int)node.Number), node.Number < 0 ? 9 : 10),
                        _ => new Text(node.Number != 0 ? "true" : "false", 10),
                    };
                case Op.Setting:
                    return node.Kind == ScalarKind.Int ? new Text($"(int)pass.Setting({node.Text})", 9) : new Text($"pass.Setting({node.Text})", 10);
                case Op.Input:
                    return new Text(named[node.Text], 10);
                case Op.Length:
                    return new Text(LengthOf(node.Array!), 10);
                case Op.Get:
                    return new Text(cells[node.Cell!], 10);
                case Op.Load:
                    var at = Read(a[0]).Code;
                    var array = node.Array!;
                    string read;
                    if (array.Role == ArrayRole.Operand)
                    {
                        var name = style is VectorStyle ? named["operand:" + array.Index] : named["Operand:" + array.Index];
                        read = style.Element(flow.Operands[array.Index], name, InRange(a[0], array) ? at : $"pass.Checked({at}, {array.Index})");
                    }
                    else
                    {
                        read = $"{named[Id(array)]}[{at}]";
                    }

                    var guard = Guard(node.Region);
                    return guard.Length == 0 ? Inside(node, new Text(read, 10)) : new Text($"{guard} ? {read} : {style.Zero}", 1);
                case Op.Negate:
                    return new Text("-" + Argument(node, 0, 10), 9);
                case Op.Not:
                    return node.Uniform ? new Text("!" + Read(a[0]).Tight(9), 9) : new Text(style.Not(Argument(node, 0, 10)), 9);
                case Op.Add:
                    return node.Uniform || style.SumsByOperator
                        ? new Text($"{Argument(node, 0, 7)} + {Argument(node, 1, 8)}", 7)
                        : new Text($"{Argument(node, 0, 10)}.Plus({Argument(node, 1, 0)})", 10);
                case Op.Subtract:
                    return new Text($"{Argument(node, 0, 7)} - {Argument(node, 1, 8)}", 7);
                case Op.Multiply:
                    return new Text($"{Argument(node, 0, 8)} * {Argument(node, 1, 9)}", 8);
                case Op.Divide:
                    return new Text($"{Argument(node, 0, 8)} / {Argument(node, 1, 9)}", 8);
                case Op.Remainder:
                    return node.Uniform ? new Text($"{Argument(node, 0, 8)} % {Argument(node, 1, 9)}", 8) : new Text(style.Call("Remainder", [Argument(node, 0, 0), Argument(node, 1, 0)]), 10);
                case Op.Less or Op.LessOrEqual or Op.Greater or Op.GreaterOrEqual or Op.Equal or Op.NotEqual:
                    if (!node.Uniform)
                    {
                        return new Text(style.Compare(node.Op, Argument(node, 0, 10), Argument(node, 1, 0)), 10);
                    }

                    var symbol = node.Op switch
                    {
                        Op.Less => "<",
                        Op.LessOrEqual => "<=",
                        Op.Greater => ">",
                        Op.GreaterOrEqual => ">=",
                        Op.Equal => "==",
                        _ => "!=",
                    };
                    var binds = node.Op is Op.Equal or Op.NotEqual ? 5 : 6;
                    return new Text($"{Read(a[0]).Tight(binds)} {symbol} {Read(a[1]).Tight(binds + 1)}", binds);
                case Op.And or Op.Or:
                    if (node.Uniform)
                    {
                        return node.Op == Op.And ? new Text($"{Read(a[0]).Tight(4)} && {Read(a[1]).Tight(5)}", 4) : new Text($"{Read(a[0]).Tight(3)} || {Read(a[1]).Tight(4)}", 3);
                    }

                    return new Text(style.Logic(node.Op, Mask(a[0]), Mask(a[1])), style is VectorStyle ? 2 : 10);
                case Op.Select:
                    if (node.Uniform)
                    {
                        return new Text($"{Read(a[0]).Tight(2)} ? {Read(a[1]).Tight(1)} : {Read(a[2]).Tight(1)}", 1);
                    }

                    return a[0].Uniform
                        ? new Text($"{Read(a[0]).Tight(2)} ? {Lane(a[1], 1)} : {Lane(a[2], 1)}", 1)
                        : new Text(style.Select(Read(a[0]).Code, Lane(a[1], 0), Lane(a[2], 0)), 10);
                case Op.ToDouble:
                    return new Text("(double)" + Read(a[0]).Tight(10), 9);
                case Op.ToInt:
                    return new Text("(int)" + Read(a[0]).Tight(10), 9);
                case Op.Call when node.Uniform:
                    var owner = node.Text is "Sigmoid" or "Softplus" or "Erf" or "Detach" or "ExpM1" or "Log1P" ? "ScalarMath" : "Math";
                    return new Text($"{owner}.{node.Text}({string.Join(", ", a.Select(x => Read(x).Code))})", 10);
                case Op.Call:
                    return new Text(style.Call(node.Text, [.. a.Select((_, i) => Argument(node, i, style is TensorStyle ? 10 : 0))]), 10);
                default:
                    throw new InvalidOperationException("A node that kernels do not know: " + node.Op);
            }
        }

        private string Mask(FlowNode node) => node.Uniform && style is VectorStyle ? $"Lanes.All<T>({Read(node).Code})" : Read(node).Tight(5);

        private string Argument(FlowNode node, int index, int outer)
        {
            var argument = node.Arguments[index];
            if (node.Uniform || argument.Kind != ScalarKind.Double)
            {
                return Read(argument).Tight(outer);
            }

            return style.Enters && !argument.Uniform ? Entered(node, argument, outer) : Lane(argument, outer);
        }

        // What a branch reads from outside comes in through its condition.
        private string Entered(FlowNode node, FlowNode argument, int outer)
        {
            var code = Read(argument).Tight(outer);
            for (var region = node.Region; !argument.Region.IsWithin(region); region = region.Parent!)
            {
                if (!region.Condition!.Uniform)
                {
                    code = style.Within(Read(region.Condition).Code, region.Negated, code);
                }
            }

            return code;
        }

        private Text Inside(FlowNode node, Text value)
        {
            if (!style.Enters)
            {
                return value;
            }

            var code = value.Code;
            for (var region = node.Region; region.Condition is not null; region = region.Parent!)
            {
                if (!region.Condition.Uniform)
                {
                    code = style.Within(Read(region.Condition).Code, region.Negated, code);
                }
            }

            return new Text(code, 10);
        }

        private string LengthOf(FlowArray array)
        {
            // A state's span is at hand in every form.
            if (array.Role == ArrayRole.State)
            {
                return (named.TryGetValue("Bar:" + array.Index, out var span) ? span : named["State:" + array.Index]) + ".Length";
            }

            return $"pass.Count({array.Index})";
        }

        private static bool InRange(FlowNode index, FlowArray array)
        {
            if (index.Op != Op.Counter || index.Loop is not { } loop)
            {
                return false;
            }

            var (low, high) = loop.Step > 0 ? (loop.From, loop.To) : (loop.To, loop.From);
            return loop.Step > 0
                ? low is { Op: Op.Constant, Number: >= 0 } && high.Op == Op.Length && high.Array!.Span == array.Span
                : low is { Op: Op.Constant, Number: >= -1 } && high is { Op: Op.Subtract } && high.Arguments[0] is { Op: Op.Length } length && length.Array!.Span == array.Span
                    && high.Arguments[1] is { Op: Op.Constant, Number: >= 1 };
        }
    }
}
