using System;
using System.Linq;

namespace Dsl.Generators.Scalar;

internal sealed partial class Flow
{
    /// <summary>Arithmetic over pairs of a real and an imaginary part.</summary>
    private sealed partial class Builder
    {
        private Pair Operate(BinaryOperator op, Expression leftExpression, Expression rightExpression)
        {
            var left = Read(leftExpression);
            var right = Read(rightExpression);
            if (left.Im is null && right.Im is null)
            {
                return new Pair(to.Binary(ScalarOperations.OpOf(op), left.Re, right.Re), null);
            }

            FlowNode? Both(FlowNode? x, FlowNode? y, Func<FlowNode, FlowNode, FlowNode> f, Func<FlowNode, FlowNode> onlyRight) =>
                x is null ? (y is null ? null : onlyRight(y)) : y is null ? x : f(x, y);
            switch (op)
            {
                case BinaryOperator.Add:
                    return new Pair(to.Plus(left.Re, right.Re), Both(left.Im, right.Im, to.Plus, y => y));
                case BinaryOperator.Subtract:
                    return new Pair(to.Minus(left.Re, right.Re), Both(left.Im, right.Im, to.Minus, to.Negate));
                case BinaryOperator.Multiply:
                    return Multiply(left, right);
                case BinaryOperator.Divide when right.Im is null:
                    return new Pair(to.Over(left.Re, right.Re), left.Im is null ? null : to.Over(left.Im, right.Re));
                case BinaryOperator.Divide:
                    // a / b = a conj(b) / |b|^2.
                    var size = to.Plus(to.Times(right.Re, right.Re), to.Times(right.Im, right.Im));
                    var product = Multiply(left, new Pair(right.Re, to.Negate(right.Im)));
                    return new Pair(to.Over(product.Re, size), to.Over(product.Im!, size));
                default:
                    throw new NotAKernelException("Complex values can be added, multiplied and divided.");
            }
        }

        private Pair Multiply(Pair a, Pair b)
        {
            if (a.Im is null || b.Im is null)
            {
                var (real, other) = a.Im is null ? (a.Re, b) : (b.Re, a);
                return new Pair(to.Times(real, other.Re), other.Im is null ? null : to.Times(real, other.Im));
            }

            return new Pair(to.Minus(to.Times(a.Re, b.Re), to.Times(a.Im, b.Im)), to.Plus(to.Times(a.Re, b.Im), to.Times(a.Im, b.Re)));
        }

        private Pair Apply(Call call)
        {
            var arguments = call.Arguments.Select(Read).ToList();
            var x = arguments[0];
            switch (call.Function)
            {
                case "New":
                    return new Pair(x.Re, arguments[1].Re);
                case "Real":
                    return new Pair(x.Re, null);
                case "Imaginary":
                    return new Pair(x.Im ?? to.Constant(0), null);
            }

            var operation = ScalarOperations.Function(call.Function);
            if (x.Im is not null)
            {
                var (re, im) = operation.OfComplex is { } form
                    ? form(to, x.Re, x.Im)
                    : throw new NotAKernelException($"{call.Function} of a Complex has no kernel.");
                return new Pair(re, im);
            }

            var numbers = arguments.Select(a => a.Re).ToList();
            if (operation.Expansion is { } expansion)
            {
                return new Pair(expansion(to, numbers), null);
            }

            var kind = call.Kind == ScalarKind.Complex ? ScalarKind.Double : call.Kind;
            return kind == ScalarKind.Int && !numbers.All(n => n.IsFixed)
                ? throw new NotAKernelException($"{call.Function} makes an int of a value: a kernel counts with ints and computes with doubles.")
                : new Pair(to.Make(Op.Call, kind, numbers, call.Function), null);
        }
    }
}
