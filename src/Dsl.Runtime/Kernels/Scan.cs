using System;
using System.Collections.Generic;
using System.Linq;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// Runs a compiled recurrence over time. On the CPU, in float32 and float64: vectors along the innermost parallel axis, threads over the rest, states in
/// registers and first-level cache; the way back recomputes them from checkpoints, one every root of T steps. The result is the same, to the
/// bit, for the same number of threads. On any other device, step by step over whole tensors.
/// </summary>
/// <typeparam name="TKernel">What the generator made of the function.</typeparam>
public static class Scan<TKernel>
    where TKernel : struct, IScanKernel
{
    private static readonly ScanLayout Layout = TKernel.Layout;

    /// <summary>Runs all steps.</summary>
    /// <param name="arguments">The function's values and weights, in its order; the axes are the layout's, a Complex one ends in an axis of 2.</param>
    /// <param name="states">The states before the first step, in the function's order: axes of the result without time, then the span's, then 2 if Complex; null: where they begin.</param>
    /// <param name="settings">Numbers of the config, in the kernel's order.</param>
    /// <param name="real">bool [batch, time]: false is padding, which leaves the state as it was and gives 0.</param>
    /// <param name="tensors">Goes step by step over whole tensors on the CPU, too.</param>
    /// <returns>The result, with the layout's axes, and the states after the last step. All have gradients.</returns>
    /// <exception cref="ArgumentException">Shapes that do not fit each other.</exception>
    public static (Tensor Result, Tensor[] States) Run(Tensor[] arguments, Tensor[]? states = null, double[]? settings = null, Tensor? real = null, bool tensors = false) =>
        Run(arguments, states, settings, real, tensors, finals: true);

    /// <summary>Without the states after the last step, which then are neither made nor kept by a graph.</summary>
    internal static Tensor ResultOf(Tensor[] arguments, double[] settings, Tensor? real = null) => Run(arguments, null, settings, real, tensors: false, finals: false).Result;

    private static (Tensor Result, Tensor[] States) Run(Tensor[] arguments, Tensor[]? states, double[]? settings, Tensor? real, bool tensors, bool finals)
    {
        if (arguments.Length != Layout.ArgumentCount || (states is not null && states.Length != Layout.StateCount))
        {
            throw new ArgumentException(
                $"{Layout.Name} takes {Layout.ArgumentCount} arguments and {Layout.StateCount} states, but got {arguments.Length} and {states?.Length ?? Layout.StateCount}.");
        }

        using var scope = torch.NewDisposeScope();
        arguments = Layout.Squeezed(arguments);
        ScalarType dtype = arguments.Any(a => a.dtype == ScalarType.Float64) ? ScalarType.Float64 : ScalarType.Float32;
        ScalarType given = arguments.Length > 0 ? arguments[0].dtype : dtype;
        bool cpu = arguments.All(a => a.device_type == DeviceType.CPU) && !tensors;
        Tensor[] operands = [.. Layout.Operands.Select(o => Part(arguments[o.Argument], o.Part, cpu ? dtype : null))];
        Tensor[]? parts = states is null ? null : [.. Layout.States.Select(s => Part(states[s.Argument], s.Part, cpu ? dtype : null))];
        ScanSizes sizes = new(Layout, operands, parts, real);
        Tensor[] results;
        if (cpu)
        {
            Tensor? bytes = real?.to(ScalarType.Byte).contiguous();
            results = FusedFunction.Apply(new ScanCall<TKernel>(sizes, settings ?? [], bytes, parts is not null, finals), [.. operands, .. parts ?? []]);
        }
        else
        {
            bool differentiated = torch.is_grad_enabled() && operands.Concat(parts ?? []).Any(x => x.requires_grad);
            results = FusedFunction.Apply(new TensorScan<TKernel>(sizes, settings ?? [], real, parts is not null, differentiated), [.. operands, .. parts ?? []]);
        }

        Tensor result = results[0].dtype == given || !cpu ? results[0] : results[0].to(given);
        var after = new Tensor[finals ? Layout.StateCount : 0];
        for (int i = 0; i < after.Length; i++)
        {
            Tensor[] own = [.. Enumerable.Range(0, Layout.States.Count).Where(s => Layout.States[s].Argument == i).Select(s => results[1 + s])];
            after[i] = own.Length == 1 ? own[0] : torch.stack(own, -1);
        }

        scope.MoveToOuter([result, .. after]);
        return (result, after);
    }

    private static Tensor Part(Tensor tensor, int part, ScalarType? dtype)
    {
        Tensor own = part < 0 ? tensor : tensor.select(-1, part);
        return dtype is { } wanted && own.dtype != wanted ? own.to(wanted) : own;
    }
}

