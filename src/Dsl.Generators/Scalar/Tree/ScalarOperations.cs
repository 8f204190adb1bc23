using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>What an operation passes back to its operands: one node each, null to whom it passes nothing.</summary>
internal delegate FlowNode?[] Derivative(ChainRule chain);

/// <summary>An operation on Complex values, as nodes for both parts; the imaginary one is null where the result is real.</summary>
internal delegate (FlowNode Re, FlowNode? Im) ComplexForm(FlowWriter to, FlowNode re, FlowNode im);

/// <summary>
/// A scalar operation: its text in each form and its derivative. An operation is added by its row in <see cref="ScalarOperations"/> alone (and by what the row
/// calls in the runtime); there is none without a derivative.
/// </summary>
internal sealed class ScalarOperation
{
    private ScalarOperation(string name, int operands, string host, string lanes, string tensor, int binds)
    {
        Name = name;
        Operands = operands;
        Host = host;
        Lanes = lanes;
        Tensor = tensor;
        Binds = binds;
    }

    /// <summary>As C# calls the function, or the node's own name.</summary>
    public string Name { get; }

    /// <summary>How many it takes.</summary>
    public int Operands { get; }

    /// <summary>In C#: a symbol between or before its operands, or the method.</summary>
    public string Host { get; }

    /// <summary>On vectors of lanes, the same.</summary>
    public string Lanes { get; }

    /// <summary>On whole tensors: a symbol, a static method, or, with a point in front, a method of the first operand.</summary>
    public string Tensor { get; }

    /// <summary>How tightly the symbol binds, as in C#; 10 is a call.</summary>
    public int Binds { get; }

    /// <summary>The chain rule; null only where <see cref="Expansion"/> says of which operations it consists.</summary>
    public Derivative? Derivative { get; private set; }

    /// <summary>In kernels: other operations that it stands for.</summary>
    public Func<FlowWriter, IReadOnlyList<FlowNode>, FlowNode>? Expansion { get; private set; }

    /// <summary>Of a Complex operand; null where there is no such form.</summary>
    public ComplexForm? OfComplex { get; private set; }

    /// <summary>Whether a function may call it on a Complex value at all: what kernels have no form of, masks and helpers of the host may still use.</summary>
    public bool TakesComplex { get; private set; }

    public static ScalarOperation Symbol(string name, string host, int binds, string lanes, string tensor, Derivative derivative, int operands = 2) =>
        new(name, operands, host, lanes, tensor, binds) { Derivative = derivative };

    public static ScalarOperation Function(string host, string tensor, Derivative derivative,
        int operands = 1, ComplexForm? ofComplex = null, bool takesComplex = false)
    {
        var name = host.Substring(host.IndexOf('.') + 1);
        return new(name, operands, host, "Lanes." + name, tensor, 10)
        {
            Derivative = derivative,
            OfComplex = ofComplex,
            TakesComplex = takesComplex || ofComplex is not null,
        };
    }

    public static ScalarOperation Composed(
        string host, string tensor, int operands, Func<FlowWriter, IReadOnlyList<FlowNode>, FlowNode> expansion, ComplexForm? ofComplex = null)
    {
        var name = host.Substring(host.IndexOf('.') + 1);
        return new(name, operands, host, "Lanes." + name, tensor, 10) { Expansion = expansion, OfComplex = ofComplex, TakesComplex = ofComplex is not null };
    }

    /// <summary>The call in C#, for whichever kind its operands have.</summary>
    public string HostCall(string arguments, bool isComplex) =>
        (isComplex && Host.StartsWith("Math.", StringComparison.Ordinal) ? "Complex." + Name : Host) + "(" + arguments + ")";

    /// <summary>The call on whole tensors; the first operand of a method must bind as tightly as a name.</summary>
    public string TensorCall(IReadOnlyList<string> arguments) => Tensor[0] == '.'
        ? $"{arguments[0]}{Tensor}({string.Join(", ", arguments.Skip(1))})"
        : $"{Tensor}({string.Join(", ", arguments)})";
}

/// <summary>One application of an operation on the way back.</summary>
internal sealed class ChainRule(FlowWriter to, FlowNode node, FlowNode g, Func<FlowNode, FlowNode> get)
{
    /// <summary>What comes back to the result.</summary>
    public FlowNode G => g;

    /// <summary>The result.</summary>
    public FlowNode Y => get(node);

    /// <summary>The first operand.</summary>
    public FlowNode X => Operand(0);

