using System;

namespace Dsl.Runtime.Native;

/// <summary>An operator of libtorch failed or is missing; the message names it.</summary>
public sealed class TorchOperatorException(string operatorName, string message) : Exception(message)
{
    /// <summary>The operator, as in <c>aten::rms_norm</c>.</summary>
    public string Operator { get; } = operatorName;
}
