using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Training.Alignment.Data;
using static TorchSharp.torch;

namespace Dsl.Training.Alignment;

/// <summary>Rows to learn, and rows that are held out.</summary>
/// <param name="Name">How messages call them.</param>
/// <param name="Training">In the order of the file.</param>
/// <param name="HeldOut">At least one.</param>
public sealed record TuningSplit<T>(string Name, IReadOnlyList<T> Training, IReadOnlyList<T> HeldOut)
{
    /// <summary>Nine tenths to learn, the last tenth, or one row, held out.</summary>
    /// <exception cref="TextException">There are fewer than two rows.</exception>
    public static TuningSplit<T> Of(string name, IReadOnlyList<T> rows)
    {
        int held = Math.Max(1, rows.Count / 10);
        return rows.Count >= 2 ? new TuningSplit<T>(name, [.. rows.Take(rows.Count - held)], [.. rows.Skip(rows.Count - held)])
            : throw new TextException($"{name}: {rows.Count} rows, expected at least 2, of which one is held out");
    }
}

/// <summary>Rows in a new order in each pass, and what an objective makes of a batch of them: fine-tuning, preferences and rewards alike.</summary>
/// <param name="rows">What is learned.</param>
/// <param name="batch">Several rows side by side.</param>
/// <param name="objective">The loss.</param>
/// <param name="tokens">Kept beside checkpoints.</param>
/// <param name="options">Rows in a batch, and the seed of the orders.</param>
public sealed class TuningData<T>(
    TuningSplit<T> rows, Func<IReadOnlyList<T>, Device, TuningInputs> batch, ITuningObjective objective, TuningTokens tokens, TrainingOptions options)
    : ITrainingData
{
    private readonly long batches = (rows.Training.Count + options.Batch - 1) / options.Batch;
    private (long Pass, int[] Rows) order = (-1, []);
    private long next;

    /// <inheritdoc/>
    public string Name => rows.Name;

    /// <inheritdoc/>
    public string? Objective => objective.Name;

    /// <inheritdoc/>
    public required string Hash { get; init; }

    /// <summary>Writes what else the model reads its data by into the folder of a checkpoint; null: nothing.</summary>
    public Action<string>? SaveBeside { get; init; }

    /// <inheritdoc/>
    public string Position
    {
        get => next.ToString(CultureInfo.InvariantCulture);
        set => next = long.Parse(value, CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public TrainingLoss Next(IModel model)
    {
        (long pass, long within) = Math.DivRem(next++, batches);
        if (order.Pass != pass)
        {
            order = (pass, Orders.Shuffled(rows.Training.Count, SeededRandom.For((ulong)options.Seed, [5, checked((int)pass)])));
        }

        int from = checked((int)within) * options.Batch, count = Math.Min(options.Batch, rows.Training.Count - from);
        return Loss(model, [.. order.Rows.Skip(from).Take(count).Select(row => rows.Training[row])]) with { EndsPass = within == batches - 1 };
    }

    /// <inheritdoc/>
    public IEnumerable<TrainingLoss> HeldOut(IModel model, int batches) =>
        rows.HeldOut.Chunk(options.Batch).Take(batches).Select(part => Loss(model, part));

    /// <inheritdoc/>
    public void Save(string folder)
    {
        tokens.Save(folder);
        SaveBeside?.Invoke(folder);
    }

    private TrainingLoss Loss(IModel model, IReadOnlyList<T> part)
    {
        using TuningInputs inputs = batch(part, model.Weights.Device);
        return objective.Loss(model, inputs);
    }
}

/// <summary>Orders of rows.</summary>
internal static class Orders
{
    /// <summary>0 to count - 1 in an order that a generator decides.</summary>
    internal static int[] Shuffled(int count, SeededRandom random)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int other = (int)random.NextLong(i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }

        return order;
    }
}
