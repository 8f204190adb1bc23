using Dsl.Generators.Lowering;
using Dsl.Generators.Scalar;

namespace Dsl.Generators.Checking;

/// <summary>What can be proved of a mask from its expression.</summary>
internal static class MaskProof
{
    /// <summary>The facts; null where the function could not be read.</summary>
    public static MaskFacts? Of(FunctionUse? mask) => mask?.Scalar is { } function ? MaskFacts.Analyse(function) : null;
}
