using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl;
using Dsl.Generation;
using Dsl.Text;
using Dsl.Training;
using Dsl.Training.Objectives;

namespace Zoo.Cli;

/// <summary>What a run of <c>train</c> learns: a family's model, a text, and what to say about them.</summary>
internal abstract class TrainingSubject
{
    /// <summary>What <c>--family</c> calls it.</summary>
    internal required string Family { get; init; }

    /// <summary>The vocabulary in a few words.</summary>
    internal abstract string Vocabulary { get; }

    /// <summary>The text of config.json.</summary>
    internal abstract string Config(TrainingOptions options);

    /// <summary>What the trainer learns.</summary>
    internal abstract ITrainingData Data(TrainingOptions options);

    /// <summary>Lines before the run, about the text.</summary>
    internal abstract IEnumerable<string> Describe(ITrainingData data, TrainingOptions options);

    /// <summary>Lines after the run that show what was learned.</summary>
    internal abstract IEnumerable<string> Show(Trainer trainer, TrainingOutcome outcome);

    /// <summary>Commands to go on with, without the program's name.</summary>
    internal abstract IEnumerable<string> Next(string folder);

    /// <summary>A text's file; null: the text that comes with the program.</summary>
    protected static void RequireFile(string? path)
    {
        if (Directory.Exists(path))
        {
            throw new CommandException($"{path}: is a folder, expected a text file");
        }
    }

    /// <summary>The path that a run's text came from; null where it comes with the program.</summary>
    internal static string? PathOf(TrainingState state) => state.Text == KingJames.Name ? null : state.Text;
}

/// <summary>The next token of a text, by characters, bytes or the tokens of a vocabulary.</summary>
internal sealed class NextTokenSubject : TrainingSubject
{
    private readonly TokenCorpus corpus;
    private readonly SmallModel model;
    private readonly NextTokenOptions objective;

    private NextTokenSubject(SmallModel model, NextTokenOptions objective, TokenCorpus corpus) =>
        (this.model, this.objective, this.corpus) = (model, objective, corpus);

    internal override string Vocabulary => FormattableString.Invariant($"{corpus.Codec.Vocabulary} {corpus.Codec.Name}");

    /// <param name="model">What learns.</param>
    /// <param name="objective">Kept with the run.</param>
    /// <param name="path">The text's file; null: the text that comes with the program.</param>
    /// <param name="codec">Between text and ids; null: one id per character that occurs.</param>
    internal static NextTokenSubject Of(SmallModel model, NextTokenOptions objective, string? path, ITextCodec? codec)
    {
        RequireFile(path);
        var corpus = path is null ? new TokenCorpus(KingJames.Name, KingJames.Text(), codec) : new TokenCorpus(path, TokenCorpus.ReadText(path), codec);
        return new NextTokenSubject(model, objective, corpus) { Family = model.Family };
    }

    internal override string Config(TrainingOptions options) => model.ConfigText(new SmallSize(corpus.Codec.Vocabulary, options.Context));

    internal override ITrainingData Data(TrainingOptions options)
    {
        corpus.RequireContext(options.Context);
        return new NextTokenData(corpus, options) { Settings = OptionRows.Write(objective) };
    }

    internal override IEnumerable<string> Describe(ITrainingData data, TrainingOptions options) =>
        [$"on {corpus.Name}: {Words.Count(corpus.TrainingTokens)} tokens, {Words.Count(corpus.HeldOutTokens)} more held out"];

    internal override IEnumerable<string> Show(Trainer trainer, TrainingOutcome outcome)
    {
        int[] prompt;
        try
        {
            // Some vocabularies pass over line ends.
            prompt = corpus.Codec.Encode("\n") is { Length: > 0 } line ? line : [0];
        }
        catch (TextException)
        {
            prompt = [0];
        }

        using var generator = new TextGenerator(trainer.Model, corpus.Codec);
        var options = new GenerationOptions
        {
            MaxTokens = 300,
            Context = trainer.Options.Context,
            AtContextEnd = ContextEnd.Slide,
            Sampling = new SamplingOptions { Temperature = 0.8, Seed = (ulong)trainer.Options.Seed },
        };
        string written = generator.CompleteAsync([prompt], options).GetAwaiter().GetResult()[0].Text;
        return ["", "the model writes:", written.Trim('\n')];
    }

    internal override IEnumerable<string> Next(string folder) => [$"generate {folder} --prompt \"And God said\"", "list"];
}
