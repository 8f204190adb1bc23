using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Dsl.Training.Objectives;
using Dsl.Text;
using Dsl.Training;

namespace Zoo.Cli;

/// <summary>A family's own objective on a text, in tokens that were learned from it.</summary>
internal sealed class ObjectiveSubject : TrainingSubject
{
    /// <summary>The vocabulary is learned from so much of a text; all of it is trained on.</summary>
    private const int LearnedFrom = 16 << 20;

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ObjectiveFamily family;
    private readonly string objective;
    private readonly IReadOnlyList<(string? Language, TextSource Source)> texts;
    private readonly ITokenizer tokenizer;

    private ObjectiveSubject(ObjectiveFamily family, string objective, IReadOnlyList<(string? Language, TextSource Source)> texts, ITokenizer tokenizer) =>
        (this.family, this.objective, this.texts, this.tokenizer) = (family, objective, texts, tokenizer);

    internal override string Vocabulary => FormattableString.Invariant($"{tokenizer.Vocabulary} {tokenizer.Name}");

    /// <summary>A new run's subject: its vocabulary is learned from the text, or from as much of each of several.</summary>
    internal static ObjectiveSubject Learn(string? name, string objective, string? path, IReadOnlyList<string> languages, int vocabulary)
    {
        ObjectiveFamily family = Find(name, objective, languages);
        IReadOnlyList<(string? Language, TextSource Source)> texts = Texts(path, languages);
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

        return new ObjectiveSubject(family, objective, texts, family.Learn(sample.ToString(0, sample.Length - 1), vocabulary)) { Family = family.Name };
    }

    /// <summary>The subject of a run that goes on.</summary>
    internal static ObjectiveSubject Open(TrainingCheckpoint checkpoint, string objective, string? path)
    {
        IReadOnlyList<string> languages = checkpoint.State.Options.Languages;
        ObjectiveFamily family = Find(checkpoint.State.Family, objective, languages);
        IReadOnlyList<(string? Language, TextSource Source)> texts = Texts(path ?? (languages.Count > 0 ? null : PathOf(checkpoint.State)), languages);
        return new ObjectiveSubject(family, objective, texts, TextCodecs.OpenTokenizer(checkpoint.Folder)) { Family = family.Name };
    }

    internal override string Config(TrainingOptions options) => family.Config(tokenizer, options.Context).ToJsonString(Json) + "\n";

    internal override ITrainingData Data(TrainingOptions options) => new ObjectiveData(
        [.. texts.Select(text => new ObjectiveText(
            text.Source, text.Language is { } code ? family.MakeIn!(tokenizer, options, code) : family.Make(objective, tokenizer, options)))],
        options.Alpha, tokenizer, options.Batch, options.Seed, fresh: !options.StaticNoise);

    internal override IEnumerable<string> Describe(ITrainingData data, TrainingOptions options)
    {
        double[] chances = MixedStream.ChancesOf([.. texts.Select(text => TextShards.Split(text.Source).Training.Length)], options.Alpha);
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

    internal override IEnumerable<string> Next(string folder) => objective switch
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

    private static IReadOnlyList<(string? Language, TextSource Source)> Texts(string? path, IReadOnlyList<string> languages) =>
        languages.Count == 0 ? [(null, Source(path))]
        : path is not null ? throw new CommandException("--text with --language, expected one of them", 2)
        : [.. LanguageText.Read(languages).Select(text => ((string?)text.Code, Source(text.Path)))];

    private static ObjectiveFamily Find(string? name, string objective, IReadOnlyList<string> languages)
    {
        ObjectiveFamily found = Find(name, objective, languages.Count > 0);
        return languages.Count > 0 ? found.In!([.. LanguageText.Read(languages).Select(text => text.Code)]) : found;
    }

    private static ObjectiveFamily Find(string? name, string objective, bool speaks)
    {
        ObjectiveFamily[] able = [.. ObjectiveFamilies.Able(objective, speaks)];
        if (able.Length == 0)
        {
            throw new CommandException($"--objective '{objective}', expected {string.Join(", ", ObjectiveFamilies.Objectives)}, or clm (the next token)", 2);
        }

        string asked = speaks ? $"{objective} and --language" : objective;
        return name is null ? able[0] : able.FirstOrDefault(family => family.Name == name) ?? throw new CommandException(
            $"--family '{name}' with --objective {asked}, expected {string.Join(", ", able.Select(family => family.Name))}", 2);
    }
}
