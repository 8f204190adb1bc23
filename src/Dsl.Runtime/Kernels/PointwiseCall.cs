using System;
using System.Linq;
using System.Numerics;
using System.Runtime.CompilerServices;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// One call of a pointwise kernel on the CPU, with its way back, straight over memory: a kernel's steps are vectors one after another, or, where a weight
/// lies along the last axis, rows of a tile. Only what does not fill a vector is laid out anew.
/// </summary>
/// <param name="layout">The kernel's.</param>
/// <param name="settings">Numbers of the config.</param>
/// <param name="shape">Of the values and the result.</param>
/// <param name="width">The last axis where a weight lies along it; else 0.</param>
/// <remarks>Inputs are dense: values of the shape, weights along the last axis, single numbers.</remarks>
internal sealed class PointwiseCall<TKernel>(ScanLayout layout, double[] settings, long[] shape, long width) : FusedFunction
    where TKernel : struct, IScanKernel
{
    // Rows of a tile, of all columns, stay in the second-level cache; vectors of a chunk are enough to be worth a call.
    private const int TileRows = 128;
    private const int ChunkVectors = 1024;
    private const long LeastOfThread = 16 * 1024;

    private readonly long count = shape.Aggregate(1L, (product, size) => product * size);

    private enum Reach
    {
        /// <summary>An element of its own for each of the result's.</summary>
        Element,

        /// <summary>One for each of the last axis.</summary>
        Column,

        /// <summary>One for all.</summary>
        All,
    }

    /// <summary>Which a layout's operand is.</summary>
    private static Reach Of(ScanOperand operand) => operand.Axes switch { "b t d" => Reach.Element, "d" => Reach.Column, _ => Reach.All };

    protected override Tensor[] Forward(Tensor?[] inputs)
    {
        Tensor result = torch.empty(shape, inputs[0]!.dtype, CPU);
        Save(inputs);
        if (result.dtype == ScalarType.Float64)
        {
            Over<double>(inputs, result, null);
        }
        else
        {
            Over<float>(inputs, result, null);
        }

        return [result];
    }

    protected override Tensor?[] Backward(Tensor?[] gradients, Tensor?[] saved)
    {
        ScalarType dtype = saved[0]!.dtype;
        Tensor bar = gradients[0]!.to(dtype).contiguous();
        int workers = Workers;
        int lanes = dtype == ScalarType.Float64 ? Vector<double>.Count : Vector<float>.Count;
        Tensor?[] own = [.. layout.Operands.Select((operand, i) => !Needs(i) ? null : Of(operand) switch
        {
            Reach.Element => torch.zeros(shape, dtype, CPU),
            Reach.Column => torch.zeros([workers, width], dtype, CPU),
            _ => torch.zeros([workers, lanes], dtype, CPU),
        })];
        if (dtype == ScalarType.Float64)
        {
            Over<double>(saved, bar, own);
        }
        else
        {
            Over<float>(saved, bar, own);
        }

        return [.. layout.Operands.Select((operand, i) => own[i] is not { } sum ? null : Of(operand) switch
        {
            Reach.Element => sum,
            Reach.Column => sum.sum(0, type: dtype),
            _ => sum.sum(type: dtype),
        })];
    }

    private int Workers => (int)Math.Clamp(count / LeastOfThread, 1, Math.Max(1, torch.get_num_threads()));

    // Forwards the result is written; back it holds the result's gradient, and the operands' are added to.
    private void Over<T>(Tensor?[] inputs, Tensor result, Tensor?[]? gradients)
        where T : unmanaged
    {
        nint[] values = [.. inputs.Select(i => StableC.Address(i!))];
        nint[]? bars = gradients is null ? null : [.. gradients.Select(g => g is null ? 0 : StableC.Address(g))];
        nint into = StableC.Address(result);
        int workers = Workers;
        void Work(long begin, long end)
        {
            for (long worker = begin; worker < end; worker++)
            {
                new Worker<T>(layout, settings, values, bars, into, width, (int)worker).Share(count, workers);
            }
        }

        if (workers == 1)
        {
            Work(0, 1);
        }
        else
        {
            StableC.ParallelFor(0, workers, 1, Work);
        }

        GC.KeepAlive(inputs);
        GC.KeepAlive(gradients);
        GC.KeepAlive(result);
    }

    /// <summary>One thread's share.</summary>
    private sealed class Worker<T>(ScanLayout layout, double[] settings, nint[] values, nint[]? bars, nint result, long width, int worker)
        where T : unmanaged
    {
        private static readonly int Lanes = Vector<T>.Count;
        private static readonly int Bytes = Unsafe.SizeOf<T>();

        private readonly Reach[] reaches = [.. layout.Operands.Select(Of)];
        private readonly ScanSlot[] slots = new ScanSlot[values.Length];
        private readonly ScanSlot[] gradients = new ScanSlot[values.Length];
        private T[]? stage;

        public void Share(long count, int workers)
        {
            if (width == 0)
            {
                long vectors = count / Lanes, first = vectors * worker / workers, last = vectors * (worker + 1) / workers;
                for (long at = first; at < last; at += ChunkVectors)
                {
                    Run(at * Lanes, 0, (int)Math.Min(ChunkVectors, last - at), Lanes);
                }

                if (worker == workers - 1 && count % Lanes > 0)
                {
                    RunPart(vectors * Lanes, 0, 1, 0, (int)(count % Lanes));
                }

                return;
            }

            long rows = count / width, from = rows * worker / workers, to = rows * (worker + 1) / workers;
            for (long row = from; row < to; row += TileRows)
            {
                int steps = (int)Math.Min(TileRows, to - row);
                long column = 0;
                for (; column + Lanes <= width; column += Lanes)
                {
                    Run((row * width) + column, column, steps, width);
                }

                if (column < width)
                {
                    RunPart((row * width) + column, column, steps, width, (int)(width - column));
                }
            }
        }

        private void Run(long at, long column, int steps, long time)
        {
            for (int i = 0; i < slots.Length; i++)
            {
                slots[i] = Slot(values[i], reaches[i], at, column, time);
                gradients[i] = bars is null || bars[i] == 0 ? default
                    : Slot(bars[i], reaches[i], at, column + (worker * width), time, worker * Lanes);
            }

            Call(steps, Slot(result, Reach.Element, at, column, time));
        }

        private static ScanSlot Slot(nint pointer, Reach reach, long at, long column, long time, long alone = 0) => new()
        {
            Pointer = pointer + ((nint)(reach == Reach.Element ? at : reach == Reach.Column ? column : alone) * Bytes),
            Time = reach == Reach.Element ? (nint)time : 0,
            Count = 1,
        };

        private void Call(int steps, ScanSlot at)
        {
            ScanPass<T> pass = new() { Operands = slots, Gradients = gradients, Settings = settings, From = 0, To = steps };
            if (bars is null)
            {
                pass.ResultSlot = at;
                TKernel.Forward(ref pass);
            }
            else
            {
                pass.ResultGradient = at;
                TKernel.Backward(ref pass);
            }
        }

        // The last few lanes, in memory of our own; lanes without an element repeat the first one's, so that they meet no number that the others do not.
        private unsafe void RunPart(long at, long column, int steps, long time, int lanes)
        {
            int room = TileRows * Lanes, count = slots.Length;
            stage ??= GC.AllocateUninitializedArray<T>(((2 * count) + 1) * room, pinned: true);
            nint memory = (nint)Unsafe.AsPointer(ref stage[0]);
            ScanSlot Own(int index, Reach reach) => new()
            {
                Pointer = memory + ((nint)index * room * Bytes),
                Time = reach == Reach.Element ? Lanes : 0,
                Count = 1,
            };

            Span<T> Inside(int index, int step) => stage.AsSpan((index * room) + (step * Lanes), Lanes);
            int Steps(Reach reach) => reach == Reach.Element ? steps : 1;
            ref T Outside(ScanSlot slot, int step) => ref Unsafe.AsRef<T>((T*)slot.Pointer + (step * slot.Time));
            void Load(int index, Reach reach, ScanSlot from)
            {
                for (int step = 0; step < Steps(reach); step++)
                {
                    ScanPass<T>.Partial(ref Outside(from, step), lanes).CopyTo(Inside(index, step));
                }
            }

            for (int i = 0; i < count; i++)
            {
                ScanSlot from = Slot(values[i], reaches[i], at, column, time);
                slots[i] = from;
                if (reaches[i] != Reach.All)
                {
                    Load(i, reaches[i], from);
                    slots[i] = Own(i, reaches[i]);
                }

                gradients[i] = default;
                if (bars is not null && bars[i] != 0)
                {
                    stage.AsSpan((count + i) * room, room).Clear();
                    gradients[i] = Own(count + i, reaches[i]);
                }
            }

            ScanSlot outside = Slot(result, Reach.Element, at, column, time);
            if (bars is not null)
            {
                Load(2 * count, Reach.Element, outside);
            }

            Call(steps, Own(2 * count, Reach.Element));
            for (int step = 0; bars is null && step < steps; step++)
            {
                ScanPass<T>.Partial(ref Outside(outside, step), lanes, new Vector<T>(Inside(2 * count, step)));
            }

            for (int i = 0; bars is not null && i < count; i++)
            {
                ScanSlot to = bars[i] == 0 ? default : Slot(bars[i], reaches[i], at, column + (worker * width), time, worker * Lanes);
                for (int step = 0; bars[i] != 0 && step < Steps(reaches[i]); step++)
                {
                    ref T sum = ref Outside(to, step);
                    ScanPass<T>.Partial(ref sum, lanes, ScanPass<T>.Partial(ref sum, lanes) + new Vector<T>(Inside(count + i, step)));
                }
            }
        }
    }
}
