using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Files;
using Dsl.Images;
using Dsl.Runtime;
using Dsl.Training;
using Dsl.Training.Alignment;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>A stage of a recipe that learns from pictures made by rule, or from texts that stand for them.</summary>
internal sealed class PictureStage : StageRun
{
    private const int MostTokens = 8, Length = 64, Examples = 4;

    private const string Settings = """
        {
          "image_processor_type": "CLIPImageProcessor",
          "size": { "shortest_edge": 32 },
          "crop_size": { "height": 32, "width": 32 },
          "image_mean": [0.5, 0.5, 0.5],
          "image_std": [0.5, 0.5, 0.5]
        }

        """;

    /// <summary>What <see cref="Settings"/> say of pictures that have their size already.</summary>
    internal static ImageProcessor Processor { get; } = new() { Scale = 1 / 255.0, Normalise = ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]) };

    private readonly PictureTask task;
    private readonly PictureTexts texts;
    private readonly IReadOnlyList<(Inheritance Rule, StageResult Made)> inherited;

    /// <param name="context">Makes models.</param>
    /// <param name="stage">What is run.</param>
    /// <param name="task">What is learned.</param>
    /// <param name="before">What it begins with.</param>
    /// <param name="device">Where it runs.</param>
    internal PictureStage(CliContext context, Stage stage, PictureTask task, StageBase before, Device device)
        : base(context, stage, device)
    {
        this.task = task;
        texts = new PictureTexts(task.Format);
        inherited = [.. task.From.Select(rule => (rule, before.Earlier.Last(earlier => earlier.Stage == rule.Stage).Made))];
        string from = string.Join(' ', inherited.Select(pair => pair.Made.Digest));
        Hash = HashOf(FormattableString.Invariant($"{task.Format.Family} {task.Lesson} {stage.Lines} {stage.Run.Seed} {from}"));
    }

    /// <inheritdoc/>
    internal override string Hash { get; }

    /// <inheritdoc/>
    internal override string Family => task.Lesson == PictureLesson.Words ? "llama" : task.Format.Family;

    /// <inheritdoc/>
    internal override string? Base => null;

    /// <inheritdoc/>
    internal override string Config() => PictureModels.Config(
        Family, texts.Tokens.Tokenizer.Vocabulary, Length, texts.Placeholder, [.. SpecialIds.Of(texts.Tokens.Tokenizer)]);

    /// <inheritdoc/>
    internal override IModel Model(string config)
    {
        IModel model = Begun(config, null, out _);
        using (no_grad())
        {
            foreach ((Inheritance rule, StageResult made) in inherited)
            {
                using SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(made.Folder!, Checkpoint.FileName));
                foreach (Weight weight in model.Weights.All.Where(weight => weight.Key.StartsWith(rule.Key, StringComparison.Ordinal)))
                {
                    file.Read((rule.Theirs ?? rule.Key) + weight.Key[rule.Key.Length..], weight.Value);
                }
            }
        }

        foreach (Weight weight in model.Weights.All)
        {
            weight.Trainable = task.Trained?.Any(key => weight.Key.StartsWith(key, StringComparison.Ordinal)) ?? !weight.IsBuffer;
        }

        model.Weights.Changed();
        return model;
    }

    /// <inheritdoc/>
    internal override ITrainingData Data()
    {
        string name = task.Lesson == PictureLesson.Words ? "words in the place of pictures" : "pictures made by rule";
        var rows = new TuningSplit<PictureRow>(
            name, texts.Rows(task.Lesson, Stage.Lines, Options.Seed, heldOut: false), texts.Rows(task.Lesson, Stage.Measured, 20, heldOut: true));
        return new TuningData<PictureRow>(rows, Batch, new AnswerObjective(), texts.Tokens, Options)
        {
            Hash = Hash,
            SaveBeside = task.Lesson == PictureLesson.Words ? null : SavePictures,
        };
    }

    /// <summary>What the result is asked; null: it captions.</summary>
    private IEnumerable<string?> Asked => task.Lesson switch
    {
        PictureLesson.Captions => (IEnumerable<string?>)[null],
        PictureLesson.Parts => RulePictures.Kinds.Take(2),
        _ => RulePictures.Kinds,
    };

    /// <inheritdoc/>
    internal override IEnumerable<string> Describe(IModel model, TrainingOutcome outcome)
    {
        if (task.Lesson == PictureLesson.Words)
        {
            yield return FormattableString.Invariant($"held-out texts: loss {outcome.HeldOutLoss:F3} a token");
            yield break;
        }

        IReadOnlyList<ShapePicture> held = RulePictures.Draw(Stage.Measured, 20, heldOut: true);
        IReadOnlyList<ShapePicture> unseen = RulePictures.Draw(Stage.Measured, 20, heldOut: true, newCombination: true);
        foreach (string? question in Asked)
        {
            string what = question is null ? "described rightly" : $"'{question}' answered rightly";
            (double known, double fresh) = (Answered(model, held, question), Answered(model, unseen, question));
            yield return FormattableString.Invariant(
                $"{what}: {known:P1} of {Stage.Measured} held-out pictures ({fresh:P1} of colours never seen in that shape)");
        }
    }

    /// <summary>The share of pictures of which a model says what it should, to the character.</summary>
    private double Answered(IModel model, IReadOnlyList<ShapePicture> pictures, string? question) => pictures.Zip(Written(model, pictures, question))
        .Average(pair => pair.Second == (question is null ? pair.First.Caption : RulePictures.AnswerTo(question, pair.First)) ? 1.0 : 0);

    /// <summary>What a model says of pictures; null where it comes to no end.</summary>
    /// <param name="model">A model that sees.</param>
    /// <param name="pictures">What it is shown.</param>
    /// <param name="question">What it is asked; null: it captions.</param>
    internal IReadOnlyList<string?> Written(IModel model, IReadOnlyList<ShapePicture> pictures, string? question)
    {
        int[] prompt = texts.Prompt(question);
        var written = new List<string?>();
        foreach (ShapePicture[] part in pictures.Chunk(64))
        {
            using Tensor pixels = Pixels(part, model.Weights.Device), rows = PicturePrompt.See(model, pixels);
            IReadOnlyList<Rollout> rollouts = Rollouts.Sample(
                model, [.. part.Select(_ => prompt)], MostTokens, texts.Tokens.End, temperature: 0, PicturePrompt.Memory(rows));
            written.AddRange(rollouts.Select(rollout => rollout.Ended ? texts.Tokens.Tokenizer.Decode(rollout.Response).Trim() : null));
        }

        return written;
    }

    /// <summary>How pictures are prepared, and some to ask about that were never learned from.</summary>
    private void SavePictures(string folder)
    {
        AtomicFiles.WriteText(Path.Combine(folder, "preprocessor_config.json"), Settings, FileErrors.Plain);
        foreach ((ShapePicture picture, int i) in RulePictures.Draw(Examples, 20, heldOut: true).Select((picture, i) => (picture, i)))
        {
            AtomicFiles.WriteBytes(Path.Combine(folder, FormattableString.Invariant($"held-out-{i + 1}.png")), ShapePng.Of(picture), FileErrors.Plain);
        }
    }

    private TuningInputs Batch(IReadOnlyList<PictureRow> rows, Device device) =>
        TuningInputs.Of(rows.Select(row => row.Text), texts.Tokens.Pad, device) with
        {
            Pixels = rows[0].Picture is null ? null : Pixels([.. rows.Select(row => row.Picture!)], device),
        };

    private Tensor Pixels(IReadOnlyList<ShapePicture> pictures, Device device)
    {
        float[] values = [.. pictures.SelectMany(picture => Processor.Apply(new Picture(RulePictures.Side, RulePictures.Side, picture.Rgb())).Values)];
        return tensor(values, [pictures.Count, 3, RulePictures.Side, RulePictures.Side], device: device);
    }
}
