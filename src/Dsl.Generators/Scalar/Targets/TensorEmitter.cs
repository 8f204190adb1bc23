using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Generators.Scalar;

/// <summary>A method body over whole tensors, and methods it calls that must stand beside it.</summary>
internal sealed record TensorCode(string Body, IReadOnlyList<string> Methods);

/// <summary>What cannot be said of whole tensors.</summary>
internal sealed class NotATensorFunctionException(string message) : Exception(message);

/// <summary>
/// A score or a pointwise function as TorchSharp operations on whole tensors, on any device and in any type; autograd gives the gradient. What
/// enters a branch goes through <c>TensorScalar.Within</c>, whose gradient is selected, not multiplied: an infinity in the branch not taken never
/// meets a zero. What depends on the config alone is computed on the host; calls of int functions are tabulated through the user's own method.
/// The text needs <c>using System; using TorchSharp; using static TorchSharp.torch; using Dsl; using Dsl.Runtime;</c>.
/// </summary>
internal sealed partial class TensorEmitter
{
    private const string Seen = "place.Seen";
    private readonly ScalarFunction function;
    private readonly IReadOnlyDictionary<string, string> arguments;
    private readonly string config;
    private readonly string owner;
    private readonly bool sameAssembly;
    private readonly StringBuilder text = new();
    private readonly Dictionary<string, string> copies = [];
    private readonly HashSet<string> names;
    private string like = "";

    // Where a score counts: code that is given a place knows which pairs are seen.
    private readonly List<string> seen;

    private TensorEmitter(ScalarFunction function, IReadOnlyDictionary<string, string> arguments, string config, string owner, bool sameAssembly)
    {
        this.function = function;
        this.arguments = arguments;
        this.config = config;
        this.owner = owner;
        this.sameAssembly = sameAssembly;
        names = [.. arguments.Values, "scope", "result", config];
        seen = arguments.Values.Any(v => v.StartsWith("place.", StringComparison.Ordinal)) ? [Seen] : [];
    }

    private enum Carrier
    {
        /// <summary>One number, a C# value.</summary>
        Host,

        /// <summary>An int64 or bool tensor.</summary>
        Grid,

        /// <summary>A floating tensor.</summary>
        Tensor,
    }

    /// <param name="arguments">
    /// C# expressions by parameter name: a tensor for a value, a weight or a table; an int64 tensor for query, key, head and the like
    /// (shaped to broadcast), or a host int for <c>layer</c> (say so in <paramref name="hostIndices"/>).
    /// </param>
    /// <param name="config">C# expression of the config.</param>
    /// <param name="owner">Full name of the class that the code goes into, which decides whether private helpers can be called.</param>
    /// <exception cref="NotATensorFunctionException">The function uses what whole tensors cannot say.</exception>
    public static TensorCode Emit(
        ScalarFunction function, IReadOnlyDictionary<string, string> arguments, string config = "config", string owner = "",
        IReadOnlyCollection<string>? hostIndices = null, bool sameAssembly = true)
    {
        var emitter = new TensorEmitter(function, arguments, config, owner, sameAssembly);
        return emitter.Emit(hostIndices ?? ["layer"]);
    }

    private TensorCode Emit(IReadOnlyCollection<string> hostIndices)
    {
        var environment = new Dictionary<string, Value>();
        foreach (var parameter in function.Parameters.Where(p => p.Role is not (ScalarRole.Config or ScalarRole.Table)))
        {
            if (parameter is { Span: true, Role: ScalarRole.Parameter, Kind: ScalarKind.Double })
            {
                // A whole weight, read at integer places.
                var whole = arguments.TryGetValue(parameter.Name, out var tensor) ? tensor : Literals.Name(parameter.Name);
                names.Add(whole);
                like = like.Length == 0 ? whole : like;
                continue;
            }

            if (parameter.Span || parameter.ByRef || parameter.Kind == ScalarKind.Complex)
            {
                throw new NotATensorFunctionException($"'{parameter.Name}' is no scalar value.");
            }

            var name = arguments.TryGetValue(parameter.Name, out var given) ? given : Literals.Name(parameter.Name);
            names.Add(name);
            var place = parameter.Kind == ScalarKind.Double ? Carrier.Tensor : hostIndices.Contains(parameter.Name) ? Carrier.Host : Carrier.Grid;
            environment[parameter.Name] = new Value(place, name, 10, parameter.Kind);
            if (place == Carrier.Tensor && like.Length == 0)
            {
                like = name;
            }
        }

        if (like.Length == 0)
        {
            throw new NotATensorFunctionException("It takes no tensor.");
        }

        var body = Inliner.Inline(function, Tabulated);
        Line("using var scope = torch.NewDisposeScope();");
        if (seen.Count > 0 && body.Any(MayBreak))
        {
            foreach (var pair in environment.Where(p => p.Value.Carrier == Carrier.Tensor).ToList())
            {
                environment[pair.Key] = Named(pair.Key, pair.Value with { Text = Within(seen[0], pair.Value.Text) });
            }
        }

        var result = Block(body, environment, seen) ?? throw new NotATensorFunctionException("It returns nothing on some way.");
        var returned = result.Carrier == Carrier.Host ? $"torch.full_like({like}, {result.Operand(0)})"
            : environment.Values.Any(v => v.Text == result.Text && arguments.Values.Contains(v.Text))
                || arguments.Values.Contains(result.Text) ? result.Tight(10) + ".alias()"
            : result.Tight(10);
        Line($"return {returned}.MoveToOuterDisposeScope();");
        return new TensorCode(
            text.ToString(), copies.SelectMany(c => HostEmitter.Methods(WithHelpers(c.Key), c.Value, owner, sameAssembly)).Distinct().ToList());
    }

    // Whether a derivative may be infinite or none somewhere, which no zero that comes back to a hidden pair takes away.
    private static bool MayBreak(Statement statement) => statement switch
    {
        Declare { Value: { } value } => Breaks(value),
        Assign a => Breaks(a.Value),
        Return r => Breaks(r.Value),
        If i => Breaks(i.Condition) || i.Then.Any(MayBreak) || i.Else.Any(MayBreak),
        _ => false,
    };

    private static bool Breaks(Expression e) =>
        e is Binary { Operator: BinaryOperator.Divide or BinaryOperator.Remainder, Kind: ScalarKind.Double, Right: not (Literal or ConfigMember) }
            or Call
        {
            Kind: ScalarKind.Double,
            Function: not ("Tanh" or "Sigmoid" or "Max" or "Min" or "Abs" or "Clamp" or "Sin" or "Cos" or "Atan" or "Detach")
        }
        || e.Children.Any(Breaks);

    private ScalarFunction WithHelpers(string fullName) =>
        function.Helper(fullName)! with { Helpers = function.Helpers.Where(h => h.FullName != fullName).ToEquatable() };

    // A padded query's row is a result like any other: its gradient comes back, although its indices may be anything.
    private static string Within(string mask, string text) => $"TensorScalar.Within({(mask == Seen ? "place.Open" : mask)}, {text})";

    private void Line(string line) => text.Append(line).Append('\n');

    private string Fresh(string wish)
    {
        var name = Literals.Name(wish);
        for (var i = 2; !names.Add(name); i++)
        {
            name = wish + i;
        }

        return name;
    }

    private sealed class ReferenceComparer : IEqualityComparer<Expression>
    {
        public static readonly ReferenceComparer Instance = new();

        public bool Equals(Expression? x, Expression? y) => ReferenceEquals(x, y);

        public int GetHashCode(Expression e) => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(e);
    }
}
