using System;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Dsl.Runtime;

/// <summary>One thread's share of a call: stretch by stretch over all its lanes, so that a line of memory is used up before it leaves the cache.</summary>
/// <remarks>Made on the thread that it works on.</remarks>
/// <param name="plan">Who does what.</param>
/// <param name="worker">Which of the plan's workers this is.</param>
/// <param name="operands">What the kernel reads.</param>
/// <param name="settings">Numbers of the config.</param>
/// <param name="mask">Address of bytes [batch, time], 0 for padding; 0 where there is none.</param>
/// <param name="positions">Of every row, or of all rows alike; null where the kernel reads none.</param>
/// <param name="kept">Address of the states before each stretch, [items, stretches, states, width]; 0 where none are kept.</param>
internal sealed class ScanWorker<TKernel, T>(ScanPlan plan, int worker, ScanView[] operands, double[] settings, nint mask, int[]? positions, nint kept)
    where TKernel : struct, IScanKernel
    where T : unmanaged
{
    private static readonly int Bytes = Unsafe.SizeOf<T>();

    private readonly ScanSlot[] slots = new ScanSlot[operands.Length];
    private readonly ScanSlot[] gradients = new ScanSlot[operands.Length];
    private readonly LaneStage<T>?[] stages = new LaneStage<T>?[operands.Length];
    private readonly LaneStage<T>?[] gradientStages = new LaneStage<T>?[operands.Length];
    private readonly int[] outer = new int[plan.OuterSizes.Length];
    private readonly ScanRoom<T> room = ScanRoom<T>.OfThread;
    private LaneStage<T>? resultStage;

    private ScanLayout Layout => plan.Layout;

    public void Forward(ScanView result, ScanView?[] starts, ScanView?[] finals)
    {
        var (first, last, from, to) = plan.Share(worker);
        int size = plan.StateSize;
        Span<Vector<T>> states = room.States((int)(last - first) * size);
        for (long item = first; item < last; item++)
        {
            ReadStates(starts, states.Slice((int)(item - first) * size, size), Place(item), starts: true);
        }

        for (long group = first; group < last; group = EndOfGroup(group, last))
        {
            for (int begin = from, stretch = 0; begin < to; begin += plan.Stretch, stretch++)
            {
                int end = Math.Min(to, begin + plan.Stretch);
                for (long item = group; item < EndOfGroup(group, last); item++)
                {
                    int block = Place(item), lanes = LanesAt(block);
                    Span<Vector<T>> own = states.Slice((int)(item - first) * size, size);
                    if (kept != 0)
                    {
                        own.CopyTo(Checkpoint(item, stretch));
                    }

                    Aim(block, lanes, begin, end);
                    ScanSlot into = Slot(result, block);
                    ScanPass<T> pass = new()
                    {
                        Operands = slots,
                        ResultSlot = lanes == plan.Width ? into : (resultStage ??= new()).Cleared(into, begin, end),
                        Real = Real(),
                        Positions = Positions(),
                        Settings = settings,
                        Offsets = plan.Offsets,
                        States = own,
                        Room = room,
                        From = begin,
                        To = end,
                    };
                    TKernel.Forward(ref pass);
                    if (lanes < plan.Width)
                    {
                        resultStage!.Store(lanes);
                    }
                }
            }
        }

        for (long item = first; item < last; item++)
        {
            WriteStates(finals, states.Slice((int)(item - first) * size, size), Place(item));
        }
    }

    public void Backward(ScanView? resultBar, ScanView?[] finalBars, ScanView?[] startBars, GradientSum?[] sums)
    {
        var (first, last, from, to) = plan.Share(worker);
        int size = plan.StateSize;
        Span<Vector<T>> bars = room.Bars((int)(last - first) * size);
        Span<Vector<T>> states = room.States(size), work = room.Work(size), before = room.Before(size * plan.Stretch);
        for (long item = first; item < last; item++)
        {
            ReadStates(finalBars, bars.Slice((int)(item - first) * size, size), Place(item), starts: false);
        }

        for (long group = first; group < last; group = EndOfGroup(group, last))
        {
            for (int stretch = ((to - from + plan.Stretch - 1) / plan.Stretch) - 1; stretch >= 0; stretch--)
            {
                int begin = from + (stretch * plan.Stretch);
                int end = Math.Min(to, begin + plan.Stretch);
                Place(group);
                AimSums(sums, begin, end);
                for (long item = group; item < EndOfGroup(group, last); item++)
                {
                    int block = Place(item), lanes = LanesAt(block);
                    if (lanes < plan.Width)
                    {
                        AddSums(sums, plan.Width);
                    }

                    Aim(block, lanes, begin, end);
                    AimGradients(sums, block, lanes, begin, end);
                    ScanPass<T> pass = new()
                    {
                        Operands = slots,
                        Gradients = gradients,
                        Real = Real(),
                        Positions = Positions(),
                        Settings = settings,
                        Offsets = plan.Offsets,
                        States = states,
                        Bars = bars.Slice((int)(item - first) * size, size),
                        Kept = before,
                        Work = work,
                        Room = room,
                        ResultGradient = resultBar is null ? default : Filled(ref resultStage, Slot(resultBar, block), lanes, begin, end),
                        From = begin,
                        To = end,
                    };
                    if (size > 0)
                    {
                        Checkpoint(item, stretch).CopyTo(states);
                        pass.Keeping = true;
                        TKernel.Forward(ref pass);
                        pass.Keeping = false;
                    }

                    TKernel.Backward(ref pass);
                    AddGradients(sums, block, lanes);
                }

                AddSums(sums, LanesAt(Place(EndOfGroup(group, last) - 1)));
            }
        }

        for (long item = first; item < last; item++)
        {
            WriteStates(startBars, bars.Slice((int)(item - first) * size, size), Place(item));
        }
    }

    // Items of one outer index follow one another.
    private long EndOfGroup(long item, long last) => Math.Min(last, ((item / plan.Blocks) + 1) * plan.Blocks);

    private int Place(long item)
    {
        long rest = item / plan.Blocks;
        for (int i = outer.Length - 1; i >= 0; i--)
        {
            outer[i] = (int)(rest % plan.OuterSizes[i]);
            rest /= plan.OuterSizes[i];
        }

        return (int)(item % plan.Blocks);
    }

    private int LanesAt(int block) => Math.Min(plan.Width, plan.Lanes - (block * plan.Width));

    private ScanSlot Slot(ScanView view, int block, long shift = 0) => new()
    {
        Pointer = view.Pointer + ((nint)(shift + view.Offset(outer) + (view.HasLanes ? (long)block * plan.Width : 0)) * Bytes),
        Time = (nint)view.Time,
        Span = view.Span,
        Count = view.Count,
    };

    // Kernels read and write whole vectors, and spans one vector after another.
    private bool IsStaged(in ScanSlot slot, int lanes) => lanes < plan.Width || (slot.Count > 1 && slot.Span != plan.Width);

    private ScanSlot Filled(ref LaneStage<T>? stage, in ScanSlot slot, int lanes, int begin, int end) =>
        IsStaged(slot, lanes) ? (stage ??= new()).Filled(slot, begin, end, lanes) : slot;

    private void Aim(int block, int lanes, int begin, int end)
    {
        for (int i = 0; i < slots.Length; i++)
        {
            ScanSlot slot = Slot(operands[i], block);
            slots[i] = operands[i].HasLanes ? Filled(ref stages[i], slot, lanes, begin, end) : slot;
        }
    }

    // Gradients of what all lanes share: vectors are summed up over the blocks of a stretch, and once over their lanes.
    private void AimSums(GradientSum?[] sums, int begin, int end)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            gradients[i] = sums[i] is { First.HasLanes: false } sum
                ? (gradientStages[i] ??= new()).Cleared(Slot(sum.First, 0, worker * sum.Stride), begin, end)
                : default;
        }
    }

    private void AddSums(GradientSum?[] sums, int lanes)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            if (sums[i] is { First.HasLanes: false })
            {
                gradientStages[i]!.Sum(lanes);
            }
        }
    }

    private void AimGradients(GradientSum?[] sums, int block, int lanes, int begin, int end)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            if (sums[i] is { First.HasLanes: true } sum)
            {
                ScanSlot slot = Slot(sum.First, block, worker * sum.Stride);
                gradients[i] = IsStaged(slot, lanes) ? (gradientStages[i] ??= new()).Cleared(slot, begin, end) : slot;
            }
        }
    }

    private void AddGradients(GradientSum?[] sums, int block, int lanes)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            if (sums[i] is { First.HasLanes: true } sum && IsStaged(Slot(sum.First, block), lanes))
            {
                gradientStages[i]!.Add(lanes);
            }
        }
    }

    // Rows of the mask belong to the first axis.
    private unsafe ReadOnlySpan<byte> Real()
    {
        if (mask == 0)
        {
            return default;
        }

        return new ReadOnlySpan<byte>((byte*)mask + ((long)Row() * plan.Time), plan.Time);
    }

    private int Row() => Layout.Outer.Length > 0 && Layout.Outer[0] == Layout.Axes[0] ? outer[0] : 0;

    private ReadOnlySpan<int> Positions() =>
        positions is null ? default : positions.AsSpan(positions.Length > plan.Time ? Row() * plan.Time : 0, plan.Time);

    private unsafe Span<Vector<T>> Checkpoint(long item, int stretch) =>
        new((T*)kept + (((item * plan.Stretches) + stretch) * plan.StateSize * Vector<T>.Count), plan.StateSize);

    private unsafe void ReadStates(ScanView?[] views, Span<Vector<T>> into, int block, bool starts)
    {
        for (int s = 0; s < views.Length; s++)
        {
            Span<Vector<T>> own = into[plan.Offsets[s]..plan.Offsets[s + 1]];
            if (views[s] is not { } view)
            {
                own.Fill(starts ? Lanes.Of<T>(Layout.States[s].Start) : Vector<T>.Zero);
                continue;
            }

            ScanSlot slot = Slot(view, block);
            for (int n = 0; n < own.Length; n++)
            {
                own[n] = ScanPass<T>.Partial(ref Unsafe.AsRef<T>((T*)slot.Pointer + ((long)n * slot.Span)), view.HasLanes ? LanesAt(block) : 1);
            }
        }
    }

    private unsafe void WriteStates(ScanView?[] views, ReadOnlySpan<Vector<T>> from, int block)
    {
        for (int s = 0; s < views.Length; s++)
        {
            if (views[s] is not { } view)
            {
                continue;
            }

            ScanSlot slot = Slot(view, block);
            ReadOnlySpan<Vector<T>> own = from[plan.Offsets[s]..plan.Offsets[s + 1]];
            for (int n = 0; n < own.Length; n++)
            {
                ScanPass<T>.Partial(ref Unsafe.AsRef<T>((T*)slot.Pointer + ((long)n * slot.Span)), LanesAt(block), own[n]);
            }
        }
    }
}
