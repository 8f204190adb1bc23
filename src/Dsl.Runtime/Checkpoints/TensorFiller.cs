using System;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// Copies a stored tensor into a tensor of the tensor library, whatever its strides, in parts that fit the cache: no second copy exists at any time.
/// </summary>
internal static unsafe class TensorFiller
{
    private const long PartBytes = TensorReader.PartBytes; // read, converted and scanned while in the cache
    private const long TaskBytes = 8 * 1024 * 1024;  // what one thread takes at a time
    private const long DeviceBytes = 32 * 1024 * 1024; // what is staged at a time for another device

    /// <summary>Shapes are equal and the types fit: the caller has checked.</summary>
    /// <returns>Whether every loaded value is finite; true without looking where <paramref name="checkFinite"/> is off.</returns>
    public static bool Fill(SafeTensorsFile file, TensorEntry entry, Tensor destination, bool checkFinite)
    {
        if (entry.Count == 0)
            return true;
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        return destination.device_type switch
        {
            DeviceType.CPU => FillMemory(file, entry, destination, checkFinite),
            DeviceType.META => throw new CheckpointException(file.Path,
                $"{SafeTensorsHeader.Quote(entry.Name)} cannot be loaded into a tensor without memory, expected one on a device"),
            _ => FillDevice(file, entry, destination, checkFinite),
        };
    }

    /// <summary>Whether every stored value is finite.</summary>
    public static bool IsFinite(SafeTensorsFile file, TensorEntry entry)
    {
        if (!entry.Type.IsFloat())
            return true;
        long perPart = PartBytes / entry.Type.Size();
        byte[] buffer = new byte[Math.Min(perPart, entry.Count) * entry.Type.Size()];
        for (long i = 0; i < entry.Count; i += perPart)
        {
            long n = Math.Min(perPart, entry.Count - i);
            Span<byte> part = buffer.AsSpan(0, (int)(n * entry.Type.Size()));
            file.Read(entry, i * entry.Type.Size(), part);
            fixed (byte* data = part)
            {
                if (!Conversion.AllFinite(data, entry.Type, n))
                    return false;
            }
        }
        return true;
    }

    private static bool FillMemory(SafeTensorsFile file, TensorEntry entry, Tensor destination, bool checkFinite)
    {
        var source = new TensorReader(file, entry);
        int fromSize = entry.Type.Size();
        var type = destination.dtype.ToElementType();
        int toSize = type.Size();
        byte* target = Pointer(destination);
        var (run, stride, outer, outerStrides) = Runs(destination.shape, destination.stride());
        long runs = entry.Count / run;
        bool finite = true;
        if (runs == 1 && stride == 1)
            LargePages.Prefer(target, entry.Count * toSize);

        // Tasks are ranges of the stored order; a task may begin and end inside a run.
        long perTask = Math.Max(1, TaskBytes / Math.Max(fromSize, toSize));
        long tasks = (entry.Count + perTask - 1) / perTask;
        void Task(long task)
        {
            long begin = task * perTask, end = Math.Min(entry.Count, begin + perTask);
            bool taskFinite = true;
            for (long i = begin; i < end;)
            {
                long inRun = i % run;
                long count = Math.Min(end - i, run - inRun);
                byte* to = target + (Offset(i / run, outer, outerStrides) + inRun * stride) * toSize;
                taskFinite &= CopyRun(source, i, to, type, stride, count, checkFinite);
                i += count;
            }
            if (!taskFinite)
                Volatile.Write(ref finite, false);
        }

        if (tasks == 1)
            Task(0);
        else
            AllTasks(tasks, Task);
        GC.KeepAlive(destination);
        GC.KeepAlive(file);
        return finite;
    }

    // What a task throws is thrown as it is.
    private static void AllTasks(long tasks, Action<long> task)
    {
        try
        {
            Parallel.For(0, tasks, task);
        }
        catch (AggregateException e) when (e.InnerException is CheckpointException first)
        {
            ExceptionDispatchInfo.Throw(first);
        }
    }

