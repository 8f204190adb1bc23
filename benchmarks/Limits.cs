using System;
using System.Collections.Generic;

namespace Benchmarks;

/// <summary>The machine's limits themselves.</summary>
internal sealed class Limits : IBenchmark
{
    public string Name => "limits";

    public string Help => "product rate of a 2048-cube by linear and by oneDNN, and read bandwidth of summing 256 MB";

    public IReadOnlyList<Result> Run(Machine machine, Effort effort) => machine.Parts;

    public double PeakOf(string @case, bool ours) => throw new NotSupportedException("The limits have no peak memory.");
}
