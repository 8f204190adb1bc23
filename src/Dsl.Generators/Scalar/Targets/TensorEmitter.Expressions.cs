using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>Expressions as operators of whole tensors.</summary>
internal sealed partial class TensorEmitter
{
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
                var read = $"TensorScalar.Entries({table}, {row.Text}, {column.Text}{Where(masks)})";
                return new Value(Carrier.Tensor, masks.Aggregate(read, (inner, mask) => Within(mask, inner)), 10, ScalarKind.Double);
            case Length { Span: var whole } when TableOf(whole) is { } sized:
                return new Value(Carrier.Host, $"(int){sized.Text}.shape[3]", 10, ScalarKind.Int);
            case Element element when TableOf(element.Span) is { } computed:
                var free = Go(element.Index);
                var found = $"TensorScalar.{(computed.AtKey ? "AtKey" : "AtQuery")}({computed.Text}, {free.Text}{Where(masks)})";
                return new Value(Carrier.Tensor, masks.Aggregate(found, (inner, mask) => Within(mask, inner)), 10, ScalarKind.Double);
            case Element element:
                var place = Go(element.Index);
                var span = arguments.TryGetValue(element.Span, out var weight) ? weight : Literals.Name(element.Span);
                return new Value(
                    Carrier.Tensor,
                    masks.Aggregate($"TensorScalar.Element({span}, {place.Text}{Where(masks)})", (inner, mask) => Within(mask, inner)),
                    10,
                    ScalarKind.Double);
            case Invoke invoke:
                return Tabulate(invoke, Go, masks);
            case Select s:
                var condition = Go(s.Condition);
                if (condition.Carrier == Carrier.Host)
                {
                    return Choose(condition, Go(s.Yes), Go(s.No));
                }

