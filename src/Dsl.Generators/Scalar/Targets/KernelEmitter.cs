using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Microsoft.CodeAnalysis.CSharp;

namespace Dsl.Generators.Scalar;

/// <summary>
/// A recurrence or pointwise function as a struct that implements <c>IScanKernel</c>: vectors over the innermost parallel axis, forwards and back,
/// and the same step over whole tensors for other devices and types. The text needs
/// <c>using System; using System.Numerics; using System.Runtime.CompilerServices; using Dsl; using Dsl.Runtime; using TorchSharp;
/// using static TorchSharp.torch;</c>.
/// </summary>
internal static class KernelEmitter
{
    // At the first call: a loop of milliseconds has no time to be found hot. On its own, it has all registers.
    private const string CompiledAtOnce =
        "    /// <inheritdoc/>\n    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]\n";

    /// <param name="name">Name of the struct.</param>
    /// <exception cref="NotAKernelException">The function has no kernel; the message is a sentence that says why.</exception>
    public static string Emit(ScalarFunction function, string name, string access = "internal")
    {
        var flow = Flow.Of(function);
        var tapes = new List<FlowArray>();
        var step = Adjoint.OfStep(flow, tapes);
        var before = Adjoint.OfPrologue(flow, tapes, step);
        var text = new StringBuilder();
        var what = function.IsElementwise ? "each element" : "each step";
        text.Append($"/// <summary>{function.Name}: {what} for the lanes of one vector, and the way back.</summary>\n");
        text.Append($"{access} readonly struct {name} : {Interface("IScanKernel", name)}\n{{\n");
        Layout(text, flow);
        text.Append(CompiledAtOnce + "    public static void Forward<T>(scoped ref ScanPass<T> pass)\n        where T : unmanaged\n    {\n");
        text.Append(new ForwardKernel(flow).Text());
        text.Append("    }\n\n" + CompiledAtOnce + "    public static void Backward<T>(scoped ref ScanPass<T> pass)\n        where T : unmanaged\n    {\n");
        text.Append(new BackwardKernel(flow, step, before).Text());
        text.Append("    }\n\n    /// <inheritdoc/>\n    public static Tensor Step(TensorStep pass)\n    {\n");
        text.Append(new StepKernel(flow).Text());
        text.Append("    }\n\n    /// <inheritdoc/>\n    public static void StepBack(TensorStepBack pass)\n    {\n");
        text.Append(new StepBackKernel(flow, step, before).Text());
        text.Append("    }\n}\n");
        return text.ToString();
    }

    /// <summary>
    /// The derivative of a pointwise function by one of its values, as a method over whole tensors that autograd can differentiate in its turn.
    /// </summary>
    /// <param name="function">The function.</param>
    /// <param name="name">The method's name.</param>
    /// <param name="value">Which of its values.</param>
    /// <exception cref="NotAKernelException">The function uses what kernels cannot say.</exception>
    public static string Slope(ScalarFunction function, string name, string value)
    {
        var flow = Flow.Of(function);
        var (adjoint, slope) = Adjoint.OfOperand(flow, flow.Operands.First(o => o.Parameter == value).Index);
        var body = new SlopeKernel(flow, adjoint, slope).Text();
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
        text.Append($"{access} readonly struct {name} : {Interface("ITransferKernel", name)}\n{{\n");
        Layout(text, flow);
        text.Append("    /// <inheritdoc/>\n    public static (Tensor Real, Tensor Imaginary) At(TensorStep pass)\n    {\n");
        text.Append(new StepKernel(flow).Text());
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

    /// <summary>
    /// Whether a pointwise function is worth a kernel of its own: it has one, of values alike and weights along their channels, and it takes more than one
    /// operation on values. One by itself walks memory once over whole tensors, too.
    /// </summary>
    public static bool Pays(ScalarFunction function)
    {
        try
        {
            var flow = Flow.Of(function);
            return flow.Operands.All(o => string.Join(" ", o.Axes) is "b t d" or "d" or "") && function.Of(ScalarRole.Index).All(p => p.Name == "layer")
                && Flow.All(flow.Step.Items).OfType<Define>().Count(d => !d.Node.IsFixed && ScalarOperations.Of(d.Node) is not null) > 1;
        }
        catch (NotAKernelException)
        {
            return false;
        }
    }

    /// <summary>C# texts of the settings that the kernel asks for, over a variable <c>config</c> (and <c>layer</c>), in order.</summary>
    public static IReadOnlyList<string> Settings(ScalarFunction function) => Flow.Of(function).Settings;

    // A kernel may come to be named like what it implements.
    private static string Interface(string implemented, string name) => name == implemented ? "global::Dsl.Runtime." + implemented : implemented;

    private static void Layout(StringBuilder text, Flow flow)
    {
        var parameters = flow.Function.Parameters
            .Where(p => p.Role is not (ScalarRole.Config or ScalarRole.Index or ScalarRole.State)).Select(p => p.Name).ToList();
        var states = flow.Function.Parameters.Where(p => p.Role == ScalarRole.State).Select(p => p.Name).ToList();
        text.Append("    /// <inheritdoc/>\n    public static ScanLayout Layout { get; } = new(\n");
        text.Append($"        \"{flow.Function.Name}\", \"{string.Join(" ", flow.Axes)}\",\n        [\n");
        foreach (var o in flow.Operands)
        {
            var stored = o.Stored.Length > 0 ? $" {{ Stored = {SymbolDisplay.FormatLiteral(o.Stored, quote: true)} }}" : "";
            var axes = string.Join(" ", o.Axes);
            text.Append($"            new ScanOperand(\"{o.Name}\", \"{axes}\", \"{o.Span}\", {parameters.IndexOf(o.Parameter)}, {o.Part}){stored},\n");
        }

        text.Append("        ],\n        [\n");
        foreach (var s in flow.States)
        {
            text.Append($"            new ScanState(\"{s.Name}\", \"{s.Span}\", {states.IndexOf(s.Parameter)}, {s.Part}, {Literals.Double(s.Start)}),\n");
        }

        var input = LinearForm.Input(flow);
        var more = (input < 0 ? "" : $"        Signal = {input},  // linear in it and in the state, with coefficients fixed in time\n")
            + (flow.ReadsPosition ? "        ReadsPosition = true,\n" : "");
        text.Append(more.Length == 0 ? "        ]);\n\n" : $"        ])\n    {{\n{more}    }};\n\n");
    }
}
