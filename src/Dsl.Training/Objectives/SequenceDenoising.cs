using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Text;

namespace Dsl.Training.Objectives;

/// <summary>Objectives of encoder-decoders: rows to read, rows to write, and cross entropy of what is written.</summary>
public abstract class SequenceObjective : IObjective
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract int Pad { get; }

    /// <inheritdoc/>
    public virtual int? DecoderStart => Pad;

    /// <inheritdoc/>
    public abstract IReadOnlyList<Example> Make(string text, IDraws draws);

    /// <inheritdoc/>
    public TrainingLoss Loss(IModel model, Batch batch) => Outputs.TokenLoss(model, batch.For(model), batch["labels"], "logits");

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

/// <summary>
/// BART's denoising: a row with noise is read, the row as it was is written. In order: sentences permuted, words masked or deleted, text infilled, the row
/// rotated. With a language, mBART's form: rows are X &lt;/s&gt; LANG, and the decoder begins with LANG.
/// </summary>
/// <param name="tokenizer">With begin, end, padding and mask tokens, and a full stop.</param>
/// <param name="context">Tokens in a row, its special ones included.</param>
/// <param name="noise">How strong each noise is.</param>
/// <param name="language">The id of the text's language code; null: none.</param>
public sealed class TextDenoising(ITokenizer tokenizer, int context, DenoisingOptions noise, int? language = null) : SequenceObjective
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
    public override int? DecoderStart => language ?? end;

    /// <inheritdoc/>
    public override IReadOnlyList<Example> Make(string text, IDraws draws) =>
        [.. Sentences.PackWhole(Sentences.Of(text, tokenizer), context - 2).Select(row => Noised(row, draws))];

    private Example Noised(Sentence sentence, IDraws draws)
    {
        // Noise needs to know which tokens go on with a word; a token's id tells, as its spelling does.
        HashSet<int> continued = [.. sentence.Ids.Where((_, i) => sentence.Continues[i])];
        var noises = new Denoising(mask, tokenizer.Vocabulary, stop, continued.Contains, noise.Random);
        int[] row = [begin, .. sentence.Ids, end], read = row;
        read = noise.Permute > 0 ? noises.Permute(read, noise.Permute, draws) : read;
        read = noise.Mask > 0 ? noises.Mask(read, noise.Mask, replace: 1, draws) : read;
        read = noise.Delete > 0 ? noises.Mask(read, noise.Delete, replace: 0, draws) : read;
        read = noise.Infill > 0 ? noises.Infill(read, noise.Infill, Denoising.PoissonTable(noise.MeanSpan), replace: 1, draws) : read;
        read = noise.Rotate > 0 && draws.Uniform() < noise.Rotate ? Denoising.Rotate(read, draws) : read;
        if (language is not { } code)
        {
            return Rows(read, [end, .. row[..^1]], row);
        }

        // X </s> LANG: the decoder reads what it writes, its last token turned to the front.
        int[] write = [.. row[1..], code];
        return Rows([.. read[1..], code], [code, .. write[..^1]], write);
    }
}
