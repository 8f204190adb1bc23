using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Runtime;
using Dsl.Text;

namespace Dsl.Training.Objectives;

/// <summary>Makes examples of a piece of text.</summary>
public interface IExampleMaker
{
    /// <summary>The examples of one piece of text, in order; all that is random comes from <paramref name="draws"/>.</summary>
    IReadOnlyList<Example> Make(string text, IDraws draws);
}

/// <summary>An endless stream of batches that can be left and gone on with anywhere.</summary>
public interface IExampleStream
{
    /// <summary>Where the next batch comes from; setting it goes on from there.</summary>
    /// <exception cref="FormatException">It is no position of such a stream.</exception>
    string Position { get; set; }

    /// <summary>The next batch's examples.</summary>
    /// <exception cref="TextException">A whole pass over a text gave no example.</exception>
    IReadOnlyList<Example> Next();
}

/// <summary>Where a stream stands: which pass over the text, where in it the current shard begins, how many of its batches are done.</summary>
public readonly record struct StreamPosition(long Pass, long Offset, int Batch)
{
    /// <summary>In a form that <see cref="Parse"/> reads.</summary>
    public override string ToString() => FormattableString.Invariant($"{Pass}:{Offset}:{Batch}");

    /// <summary>Reads a position.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static StreamPosition Parse(string text)
    {
        string[] parts = text.Split(':');
        return parts.Length == 3 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long pass)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
            && int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out int batch)
            ? new StreamPosition(pass, offset, batch)
            : throw new FormatException($"position '{text}', expected three numbers: pass:offset:batch");
    }
}

/// <summary>
/// An endless stream of batches from a text. It holds one shard of the text at a time: the shard's examples are shuffled, examples of like length are put
/// together, and the batches are shuffled. Seed and position decide all that follows.
/// </summary>
/// <param name="shards">The text.</param>
/// <param name="maker">Makes examples of a shard.</param>
/// <param name="rows">Examples in a batch; the last batch of a shard may have fewer.</param>
/// <param name="seed">Of everything random.</param>
/// <param name="fresh">Each pass draws anew (dynamic masking); false: every pass has the same examples (static masking), in another order.</param>
public sealed class ExampleStream(TextShards shards, IExampleMaker maker, int rows, ulong seed, bool fresh = true) : IExampleStream
{
    /// <summary>Among so many batches, examples are sorted by length: enough to save padding, few enough to keep the order random.</summary>
    internal const int SortedBatches = 16;

    private IReadOnlyList<Example[]>? batches;
    private long next;
    private StreamPosition position;

    /// <summary>Where the next batch comes from; setting it goes on from there.</summary>
    public StreamPosition Position
    {
        get => position;
        set
        {
            position = value;
            batches = null;
        }
    }

    string IExampleStream.Position
    {
        get => Position.ToString();
        set => Position = StreamPosition.Parse(value);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Example> Next()
    {
        bool any = false;
        while (true)
        {
            batches ??= Load();
            if (position.Batch < batches.Count)
            {
                Example[] batch = batches[position.Batch];
                position = position with { Batch = position.Batch + 1 };
                return batch;
            }

            any |= batches.Count > 0;
            if (next == 0 && !any && position.Offset == 0)
            {
                throw new TextException($"{shards.Source.Name}: too short, expected a text that gives at least one example");
            }

            Position = next == 0 ? new StreamPosition(position.Pass + 1, 0, 0) : position with { Offset = next, Batch = 0 };
        }
    }

    private List<Example[]> Load()
    {
        (string text, next) = shards.Read(position.Offset);
        int place = (int)(position.Offset ^ (position.Offset >> 32));
        var content = new SeededDraws(SeededRandom.For(seed, [1, fresh ? (int)position.Pass : 0, place]));
        IReadOnlyList<Example> examples = maker.Make(text, content);
        var order = new SeededDraws(SeededRandom.For(seed, [2, (int)position.Pass, place]));
        int[] shuffled = order.Permutation(examples.Count);
        Example[][] made = shuffled.Chunk(rows * SortedBatches)
            .SelectMany(window => window.Select(i => examples[i]).OrderBy(example => example.Length).Chunk(rows)).ToArray();
        return [.. order.Permutation(made.Length).Select(i => made[i])];
    }
}
