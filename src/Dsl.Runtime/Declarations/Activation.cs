using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl;

/// <summary>A named elementwise function. The constants are the names that published configs use; <see cref="Of"/> knows their synonyms too.</summary>
public readonly record struct Activation
{
    /// <summary>x Phi(x) with the error function (Hendrycks and Gimpel, arXiv 1606.08415).</summary>
    public const string Gelu = "gelu";

    /// <summary>x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), the approximation of the same paper.</summary>
    public const string GeluTanh = "gelu_new";

    /// <summary>x sigmoid(1.702 x).</summary>
    public const string QuickGelu = "quick_gelu";

    /// <summary>max(x, 0).</summary>
    public const string Relu = "relu";

    /// <summary>max(x, 0)^2 (So et al., arXiv 2109.08668).</summary>
    public const string ReluSquared = "relu2";

    /// <summary>x sigmoid(x).</summary>
    public const string Silu = "silu";

    /// <summary>1 / (1 + exp(-x)).</summary>
    public const string Sigmoid = "sigmoid";

    /// <summary>tanh(x).</summary>
    public const string Tanh = "tanh";

    /// <summary>log(1 + exp(x)), and x itself above 20.</summary>
    public const string Softplus = "softplus";

    /// <summary>x.</summary>
    public const string Identity = "identity";

    private static readonly Dictionary<string, string> Synonyms = new(StringComparer.Ordinal)
    {
        [Gelu] = Gelu,
        ["gelu_python"] = Gelu,
        [GeluTanh] = GeluTanh,
        ["gelu_pytorch_tanh"] = GeluTanh,
        ["gelu_python_tanh"] = GeluTanh,
        ["gelu_fast"] = GeluTanh,
        ["gelu_accurate"] = GeluTanh,
        [QuickGelu] = QuickGelu,
        [Relu] = Relu,
        [ReluSquared] = ReluSquared,
        ["relu_squared"] = ReluSquared,
        [Silu] = Silu,
        ["swish"] = Silu,
        [Sigmoid] = Sigmoid,
        [Tanh] = Tanh,
        [Softplus] = Softplus,
        [Identity] = Identity,
        ["linear"] = Identity,
    };

    private readonly string? name;

    private Activation(string name) => this.name = name;

    /// <summary>The function's own name, one of the constants.</summary>
    public string Name => name ?? Identity;

    /// <summary>Every name that <see cref="Of"/> accepts.</summary>
    public static IReadOnlyCollection<string> Known => Synonyms.Keys;

    /// <summary>The function of that name.</summary>
    /// <exception cref="ArgumentException">The name is unknown; the message lists the known ones.</exception>
    public static Activation Of(string name) => Synonyms.TryGetValue(name, out string? own)
        ? new Activation(own)
        : throw new ArgumentException($"Unknown activation '{name}': expected one of {string.Join(", ", Synonyms.Keys.Order(StringComparer.Ordinal))}.");

    /// <summary>A name stands for its function.</summary>
    public static implicit operator Activation(string name) => Of(name);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