    /// <summary>The second operand.</summary>
    public FlowNode Z => Operand(1);

    public FlowWriter To => to;

    public FlowNode Operand(int index) => get(node.Arguments[index]);

    /// <summary>Whether no value of a tensor is in an operand.</summary>
    public bool IsFixed(int index) => node.Arguments[index].IsFixed;

    public FlowNode One => to.Constant(1);

    public FlowNode Zero => to.Constant(0);

    public FlowNode Square(FlowNode x) => to.Times(x, x);

    public FlowNode Choose(Op comparison, FlowNode left, FlowNode right, FlowNode yes, FlowNode no) => to.Select(to.Binary(comparison, left, right), yes, no);
}

/// <summary>All operations of scalar functions.</summary>
internal static class ScalarOperations
{
    // Constant between its jumps.
    private static readonly Derivative Flat = c => [];

    private static readonly Dictionary<string, ScalarOperation> Functions = new ScalarOperation[]
    {
        ScalarOperation.Function("Math.Exp", ".exp", c => [c.To.Times(c.G, c.Y)], ofComplex: (to, re, im) =>
        {
            var size = to.Call("Exp", re);
            return (to.Times(size, to.Call("Cos", im)), to.Times(size, to.Call("Sin", im)));
        }),
        ScalarOperation.Function("ScalarMath.ExpM1", ".expm1", c => [c.To.Times(c.G, c.To.Plus(c.Y, c.One))], ofComplex: (to, re, im) =>
        {
            // (e^a - 1) cos b + (cos b - 1) + i e^a sin b, with cos b - 1 = -2 sin^2(b/2).
            var half = to.Call("Sin", to.Times(to.Constant(0.5), im));
            return (
                to.Minus(to.Times(to.Call("ExpM1", re), to.Call("Cos", im)), to.Times(to.Constant(2), to.Times(half, half))),
                to.Times(to.Call("Exp", re), to.Call("Sin", im)));
        }),
        ScalarOperation.Function("Math.Log", ".log", c => [c.To.Over(c.G, c.X)]),
        ScalarOperation.Function("ScalarMath.Log1P", ".log1p", c => [c.To.Over(c.G, c.To.Plus(c.One, c.X))]),
        ScalarOperation.Function("Math.Log2", ".log2", c => [c.To.Over(c.To.Times(c.G, c.To.Constant(1 / Math.Log(2))), c.X)]),
        ScalarOperation.Function("Math.Log10", ".log10", c => [c.To.Over(c.To.Times(c.G, c.To.Constant(1 / Math.Log(10))), c.X)]),
        ScalarOperation.Function("Math.Sqrt", ".sqrt", c => [c.To.Over(c.To.Times(c.To.Constant(0.5), c.G), c.Y)], takesComplex: true),
        ScalarOperation.Function("Math.Cbrt", "TensorScalar.Cbrt", c => [c.To.Over(c.G, c.To.Times(c.To.Constant(3), c.Square(c.Y)))]),
        ScalarOperation.Function("Math.Pow", "TensorScalar.Pow", c =>
        [
            // x^0 is 1 everywhere, at 0 too; 0^y is 0 for every positive y: the logarithm has no say there.
            c.IsFixed(0) ? null : c.Choose(
                Op.Equal, c.Z, c.Zero, c.Zero, c.To.Times(c.G, c.To.Times(c.Z, c.To.Call("Pow", c.X, c.To.Minus(c.Z, c.One))))),
            c.IsFixed(1) ? null : c.Choose(Op.Equal, c.X, c.Zero, c.Zero, c.To.Times(c.G, c.To.Times(c.Y, c.To.Call("Log", c.X)))),
        ], operands: 2),
        ScalarOperation.Function("Math.Tanh", ".tanh", c => [c.To.Times(c.G, c.To.Minus(c.One, c.Square(c.Y)))]),
        ScalarOperation.Function("Math.Sinh", ".sinh", c => [c.To.Times(c.G, c.To.Call("Cosh", c.X))]),
        ScalarOperation.Function("Math.Cosh", ".cosh", c => [c.To.Times(c.G, c.To.Call("Sinh", c.X))]),
        ScalarOperation.Function("Math.Sin", ".sin", c => [c.To.Times(c.G, c.To.Call("Cos", c.X))]),
        ScalarOperation.Function("Math.Cos", ".cos", c => [c.To.Negate(c.To.Times(c.G, c.To.Call("Sin", c.X)))]),
        ScalarOperation.Function("Math.Tan", ".tan", c => [c.To.Times(c.G, c.To.Plus(c.One, c.Square(c.Y)))]),
        ScalarOperation.Function("Math.Asin", ".asin", c => [c.To.Over(c.G, c.To.Call("Sqrt", c.To.Minus(c.One, c.Square(c.X))))]),
        ScalarOperation.Function("Math.Acos", ".acos", c => [c.To.Negate(c.To.Over(c.G, c.To.Call("Sqrt", c.To.Minus(c.One, c.Square(c.X)))))]),
        ScalarOperation.Function("Math.Atan", ".atan", c => [c.To.Over(c.G, c.To.Plus(c.One, c.Square(c.X)))]),
        ScalarOperation.Function("Math.Atan2", "TensorScalar.Atan2", c =>
        {
            var square = c.To.Plus(c.Square(c.X), c.Square(c.Z));
            return [c.To.Over(c.To.Times(c.G, c.Z), square), c.To.Negate(c.To.Over(c.To.Times(c.G, c.X), square))];
        }, operands: 2),
        ScalarOperation.Function("Math.Asinh", ".asinh", c => [c.To.Over(c.G, c.To.Call("Sqrt", c.To.Plus(c.One, c.Square(c.X))))]),
        ScalarOperation.Function("Math.Acosh", ".acosh", c => [c.To.Over(c.G, c.To.Call("Sqrt", c.To.Minus(c.Square(c.X), c.One)))]),
        ScalarOperation.Function("Math.Atanh", ".atanh", c => [c.To.Over(c.G, c.To.Minus(c.One, c.Square(c.X)))]),
        ScalarOperation.Function(
            "Math.Abs", ".abs", c => [c.Choose(Op.Less, c.X, c.Zero, c.To.Negate(c.G), c.Choose(Op.Greater, c.X, c.Zero, c.G, c.Zero))],
            ofComplex: (to, re, im) => (to.Call("Sqrt", to.Plus(to.Times(re, re), to.Times(im, im))), null)),
        ScalarOperation.Function("Math.Max", "TensorScalar.Max", c => Larger(c, c.IsFixed(0) ? Op.Greater : Op.GreaterOrEqual), operands: 2),
        ScalarOperation.Function("Math.Min", "TensorScalar.Min", c => Larger(c, c.IsFixed(0) ? Op.Less : Op.LessOrEqual), operands: 2),
        ScalarOperation.Composed("Math.Clamp", "TensorScalar.Clamp", 3, (to, a) => to.Call("Min", to.Call("Max", a[0], a[1]), a[2])),
        ScalarOperation.Function("Math.Sign", ".sign", Flat),
        ScalarOperation.Function("Math.Floor", ".floor", Flat),
        ScalarOperation.Function("Math.Ceiling", ".ceil", Flat),
        ScalarOperation.Function("Math.Round", ".round", Flat),
        ScalarOperation.Function("Math.Truncate", ".trunc", Flat),
        ScalarOperation.Function("ScalarMath.Sigmoid", ".sigmoid", c => [c.To.Times(c.G, c.To.Times(c.Y, c.To.Minus(c.One, c.Y)))]),
        ScalarOperation.Function("ScalarMath.Softplus", "TensorScalar.Softplus", c => [c.To.Times(c.G, c.To.Call("Sigmoid", c.X))]),
        ScalarOperation.Function(
            "ScalarMath.Erf", ".erf",
            c => [c.To.Times(c.G, c.To.Times(c.To.Constant(2 / Math.Sqrt(Math.PI)), c.To.Call("Exp", c.To.Negate(c.Square(c.X)))))]),
        ScalarOperation.Function("ScalarMath.Detach", ".detach", Flat, ofComplex: (to, re, im) => (to.Call("Detach", re), to.Call("Detach", im))),
        ScalarOperation.Composed("ScalarMath.Conj", "TensorScalar.Conj", 1, (to, a) => a[0], ofComplex: (to, re, im) => (re, to.Negate(im))),
    }.ToDictionary(o => o.Name);

