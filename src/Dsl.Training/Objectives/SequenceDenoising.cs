using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Training;

namespace Dsl.Training.Objectives;

/// <summary>Objectives of encoder-decoders: rows to read, rows to write, and cross entropy of what is written.</summary>
public abstract class SequenceObjective : IObjective
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract int Pad { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyList<Example> Make(string text, IDraws draws);

    /// <inheritdoc/>
    public TrainingLoss Loss(IModel model, Batch batch) => Outputs.TokenLoss(model, batch, "logits");

    /// <summary>An example of three rows.</summary>
    protected static Example Rows(int[] read, int[] decoder, int[] write) =>
        new(new Dictionary<string, int[]> { ["input_ids"] = read, ["decoder_input_ids"] = decoder, ["labels"] = write });
}

/// <summary>T5's span corruption: as much text as fills the inputs, 15 % of it noise in spans of three tokens on average.</summary>
/// <param name="tokenizer">With sentinels, a padding and an end token.</param>
/// <param name="context">Tokens of the inputs, the end token included.</param>
/// <param name="density">The share of noise.</param>
/// <param name="meanSpan">Tokens in a span of noise.</param>
public sealed class SpanDenoising(ITokenizer tokenizer, int context, double density = 0.15, double meanSpan = 3) : SequenceObjective
{
    private readonly int end = MaskedLanguage.Needed(tokenizer.Special.End, "an end token");
    private readonly int first = MaskedLanguage.Needed(
        tokenizer.Special.Sentinels.Count > 0 ? tokenizer.Special.Sentinels[0] : null, "sentinels (<extra_id_0>)");
    private readonly int length = SpanCorruption.Lengths(context, density, meanSpan).Tokens;

    /// <inheritdoc/>
    public override string Name => "span";

    /// <inheritdoc/>
    public override int Pad { get; } = MaskedLanguage.Needed(tokenizer.Special.Pad, "a padding token");

    /// <inheritdoc/>
    public override IReadOnlyList<Example> Make(string text, IDraws draws) => [.. Sentences.PackFull(Sentences.Of(text, tokenizer), length).Select(row =>
    {
        bool[] noise = SpanCorruption.Mask(row.Ids.Length, density, meanSpan, draws);
        Corrupted made = SpanCorruption.Apply(row.Ids, noise, first + 1, end);
        return Rows(made.Inputs, SpanCorruption.ShiftRight(made.Targets, Pad), made.Targets);
    })];
}

/// <summary>A text cut at a random place: the first part is read, the second written (prefix language modelling).</summary>
/// <param name="tokenizer">With a padding and an end token.</param>
/// <param name="context">Tokens of both parts together.</param>
public sealed class PrefixLanguage(ITokenizer tokenizer, int context) : SequenceObjective
{
    private readonly int end = MaskedLanguage.Needed(tokenizer.Special.End, "an end token");

    /// <inheritdoc/>
    public override string Name => "prefix";

    /// <inheritdoc/>
    public override int Pad { get; } = MaskedLanguage.Needed(tokenizer.Special.Pad, "a padding token");

    /// <inheritdoc/>
    public override IReadOnlyList<Example> Make(string text, IDraws draws) =>
        [.. Sentences.PackFull(Sentences.Of(text, tokenizer), context).Where(row => row.Ids.Length >= 2).Select(row =>
        {
            int cut = draws.Integer(1, row.Ids.Length - 1);
            int[] write = [.. row.Ids[cut..], end];
            return Rows([.. row.Ids[..cut], end], SpanCorruption.ShiftRight(write, Pad), write);
        })];
}

/// <summary>How strong each noise of <see cref="TextDenoising"/> is.</summary>
/// <param name="Infill">The share of words replaced by masks, a span a mask.</param>
/// <param name="MeanSpan">Poisson's mean of a span's words.</param>
/// <param name="Permute">The share of sentences that change places.</param>
/// <param name="Mask">The share of words masked one by one.</param>
/// <param name="Delete">The share of words deleted.</param>
/// <param name="Rotate">How often a row is rotated.</param>
/// <param name="Random">The share of masks that become random tokens.</param>
public sealed record DenoisingShares(
    double Infill = 0.3, double MeanSpan = 3, double Permute = 1, double Mask = 0, double Delete = 0, double Rotate = 0, double Random = 0)
{
    /// <summary>BART's release: 30 % infilling and permuted sentences.</summary>
    public static DenoisingShares Bart { get; } = new();

    /// <summary>mBART's: 35 % infilling with a mean of 3.5, and permuted sentences.</summary>
    public static DenoisingShares MBart { get; } = new(Infill: 0.35, MeanSpan: 3.5);
}

/// <summary>What is asked for instead of a family's own <see cref="DenoisingShares"/>; null: as the family has it.</summary>
public sealed record DenoisingChanges
{
    /// <summary>Beyond this mean Poisson's table has no lengths: the chance of none falls below the least that is kept.</summary>
    private const double LongestMean = 10;

