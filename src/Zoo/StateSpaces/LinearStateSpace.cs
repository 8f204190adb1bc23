using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.StateSpaces;

/// <summary>
/// The textbook state space x' = A x + B u, y = C x + D u (Gu et al. 2021, arXiv 2111.00396, equation 1), with dense matrices: A [n, n], B [n, 1], C [1, n],
/// D [1], real or complex. Everything has gradients.
/// </summary>
public sealed record LinearStateSpace(Tensor A, Tensor B, Tensor C, Tensor D)
{
    /// <summary>The bilinear rule: (I - step/2 A)^-1 (I + step/2 A) and (I - step/2 A)^-1 step B.</summary>
    public DiscreteStateSpace Bilinear(Tensor step)
    {
        Tensor unit = eye(A.shape[0], dtype: A.dtype, device: A.device);
        Tensor half = step * Scalars.Of(0.5) * A, left = unit - half;
        return new DiscreteStateSpace(linalg.solve(left, unit.Plus(half)), linalg.solve(left, step * B), C, D);
    }

    /// <summary>
    /// Zero-order hold: e^(step A) and A^-1 (e^(step A) - I) B, both read from the exponential of [[A, B], [0, 0]], so that A may be singular.
    /// </summary>
    public DiscreteStateSpace ZeroOrderHold(Tensor step)
    {
        long n = A.shape[0];
        Tensor both = cat([cat([A, B], 1), zeros(1, n + 1, dtype: A.dtype, device: A.device)], 0);
        Tensor power = matrix_exp(step * both);
        return new DiscreteStateSpace(power.narrow(0, 0, n).narrow(1, 0, n), power.narrow(0, 0, n).narrow(1, n, 1), C, D);
    }
}

/// <summary>x_k = A x_(k-1) + B u_k, y_k = C x_k + D u_k, from x_(-1) = 0 (equations 3 to 5).</summary>
public sealed record DiscreteStateSpace(Tensor A, Tensor B, Tensor C, Tensor D)
{
    /// <summary>Step by step: u [batch, time] to y [batch, time] and all states [batch, time, n].</summary>
    public (Tensor Y, Tensor States) Run(Tensor u)
    {
        Tensor x = zeros(u.shape[0], A.shape[0], dtype: A.dtype, device: A.device);
        var states = new Tensor[u.shape[1]];
        for (int k = 0; k < states.Length; k++)
        {
            states[k] = x = x.matmul(A.t()).Plus(u.narrow(1, k, 1).matmul(B.t()));
        }

        Tensor all = states.Length > 0 ? stack(states, 1) : zeros(u.shape[0], 0, A.shape[0], dtype: A.dtype, device: A.device);
        return (all.matmul(C.t()).squeeze(-1).Plus(D * u), all);
    }

    /// <summary>K = (C B, C A B, C A^2 B, ...), without D.</summary>
    public Tensor Kernel(long length)
    {
        var terms = new Tensor[length];
        Tensor x = B;
        for (int k = 0; k < terms.Length; k++, x = A.matmul(x))
        {
            terms[k] = C.matmul(x).reshape(1);
        }

        return length > 0 ? cat(terms) : zeros(0, dtype: A.dtype, device: A.device);
    }

    /// <summary>The same y by one convolution: K * u + D u.</summary>
    public Tensor Convolve(Tensor u) => Convolution.Apply(u, Kernel(u.shape[1]).unsqueeze(0), 1).Plus(D * u);
}