/// <summary>Sizes of the axes of one call.</summary>
internal sealed class ScanSizes
{
    private readonly Dictionary<string, long> sizes = [];

    public ScanSizes(ScanLayout layout, Tensor[] operands, Tensor[]? states, Tensor? real)
    {
        Layout = layout;
        for (int i = 0; i < operands.Length; i++)
        {
            ScanOperand operand = layout.Operands[i];
            Add(operand.Name, [.. ScanLayout.Split(operand.Axes), .. operand.Span.Length > 0 ? [operand.Span] : Array.Empty<string>()], operands[i]);
        }

        for (int i = 0; states is not null && i < states.Length; i++)
        {
            ScanState state = layout.States[i];
            Add(state.Name, [.. layout.Axes.Where(a => a != "t"), .. state.Span.Length > 0 ? [state.Span] : Array.Empty<string>()], states[i]);
        }

        if (real is not null)
        {
            Add("the padding mask", [layout.Axes[0], "t"], real);
        }

        foreach (string axis in layout.Axes.Concat(layout.States.Select(s => s.Span)).Where(a => a.Length > 0 && !sizes.ContainsKey(a)))
        {
            throw new ArgumentException($"Nothing that {layout.Name} was given says how long the axis '{axis}' is.");
        }
    }

    public ScanLayout Layout { get; }

    public int Time => (int)sizes["t"];

    public int Lanes => Layout.Lane.Length > 0 ? (int)sizes[Layout.Lane] : 1;

    public long Outer => Layout.Outer.Aggregate(1L, (product, axis) => product * sizes[axis]);

    public long this[string axis] => sizes[axis];

    public int SpanOf(ScanState state) => state.Span.Length > 0 ? (int)sizes[state.Span] : 1;

    private void Add(string name, string[] axes, Tensor tensor)
    {
        if (tensor.dim() != axes.Length)
        {
            throw new ArgumentException($"{name} of {Layout.Name} has the shape [{string.Join(", ", tensor.shape)}], but should have the axes '{string.Join(" ", axes)}'.");
        }

        for (int i = 0; i < axes.Length; i++)
        {
            if (!sizes.TryAdd(axes[i], tensor.shape[i]) && sizes[axes[i]] != tensor.shape[i])
            {
                throw new ArgumentException($"{name} of {Layout.Name} is {tensor.shape[i]} along '{axes[i]}', where another argument is {sizes[axes[i]]}.");
            }
        }
    }
}

/// <summary>A tensor as kernels see it: the address and the strides along outer axes, time and span; along the lanes it is dense.</summary>
internal sealed class ScanView
{
    private readonly long[] strides;

    private ScanView(Tensor tensor, long[] strides, nint pointer, long time, int span, int count, bool lanes)
    {
        Tensor = tensor;
        this.strides = strides;
        Pointer = pointer;
        Time = time;
        Span = span;
        Count = count;
        HasLanes = lanes;
    }

    /// <summary>Kept alive as long as the address is in use.</summary>
    public Tensor Tensor { get; }

    public nint Pointer { get; }

    public long Time { get; }

    public int Span { get; }

    public int Count { get; }

    public bool HasLanes { get; }

