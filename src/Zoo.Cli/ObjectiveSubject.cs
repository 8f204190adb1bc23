using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Dsl;
using Dsl.Text;
using Dsl.Training;
using Dsl.Training.Objectives;

namespace Zoo.Cli;

/// <summary>A family's own objective on a text, in tokens that were learned from it.</summary>
internal sealed class ObjectiveSubject : TrainingSubject
{
    /// <summary>The vocabulary is learned from so much of a text; all of it is trained on.</summary>
    private const int LearnedFrom = 16 << 20;

    private readonly SmallModel model;
    private readonly TextObjectiveOptions objective;
    private readonly IReadOnlyList<(string? Language, TextSource Source)> texts;
    private readonly ITokenizer tokenizer;

    private ObjectiveSubject(
        SmallModel model, TextObjectiveOptions objective, IReadOnlyList<(string? Language, TextSource Source)> texts, ITokenizer tokenizer) =>
        (this.model, this.objective, this.texts, this.tokenizer) = (model, objective, texts, tokenizer);

    internal override string Vocabulary => FormattableString.Invariant($"{tokenizer.Vocabulary} {tokenizer.Name}");

    /// <summary>A new run's subject: its vocabulary is learned from the text, or from as much of each of several.</summary>
    internal static ObjectiveSubject Learn(SmallModel model, TextObjectiveOptions objective, string? path)
    {
        IReadOnlyList<(string? Language, TextSource Source)> texts = Texts(path, objective);
        var sample = new StringBuilder();
        foreach ((_, TextSource source) in texts)
        {
            string part = new TextShards(source, 0, source.Length, LearnedFrom / texts.Count).Read(0).Text;
            if (string.IsNullOrWhiteSpace(part))
            {
                throw new TextException($"{source.Name}: the text is empty, expected at least one sentence");
            }

            sample.Append(part).Append('\n');
        }

        VocabularyLayout layout = VocabularyLayout.All.Single(known => known.Name == model.Small.Layout);
        layout = texts[0].Language is null ? layout : layout.Speaking([.. texts.Select(text => text.Language!)]);
        ITokenizer tokenizer = TokenizerTraining.Learn(sample.ToString(0, sample.Length - 1), objective.Vocabulary, layout);
        return new ObjectiveSubject(model, objective, texts, tokenizer) { Family = model.Family };
    }

    /// <summary>The subject of a run that goes on.</summary>
    internal static ObjectiveSubject Open(SmallModel model, TextObjectiveOptions objective, TrainingCheckpoint checkpoint, string? path) => new(
        model, objective, Texts(path ?? (Files(objective) ? null : PathOf(checkpoint.State)), objective), TextCodecs.OpenTokenizer(checkpoint.Folder))
    {
        Family = model.Family,
    };

    internal override string Config(TrainingOptions options)
    {
        string? language = texts[0].Language;
        var size = new SmallSize(tokenizer.Vocabulary, options.Context) { Pad = tokenizer.Special.Pad };
        return model.ConfigText(size, [.. SpecialIds.Of(
            tokenizer, objective.Make(tokenizer, options.Context, language).DecoderStart, language is null ? null : tokenizer.IdOf(language))]);
    }

    internal override ITrainingData Data(TrainingOptions options) => objective.Data(texts, tokenizer, options);

    internal override IEnumerable<string> Describe(ITrainingData data, TrainingOptions options)
    {
        double[] chances = MixedStream.ChancesOf([.. texts.Select(text => TextShards.Split(text.Source).Training.Length)], objective.Power);
        for (int i = 0; i < texts.Count; i++)
        {
            (TextShards training, TextShards heldOut) = TextShards.Split(texts[i].Source);
            (long tokens, _) = TokenCounts.Of([training], tokenizer);
            (long held, _) = TokenCounts.Of([heldOut], tokenizer);
            string share = texts.Count > 1 ? FormattableString.Invariant($" in {texts[i].Language}, drawn {chances[i]:P0} of the time") : "";
            yield return $"on {texts[i].Source.Name}: {Words.Count(tokens)} tokens, {Words.Count(held)} more held out{share}";
        }

        double entropy = HeldOutEntropy();
        yield return FormattableString.Invariant($"unigram entropy of the held-out text: {entropy:F4} nats a token");
        if (data is ObjectiveData made && made.TargetEntropy(options.EvaluationBatches) is { } targets)
        {
            yield return FormattableString.Invariant($"unigram entropy of what is predicted in it: {targets:F4} nats a token");
        }
    }

    internal override IEnumerable<string> Show(Trainer trainer, TrainingOutcome outcome)
    {
        if (outcome.HeldOutLoss is not { } loss)
        {
            return [];
        }

        double entropy = HeldOutEntropy();
        double words = outcome.HeldOutParts.Count > 0 ? outcome.HeldOutParts[0].Value : loss;
        return
        [
            "",
            FormattableString.Invariant($"held out: {words:F4} nats a token{Words.Parts(outcome.HeldOutParts)}; unigram entropy {entropy:F4}"),
        ];
    }

    internal override IEnumerable<string> Next(string folder) => objective.Name switch
    {
        "mlm" or "rtd" => [$"fill {folder} \"In the beginning God {Mask} the heaven and the earth.\"", "tasks"],
        "span" => [$"generate {folder} --prompt \"In the beginning God <extra_id_0> the heaven and the <extra_id_1>.\""],
        "prefix" => [$"generate {folder} --prompt \"In the beginning God\""],
        _ => [$"generate {folder} --prompt \"In the beginning God {Mask} the heaven and {Mask} earth.\""],
    };

    private double HeldOutEntropy() => TokenCounts.Of(texts.Select(text => TextShards.Split(text.Source).HeldOut), tokenizer).Entropy;

    private string Mask => tokenizer.TokenOf(tokenizer.Special.Mask!.Value)!;

    private static TextSource Source(string? path)
    {
        RequireFile(path);
        return path is null ? TextSource.Memory(KingJames.Name, KingJames.Text()) : TextSource.File(path);
    }

    /// <summary>Whether languages come with files of their own.</summary>
    private static bool Files(TextObjectiveOptions objective) => LanguageText.Read(LanguagesOf(objective)).Any(text => text.Path is not null);

    private static IReadOnlyList<string> LanguagesOf(TextObjectiveOptions objective) => objective is DenoisingOptions { Languages: var known } ? known : [];

    private static IReadOnlyList<(string? Language, TextSource Source)> Texts(string? path, TextObjectiveOptions objective)
    {
        LanguageText[] languages = LanguageText.Read(LanguagesOf(objective));
        return languages.Length == 0 ? [(null, Source(path))]
            : path is not null && Files(objective) ? throw new CommandException("--text with --language, expected one of them", 2)
            : [.. languages.Select(text => ((string?)text.Code, Source(text.Path ?? path)))];
    }
}
