using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>A convolution of each channel alone, looking back only: y_t = b + sum over j of w_j x_(t - kernel + 1 + j).</summary>
public sealed class CausalConvolution
{
    internal CausalConvolution(Weight weight, Weight? bias)
    {
        Weight = weight;
        Bias = bias;
    }

    /// <summary>[width, 1, kernel].</summary>
    public Weight Weight { get; }

    /// <summary>[width]; null where there is none.</summary>
    public Weight? Bias { get; }

    private int Kernel => checked((int)Weight.Shape[2]);

    /// <summary>An empty state: the last inputs that the next token's kernel reaches.</summary>
    public ConvState NewState() => new(Kernel);

    /// <summary>[batch, time, width] to the same. Padding is passed over: a token sees the real tokens before it, the state's first.</summary>
    public Tensor Apply(Tensor x, Pass pass, ConvState? state = null)
    {
        using Tensor all = PastInputs.Before(x, pass, Kernel - 1, state);
        using Tensor y = x.shape[1] == 1 ? OfWindow(all) : OverTime(all);
        return pass.Padded ? pass.Expand(y) : y.contiguous();
    }

    private Tensor OverTime(Tensor all)
    {
        using Tensor channels = all.transpose(1, 2);
        using Tensor convolved = nn.functional.conv1d(channels, Weight.Value, Bias?.Value, groups: Weight.Shape[0]);
        return convolved.transpose(1, 2);
    }

    // One token: a weighted sum of its window, without the set-up of a convolution.
    private Tensor OfWindow(Tensor window)
    {
        using Tensor taps = Weight.Value.squeeze(1);
        using Tensor turned = taps.t();
        using Tensor weighted = window * turned;
        Tensor sum = weighted.sum(1, keepdim: true);
        if (Bias is null)
        {
            return sum;
        }

        using (sum)
        {
            return sum.Plus(Bias.Value);
        }
    }
}