    /// <summary>Axes are the tensor's, the span's last.</summary>
    public static ScanView Of(Tensor tensor, string[] axes, string span, ScanLayout layout)
    {
        int lane = Array.IndexOf(axes, layout.Lane);
        if (lane >= 0 && tensor.shape[lane] > 1 && tensor.stride(lane) != 1)
        {
            // Lanes go last, densely.
            long[] order = [.. Enumerable.Range(0, axes.Length).Where(i => i != lane).Select(i => (long)i), lane];
            tensor = tensor.permute(order).contiguous();
            axes = [.. order.Select(i => axes[i])];
        }

        long Stride(string axis) => Array.IndexOf(axes, axis) is var at and >= 0 && tensor.shape[at] > 1 ? tensor.stride(at) : 0;
        return new ScanView(
            tensor, [.. layout.Outer.Select(Stride)], Address(tensor), Stride("t"), span.Length > 0 ? (int)Stride(span) : 0,
            span.Length > 0 ? (int)tensor.shape[Array.IndexOf(axes, span)] : 1, lane >= 0);
    }

    public static unsafe nint Address(Tensor tensor)
    {
        if (tensor.numel() == 0)
        {
            return 0;
        }

        long extent = 1;
        for (int i = 0; i < tensor.dim(); i++)
        {
            extent += (tensor.shape[i] - 1) * tensor.stride(i);
        }

        using Tensor flat = tensor.as_strided([extent], [1], tensor.storage_offset());
        return (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(flat.bytes));
    }

    public long Offset(ReadOnlySpan<int> outer)
    {
        long offset = 0;
        for (int i = 0; i < strides.Length; i++)
        {
            offset += strides[i] * outer[i];
        }

        return offset;
    }
}

