using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Ids drawn from logits. No gradient passes.</summary>
public static class Samples
{
    /// <summary>In training an id drawn from the logits' softmax; else the most likely one, of equal ones the first.</summary>
    /// <param name="logits">[..., n].</param>
    /// <param name="pass">Says whether the model is training.</param>
    /// <returns>int64 [...].</returns>
    public static Tensor Of(Tensor logits, Pass pass)
    {
        using var off = no_grad();
        if (!pass.Training)
        {
            return logits.argmax(-1);
        }

        using var uniform = rand_like(logits, ScalarType.Float32);
        return Drawn(logits, uniform);
    }

    /// <summary>An id for each row of logits, drawn from their softmax by the largest of logit + Gumbel noise (Gumbel 1954; Maddison et al. 2014).</summary>
    /// <param name="logits">[..., n].</param>
    /// <param name="uniform">Numbers in [0, 1) of the same shape.</param>
    /// <returns>int64 [...].</returns>
    public static Tensor Drawn(Tensor logits, Tensor uniform)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var noise = -(-(uniform.clamp(Scalars.Of(1e-9), Scalars.Of(1 - 1e-7))).log()).log();
        return logits.detach().Plus(noise).argmax(-1).MoveToOuterDisposeScope();
    }
}
