using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Encodings.Web;
using System.Text.Json;
using Zoo.Objectives;
using Zoo.Text;
using Zoo.Training;

namespace Zoo.Cli;

/// <summary>A family's own objective on a text, in tokens that were learned from it.</summary>
internal sealed class ObjectiveSubject : TrainingSubject
{
    /// <summary>The vocabulary is learned from so much of a text; all of it is trained on.</summary>
    private const int LearnedFrom = 16 << 20;

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ObjectiveFamily family;
    private readonly string objective;
    private readonly TextSource source;
    private readonly ITokenizer tokenizer;

    private ObjectiveSubject(ObjectiveFamily family, string objective, TextSource source, ITokenizer tokenizer) =>
        (this.family, this.objective, this.source, this.tokenizer) = (family, objective, source, tokenizer);

    internal override string Vocabulary => FormattableString.Invariant($"{tokenizer.Vocabulary} {tokenizer.Name}");

    /// <summary>A new run's subject: its vocabulary is learned from the text.</summary>
    internal static ObjectiveSubject Learn(string? name, string objective, string? path, int vocabulary)
    {
        ObjectiveFamily family = Find(name, objective);
        TextSource source = Source(path);
        string sample = new TextShards(source, 0, source.Length, LearnedFrom).Read(0).Text;
        if (string.IsNullOrWhiteSpace(sample))
        {
            throw new TextException($"{source.Name}: the text is empty, expected at least one sentence");
        }

        return new ObjectiveSubject(family, objective, source, family.Learn(sample, vocabulary)) { Family = family.Name };
    }

    /// <summary>The subject of a run that goes on.</summary>
    internal static ObjectiveSubject Open(TrainingCheckpoint checkpoint, string objective, string? path)
    {
        ObjectiveFamily family = Find(checkpoint.State.Family, objective);
        return new ObjectiveSubject(family, objective, Source(path ?? PathOf(checkpoint.State)), TextCodecs.OpenTokenizer(checkpoint.Folder)) { Family = family.Name };
    }

    internal override string Config(TrainingOptions options) => family.Config(tokenizer, options.Context).ToJsonString(Json) + "\n";

    internal override ITrainingData Data(TrainingOptions options) => new ObjectiveData(
        source, family.Make(objective, tokenizer, options), tokenizer, options.Batch, options.Seed, fresh: !options.StaticNoise);

    internal override IEnumerable<string> Describe(ITrainingData data, TrainingOptions options)
    {
        (TextShards training, TextShards heldOut) = TextShards.Split(source);
        (long tokens, _) = TokenCounts.Of(training, tokenizer);
        (long held, double entropy) = TokenCounts.Of(heldOut, tokenizer);
        yield return $"on {source.Name}: {Words.Count(tokens)} tokens, {Words.Count(held)} more held out";
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

        (_, double entropy) = TokenCounts.Of(TextShards.Split(source).HeldOut, tokenizer);
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

    private string Mask => tokenizer.TokenOf(tokenizer.Special.Mask!.Value)!;

    private static TextSource Source(string? path)
    {
        RequireFile(path);
        return path is null ? TextSource.Memory(KingJames, TokenCorpus.KingJames()) : TextSource.File(path);
    }

    private static ObjectiveFamily Find(string? name, string objective)
    {
        ObjectiveFamily[] able = [.. ObjectiveFamilies.All.Where(family => family.Objectives.Contains(objective))];
        if (able.Length == 0)
        {
            throw new CommandException($"--objective '{objective}', expected {string.Join(", ", ObjectiveFamilies.Objectives)}, or clm (the next token)", 2);
        }

        return name is null ? able[0] : able.FirstOrDefault(family => family.Name == name)
            ?? throw new CommandException($"--family '{name}' with --objective {objective}, expected {string.Join(", ", able.Select(family => family.Name))}", 2);
    }
}
