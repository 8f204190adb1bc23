using System;
using System.Collections.Generic;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Which two numbers of a head are rotated together.</summary>
public enum RotaryPairs
{
    /// <summary>i and i + width/2.</summary>
    Halves,

    /// <summary>2i and 2i + 1.</summary>
    Neighbours,
}

/// <summary>A rotation of queries and keys by their position (Su et al., arXiv 2104.09864).</summary>
/// <param name="Width">
/// How many of a head's numbers, from the first on, are rotated. An odd width turns one number more, by frequencies of the odd width: what published code
/// makes of a share of the head that is odd.
/// </param>
/// <param name="Theta">The base of the frequencies theta^(-2i/width).</param>
/// <param name="Pairs">Which numbers form a pair.</param>
/// <param name="Scaling">How frequencies are stretched; null leaves them.</param>
/// <param name="MaxPositions">The config's longest sequence, which some scalings read; 0 when there is none.</param>
/// <param name="Position">The position to rotate by, from the position; null is the position itself. Equal specifications need the same delegate.</param>
/// <param name="PositionRule">Equal where <paramref name="Position"/> is, so that closures made anew still count as the same rule.</param>
public sealed record RotarySpec(long Width, double Theta = 10000, RotaryPairs Pairs = RotaryPairs.Halves, RopeScaling? Scaling = null, int MaxPositions = 0,
    Func<int, int>? Position = null, object? PositionRule = null)
{
    /// <summary>How many numbers are turned: pairs of them.</summary>
    public long Turned => Width + (Width % 2);

    /// <summary>Equal when the angles are.</summary>
    public bool Equals(RotarySpec? other) => other is not null && Width == other.Width && Theta.Equals(other.Theta) && Pairs == other.Pairs
        && MaxPositions == other.MaxPositions && Equals(Scaling, other.Scaling)
        && (PositionRule is null ? other.PositionRule is null && Equals(Position, other.Position) : PositionRule.Equals(other.PositionRule));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Width, Theta, Pairs, MaxPositions, Scaling, PositionRule);
}

/// <summary>
/// Rotates by position. Frequencies and angles are computed in float32, as published; their sines and cosines are tabulated, grown by doubling, and shared
/// by all
/// layers that rotate alike.
/// </summary>
public sealed class Rotary : IDisposable
{
    private readonly float[] frequencies;
    private readonly double magnitude;
    private readonly List<(ScalarType Dtype, Device Device, int Rows, Tensor Cos, Tensor Sin)> tables = [];

    internal Rotary(RotarySpec spec)
    {
        if (spec.Width < 1)
        {
            throw new ArgumentException($"Rotary turns pairs of numbers: its width must be at least 1, not {spec.Width}.");
        }

        Spec = spec;
        (frequencies, magnitude) = RotaryFrequencies.Of(spec, 0);
    }

    /// <summary>What is rotated and how.</summary>
    public RotarySpec Spec { get; }

    /// <summary>The angles depend on the length of the sequence: a cache must then keep keys as they were before the rotation, and rotate all of them at
    /// each call.</summary>
    public bool ReadsLength => Spec.Scaling?.ReadsLength == true;

    /// <summary>The new tokens' [b, t, h, d], rotated; the caller owns both.</summary>
    public Tensor Apply(Tensor x, Pass pass) => Rotate(x, pass, pass.Queries, mayWrite: false);

    /// <summary>The same for a tensor that is handed over: turned in place where no gradient is recorded, and disposed otherwise.</summary>
    public Tensor ApplyOwned(Tensor x, Pass pass)
    {
        Tensor y = Rotate(x, pass, pass.Queries, mayWrite: true);
        if (!ReferenceEquals(x, y))
        {
            x.Dispose();
        }

        return y;
    }

