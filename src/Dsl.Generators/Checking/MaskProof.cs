using Dsl.Generators.Lowering;

namespace Dsl.Generators.Checking;

/// <summary>What can be proved of a mask from its expression.</summary>
internal static class MaskProof
{
    public static bool IsCausal(FunctionUse? mask) => false;

    /// <summary>How many keys back a query sees at most, as C# over <c>config</c>; null where no bound is proved.</summary>
    public static string? Window(FunctionUse? mask) => null;

    /// <summary>Whether the mask is the causal band of that window and nothing else.</summary>
    public static bool IsExactBand(FunctionUse? mask) => false;

    /// <summary>Whether the window is a member that may be absent, which means no bound.</summary>
    public static bool WindowMayBeNull(FunctionUse? mask) => false;
}
