namespace Dsl.Generators.Scalar;

/// <summary>What a name in a kernel's text stands for.</summary>
internal abstract record KernelSymbol
{
    /// <summary>A number that enters.</summary>
    internal sealed record Number(FlowInput Input) : KernelSymbol;

    /// <summary>A span: an operand's row of one step, a state, what is kept between loops.</summary>
    internal sealed record Array(ArrayRole Role, int Index) : KernelSymbol;

    /// <summary>Where all steps of an operand are read from.</summary>
    internal sealed record Slot(int Operand) : KernelSymbol;

    /// <summary>Where the gradient of an operand is added up, of one step where it has a row a step.</summary>
    internal sealed record Gradient(int Operand) : KernelSymbol;

    /// <summary>Where the gradients of all steps of an operand are.</summary>
    internal sealed record GradientSlot(int Operand) : KernelSymbol;

    /// <summary>The gradient of an operand that all steps share, over the steps so far.</summary>
    internal sealed record StepSum(int Operand) : KernelSymbol;
}