                condition = Named("holds", condition);
                return Choose(condition, Branch(s.Yes, condition, false, environment, masks), Branch(s.No, condition, true, environment, masks));
        }

        var children = e.Children.Select(Go).ToList();
        if (children.All(c => c.Carrier == Carrier.Host))
        {
            return Host(e, children);
        }

        switch (e)
        {
            case Unary { Operator: UnaryOperator.Negate }:
                return children[0] with { Text = "-" + children[0].Tight(10), Binds = 9 };
            case Unary:
                return children[0] with { Text = children[0].Tight(10) + ".logical_not()", Binds = 10 };
            case ConvertTo { Kind: ScalarKind.Double }:
                return new Value(Carrier.Tensor, $"{children[0].Tight(10)}.to({like}.dtype)", 10, ScalarKind.Double);
            case ConvertTo { Kind: ScalarKind.Int }:
                return new Value(Carrier.Grid, $"{children[0].Tight(10)}.detach().to(ScalarType.Int64)", 10, ScalarKind.Int);
            case Binary b:
                return Operate(b, children[0], children[1], masks);
            case Call c:
                return Apply(c, children);
            default:
                throw new NotATensorFunctionException($"It holds a {e.GetType().Name}.");
        }
    }

    /// <summary>A computed value that is read by index: its tensor, and whether it is the key's; null where the span is none.</summary>
    private (string Text, bool AtKey)? TableOf(string span) =>
        function.Parameters.FirstOrDefault(p => p.Name == span) is { Role: ScalarRole.Table } table
            ? (arguments.TryGetValue(span, out var given) ? given : Literals.Name(span), table.Axes.Split(' ').Contains(ScoreTable.Key))
            : null;

    private Value Host(Expression e, List<Value> children)
    {
        if (e is ConfigMember s)
        {
            return new Value(Carrier.Host, HostEmitter.Member(s, config, _ => children[0].Text), 10, s.Kind);
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
        return new Value(Carrier.Host, own, e is Literal { Number.Bits: < 0 } ? 9 : e.Children.Any() && e is not Call ? 0 : 10, e.Kind);
    }

    private Value Operate(Binary b, Value left, Value right, List<string> masks)
    {
        var place = b.Kind == ScalarKind.Double ? Carrier.Tensor : Carrier.Grid;
        switch (b.Operator)
        {
            case BinaryOperator.Add:
                var (first, second) = left.Carrier == Carrier.Host ? (right, left) : (left, right);
                return new Value(place, $"{first.Tight(10)}.Plus({second.Text})", 10, b.Kind);
            case BinaryOperator.Subtract when left.Carrier == Carrier.Host:
                return new Value(place, $"(-{right.Tight(10)}).Plus({left.Text})", 10, b.Kind);
            case BinaryOperator.Subtract:
                return new Value(place, $"{left.Tight(7)} - {right.Operand(8)}", 7, b.Kind);
            case BinaryOperator.Multiply:
                return new Value(place, $"{left.Operand(8)} * {right.Operand(9)}", 8, b.Kind);
            case BinaryOperator.Divide when b.Kind == ScalarKind.Double:
                return new Value(place, $"{left.Operand(8)} / {right.Operand(9)}", 8, b.Kind);
            case BinaryOperator.Divide:
                return new Value(place, $"TensorScalar.Quotient({left.Text}, {Divisor(right, masks)})", 10, b.Kind);
            case BinaryOperator.Remainder:
                var by = b.Kind == ScalarKind.Int ? Divisor(right, masks) : right.Text;
                return new Value(place, $"TensorScalar.Remainder({left.Text}, {by})", 10, b.Kind);
            case BinaryOperator.And:
            case BinaryOperator.Or:
                var method = b.Operator == BinaryOperator.And ? "And" : "Or";
                return new Value(Carrier.Grid, $"TensorScalar.{method}({left.Text}, {right.Text})", 10, ScalarKind.Bool);
        }

        // A number on the left changes sides.
        var own = ScalarOperations.Symbol(b.Operator).Tensor;
        var flipped = ScalarOperations.Symbol(b.Operator switch
        {
            BinaryOperator.Less => BinaryOperator.Greater,
            BinaryOperator.LessOrEqual => BinaryOperator.GreaterOrEqual,
            BinaryOperator.Greater => BinaryOperator.Less,
            BinaryOperator.GreaterOrEqual => BinaryOperator.LessOrEqual,
            var same => same,
        }).Tensor;
        if (b.Left.Kind == ScalarKind.Bool && (left.Carrier == Carrier.Host || right.Carrier == Carrier.Host))
        {
            var (host, grid) = left.Carrier == Carrier.Host ? (left, right) : (right, left);
            return new Value(Carrier.Grid, $"{grid.Tight(10)}{own}(torch.tensor({host.Text}, device: {like}.device))", 10, ScalarKind.Bool);
        }

        return left.Carrier == Carrier.Host
            ? new Value(Carrier.Grid, $"{right.Tight(10)}{flipped}({left.Operand(0)})", 10, ScalarKind.Bool)
            : new Value(Carrier.Grid, $"{left.Tight(10)}{own}({right.Operand(0)})", 10, ScalarKind.Bool);
    }

    // What an index or a divisor may be is of interest only where all of these hold.
    private static string Where(List<string> masks) => string.Concat(masks.Select(m => ", " + m));

    private static string Divisor(Value value, List<string> masks) =>
        value.Carrier == Carrier.Host ? value.Text : $"TensorScalar.Divisor({value.Text}{Where(masks)})";

    private static Value Apply(Call call, List<Value> arguments)
    {
        var place = call.Kind == ScalarKind.Double ? Carrier.Tensor : Carrier.Grid;
        if (call.Kind == ScalarKind.Complex || call.Arguments.Any(a => a.Kind == ScalarKind.Complex))
        {
            throw new NotATensorFunctionException("It computes with Complex values.");
        }

        var operation = ScalarOperations.Function(call.Function);
        if (call.Function == "Clamp" && arguments.Skip(1).Any(a => a.Carrier != Carrier.Host))
        {
            // Bounds of which one is a tensor: the one after the other.
            var (low, high) = (ScalarOperations.Function("Max"), ScalarOperations.Function("Min"));
            return arguments[0].Carrier == Carrier.Host && arguments[1].Carrier == Carrier.Host
                ? new Value(place, high.TensorCall([low.HostCall($"{arguments[0].Text}, {arguments[1].Text}", isComplex: false), arguments[2].Text]),
                    10, call.Kind)
                : new Value(place, high.TensorCall([low.TensorCall([arguments[0].Text, arguments[1].Text]), arguments[2].Text]), 10, call.Kind);
        }

        if (call is { Function: "Sign", Kind: ScalarKind.Int } && call.Arguments[0].Kind == ScalarKind.Double)
        {
            // A whole number, though of a tensor of others; where the number is wanted, it stays of the tensor's own type.
            return new Value(Carrier.Grid, $"{arguments[0].Tight(10)}.detach().sign().to(ScalarType.Int64)", 10, ScalarKind.Int);
        }

        return new Value(place, operation.TensorCall([.. arguments.Select((a, i) => i == 0 && operation.Tensor[0] == '.' ? a.Tight(10) : a.Text)]),
            10, call.Kind);
    }

    /// <param name="Binds">How tightly the text binds, as in C#: 10 is a name or a call, 7 a sum, 0 anything.</param>
    private sealed record Value(Carrier Carrier, string Text, int Binds, ScalarKind Kind)
    {
        public bool IsName => Binds == 10 && Text.All(c => char.IsLetterOrDigit(c) || c is '_' or '.' or '@');

        public string Tight(int outer) => Binds < outer ? "(" + Text + ")" : Text;

        /// <summary>Beside a tensor: a number that native code reads must be held.</summary>
        public string Operand(int outer) => Carrier == Carrier.Host ? $"Scalars.Of({Text})" : Tight(outer);
    }
}
