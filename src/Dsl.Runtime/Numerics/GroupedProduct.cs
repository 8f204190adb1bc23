using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>A linear map of its own for each group (each head, for instance): a block-diagonal product. Without groups it is one map.</summary>
public sealed class GroupedProduct
{
    private readonly Layout layout;
    private readonly Layout biasLayout;
    private readonly int groups;

    internal GroupedProduct(Weight weight, Weight? bias, Layout layout, Layout biasLayout, int groups)
    {
        Weight = weight;
        Bias = bias;
        this.layout = layout;
        this.biasLayout = biasLayout;
        this.groups = groups;
    }

    /// <summary>The weight as stored.</summary>
    public Weight Weight { get; }

    /// <summary>The bias as stored, or null.</summary>
    public Weight? Bias { get; }

    /// <summary>The weight as [groups..., in, out]; the caller disposes it.</summary>
    public Tensor Matrices() => layout.View(Weight.Value);

    /// <summary>The bias as [groups..., out], or null; the caller disposes it.</summary>
    public Tensor? Offsets() => Bias is null ? null : biasLayout.View(Bias.Value);

    /// <summary>[..., groups..., in] to [..., groups..., out].</summary>
    public Tensor Apply(Tensor x)
    {
        using var scope = torch.NewDisposeScope();
        Tensor y = Multiply(x, Matrices());
        return (Offsets() is { } offsets ? y.Plus(offsets) : y).MoveToOuterDisposeScope();
    }

    /// <summary>The same; where the pass says that rows are grouped by expert, a group's rows alone: [1, r, 1, in] to [1, r, 1, out].</summary>
    public Tensor Apply(Tensor x, Pass pass)
    {
        if (pass.ByExpert is not { } rows)
        {
            return Apply(x);
        }

        using DisposeScope scope = torch.NewDisposeScope();
        Tensor y = ExpertProduct.Apply(x.reshape(rows.Count, x.shape[^1]), Matrices(), Offsets(), rows);
        return y.view(1, rows.Count, 1, y.shape[1]).MoveToOuterDisposeScope();
    }

    /// <summary>The gradient of the input, given that of the output; itself differentiable.</summary>
    public Tensor Back(Tensor gradient)
    {
        using var scope = torch.NewDisposeScope();
        return Multiply(gradient, Matrices().transpose(-2, -1)).MoveToOuterDisposeScope();
    }

    /// <summary>Group by group: the axes before the groups are the rows of one product.</summary>
    private Tensor Multiply(Tensor x, Tensor matrices)
    {
        long[] ahead = x.shape[..^(groups + 1)], own = x.shape[^(groups + 1)..];
        Tensor rows = x.reshape([-1, .. own]).movedim([0], [-2]);
        return rows.matmul(matrices).movedim([-2], [0]).reshape([.. ahead, .. own[..^1], matrices.shape[^1]]);
    }
}