/// <summary>One call of a kernel on the CPU, with its way back.</summary>
internal sealed class ScanCall<TKernel>(ScanSizes sizes, double[] settings, Tensor? real, bool stateful, bool ends) : FusedFunction
    where TKernel : struct, IScanKernel
{
    private readonly ScanLayout layout = sizes.Layout;
    private readonly bool records = torch.is_grad_enabled();
    private readonly Device device = CPU;
    private ScalarType dtype;

    /// <summary>Steps between two checkpoints: about the root of all, so that what is kept and what is recomputed grow alike; no more than fits a near cache.</summary>
    private int Stretch
    {
        get
        {
            if (layout.States.Count == 0)
            {
                return 256;
            }

            int perStep = layout.States.Sum(sizes.SpanOf) * Vector<byte>.Count;
            int fits = Math.Max(4, 64 * 1024 / Math.Max(perStep, 1));
            return Math.Min(Math.Clamp((int)Math.Sqrt(sizes.Time), 16, 64), fits);
        }
    }

    protected override Tensor[] Forward(Tensor?[] inputs)
    {
        dtype = inputs.Length > 0 ? inputs[0]!.dtype : ScalarType.Float32;
        bool differentiated = records && Enumerable.Range(0, inputs.Length).Any(Needs);
        return dtype == ScalarType.Float64 ? Forward<double>(inputs, differentiated) : Forward<float>(inputs, differentiated);
    }

    protected override Tensor?[] Backward(Tensor?[] gradients, Tensor?[] saved) =>
        dtype == ScalarType.Float64 ? Backward<double>(gradients, saved) : Backward<float>(gradients, saved);

    private static string[] AxesOf(ScanOperand operand) => [.. ScanLayout.Split(operand.Axes), .. operand.Span.Length > 0 ? [operand.Span] : Array.Empty<string>()];

    private string[] AxesOf(ScanState state) => [.. layout.Axes.Where(a => a != "t"), .. state.Span.Length > 0 ? [state.Span] : Array.Empty<string>()];

    // New tensors lie with the lanes last; who gets them sees the declared order.
    private (Tensor Tensor, Tensor Seen) New(string[] axes, bool zero)
    {
        int lane = Array.IndexOf(axes, layout.Lane);
        int[] order = lane < 0 ? [.. Enumerable.Range(0, axes.Length)] : [.. Enumerable.Range(0, axes.Length).Where(i => i != lane), lane];
        long[] shape = [.. order.Select(i => sizes[axes[i]])];
        Tensor tensor = zero ? torch.zeros(shape, dtype, device) : torch.empty(shape, dtype, device);
        long[] back = [.. Enumerable.Range(0, axes.Length).Select(i => (long)Array.IndexOf(order, i))];
        return (tensor, tensor.permute(back));
    }

    private Plan MakePlan()
    {
        return new Plan(sizes, sizes.Lanes, dtype == ScalarType.Float64 ? Vector<double>.Count : Vector<float>.Count);
    }

    private Tensor[] Forward<T>(Tensor?[] inputs, bool differentiated)
        where T : unmanaged
    {
        ScanView[] operands = [.. layout.Operands.Select((o, i) => ScanView.Of(inputs[i]!, AxesOf(o), o.Span, layout))];
        ScanView[]? starts = stateful ? [.. layout.States.Select((s, i) => ScanView.Of(inputs[layout.Operands.Count + i]!, AxesOf(s), s.Span, layout))] : null;
        var (result, seen) = New([.. layout.Axes], zero: false);
        var finals = ends ? layout.States.Select(s => New(AxesOf(s), zero: false)).ToArray() : [];
        ScanView resultView = ScanView.Of(seen, [.. layout.Axes], "", layout);
        ScanView?[] finalViews = [.. layout.States.Select((s, i) => ends ? ScanView.Of(finals[i].Seen, AxesOf(s), s.Span, layout) : null)];
        Plan plan = MakePlan();
        Tensor? checkpoints = null;
        nint kept = 0;
        int chunks = Math.Max(1, (sizes.Time + Stretch - 1) / Stretch);
        if (differentiated && layout.States.Count > 0)
        {
            checkpoints = torch.empty([plan.Items * chunks * plan.StateSize * Vector<T>.Count], dtype, device);
            kept = ScanView.Address(checkpoints);
        }

        Run(plan, worker => new Worker<T>(this, plan, operands).Forward(worker, resultView, starts, finalViews, kept, chunks));
        GC.KeepAlive(inputs);
        GC.KeepAlive(operands);
        Save([.. inputs, checkpoints, real]);
        return [seen, .. finals.Select(f => f.Seen)];
    }

    private Tensor?[] Backward<T>(Tensor?[] gradients, Tensor?[] saved)
        where T : unmanaged
    {
        int count = layout.Operands.Count;
        int all = count + (stateful ? layout.States.Count : 0);
        ScanView[] operands = [.. layout.Operands.Select((o, i) => ScanView.Of(saved[i]!, AxesOf(o), o.Span, layout))];
        Plan plan = MakePlan();
        ScanView? resultBar = gradients[0] is { } g ? ScanView.Of(g.to(dtype), [.. layout.Axes], "", layout) : null;
        ScanView?[] finalBars = [.. layout.States.Select((s, i) => ends && gradients[1 + i] is { } bar ? ScanView.Of(bar.to(dtype), AxesOf(s), s.Span, layout) : null)];
        var startBars = layout.States.Select((s, i) => stateful && Needs(count + i) ? New(AxesOf(s), zero: false) : default).ToArray();
        ScanView?[] startViews = [.. layout.States.Select((s, i) => startBars[i].Seen is { } seen ? ScanView.Of(seen, AxesOf(s), s.Span, layout) : null)];

        // A gradient that several workers add to is one per worker, summed in their order.
        var own = new Tensor?[count];
        var shared = new bool[count];
        var views = new ScanView?[count];
        var sizesOf = new long[count];
        for (int i = 0; i < count; i++)
        {
            if (!Needs(i))
            {
                continue;
            }

            string[] axes = AxesOf(layout.Operands[i]);
            shared[i] = layout.Outer.Except(axes).Any() || (layout.Lane.Length > 0 && !axes.Contains(layout.Lane)) || (plan.ByTime && !axes.Contains("t"));
            int copies = shared[i] ? plan.Workers : 1;
            int lane = Array.IndexOf(axes, layout.Lane);
            int[] order = lane < 0 ? [.. Enumerable.Range(0, axes.Length)] : [.. Enumerable.Range(0, axes.Length).Where(k => k != lane), lane];
            Tensor buffer = torch.zeros([copies, .. order.Select(k => sizes[axes[k]])], dtype, device);
            own[i] = buffer;
            sizesOf[i] = buffer.numel() / Math.Max(copies, 1);
            long[] back = [.. Enumerable.Range(0, axes.Length).Select(k => (long)Array.IndexOf(order, k))];
            views[i] = ScanView.Of(buffer.select(0, 0).permute(back), axes, layout.Operands[i].Span, layout);
        }

        Tensor? checkpoints = saved[all];
        nint kept = checkpoints is null ? 0 : ScanView.Address(checkpoints);
        int chunks = Math.Max(1, (sizes.Time + Stretch - 1) / Stretch);
        Run(plan, worker => new Worker<T>(this, plan, operands).Backward(worker, resultBar, finalBars, startViews, views, shared, sizesOf, kept, chunks));
        GC.KeepAlive(saved);
        GC.KeepAlive(operands);
        GC.KeepAlive(gradients);
        GC.KeepAlive(resultBar);
        GC.KeepAlive(finalBars);
        var result = new Tensor?[all];
        for (int i = 0; i < count; i++)
        {
            if (own[i] is not { } buffer)
            {
                continue;
            }

            string[] axes = AxesOf(layout.Operands[i]);
            int lane = Array.IndexOf(axes, layout.Lane);
            int[] order = lane < 0 ? [.. Enumerable.Range(0, axes.Length)] : [.. Enumerable.Range(0, axes.Length).Where(k => k != lane), lane];
            long[] back = [.. Enumerable.Range(0, axes.Length).Select(k => (long)Array.IndexOf(order, k))];
            result[i] = (shared[i] ? buffer.sum(0, type: dtype) : buffer.select(0, 0)).permute(back);
        }

        for (int i = 0; stateful && i < layout.States.Count; i++)
        {
            result[count + i] = startBars[i].Seen;
        }

        return result;
    }

    private static void Run(Plan plan, Action<int> work)
    {
        if (plan.Workers <= 1)
        {
            work(0);
            return;
        }

        StableC.ParallelFor(0, plan.Workers, 1, (begin, end) =>
        {
            for (long worker = begin; worker < end; worker++)
            {
                work((int)worker);
            }
        });
    }

    /// <summary>Who does what: pairs of outer index and block of lanes, dealt out in order; or stretches of time, where no state ties them together.</summary>
    private sealed class Plan
    {
        public Plan(ScanSizes sizes, long lanes, int width)
        {
            Width = width;
            Lanes = (int)lanes;
            Blocks = (int)((lanes + width - 1) / width);
            Items = sizes.Outer * Blocks;
            Time = sizes.Time;
            Offsets = new int[sizes.Layout.States.Count + 1];
            for (int i = 0; i < sizes.Layout.States.Count; i++)
            {
                Offsets[i + 1] = Offsets[i] + sizes.SpanOf(sizes.Layout.States[i]);
            }

            OuterSizes = [.. sizes.Layout.Outer.Select(a => (int)sizes[a])];
            int threads = Math.Max(1, torch.get_num_threads());
            ByTime = sizes.Layout.States.Count == 0 && Time > Items;
            long work = Items * Math.Max(Time, 1);
            Workers = (int)Math.Min(work < 256 ? 1 : threads, ByTime ? Math.Max(Time, 1) : Math.Max(Items, 1));
        }

        public int Width { get; }

        public int Lanes { get; }

        public int Blocks { get; }

        public long Items { get; }

        public int Time { get; }

        public int[] Offsets { get; }

        public int StateSize => Offsets[^1];

        public int[] OuterSizes { get; }

        public bool ByTime { get; }

        public int Workers { get; }
    }

    private sealed class Worker<T>(ScanCall<TKernel> call, Plan plan, ScanView[] operands)
        where T : unmanaged
    {
        private static readonly int Bytes = Unsafe.SizeOf<T>();

        private readonly ScanSlot[] slots = new ScanSlot[operands.Length];
        private readonly ScanSlot[] gradients = new ScanSlot[operands.Length];
        private readonly int[] outer = new int[plan.OuterSizes.Length];
        private readonly Vector<T>[][] arena = new Vector<T>[1024][];

        private void Range(int worker, out long firstItem, out long lastItem, out int from, out int to)
        {
            (firstItem, lastItem, from, to) = plan.ByTime
                ? (0, plan.Items, (int)((long)plan.Time * worker / plan.Workers), (int)((long)plan.Time * (worker + 1) / plan.Workers))
                : (plan.Items * worker / plan.Workers, plan.Items * (worker + 1) / plan.Workers, 0, plan.Time);
        }

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

        private ScanSlot Slot(ScanView view, int block, nint shift = 0) => new()
        {
            Pointer = view.Pointer + ((nint)(view.Offset(outer) + (view.HasLanes ? (long)block * plan.Width : 0)) * Bytes) + shift,
            Time = (nint)view.Time,
            Span = view.Span,
            Count = view.Count,
            Lanes = LanesAt(block),
        };

        private void Aim(int block)
        {
            for (int i = 0; i < slots.Length; i++)
            {
                slots[i] = Slot(operands[i], block);
            }
        }

        // Rows of the mask belong to the first axis.
        private unsafe ReadOnlySpan<byte> Real(long item)
        {
            if (call.RealBytes == 0)
            {
                return default;
            }

            int row = outer.Length > 0 && call.layout.Outer.Length > 0 && call.layout.Outer[0] == call.layout.Axes[0] ? outer[0] : 0;
            return new ReadOnlySpan<byte>((byte*)call.RealBytes + ((long)row * plan.Time), plan.Time);
        }

        private void ReadStates(ScanView?[] views, Span<Vector<T>> into, int block, bool starts)
        {
            for (int s = 0; s < call.layout.States.Count; s++)
            {
                Span<Vector<T>> own = into[plan.Offsets[s]..plan.Offsets[s + 1]];
                if (views[s] is not { } view)
                {
                    own.Fill(starts ? Dsl.Runtime.Lanes.Of<T>(call.layout.States[s].Start) : Vector<T>.Zero);
                    continue;
                }

                ScanValues<T> values = new(Slot(view, block));
                for (int n = 0; n < own.Length; n++)
                {
                    own[n] = view.HasLanes ? values.Lanes(0, n) : values.Same(0, n);
                }
            }
        }

        private unsafe void WriteStates(ScanView?[] views, ReadOnlySpan<Vector<T>> from, int block)
        {
            for (int s = 0; s < call.layout.States.Count; s++)
            {
                if (views[s] is not { } view)
                {
                    continue;
                }

                ScanSlot slot = Slot(view, block);
                ReadOnlySpan<Vector<T>> own = from[plan.Offsets[s]..plan.Offsets[s + 1]];
                for (int n = 0; n < own.Length; n++)
                {
                    ScanPass<T>.Partial(ref Unsafe.AsRef<T>((T*)slot.Pointer + ((long)n * slot.Span)), slot.Lanes, own[n]);
                }
            }
        }

        private unsafe Span<Vector<T>> Checkpoint(nint kept, long item, int chunk, int chunks) =>
            new((T*)kept + (((item * chunks) + chunk) * plan.StateSize * Vector<T>.Count), plan.StateSize);

        public void Forward(int worker, ScanView result, ScanView[]? starts, ScanView?[] finals, nint kept, int chunks)
        {
            Range(worker, out long first, out long last, out int from, out int to);
            int size = plan.StateSize;
            var states = new Vector<T>[(last - first) * size];
            for (long item = first; item < last; item++)
            {
                int block = Place(item);
                ReadStates(starts ?? new ScanView?[call.layout.States.Count], states.AsSpan((int)(item - first) * size, size), block, starts: true);
            }

            // Stretch by stretch over all lanes, so that a line of memory is used up before it leaves the cache.
            for (long group = first; group < last;)
            {
                long end = Math.Min(last, ((group / plan.Blocks) + 1) * plan.Blocks);
                for (int begin = from, chunk = 0; begin < to; begin += call.Stretch, chunk++)
                {
                    for (long item = group; item < end; item++)
                    {
                        int block = Place(item);
                        Span<Vector<T>> own = states.AsSpan((int)(item - first) * size, size);
                        if (kept != 0)
                        {
                            own.CopyTo(Checkpoint(kept, item, chunk, chunks));
                        }

                        Aim(block);
                        ScanPass<T> pass = new()
                        {
                            Operands = slots,
                            ResultSlot = Slot(result, block),
                            Real = Real(item),
                            Settings = call.Settings,
                            Offsets = plan.Offsets,
                            States = own,
                            Arena = arena,
                            From = begin,
                            To = Math.Min(to, begin + call.Stretch),
                        };
                        TKernel.Forward(ref pass);
                    }
                }

                group = end;
            }

            for (long item = first; item < last; item++)
            {
                int block = Place(item);
                WriteStates(finals, states.AsSpan((int)(item - first) * size, size), block);
            }
        }

        public void Backward(
            int worker, ScanView? resultBar, ScanView?[] finalBars, ScanView?[] startBars, ScanView?[] views, bool[] shared, long[] sizesOf, nint kept, int chunks)
        {
            Range(worker, out long first, out long last, out int from, out int to);
            int size = plan.StateSize;
            int stretch = call.Stretch;
            var bars = new Vector<T>[(last - first) * size];
            var states = new Vector<T>[size];
            var work = new Vector<T>[size];
            var before = new Vector<T>[size * stretch];
            for (long item = first; item < last; item++)
            {
                int block = Place(item);
                ReadStates(finalBars, bars.AsSpan((int)(item - first) * size, size), block, starts: false);
            }

            for (long group = first; group < last;)
            {
                long end = Math.Min(last, ((group / plan.Blocks) + 1) * plan.Blocks);
                int count = (to - from + stretch - 1) / stretch;
                for (int chunk = count - 1; chunk >= 0; chunk--)
                {
                    int begin = from + (chunk * stretch);
                    for (long item = group; item < end; item++)
                    {
                        int block = Place(item);
                        Aim(block);
                        for (int i = 0; i < gradients.Length; i++)
                        {
                            gradients[i] = views[i] is { } view ? Slot(view, block, shared[i] ? (nint)(worker * sizesOf[i]) * Bytes : 0) : default;
                        }

                        ScanPass<T> pass = new()
                        {
                            Operands = slots,
                            Gradients = gradients,
                            Real = Real(item),
                            Settings = call.Settings,
                            Offsets = plan.Offsets,
                            States = states,
                            Bars = bars.AsSpan((int)(item - first) * size, size),
                            Kept = before,
                            Work = work,
                            Arena = arena,
                            ResultGradient = resultBar is null ? default : Slot(resultBar, block),
                            From = begin,
                            To = Math.Min(to, begin + stretch),
                        };
                        if (size > 0)
                        {
                            Checkpoint(kept, item, chunk, chunks).CopyTo(states);
                            pass.Keeping = true;
                            TKernel.Forward(ref pass);
                            pass.Keeping = false;
                        }

                        TKernel.Backward(ref pass);
                    }
                }

                group = end;
            }

            for (long item = first; item < last; item++)
            {
                int block = Place(item);
                WriteStates(startBars, bars.AsSpan((int)(item - first) * size, size), block);
            }

        }
    }

    private double[] Settings => settings;

    private nint RealBytes => realBytes ??= real is null ? 0 : ScanView.Address(real);

    private nint? realBytes;
}
