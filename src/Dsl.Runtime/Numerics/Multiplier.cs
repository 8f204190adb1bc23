using System;
using System.Collections.Generic;
using System.Runtime.Intrinsics.X86;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Which implementations may be used. All switches are for the whole process.</summary>
public static class ProductPolicy
{
    /// <summary>
    /// What TorchSharp doesn't offer and libtorch has: oneDNN's products with activation and residual within (where nothing records gradients), attention
    /// with a scale of
    /// its own, the root-mean-square norm. False takes the plain TorchSharp way everywhere.
    /// </summary>
    public static bool UseFused { get; set; } = true;

    /// <summary>
    /// oneDNN's products where gradients are recorded too, forward and backward, from 32 rows on. Set where the processor has AVX-512, on which they are
    /// about twice as fast
    /// as libtorch's linear.
    /// </summary>
    public static bool UseFusedTraining { get; set; } = Avx512F.IsSupported;

    /// <summary>
    /// A copy of each weight in oneDNN's blocked layout, for calls without gradients. It is faster for a few rows at a time and takes the weight's memory
    /// once more.
    /// </summary>
    public static bool KeepPackedCopies { get; set; }
}

/// <summary>One matrix and how to multiply with it. The choice is made once for calls with gradients, with one row, and with many.</summary>
internal sealed class Multiplier
{
    /// <summary>Up to so many rows a product is bound by reading the weight.</summary>
    private const long FewRows = 8;

    /// <summary>From so many rows on a managed gradient function costs little beside the product.</summary>
    private const long ManyRows = 32;

    private readonly WeightTable table;
    private readonly string key;
    private readonly Func<Tensor> matrix;
    private readonly Func<Tensor?> bias;
    private PackedCopy? few;
    private PackedCopy? many;
    private Tensor? view;
    private int viewVersion = -1;

    /// <param name="table">Whose versions say when something derived is stale.</param>
    /// <param name="key">For listings.</param>
    /// <param name="matrix">[out, in], a new tensor at each call.</param>
    /// <param name="bias">[out], a new tensor at each call, or null.</param>
    internal Multiplier(WeightTable table, string key, Func<Tensor> matrix, Func<Tensor?> bias)
    {
        this.table = table;
        this.key = key;
        this.matrix = matrix;
        this.bias = bias;
        table.Derived(Drop);
    }

    internal Tensor Apply(Tensor x, Activation? activation)
    {
        if (torch.is_grad_enabled())
        {
            Drop();
            using Tensor weight = matrix();
            using Tensor? given = bias();
            if (FusesTraining(x, weight))
            {
                FusedActivation? inside = Within(activation);
                Tensor recorded = FusedLinear.Apply(x, weight, given, inside ?? FusedActivation.None);
                return inside is null ? activation!.Value.ApplyOwned(recorded) : recorded;
            }

            Tensor y = nn.functional.linear(x, weight, given);
            return activation is { } function ? function.ApplyOwned(y) : y;
        }

        Tensor fixedWeight = View();
        using Tensor? offset = bias();
        if (!Fuses(x, fixedWeight))
        {
            Tensor y = nn.functional.linear(x, fixedWeight, offset);
            return activation is { } function ? function.ApplyOwned(y) : y;
        }

        FusedActivation? fused = Within(activation);
        Tensor product = StableC.Linear(x, Weight(x, fixedWeight), offset, fused ?? FusedActivation.None);
        return fused is null ? activation!.Value.ApplyOwned(product) : product;
    }

    /// <summary>x W^T + b as it is where gradients are recorded, for a function that computes its gradient itself.</summary>
    internal static Tensor Multiply(Tensor x, Tensor weight, Tensor? bias) =>
        FusesTraining(x, weight) ? StableC.Linear(x, weight, bias) : nn.functional.linear(x, weight, bias);

    /// <summary>x W^T + b as it is where no gradients are recorded, of a weight that is not kept for.</summary>
    internal static Tensor MultiplyFixed(Tensor x, Tensor weight, Tensor? bias) =>
        Fuses(x, weight) ? StableC.Linear(x, weight, bias) : nn.functional.linear(x, weight, bias);

    internal Tensor ApplyAdd(Tensor x, Tensor residual)
    {
        if (torch.is_grad_enabled())
        {
            using Tensor product = Apply(x, null);
            return product.Plus(residual);
        }

        Tensor fixedWeight = View();
        if (Fuses(x, fixedWeight) && StableC.HasLinearAdd && residual.dtype == x.dtype && Alike(x, residual))
        {
            using Tensor? offset = bias();
            return StableC.LinearAdd(x, Weight(x, fixedWeight), offset, residual);
        }

        return Tensors.InPlace(Apply(x, null), t => t.Increase(residual));
    }

