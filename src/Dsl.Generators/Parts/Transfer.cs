using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;
using Dsl.Generators.Scalar;

namespace Dsl.Generators.Parts;

/// <summary>
/// A kernel in the frequency domain: its function, the function that changes its length, the key of that length, the read-out that both change.
/// </summary>
internal sealed record TransferUse(FunctionUse Function, FunctionUse Lengthen, string Nodes, string ReadOut)
{
    /// <summary>What holds the kernel's length, as the constructor builds it from the fields of the weights.</summary>
    public string Length(Construction at, System.Func<string, FieldReference> fieldOf)
    {
        var parameters = Function.Scalar!.Of(ScalarRole.Parameter).ToDictionary(p => p.Name);
        string Held(string name) => $"({Writing.Text(parameters[name].Axes)}, {fieldOf(name).Name})";
        var read = Lengthen.Spec.Parameters.Skip(3).Select(p => p.Name).Where(parameters.ContainsKey).ToList();
        var arguments = Lengthen.Spec.Parameters.Skip(3)
            .Select(p => !parameters.TryGetValue(p.Name, out var weight) ? "config" : $"place.{Kind(weight)}({read.IndexOf(p.Name)})");
        return $"weights.TransferLength({at.Key(Nodes)}, {Held(ReadOut)}, [{string.Join(", ", read.Select(Held))}], (readOut, from, to, "
            + $"place) => {at.Host(Lengthen)}(readOut, from, to{string.Concat(arguments.Select(a => ", " + a))}))";
    }

    private static string Kind(ScalarParameter weight) => (weight.Kind, weight.Span) switch
    {
        (ScalarKind.Complex, true) => "Complexes",
        (ScalarKind.Complex, false) => "Complex",
        (_, true) => "Numbers",
        _ => "Number",
    };
}

/// <summary>A kernel in the frequency domain, paired with the step that it is the kernel of.</summary>
internal static class TransferPair
{
    /// <summary>
    /// Binds a transfer function's arguments to those of its step by name, and the step's derived argument to the transfer's read-out. Returns why that
    /// cannot be, as the end of a sentence.
    /// </summary>
    public static string? Of(PartSpec part, Elaborator at, ref FunctionUse step, out TransferUse? pair)
    {
        pair = null;
        if (at.FunctionOf(part["Transfer"], part.PlaceOf("Transfer"), FunctionKind.Transfer) is not { Scalar: { } kernel } transfer)
        {
            return "it is no [Transfer] function";
        }

        if (part["Lengthen"].IsNull)
        {
            return "nothing says how its read-out changes with the kernel's length: give Lengthen = nameof(...)";
        }

        if (at.FunctionOf(part["Lengthen"], part.PlaceOf("Lengthen"), FunctionKind.Host) is not { } lengthen)
        {
            return "Lengthen names no plain function";
        }

        var scalar = step.Scalar!;
        if (kernel.Nodes.Length == 0)
        {
            return "it names no buffer for its length: [Transfer(axes, Nodes = \"...\")]";
        }

        if (scalar.Axes != "b t " + kernel.Axes)
        {
            return $"its axes '{kernel.Axes}' with 'b t ' before them are not '{scalar.Axes}'";
        }

        if (kernel.Result != ScalarKind.Complex || kernel.Parameters.Count == 0
            || kernel.Parameters[0] is not { Kind: ScalarKind.Complex, Span: false, Role: ScalarRole.Value })
        {
            return "it must return a Complex and take the node, a Complex, first";
        }

        // Arguments without a key of their own are the step's, by name.
        var first = kernel.Parameters[0];
        var unknown = kernel.Parameters.Skip(1).FirstOrDefault(p => p.Role == ScalarRole.Value && scalar.Of(ScalarRole.Parameter).All(o => o.Name != p.Name));
        if (unknown is not null)
        {
            return $"its '{unknown.Name}' is neither a [Parameter] of its own nor one of the step's";
        }

        kernel = kernel with
        {
            Parameters = kernel.Parameters
                .Select(p => p == first || p.Role != ScalarRole.Value ? p : scalar.Parameters.First(o => o.Name == p.Name && o.Role == ScalarRole.Parameter))
                .ToEquatable(),
        };
        var derived = scalar.Of(ScalarRole.Derived).Count() == 1 ? scalar.Of(ScalarRole.Derived).Single() : null;
        if (derived is null
            || kernel.Parameters.FirstOrDefault(p => p.Name == derived.Name && p.Role == ScalarRole.Parameter) is not { Kind: ScalarKind.Complex } readOut)
        {
            return "the step must have one [Derived] argument, named like a Complex [Parameter] of the transfer function";
        }

        scalar = scalar with { Parameters = scalar.Parameters.Select(p => p == derived ? p with { Axes = readOut.Axes } : p).ToEquatable() };
        if (KernelEmitter.WhyNot(scalar) is null && LinearForm.WhyNot(Flow.Of(scalar)) is { } nonlinear)
        {
            return "the step is no convolution, for " + nonlinear;
        }

        if (KernelEmitter.WhyNot(kernel) is { } reason)
        {
            return char.ToLowerInvariant(reason[0]) + reason.Substring(1).TrimEnd('.');
        }

        var formal = lengthen.Spec.Parameters.Skip(3).FirstOrDefault(p =>
            p.Type != at.Spec.Config.Name && kernel.Of(ScalarRole.Parameter).All(w => w.Name != p.Name || w.Name == readOut.Name));
        if (lengthen.Spec.Parameters.Count < 3 || lengthen.Spec.Parameters[1].Type != "int" || lengthen.Spec.Parameters[2].Type != "int" || formal is not null)
        {
            return formal is null
                ? $"'{lengthen.Spec.Name}' must begin with (Span<Complex> {readOut.Name}, int from, int to)"
                : $"'{lengthen.Spec.Name}' asks for '{formal.Name}', which the transfer function has not";
        }

        step = step with { Scalar = scalar };
        pair = new TransferUse(transfer with { Scalar = kernel }, lengthen, kernel.Nodes, readOut.Name);
        return null;
    }
}
