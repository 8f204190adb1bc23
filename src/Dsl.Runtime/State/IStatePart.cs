using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>What one place of a model keeps between calls. Rows are the first axis and independent of one another.</summary>
public interface IStatePart : IDisposable
{
    /// <summary>Bytes held.</summary>
    long Bytes { get; }

    /// <summary>Row i becomes what row <paramref name="rows"/>[i] was; the number of rows may change.</summary>
    /// <param name="rows">int64 [new batch].</param>
    void Select(Tensor rows);

    /// <summary>Becomes a copy of a part of the same type.</summary>
    void CopyFrom(IStatePart other);

    /// <summary>Throws, in one sentence, if <see cref="Truncate"/> to that many slots is impossible; changes nothing.</summary>
    void CheckTruncate(Timeline timeline, int slots);

    /// <summary>Forgets all but the first <paramref name="slots"/> slots.</summary>
    void Truncate(int slots);

    /// <summary>Forgets everything, and keeps its room.</summary>
    void Reset();
}
