using System.Collections.Generic;

namespace Dsl.Generators.Scalar;

/// <summary>How values are written down.</summary>
internal abstract class KernelStyle(Flow flow)
{
    protected Flow Flow => flow;

    /// <summary>Autograd goes back through what is written, so that branches mark what enters them.</summary>
    public virtual bool Enters => false;

    public abstract string Zero { get; }

    /// <summary>The step's position: an int of the row, or whole numbers of all rows.</summary>
    public abstract string Position { get; }

    public abstract string Type { get; }

    public abstract string Constant(string number);

    /// <summary>A call: a function of the table, or a comparison, which is one on vectors and on tensors.</summary>
    public abstract string Call(ScalarOperation operation, IReadOnlyList<string> arguments);

    public abstract string Logic(Op op, string left, string right);

    public virtual bool SumsByOperator => true;

    public abstract string Not(string x);

    public abstract string Select(string condition, string yes, string no);

    public abstract string Within(string mask, bool negated, string x);

    public abstract string Operand(KernelOperand operand, string name);

    public abstract string Element(KernelOperand operand, string name, string index);
}

/// <summary>Vectors of lanes.</summary>
internal sealed class VectorStyle(Flow flow) : KernelStyle(flow)
{
    public override string Zero => "Vector<T>.Zero";

    public override string Position => "pass.Position(t)";

    public override string Type => "Vector<T>";

    public override string Constant(string number) => number is "0.0" ? Zero : $"Lanes.Of<T>({number})";

    public override string Call(ScalarOperation operation, IReadOnlyList<string> arguments) => $"{operation.Lanes}({string.Join(", ", arguments)})";

    public override string Logic(Op op, string left, string right) => $"{left} {(op == Op.And ? "&" : "|")} {right}";

    public override string Not(string x) => "~" + x;

    public override string Select(string condition, string yes, string no) => $"Lanes.Select({condition}, {yes}, {no})";

    public override string Within(string mask, bool negated, string x) => x;

    public override string Operand(KernelOperand operand, string name) => $"{name}.{(operand.Lanes ? "Lanes" : "Same")}({(operand.Time ? "t" : "0")})";

    public override string Element(KernelOperand operand, string name, string index) => $"{name}.{(operand.Lanes ? "Lanes" : "Same")}({index})";
}

/// <summary>Whole tensors.</summary>
internal sealed class TensorStyle(Flow flow, bool back) : KernelStyle(flow)
{
    public override bool Enters => !back;

    public override string Zero => "pass.Number(0.0)";

    public override string Position => "pass.Position";

    public override string Type => "Tensor";

    // a + b would make a number that a collection may free while native code reads it (see Scalars).
    public override bool SumsByOperator => false;

    public override string Constant(string number) => $"pass.Number({number})";

    public override string Call(ScalarOperation operation, IReadOnlyList<string> arguments) => operation.TensorCall(arguments);

    public override string Logic(Op op, string left, string right) => $"TensorScalar.{op}({left}, {right})";

    public override string Not(string x) => x + ".logical_not()";

    public override string Select(string condition, string yes, string no) => $"TensorScalar.Where({condition}, {yes}, {no})";

    public override string Within(string mask, bool negated, string x) => $"TensorScalar.Within({(negated ? Not(mask) : mask)}, {x})";

    public override string Operand(KernelOperand operand, string name) => name;

    public override string Element(KernelOperand operand, string name, string index) => $"{name}[{index}]";
}

/// <summary>An expression and how tightly it binds.</summary>
internal readonly record struct KernelText(string Code, int Binds)
{
    public string Tight(int outer) => Binds < outer ? "(" + Code + ")" : Code;
}
