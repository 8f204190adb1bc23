using System.Collections.Generic;

namespace Benchmarks;

/// <summary>One name of the command line.</summary>
internal interface IBenchmark
{
    string Name { get; }

    string Help { get; }

    IReadOnlyList<Result> Run(Machine machine, Effort effort);

    /// <summary>Runs one variant of a case alone in this process: MB at its peak above what the process held before.</summary>
    double PeakOf(string @case, bool ours);
}

/// <summary>How long to measure.</summary>
internal sealed record Effort(bool Quick)
{
    /// <summary>Interleaved rounds of something that takes milliseconds.</summary>
    public int Short => Quick ? 5 : 21;

    /// <summary>Interleaved rounds of something that takes a second.</summary>
    public int Medium => Quick ? 3 : 9;

    /// <summary>Interleaved rounds of something that takes many seconds.</summary>
    public int Long => Quick ? 1 : 5;
}
