using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Checking;

/// <summary>Activations that a declaration may name as a constant: the names of <c>Dsl.Activation</c>, as configs spell them.</summary>
internal static class ActivationNames
{
    public static readonly IReadOnlyList<string> All =
        ["gelu", "gelu_new", "gelu_pytorch_tanh", "quick_gelu", "relu", "relu2", "silu", "swish", "sigmoid", "tanh", "softplus", "identity", "linear"];

    public static string? Find(string name) => All.FirstOrDefault(a => string.Equals(a, name, StringComparison.Ordinal));
}