    private static bool CopyRun(TensorReader from, long first, byte* to, ElementType toType, long stride, long count, bool checkFinite)
    {
        bool finite = true;
        int toSize = toType.Size();
        long perPart = PartBytes / toSize;
        byte* staged = stackalloc byte[stride == 1 ? 0 : 4096];
        if (stride != 1)
            perPart = 4096 / toSize;
        for (long i = 0; i < count; i += perPart)
        {
            long n = Math.Min(perPart, count - i);
            byte* part = stride == 1 ? to + i * toSize : staged;
            from.Read(first + i, part, toType, n);
            if (checkFinite && !Conversion.AllFinite(part, toType, n))
                finite = false;
            if (stride != 1)
                Scatter(staged, to + i * stride * toSize, toSize, stride, n);
        }
        return finite;
    }

    private static void Scatter(byte* from, byte* to, int size, long stride, long count)
    {
        for (long i = 0; i < count; i++)
        {
            switch (size)
            {
                case 1: to[i * stride] = from[i]; break;
                case 2: ((ushort*)to)[i * stride] = ((ushort*)from)[i]; break;
                case 4: ((uint*)to)[i * stride] = ((uint*)from)[i]; break;
                default: ((ulong*)to)[i * stride] = ((ulong*)from)[i]; break;
            }
        }
    }

    // The longest inner run that lies evenly in memory, and what is around it.
    private static (long Run, long Stride, long[] Outer, long[] OuterStrides) Runs(long[] shape, long[] strides)
    {
        long run = 1, stride = 1;
        int axis = shape.Length - 1;
        bool open = false;
        for (; axis >= 0; axis--)
        {
            if (shape[axis] == 1)
                continue;
            if (!open)
                (run, stride, open) = (shape[axis], strides[axis], true);
            else if (strides[axis] == run * stride)
                run *= shape[axis];
            else
                break;
        }
        return (run, stride, shape[..(axis + 1)], strides[..(axis + 1)]);
    }

    private static long Offset(long index, long[] shape, long[] strides)
    {
        long offset = 0;
        for (int axis = shape.Length - 1; axis >= 0; axis--)
        {
            (index, long at) = Math.DivRem(index, shape[axis]);
            offset += at * strides[axis];
        }
        return offset;
    }

    private static bool FillDevice(SafeTensorsFile file, TensorEntry entry, Tensor destination, bool checkFinite)
    {
        bool finite = true;
        var type = destination.dtype.ToElementType();
        long perPart = DeviceBytes / type.Size();
        if (destination.dim() == 0 || entry.Count <= perPart)
        {
            using var staged = empty(destination.shape, destination.dtype);
            finite = FillMemory(file, entry, staged, checkFinite);
            destination.copy_(staged);
            return finite;
        }
        // Rows of the outermost axis, as many as fit; a row that is larger goes alone.
        long row = entry.Count / entry.Shape[0], rows = Math.Max(1, perPart / row);
        for (long r = 0; r < entry.Shape[0]; r += rows)
        {
            long n = Math.Min(rows, entry.Shape[0] - r);
            var shape = (long[])entry.ShapeArray.Clone();
            shape[0] = n;
            using var staged = empty(shape, destination.dtype);
            byte* to = Pointer(staged);
            finite &= CopyRun(new TensorReader(file, entry), r * row, to, type, 1, n * row, checkFinite);
            GC.KeepAlive(file);
            using var place = destination.narrow(0, r, n);
            place.copy_(staged);
        }
        return finite;
    }

    /// <summary>Address of a CPU tensor's first element. A view of one element is asked, since a span cannot be longer than 2 GB.</summary>
    internal static byte* Pointer(Tensor tensor)
    {
        using var first = tensor.as_strided([1], [1], tensor.storage_offset());
        fixed (byte* pointer = &MemoryMarshal.GetReference(first.bytes))
            return pointer; // native memory: it does not move
    }
}