    internal IEnumerable<ChoiceRow> Explain()
    {
        bool trains = ProductPolicy.UseFused && ProductPolicy.UseFusedTraining && StableC.HasLinear && StableC.HasOperators && table.Dtype == ScalarType.Float32
            && table.Device.type == DeviceType.CPU;
        yield return trains
            ? new ChoiceRow(key, "oneDNN, forward and backward", $"where gradients are recorded, from {ManyRows} rows on; libtorch linear below")
            : new ChoiceRow(key, "libtorch linear", "where gradients are recorded");
        if (!ProductPolicy.UseFused)
        {
            yield return new ChoiceRow(key, "libtorch linear", "without gradients: fused products are switched off");
        }
        else if (!StableC.HasLinear)
        {
            yield return new ChoiceRow(key, "libtorch linear", "without gradients: this libtorch has no oneDNN product");
        }
        else if (table.Dtype != ScalarType.Float32 || table.Device.type != DeviceType.CPU)
        {
            yield return new ChoiceRow(key, "libtorch linear",
                $"without gradients: oneDNN multiplies float32 on the CPU, this is {table.Dtype} on {table.Device.type}");
        }
        else if (ProductPolicy.KeepPackedCopies && StableC.HasReorder)
        {
            yield return new ChoiceRow(key, "oneDNN, packed copy",
                $"without gradients, one copy up to {FewRows} rows and one above; activation and residual within");
        }
        else
        {
            yield return new ChoiceRow(key, "oneDNN", "without gradients; activation and residual within, the weight read as it is stored");
        }
    }

    private static bool FusesTraining(Tensor x, Tensor weight) => ProductPolicy.UseFused && ProductPolicy.UseFusedTraining
        && x.numel() >= ManyRows * x.shape[^1] && FusedLinear.IsAvailable(x, weight);

    private static bool Fuses(Tensor x, Tensor weight) => ProductPolicy.UseFused && StableC.HasLinear && x.dtype == ScalarType.Float32
        && weight.dtype == ScalarType.Float32 && x.device_type == DeviceType.CPU && weight.device_type == DeviceType.CPU && x.numel() > 0;

    /// <summary>The activation as oneDNN knows it; null when it doesn't.</summary>
    private static FusedActivation? Within(Activation? activation) => (activation ?? default).Name switch
    {
        Activation.Identity => FusedActivation.None,
        Activation.Relu => FusedActivation.Relu,
        Activation.Gelu => FusedActivation.Gelu,
        Activation.GeluTanh => FusedActivation.GeluTanh,
        Activation.Silu => FusedActivation.Silu,
        Activation.Sigmoid => FusedActivation.Sigmoid,
        Activation.Tanh => FusedActivation.Tanh,
        _ => null,
    };

    /// <summary>The residual has one row for each row of x, so that nothing is broadcast.</summary>
    private static bool Alike(Tensor x, Tensor residual)
    {
        long[] a = x.shape, b = residual.shape;
        return a.Length == b.Length && a.AsSpan(0, a.Length - 1).SequenceEqual(b.AsSpan(0, b.Length - 1));
    }

    private Tensor Weight(Tensor x, Tensor weight)
    {
        if (!ProductPolicy.KeepPackedCopies || !StableC.HasReorder)
        {
            return weight;
        }

        long rows = x.numel() / x.shape[^1];
        return rows <= FewRows ? (few ??= new PackedCopy()).Of(weight, table.Version, 1) : (many ??= new PackedCopy()).Of(weight, table.Version, rows);
    }

    /// <summary>The matrix as a view that lasts until a storage is replaced.</summary>
    private Tensor View()
    {
        if (view is null || viewVersion != table.Version)
        {
            Drop();
            using Tensor now = matrix();
            view = now.detach().DetachFromDisposeScope();
            viewVersion = table.Version;
        }

        return view;
    }

    private void Drop()
    {
        view?.Dispose();
        view = null;
        few?.Dispose();
        many?.Dispose();
        few = many = null;
    }

    /// <summary>A weight in oneDNN's own layout, made anew when the weight was written to.</summary>
    private sealed class PackedCopy : IDisposable
    {
        private Tensor? copy;
        private int table = -1;
        private long written = -1;

        internal Tensor Of(Tensor weight, int version, long rows)
        {
            long now = StableC.Version(weight);
            if (copy is null || table != version || written != now)
            {
                copy?.Dispose();
                using Tensor straight = weight.contiguous();
                copy = StableC.ReorderLinearWeight(straight, rows).DetachFromDisposeScope();
                table = version;
                written = now;
            }

            return copy;
        }

        public void Dispose()
        {
            copy?.Dispose();
            copy = null;
        }
    }
}