    private static readonly Dictionary<Op, ScalarOperation> Symbols = new()
    {
        [Op.Negate] = ScalarOperation.Symbol("Negate", "-", 9, "-", "-", c => [c.To.Negate(c.G)], operands: 1),
        [Op.Not] = ScalarOperation.Symbol("Not", "!", 9, "~", ".logical_not", Flat, operands: 1),
        [Op.Add] = ScalarOperation.Symbol("Add", "+", 7, "+", ".Plus", c => [c.G, c.G]),
        [Op.Subtract] = ScalarOperation.Symbol("Subtract", "-", 7, "-", "-", c => [c.G, c.To.Negate(c.G)]),
        [Op.Multiply] = ScalarOperation.Symbol("Multiply", "*", 8, "*", "*", c => [c.To.Times(c.G, c.Z), c.To.Times(c.G, c.X)]),
        [Op.Divide] = ScalarOperation.Symbol("Divide", "/", 8, "/", "/", c =>
        {
            var share = c.To.Over(c.G, c.Z);
            return [share, c.To.Negate(c.To.Times(share, c.Y))];
        }),

        // x % z = x - n z, where n, a whole number, jumps with them.
        [Op.Remainder] = ScalarOperation.Symbol(
            "Remainder", "%", 8, "Lanes.Remainder", "TensorScalar.Remainder",
            c => [c.G, c.To.Negate(c.To.Times(c.G, c.To.Call("Round", c.To.Over(c.To.Minus(c.X, c.Y), c.Z))))]),
        [Op.Less] = ScalarOperation.Symbol("Less", "<", 6, "Lanes.Less", ".lt", Flat),
        [Op.LessOrEqual] = ScalarOperation.Symbol("LessOrEqual", "<=", 6, "Lanes.LessOrEqual", ".le", Flat),
        [Op.Greater] = ScalarOperation.Symbol("Greater", ">", 6, "Lanes.Greater", ".gt", Flat),
        [Op.GreaterOrEqual] = ScalarOperation.Symbol("GreaterOrEqual", ">=", 6, "Lanes.GreaterOrEqual", ".ge", Flat),
        [Op.Equal] = ScalarOperation.Symbol("Equal", "==", 5, "Lanes.Equal", ".eq", Flat),
        [Op.NotEqual] = ScalarOperation.Symbol("NotEqual", "!=", 5, "Lanes.NotEqual", ".ne", Flat),
        [Op.And] = ScalarOperation.Symbol("And", "&&", 4, "&", "TensorScalar.And", Flat),
        [Op.Or] = ScalarOperation.Symbol("Or", "||", 3, "|", "TensorScalar.Or", Flat),
        [Op.Select] = ScalarOperation.Symbol(
            "Select", "?", 1, "Lanes.Select", "TensorScalar.Where",
            c => [null, c.To.Select(c.X, c.G, c.Zero), c.To.Select(c.X, c.Zero, c.G)], operands: 3),
        [Op.ToDouble] = ScalarOperation.Symbol("ToDouble", "(double)", 9, "(double)", "pass.Real", Flat, operands: 1),
        [Op.ToInt] = ScalarOperation.Symbol("ToInt", "(int)", 9, "(int)", "pass.Whole", Flat, operands: 1),
    };

