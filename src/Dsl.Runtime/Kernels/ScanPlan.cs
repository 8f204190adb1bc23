using System;
using System.Linq;
using System.Numerics;
using Dsl.Runtime.Native;

namespace Dsl.Runtime;

/// <summary>Who does what: pairs of outer index and block of lanes, dealt out in order; or stretches of time, where no state ties them together.</summary>
internal sealed class ScanPlan
{
    public ScanPlan(ScanSizes sizes, int width)
    {
        Layout = sizes.Layout;
        Width = width;
        Lanes = sizes.Lanes;
        Blocks = (Lanes + width - 1) / width;
        Items = sizes.Outer * Blocks;
        Time = sizes.Time;
        Offsets = new int[Layout.States.Count + 1];
        for (int i = 0; i < Layout.States.Count; i++)
        {
            Offsets[i + 1] = Offsets[i] + sizes.SpanOf(Layout.States[i]);
        }

        OuterSizes = [.. Layout.Outer.Select(a => (int)sizes[a])];
        int threads = Math.Max(1, TorchSharp.torch.get_num_threads());
        ByTime = Layout.States.Count == 0 && Time > Items;
        long work = Items * Math.Max(Time, 1);
        Workers = (int)Math.Min(work < 256 ? 1 : threads, ByTime ? Math.Max(Time, 1) : Math.Max(Items, 1));
        Stretch = StretchOf(StateSize);
    }

    public ScanLayout Layout { get; }

    /// <summary>Lanes of a vector.</summary>
    public int Width { get; }

    /// <summary>The length of the axis along which vectors lie.</summary>
    public int Lanes { get; }

    /// <summary>Vectors along it; the last one may be filled in part.</summary>
    public int Blocks { get; }

    /// <summary>Blocks times all outer indices.</summary>
    public long Items { get; }

    public int Time { get; }

    /// <summary>Where each state begins among all, in vectors.</summary>
    public int[] Offsets { get; }

    public int StateSize => Offsets[^1];

    public int[] OuterSizes { get; }

    public bool ByTime { get; }

    public int Workers { get; }

    /// <summary>Steps between two checkpoints.</summary>
    public int Stretch { get; }

    /// <summary>Checkpoints of an item.</summary>
    public int Stretches => Math.Max(1, (Time + Stretch - 1) / Stretch);

    /// <summary>What a worker is dealt.</summary>
    public (long FirstItem, long LastItem, int From, int To) Share(int worker) => ByTime
        ? (0, Items, (int)((long)Time * worker / Workers), (int)((long)Time * (worker + 1) / Workers))
        : (Items * worker / Workers, Items * (worker + 1) / Workers, 0, Time);

    /// <summary>Runs the workers, each on a thread of the library's.</summary>
    public void Run(Action<int> work)
    {
        if (Workers <= 1)
        {
            work(0);
            return;
        }

        StableC.ParallelFor(0, Workers, 1, (begin, end) =>
        {
            for (long worker = begin; worker < end; worker++)
            {
                work((int)worker);
            }
        });
    }

    // Few enough that the states before them stay in near caches, and the rows of all operands until their neighbours, which share a line, have been read.
    private static int StretchOf(int stateSize) =>
        stateSize == 0 ? 256 : Math.Clamp(64 * 1024 / (stateSize * Vector<byte>.Count), 4, 64);
}