    /// <summary>Cached keys [b, s, h, d], the last s that the pass knows, rotated into a new tensor: what <see cref="ReadsLength"/> asks for.</summary>
    public Tensor ApplyKeys(Tensor keys, Pass pass) => Rotate(keys, pass, pass.LastKeys(checked((int)keys.shape[1])), mayWrite: false);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, _, _, Tensor cos, Tensor sin) in tables)
        {
            cos.Dispose();
            sin.Dispose();
        }

        tables.Clear();
    }

    private Tensor Rotate(Tensor x, Pass pass, Places places, bool mayWrite)
    {
        if (x.shape[^1] < Spec.Turned)
        {
            throw new ArgumentException($"Rotary turns {Spec.Turned} numbers of a head, but the head has {x.shape[^1]}.");
        }

        ScalarType dtype = x.dtype;
        Angles angles = pass.Memo((this, places.Count, dtype), () => Make(pass, places, dtype, x.device));
        return mayWrite && !Grad.Records(x) ? Write(x, angles) : Build(x, angles);
    }

    private Angles Make(Pass pass, Places places, ScalarType dtype, Device device)
    {
        if (ReadsLength)
        {
            return PerRow(pass, places, dtype, device);
        }

        int rows = 0;
        if (Spec.Position is { } rule)
        {
            for (int i = 0; i < places.Batch * places.Count; i++)
            {
                rows = Math.Max(rows, rule(places.At(i / places.Count, i % places.Count)) + 1);
            }
        }
        else
        {
            rows = places.End;
        }

        (Tensor cos, Tensor sin) = Table(rows, dtype, device);
        if (places.Uniform && Spec.Position is null)
        {
            using Tensor c = cos.narrow(0, places.Start, places.Count);
            using Tensor s = sin.narrow(0, places.Start, places.Count);
            return new Angles(c.unsqueeze(1), s.unsqueeze(1));
        }

        int batch = places.Uniform ? 1 : places.Batch;
        var index = new long[batch * places.Count];
        for (int i = 0; i < index.Length; i++)
        {
            int at = places.At(i / places.Count, i % places.Count);
            index[i] = Spec.Position is { } of ? of(at) : at;
        }

        using Tensor picks = torch.tensor(index, device: device);
        using Tensor cosines = cos.index_select(0, picks);
        using Tensor sines = sin.index_select(0, picks);
        long half = Spec.Turned / 2;
        return new Angles(cosines.view(batch, places.Count, 1, half), sines.view(batch, places.Count, 1, half));
    }

    /// <summary>A table per row, because each row's length sets its own frequencies.</summary>
    private Angles PerRow(Pass pass, Places places, ScalarType dtype, Device device)
    {
        bool alike = pass.Keys is { Uniform: true, Padded: false };
        int batch = alike ? 1 : places.Batch, half = frequencies.Length;
        var cos = new double[batch * places.Count * half];
        var sin = new double[cos.Length];
        for (int row = 0; row < batch; row++)
        {
            (float[] own, double scale) = RotaryFrequencies.Of(Spec, alike ? pass.Keys.End : pass.Keys.Length(row));
            for (int i = 0; i < places.Count; i++)
            {
                int at = places.At(row, i);
                Fill(own, scale, Spec.Position is { } rule ? rule(at) : at, cos, sin, ((row * places.Count) + i) * half);
            }
        }

        return new Angles(
            torch.tensor(cos, [batch, places.Count, 1, half], dtype: dtype, device: device),
            torch.tensor(sin, [batch, places.Count, 1, half], dtype: dtype, device: device));
    }

    private (Tensor Cos, Tensor Sin) Table(int rows, ScalarType dtype, Device device)
    {
        int at = tables.FindIndex(t => t.Dtype == dtype && t.Device.type == device.type && t.Device.index == device.index);
        if (at >= 0 && tables[at].Rows >= rows)
        {
            return (tables[at].Cos, tables[at].Sin);
        }

        int size = Math.Max(64, at >= 0 ? tables[at].Rows : 0);
        while (size < rows)
        {
            size = checked(size * 2);
        }

        int half = frequencies.Length;
        var cos = new double[size * half];
        var sin = new double[size * half];
        for (int position = 0; position < size; position++)
        {
            Fill(frequencies, magnitude, position, cos, sin, position * half);
        }

        Tensor c = torch.tensor(cos, [size, half], dtype: dtype, device: device).DetachFromDisposeScope();
        Tensor s = torch.tensor(sin, [size, half], dtype: dtype, device: device).DetachFromDisposeScope();
        if (at >= 0)
        {
            tables[at].Cos.Dispose();
            tables[at].Sin.Dispose();
            tables.RemoveAt(at);
        }

        tables.Add((dtype, device, size, c, s));
        return (c, s);
    }

    private static void Fill(float[] frequencies, double magnitude, int position, double[] cos, double[] sin, int offset)
    {
        for (int i = 0; i < frequencies.Length; i++)
        {
            // The angle is rounded to float32, as published; its sine and cosine are not.
            float angle = position * frequencies[i];
            (double s, double c) = Math.SinCos(angle);
            cos[offset + i] = c * magnitude;
            sin[offset + i] = s * magnitude;
        }
    }

    private (Tensor First, Tensor Second) Pair(Tensor x)
    {
        long width = Spec.Turned;
        return Spec.Pairs == RotaryPairs.Halves
            ? (x.narrow(-1, 0, width / 2), x.narrow(-1, width / 2, width / 2))
            : (x.slice(-1, 0, width, 2), x.slice(-1, 1, width, 2));
    }

    private Tensor Write(Tensor x, Angles angles)
    {
        (Tensor a, Tensor b) = Pair(x);
        using (a)
        using (b)
        {
            using Tensor fromA = a * angles.Sin;
            using Tensor fromB = b * angles.Sin;
            a.mul_(angles.Cos);
            a.sub_(fromB);
            b.mul_(angles.Cos);
            b.Increase(fromA);
        }

        return x;
    }

    private Tensor Build(Tensor x, Angles angles)
    {
        (Tensor a, Tensor b) = Pair(x);
        using (a)
        using (b)
        {
            using Tensor ac = a * angles.Cos;
            using Tensor bs = b * angles.Sin;
            using Tensor bc = b * angles.Cos;
            using Tensor as_ = a * angles.Sin;
            using Tensor first = ac - bs;
            using Tensor second = bc.Plus(as_);
            using Tensor turned = Join(first, second);
            if (Spec.Turned == x.shape[^1])
            {
                return turned.alias();
            }

            using Tensor rest = x.narrow(-1, Spec.Turned, x.shape[^1] - Spec.Turned);
            return torch.cat([turned, rest], -1);
        }
    }

    private Tensor Join(Tensor first, Tensor second)
    {
        if (Spec.Pairs == RotaryPairs.Halves)
        {
            return torch.cat([first, second], -1);
        }

        using Tensor stacked = torch.stack([first, second], -1);
        return stacked.flatten(-2, -1);
    }

    private sealed class Angles : IDisposable
    {
        internal Angles(Tensor cos, Tensor sin)
        {
            Cos = cos.DetachFromDisposeScope();
            Sin = sin.DetachFromDisposeScope();
        }

        internal Tensor Cos { get; }

        internal Tensor Sin { get; }

        public void Dispose()
        {
            Cos.Dispose();
            Sin.Dispose();
        }
    }
}