    /// <summary>The names of all functions that may be called.</summary>
    public static IEnumerable<string> Names => Functions.Keys;

    /// <summary>The symbols, by what a node does.</summary>
    public static IReadOnlyDictionary<Op, ScalarOperation> OfSymbols => Symbols;

    /// <summary>The function of that name; null where no scalar function may call it.</summary>
    public static ScalarOperation? Find(string name) => Functions.TryGetValue(name, out var operation) ? operation : null;

    /// <summary>A function that reading has let through.</summary>
    public static ScalarOperation Function(string name) => Find(name) ?? throw new InvalidOperationException("No function of the table: " + name);

    public static ScalarOperation Symbol(BinaryOperator op) => Symbols[OpOf(op)];

    /// <summary>What an operator of the tree is among the nodes of a flow.</summary>
    public static Op OpOf(BinaryOperator op) => (Op)((int)Op.Add + (int)op);

    /// <summary>What a node does; null for what is no operation: numbers, operands, loads, what a loop carries.</summary>
    public static ScalarOperation? Of(FlowNode node) => node.Op == Op.Call ? Function(node.Text) : Symbols.TryGetValue(node.Op, out var symbol) ? symbol : null;

    // Where both are equal the left one is passed on to, but never a number that has no use for it.
    private static FlowNode?[] Larger(ChainRule c, Op wins)
    {
        var first = c.To.Binary(wins, c.X, c.Z);
        return [c.To.Select(first, c.G, c.Zero), c.To.Select(first, c.Zero, c.G)];
    }
}