    /// <summary>The share of words replaced by masks, a span a mask.</summary>
    public double? Infill { get; init; }

    /// <summary>Poisson's mean of a span's words.</summary>
    public double? MeanSpan { get; init; }

    /// <summary>The share of sentences that change places.</summary>
    public double? Permute { get; init; }

    /// <summary>The share of words masked one by one.</summary>
    public double? Mask { get; init; }

    /// <summary>The share of words deleted.</summary>
    public double? Delete { get; init; }

    /// <summary>How often a row is rotated.</summary>
    public double? Rotate { get; init; }

    /// <summary>The share of masks that become random tokens.</summary>
    public double? Random { get; init; }

    /// <summary>The shares with what is asked for.</summary>
    public DenoisingShares Over(DenoisingShares shares) => new(
        Infill ?? shares.Infill, MeanSpan ?? shares.MeanSpan, Permute ?? shares.Permute, Mask ?? shares.Mask, Delete ?? shares.Delete, Rotate ?? shares.Rotate,
        Random ?? shares.Random);

    /// <summary>Throws where a share is none.</summary>
    /// <exception cref="ArgumentException">One sentence that names the value and what was expected.</exception>
    public void Validate()
    {
        foreach ((string name, double? share) in new[]
            { ("infill", Infill), ("permute", Permute), ("mask", Mask), ("delete", Delete), ("rotate", Rotate), ("random", Random) })
        {
            TrainingOptions.Require(share is not { } value || value is >= 0 and <= 1, name, share ?? 0, "from 0 to 1");
        }

        TrainingOptions.Require(
            MeanSpan is not { } mean || mean is > 0 and <= LongestMean, "mean-span", MeanSpan ?? 0,
            FormattableString.Invariant($"more than 0 and at most {LongestMean}"));
    }
}

/// <summary>
/// BART's denoising: a row with noise is read, the row as it was is written. In order: sentences permuted, words masked or deleted, text infilled, the row
/// rotated. With a language, mBART's form: rows are X &lt;/s&gt; LANG, and the decoder begins with LANG.
/// </summary>
/// <param name="tokenizer">With begin, end, padding and mask tokens, and a full stop.</param>
/// <param name="context">Tokens in a row, its special ones included.</param>
/// <param name="shares">How strong each noise is.</param>
/// <param name="language">The id of the text's language code; null: none.</param>
public sealed class TextDenoising(ITokenizer tokenizer, int context, DenoisingShares shares, int? language = null) : SequenceObjective
{
    private readonly int begin = MaskedLanguage.Needed(tokenizer.Special.Begin, "a begin token");
    private readonly int end = MaskedLanguage.Needed(tokenizer.Special.End, "an end token");
    private readonly int mask = MaskedLanguage.Needed(tokenizer.Special.Mask, "a mask token");
    private readonly int stop = tokenizer.Encode(".") is [.., int last] ? last : -1;

    /// <inheritdoc/>
    public override string Name => "denoise";

    /// <inheritdoc/>
    public override int Pad { get; } = MaskedLanguage.Needed(tokenizer.Special.Pad, "a padding token");

    /// <inheritdoc/>
    public override IReadOnlyList<Example> Make(string text, IDraws draws) =>
        [.. Sentences.PackWhole(Sentences.Of(text, tokenizer), context - 2).Select(row => Noised(row, draws))];

    private Example Noised(Sentence sentence, IDraws draws)
    {
        // Noise needs to know which tokens go on with a word; a token's id tells, as its spelling does.
        HashSet<int> continued = [.. sentence.Ids.Where((_, i) => sentence.Continues[i])];
        var noise = new Denoising(mask, tokenizer.Vocabulary, stop, continued.Contains, shares.Random);
        int[] row = [begin, .. sentence.Ids, end], read = row;
        read = shares.Permute > 0 ? noise.Permute(read, shares.Permute, draws) : read;
        read = shares.Mask > 0 ? noise.Mask(read, shares.Mask, replace: 1, draws) : read;
        read = shares.Delete > 0 ? noise.Mask(read, shares.Delete, replace: 0, draws) : read;
        read = shares.Infill > 0 ? noise.Infill(read, shares.Infill, Denoising.PoissonTable(shares.MeanSpan), replace: 1, draws) : read;
        read = shares.Rotate > 0 && draws.Uniform() < shares.Rotate ? Denoising.Rotate(read, draws) : read;
        if (language is not { } code)
        {
            return Rows(read, [end, .. row[..^1]], row);
        }

        // X </s> LANG: the decoder reads what it writes, its last token turned to the front.
        int[] write = [.. row[1..], code];
        return Rows([.. read[1..], code], [code, .. write[..^1]], write);
    }
}
