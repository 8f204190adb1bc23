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
internal sealed class TensorEmitter
{
    private readonly ScalarFunction function;
    private readonly IReadOnlyDictionary<string, string> arguments;
    private readonly string config;
    private readonly string owner;
    private readonly bool sameAssembly;
    private readonly StringBuilder text = new();
    private readonly Dictionary<string, string> copies = [];
    private readonly HashSet<string> names;
    private string like = "";

    private TensorEmitter(ScalarFunction function, IReadOnlyDictionary<string, string> arguments, string config, string owner, bool sameAssembly)
    {
        this.function = function;
        this.arguments = arguments;
        this.config = config;
        this.owner = owner;
        this.sameAssembly = sameAssembly;
        names = [.. arguments.Values, "scope", "result", config];
    }

    private enum Place
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
        ScalarFunction function, IReadOnlyDictionary<string, string> arguments, string config = "config", string owner = "", IReadOnlyCollection<string>? hostIndices = null, bool sameAssembly = true)
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
            var place = parameter.Kind == ScalarKind.Double ? Place.Tensor : hostIndices.Contains(parameter.Name) ? Place.Host : Place.Grid;
            environment[parameter.Name] = new Value(place, name, 10, parameter.Kind);
            if (place == Place.Tensor && like.Length == 0)
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
        var result = Block(body, environment, []) ?? throw new NotATensorFunctionException("It returns nothing on some way.");
        var returned = result.Place == Place.Host ? $"torch.full_like({like}, {result.Operand(0)})"
            : environment.Values.Any(v => v.Text == result.Text && arguments.Values.Contains(v.Text))
                || arguments.Values.Contains(result.Text) ? result.Tight(10) + ".alias()"
            : result.Tight(10);
        Line($"return {returned}.MoveToOuterDisposeScope();");
        return new TensorCode(
            text.ToString(), copies.SelectMany(c => HostEmitter.Methods(WithHelpers(c.Key), c.Value, owner, sameAssembly)).Distinct().ToList());
    }

    private ScalarFunction WithHelpers(string fullName) =>
        function.Helper(fullName)! with { Helpers = function.Helpers.Where(h => h.FullName != fullName).ToEquatable() };

    // Integer and truth-valued helpers are small and exact on the host: they are called there, once for each value that their argument can take.
    private static bool Tabulated(Invoke invoke) => invoke.Kind is ScalarKind.Int or ScalarKind.Bool;

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

    private Value? Block(IEnumerable<Statement> statements, Dictionary<string, Value> environment, List<string> masks)
    {
        var list = statements.ToList();
        for (var i = 0; i < list.Count; i++)
        {
            switch (list[i])
            {
                case Return r:
                    return Read(r.Value, environment, masks);
                case Declare { Value: null } d:
                    environment.Remove(d.Name);
                    break;
                case Declare d:
                    environment[d.Name] = Named(d.Name, Read(d.Value, environment, masks));
                    break;
                case Assign a:
                    environment[a.Name] = Named(a.Name, Read(a.Value, environment, masks));
                    break;
                case If branch:
                    var condition = Named("holds", Read(branch.Condition, environment, masks));
                    var then = Inside(environment, condition, false, masks, branch.Then, out var thenMasks);
                    var yes = Block(branch.Then, then, thenMasks);
                    var otherwise = Inside(environment, condition, true, masks, branch.Else, out var otherwiseMasks);
                    var no = Block(branch.Else, otherwise, otherwiseMasks);
                    if (yes is not null && no is not null)
                    {
                        return Choose(condition, yes, no);
                    }

                    foreach (var name in Changed(branch))
                    {
                        var (y, n) = (then.TryGetValue(name, out var a) ? a : null, otherwise.TryGetValue(name, out var b) ? b : null);
                        if (y is not null && n is not null)
                        {
                            environment[name] = Named(name, Choose(condition, y, n));
                        }
                        else
                        {
                            environment.Remove(name);
                        }
                    }

                    break;
                default:
                    throw new NotATensorFunctionException("It loops or writes to spans.");
            }
        }

        return null;
    }

    private static IEnumerable<string> Changed(If branch)
    {
        var names = new List<string>();
        var inner = new HashSet<string>();
        void Walk(IEnumerable<Statement> statements)
        {
            foreach (var statement in statements)
            {
                switch (statement)
                {
                    case Declare d:
                        inner.Add(d.Name);
                        break;
                    case Assign a when !inner.Contains(a.Name) && !names.Contains(a.Name):
                        names.Add(a.Name);
                        break;
                    case If i:
                        Walk(i.Then);
                        Walk(i.Else);
                        break;
                }
            }
        }

        Walk(branch.Then);
        Walk(branch.Else);
        return names;
    }

    // The names as a branch sees them: tensors that it reads enter through the mask.
    private Dictionary<string, Value> Inside(
        Dictionary<string, Value> environment, Value condition, bool negated, List<string> masks, IEnumerable<Statement> statements, out List<string> inner)
    {
        inner = masks;
        if (condition.Place == Place.Host)
        {
            return new Dictionary<string, Value>(environment);
        }

        var read = new HashSet<string>();
        Reads(statements, read);
        return Enter(environment, condition, negated, masks, read, out inner);
    }

    private Dictionary<string, Value> Enter(
        Dictionary<string, Value> environment, Value condition, bool negated, List<string> masks, HashSet<string> read, out List<string> inner)
    {
        var mask = condition.Text;
        if (negated)
        {
            mask = condition.Tight(10) + ".logical_not()";
        }

        inner = [.. masks, mask];
        var result = new Dictionary<string, Value>(environment);
        foreach (var pair in environment.Where(p => p.Value.Place == Place.Tensor && read.Contains(p.Key)).ToList())
        {
            result[pair.Key] = Named(pair.Key, new Value(Place.Tensor, $"TensorScalar.Within({mask}, {pair.Value.Text})", 10, ScalarKind.Double));
        }

        return result;
    }

    private static void Reads(IEnumerable<Statement> statements, HashSet<string> names)
    {
        void In(Expression? e)
        {
            if (e is Variable v)
            {
                names.Add(v.Name);
            }

            foreach (var child in e?.Children ?? [])
            {
                In(child);
            }
        }

        foreach (var statement in statements)
        {
            switch (statement)
            {
                case Declare d:
                    In(d.Value);
                    break;
                case Assign a:
                    In(a.Value);
                    break;
                case Return r:
                    In(r.Value);
                    break;
                case If i:
                    In(i.Condition);
                    Reads(i.Then, names);
                    Reads(i.Else, names);
                    break;
            }
        }
    }

    private Value Named(string wish, Value value)
    {
        if (value.IsName)
        {
            return value;
        }

        var name = Fresh(wish);
        Line($"var {name} = {value.Text};");
        return value with { Text = name, Binds = 10 };
    }

    private Value Read(Expression e, Dictionary<string, Value> environment, List<string> masks)
    {
        Value Go(Expression x) => Read(x, environment, masks);
        switch (e)
        {
            case Variable v:
                return environment.TryGetValue(v.Name, out var known) ? known : throw new NotATensorFunctionException($"'{v.Name}' has no value on some way.");
            case Entry entry:
                var row = Go(entry.Row);
                var column = Go(entry.Column);
                var table = arguments.TryGetValue(entry.Table, out var given) ? given : Literals.Name(entry.Table);
                var read = $"TensorScalar.Entries({table}, {row.Text}, {column.Text})";
                return new Value(Place.Tensor, masks.Aggregate(read, (inner, mask) => $"TensorScalar.Within({mask}, {inner})"), 10, ScalarKind.Double);
            case Element element:
                var place = Go(element.Index);
                var span = arguments.TryGetValue(element.Span, out var weight) ? weight : Literals.Name(element.Span);
                return new Value(
                    Place.Tensor,
                    masks.Aggregate($"TensorScalar.Element({span}, {place.Text})", (inner, mask) => $"TensorScalar.Within({mask}, {inner})"),
                    10,
                    ScalarKind.Double);
            case Invoke invoke:
                return Tabulate(invoke, Go);
            case Select s:
                var condition = Go(s.Condition);
                if (condition.Place == Place.Host)
                {
                    return Choose(condition, Go(s.Yes), Go(s.No));
                }

                condition = Named("holds", condition);
                return Choose(condition, Branch(s.Yes, condition, false, environment, masks), Branch(s.No, condition, true, environment, masks));
        }

        var children = e.Children.Select(Go).ToList();
        if (children.All(c => c.Place == Place.Host))
        {
            return Host(e, children);
        }

        switch (e)
        {
            case Unary { Operator: UnaryOperator.Negate }:
                return children[0] with { Text = "-" + children[0].Tight(9), Binds = 9 };
            case Unary:
                return children[0] with { Text = children[0].Tight(10) + ".logical_not()", Binds = 10 };
            case ConvertTo { Kind: ScalarKind.Double }:
                return new Value(Place.Tensor, $"{children[0].Tight(10)}.to({like}.dtype)", 10, ScalarKind.Double);
            case ConvertTo { Kind: ScalarKind.Int }:
                return new Value(Place.Grid, $"{children[0].Tight(10)}.detach().to(ScalarType.Int64)", 10, ScalarKind.Int);
            case Binary b:
                return Operate(b, children[0], children[1]);
            case Call c:
                return Apply(c, children);
            default:
                throw new NotATensorFunctionException($"It holds a {e.GetType().Name}.");
        }
    }

    private Value Branch(Expression e, Value condition, bool negated, Dictionary<string, Value> environment, List<string> masks)
    {
        // A name or a number by itself cannot go wrong.
        if (e is Variable or Constant or Setting)
        {
            return Read(e, environment, masks);
        }

        var read = new HashSet<string>();
        Reads([new Return(e)], read);
        var inside = Enter(environment, condition, negated, masks, read, out var inner);
        return Read(e, inside, inner);
    }

    private Value Choose(Value condition, Value yes, Value no)
    {
        if (condition.Place == Place.Host)
        {
            var place = yes.Place > no.Place ? yes.Place : no.Place;
            string Lift(Value v) =>
                v.Place == place ? v.Tight(1)
                    : place == Place.Grid ? $"torch.tensor((long){v.Tight(9)}, device: {like}.device)"
                    : $"torch.full_like({like}, Scalars.Of({v.Text}))";
            return new Value(place, $"{condition.Tight(2)} ? {Lift(yes)} : {Lift(no)}", 1, yes.Kind);
        }

        if (yes.Kind != ScalarKind.Double)
        {
            string Whole(Value v) =>
                v.Place == Place.Grid ? v.Text : $"torch.tensor({(v.Kind == ScalarKind.Bool ? v.Text : "(long)" + v.Tight(9))}, device: {like}.device)";
            return new Value(Place.Grid, $"torch.where({condition.Text}, {Whole(yes)}, {Whole(no)})", 10, yes.Kind);
        }

        return yes.Place == Place.Host && no.Place == Place.Host
            ? new Value(Place.Tensor, $"TensorScalar.Where({condition.Text}, {yes.Text}, {no.Text}, {like})", 10, ScalarKind.Double)
            : new Value(Place.Tensor, $"TensorScalar.Where({condition.Text}, {yes.Text}, {no.Text})", 10, ScalarKind.Double);
    }

    private Value Host(Expression e, List<Value> children)
    {
        if (e is Setting s)
        {
            return new Value(Place.Host, config + "." + s.Member, 10, s.Kind);
        }

        // Children are C# already: print this one node around them.
        var at = 0;
        var seen = new Dictionary<Expression, string>(ReferenceComparer.Instance);
        foreach (var child in e.Children)
        {
            seen[child] = children[at].IsName ? children[at].Text : "(" + children[at].Text + ")";
            at++;
        }

        var own = HostEmitter.Text(e, x => seen.TryGetValue(x, out var known) ? known : null);
        return new Value(Place.Host, own, e is Constant { Number.Bits: < 0 } ? 9 : e.Children.Any() && e is not Call ? 0 : 10, e.Kind);
    }

    private Value Tabulate(Invoke invoke, Func<Expression, Value> read)
    {
        var helper = function.Helper(invoke.FullName) ?? throw new NotATensorFunctionException($"'{invoke.FullName}' is unknown.");
        var name = invoke.FullName;
        if (!HostEmitter.MayCall(helper, owner, sameAssembly))
        {
            if (!copies.TryGetValue(name, out var copy))
            {
                copy = Fresh(helper.Name);
                copies.Add(name, copy);
            }

            name = copy;
        }

        var varying = new List<Value>();
        var texts = new List<string>();
        for (var i = 0; i < invoke.Arguments.Count; i++)
        {
            if (invoke.Arguments[i] is ConfigArgument)
            {
                texts.Add(config);
                continue;
            }

            var value = read(invoke.Arguments[i]);
            switch (value.Place)
            {
                case Place.Host:
                    texts.Add(value.Text);
                    break;
                case Place.Grid when value.Kind == ScalarKind.Int:
                    texts.Add(varying.Count == 0 ? "i" : "j");
                    varying.Add(value);
                    break;
                default:
                    throw new NotATensorFunctionException($"'{helper.Name}' reads tensors: only ints, truth values and the config can be tabulated.");
            }
        }

        var call = name + "(" + string.Join(", ", texts) + ")";
        return varying.Count switch
        {
            0 => new Value(Place.Host, call, 10, invoke.Kind),
            1 => new Value(Place.Grid, $"TensorScalar.Tabulate({varying[0].Text}, i => {call})", 10, invoke.Kind),
            2 => new Value(Place.Grid, $"TensorScalar.Tabulate({varying[0].Text}, {varying[1].Text}, (i, j) => {call})", 10, invoke.Kind),
            _ => throw new NotATensorFunctionException($"'{helper.Name}' depends on more than two indices."),
        };
    }

    private Value Operate(Binary b, Value left, Value right)
    {
        var place = b.Kind == ScalarKind.Double ? Place.Tensor : Place.Grid;
        switch (b.Operator)
        {
            case BinaryOperator.Add:
                var (first, second) = left.Place == Place.Host ? (right, left) : (left, right);
                return new Value(place, $"{first.Tight(10)}.Plus({second.Text})", 10, b.Kind);
            case BinaryOperator.Subtract when left.Place == Place.Host:
                return new Value(place, $"(-{right.Tight(9)}).Plus({left.Text})", 10, b.Kind);
            case BinaryOperator.Subtract:
                return new Value(place, $"{left.Tight(7)} - {right.Operand(8)}", 7, b.Kind);
            case BinaryOperator.Multiply:
                return new Value(place, $"{left.Operand(8)} * {right.Operand(9)}", 8, b.Kind);
            case BinaryOperator.Divide when b.Kind == ScalarKind.Double:
                return new Value(place, $"{left.Operand(8)} / {right.Operand(9)}", 8, b.Kind);
            case BinaryOperator.Divide:
                return new Value(place, $"TensorScalar.Quotient({left.Text}, {right.Text})", 10, b.Kind);
            case BinaryOperator.Remainder:
                return new Value(place, $"TensorScalar.Remainder({left.Text}, {right.Text})", 10, b.Kind);
            case BinaryOperator.And:
            case BinaryOperator.Or:
                var method = b.Operator == BinaryOperator.And ? "And" : "Or";
                return new Value(Place.Grid, $"TensorScalar.{method}({left.Text}, {right.Text})", 10, ScalarKind.Bool);
        }

        var (own, flipped) = b.Operator switch
        {
            BinaryOperator.Less => ("lt", "gt"),
            BinaryOperator.LessOrEqual => ("le", "ge"),
            BinaryOperator.Greater => ("gt", "lt"),
            BinaryOperator.GreaterOrEqual => ("ge", "le"),
            BinaryOperator.Equal => ("eq", "eq"),
            _ => ("ne", "ne"),
        };
        return left.Place == Place.Host
            ? new Value(Place.Grid, $"{right.Tight(10)}.{flipped}({left.Operand(0)})", 10, ScalarKind.Bool)
            : new Value(Place.Grid, $"{left.Tight(10)}.{own}({right.Operand(0)})", 10, ScalarKind.Bool);
    }

    private static Value Apply(Call call, List<Value> arguments)
    {
        var place = call.Kind == ScalarKind.Double ? Place.Tensor : Place.Grid;
        var method = call.Function switch
        {
            "Exp" => "exp",
            "ExpM1" => "expm1",
            "Log" => "log",
            "Log1P" => "log1p",
            "Log2" => "log2",
            "Log10" => "log10",
            "Sqrt" => "sqrt",
            "Tanh" => "tanh",
            "Sinh" => "sinh",
            "Cosh" => "cosh",
            "Sin" => "sin",
            "Cos" => "cos",
            "Tan" => "tan",
            "Asin" => "asin",
            "Acos" => "acos",
            "Atan" => "atan",
            "Asinh" => "asinh",
            "Acosh" => "acosh",
            "Atanh" => "atanh",
            "Abs" => "abs",
            "Sign" => "sign",
            "Floor" => "floor",
            "Ceiling" => "ceil",
            "Round" => "round",
            "Truncate" => "trunc",
            "Sigmoid" => "sigmoid",
            "Erf" => "erf",
            "Detach" => "detach",
            _ => null,
        };
        if (method is not null && arguments.Count == 1)
        {
            return new Value(place, $"{arguments[0].Tight(10)}.{method}()", 10, call.Kind);
        }

        if (call.Function is "Softplus" or "Max" or "Min" or "Pow" or "Atan2" or "Clamp" or "Cbrt")
        {
            return new Value(place, $"TensorScalar.{call.Function}({string.Join(", ", arguments.Select(a => a.Text))})", 10, call.Kind);
        }

        throw new NotATensorFunctionException($"{call.Function} has no form on whole tensors.");
    }

    /// <param name="Binds">How tightly the text binds, as in C#: 10 is a name or a call, 7 a sum, 0 anything.</param>
    private sealed record Value(Place Place, string Text, int Binds, ScalarKind Kind)
    {
        public bool IsName => Binds == 10 && Text.All(c => char.IsLetterOrDigit(c) || c is '_' or '.' or '@');

        public string Tight(int outer) => Binds < outer ? "(" + Text + ")" : Text;

        /// <summary>Beside a tensor: a number that native code reads must be held.</summary>
        public string Operand(int outer) => Place == Place.Host ? $"Scalars.Of({Text})" : Tight(outer);
    }

    private sealed class ReferenceComparer : IEqualityComparer<Expression>
    {
        public static readonly ReferenceComparer Instance = new();

        public bool Equals(Expression? x, Expression? y) => ReferenceEquals(x, y);

        public int GetHashCode(Expression e) => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(e);
    }
}
