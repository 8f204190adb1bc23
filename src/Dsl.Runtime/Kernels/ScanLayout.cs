using System;
using System.Collections.Generic;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>A real tensor that a kernel reads. A Complex argument [..., 2] is two of them.</summary>
/// <param name="Name">For errors.</param>
/// <param name="Axes">Its axes by name, without the span's.</param>
/// <param name="Span">The axis that the function walks, its last; empty where there is none.</param>
/// <param name="Argument">Which of the function's arguments it belongs to.</param>
/// <param name="Part">Of a Complex argument: 0 real, 1 imaginary; else -1.</param>
public sealed record ScanOperand(string Name, string Axes, string Span, int Argument, int Part)
{
    /// <summary>The argument's own axes where it has some of one, written 1: they are passed over. Else empty.</summary>
    public string Stored { get; init; } = "";
}

/// <summary>A state of a kernel: the axes of the result without time, then the span.</summary>
/// <param name="Name">For errors.</param>
/// <param name="Span">The axis that the function walks; empty where there is none.</param>
/// <param name="Argument">Which of the function's states it belongs to.</param>
/// <param name="Part">Of a Complex state: 0 real, 1 imaginary; else -1.</param>
/// <param name="Start">Where it begins.</param>
public sealed record ScanState(string Name, string Span, int Argument, int Part, double Start);

/// <summary>What a kernel reads, carries and gives.</summary>
public sealed class ScanLayout
{
    /// <summary>A layout.</summary>
    /// <param name="name">The function's name.</param>
    /// <param name="axes">Axes of the result: <c>"b t d"</c>; <c>t</c> is time, vectors lie along the last other one.</param>
    /// <param name="operands">What is read.</param>
    /// <param name="states">What is carried.</param>
    public ScanLayout(string name, string axes, ScanOperand[] operands, ScanState[] states)
    {
        Name = name;
        Axes = axes.Split(' ');
        Operands = operands;
        States = states;
        string last = Axes.Last(a => a != "t");
        Lane = last == Axes[0] ? "" : last;
        Time = Array.IndexOf(Axes.ToArray(), "t");
        Parallel = [.. Axes.Where(a => a != "t")];
        Outer = [.. Parallel.Where(a => a != Lane)];
        ArgumentCount = operands.Select(o => o.Argument + 1).DefaultIfEmpty(0).Max();
        StateCount = states.Select(s => s.Argument + 1).DefaultIfEmpty(0).Max();
    }

    /// <summary>The function's name.</summary>
    public string Name { get; }

    /// <summary>Axes of the result.</summary>
    public IReadOnlyList<string> Axes { get; }

    /// <summary>What is read.</summary>
    public IReadOnlyList<ScanOperand> Operands { get; }

    /// <summary>What is carried.</summary>
    public IReadOnlyList<ScanState> States { get; }

    /// <summary>
    /// The operand in which, together with the state, the step is linear with coefficients that do not change over time: the scan is then the
    /// convolution of it with the answer to an impulse. -1 where there is none.
    /// </summary>
    public int Signal { get; init; } = -1;

    /// <summary>The step reads its position, counted from the row's first real token.</summary>
    public bool ReadsPosition { get; init; }

    /// <summary>Number of the function's arguments, Complex ones counted once.</summary>
    public int ArgumentCount { get; }

    /// <summary>Number of the function's states, Complex ones counted once.</summary>
    public int StateCount { get; }

    /// <summary>The place of the time axis.</summary>
    internal int Time { get; }

    /// <summary>The axis along which vectors lie; empty where there is none.</summary>
    internal string Lane { get; }

    /// <summary>The axes of the result without time.</summary>
    internal string[] Parallel { get; }

    /// <summary>The parallel axes without the lanes'.</summary>
    internal string[] Outer { get; }

    /// <summary>The arguments without the axes of one that only a file has.</summary>
    internal Tensor[] Squeezed(Tensor[] arguments)
    {
        Tensor[] own = [.. arguments];
        foreach (ScanOperand operand in Operands.Where(o => o.Stored.Length > 0 && o.Part < 1))
        {
            string[] names = operand.Stored.Split(' ');
            for (int axis = names.Length - 1; axis >= 0 && arguments[operand.Argument].dim() == names.Length; axis--)
            {
                own[operand.Argument] = names[axis] == "1" ? own[operand.Argument].squeeze(axis) : own[operand.Argument];
            }
        }

        return own;
    }

    internal static string[] Split(string axes) => axes.Length == 0 ? [] : axes.Split(' ');
}

/// <summary>A scalar function compiled into one step for the lanes of a vector; the generator writes it.</summary>
public interface IScanKernel
{
    /// <summary>What it reads, carries and gives.</summary>
    static abstract ScanLayout Layout { get; }

    /// <summary>The steps of a stretch of time for the lanes of one vector.</summary>
    static abstract void Forward<T>(scoped ref ScanPass<T> pass)
        where T : unmanaged;

    /// <summary>The way back through a stretch of time.</summary>
    static abstract void Backward<T>(scoped ref ScanPass<T> pass)
        where T : unmanaged;

    /// <summary>One step over whole tensors.</summary>
    static abstract Tensor Step(TensorStep pass);

    /// <summary>The way back through one step over whole tensors.</summary>
    static abstract void StepBack(TensorStepBack pass);
}
