using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Images;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Training;
using Dsl.Training.Alignment;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Zoo.Cli.Tests;

/// <summary>Recipes on pictures that are made by rule.</summary>
public sealed class PictureRecipeTests
{
    [Fact]
    public void HeldOutPicturesShareNeitherPlaceNorSizeWithOthersAndNewCombinationsNothing()
    {
        IReadOnlyList<ShapePicture> learned = RulePictures.Draw(3000, 1, heldOut: false);
        IReadOnlyList<ShapePicture> unseen = RulePictures.Draw(500, 1, heldOut: true, newCombination: true);
        ShapePicture[] held = [.. RulePictures.Draw(500, 1, heldOut: true), .. unseen];
        Assert.Empty(Combinations(learned).Intersect(Combinations(unseen)));
        Assert.Empty(learned.Select(picture => (picture.X, picture.Y)).Intersect(held.Select(picture => (picture.X, picture.Y))));
        Assert.Empty(learned.Select(picture => picture.Radius).Intersect(held.Select(picture => picture.Radius)));

        // Each of their shapes and colours is learned, in other company.
        Assert.All(held, picture => Assert.Contains(learned, other => other.Colour == picture.Colour && other.Shape != picture.Shape));
        Assert.All(held, picture => Assert.Contains(learned, other => other.Colour != picture.Colour && other.Shape == picture.Shape));
    }

    [Theory]
    [InlineData("llava-instruct", "pretrain", new[] { "model.multi_modal_projector." })]
    [InlineData("llava-instruct", "instruct", new[] { "model.multi_modal_projector.", "model.language_model.", "lm_head." })]
    [InlineData("minigpt4", "align", new[] { "language_projection." })]
    [InlineData("minigpt4", "instruct", new[] { "language_projection." })]
    public void AStageTrainsWhatWasPublishedAndLeavesTheRest(string name, string stage, string[] trained)
    {
        Recipe recipe = Small(Recipes.Find(name)!, steps: 3);
        using var folder = new ScratchFolder();
        Assert.True(Run(recipe, folder.Path));
        string made = Directory.GetDirectories(folder.Path).Single(path => path.EndsWith("-" + stage, StringComparison.Ordinal));
        PictureTask task = recipe.Stages.Single(one => one.Folder == stage).Pictures!;
        using Checkpoint after = Checkpoint.Open(Path.Combine(made, "step-3"));
        bool IsTrained(string key) => trained.Any(start => key.StartsWith(start, StringComparison.Ordinal));
        int same = 0;
        foreach (Inheritance rule in task.From)
        {
            string earlier = Directory.GetDirectories(folder.Path).Single(path => path.EndsWith("-" + rule.Stage, StringComparison.Ordinal));
            using Checkpoint before = Checkpoint.Open(Path.Combine(earlier, "step-3"));
            foreach (string key in after.Names.Where(key => key.StartsWith(rule.Key, StringComparison.Ordinal) && !IsTrained(key)))
            {
                using Tensor a = before.ReadTensor((rule.Theirs ?? rule.Key) + key[rule.Key.Length..]), b = after.ReadTensor(key);
                Assert.True(a.equal(b).all().item<bool>(), key);
                same++;
            }
        }

        Assert.True(same > 10);
        using SafeTensorsFile moments = SafeTensorsFile.Open(Path.Combine(made, "step-3", "optimizer.safetensors"));
        string[] stepped =
            [.. moments.Tensors.Select(entry => entry.Name).Where(key => key.StartsWith("mean.", StringComparison.Ordinal)).Select(key => key[5..])];
        Assert.All(stepped, key => Assert.True(IsTrained(key), key));
        Assert.All(trained, start => Assert.Contains(stepped, key => key.StartsWith(start, StringComparison.Ordinal)));
    }

    /// <summary>Some of the steps, in which colours begin to be told: shapes take longer. Chance is a tenth.</summary>
    [Fact]
    public void AShortRunLearnsToTellColoursThatItNeverSawInThatShape()
    {
        Recipe whole = Recipes.Find("llava-pretrain")!;
        Stage sight = whole.Stages[0] with { Lines = 32 * 160, Measured = 64 };
        sight = sight with { Run = sight.Run with { Steps = 160, Batch = 32, WarmUp = 10, EvaluateEvery = 160, EvaluationBatches = 1 } };
        using var stage = new PictureStage(Context(), sight, sight.Pictures!, new StageBase(null, null, null, null, null), CPU);
        string config = stage.Config();
        IModel model = stage.Model(config);
        IReadOnlyList<ShapePicture> pictures = RulePictures.Draw(100, 20, heldOut: true);
        double Told() => stage.Written(model, pictures, RulePictures.Kinds[0]).Zip(pictures).Average(
            pair => pair.First == pair.Second.ColourName ? 1.0 : 0);
        Assert.True(Told() < 0.2);
        using var trainer = new Trainer(model, stage.Data(), sight.Run);
        while (trainer.Step < sight.Run.Steps)
        {
            trainer.Next();
        }

        Assert.InRange(Told(), 0.4, 1);
    }

    /// <summary>A checkpoint is a folder that <c>generate</c> reads, picture files and all: it sees what the recipe saw.</summary>
    [Theory]
    [InlineData("llava-pretrain", "3-pretrain", "<image>", 16)]
    [InlineData("minigpt4", "4-instruct", "###Human: <Img><image></Img> What colour is it? ###Assistant:", 4)]
    public void ACheckpointIsAskedByGenerate(string name, string stage, string prompt, int rows)
    {
        using var folder = new ScratchFolder();
        Assert.True(Run(Small(Recipes.Find(name)!, steps: 2), folder.Path));
        string checkpoint = Path.Combine(folder.Path, stage, "step-2"), file = folder["shape.png"];
        ShapePicture shape = RulePictures.Draw(1, 3, heldOut: true)[0];
        File.WriteAllBytes(file, ShapePng.Of(shape));
        Assert.Equal(shape.Rgb(), Picture.Read(file).Rgb.ToArray());
        var output = new StringWriter();
        Assert.Equal(0, ZooCommands.Run(["generate", checkpoint, "-p", prompt, "--image", file, "-n", "3", "-t", "0"], Context(output)));

        using IModel model = Models.Load(checkpoint);
        using Tensor pixels = PicturePrompt.Prepare(checkpoint, [file]), seen = PicturePrompt.See(model, pixels);
        Assert.Equal(rows, seen.shape[1]);
        (float[] values, _, _) = PictureStage.Processor.Apply(Picture.Read(file));
        Assert.Equal(values, pixels.data<float>().ToArray());
    }

    private static IEnumerable<(int? Colour, int? Shape)> Combinations(IEnumerable<ShapePicture> pictures) =>
        pictures.Select(picture => (picture.Colour, picture.Shape));

    private static Recipe Small(Recipe recipe, int steps) => recipe with
    {
        Stages =
        [
            .. recipe.Stages.Select(stage => stage with
            {
                Lines = 64,
                Measured = 16,
                Run = stage.Run with { Steps = steps, Batch = 8, WarmUp = 1, EvaluateEvery = steps, EvaluationBatches = 1 },
            }),
        ],
    };

    private static bool Run(Recipe recipe, string path) =>
        new RecipeRun(Context(), recipe, path, CPU, saveEvery: 100, keep: 2).Run(resume: false, overwrite: false);

    private static CliContext Context(TextWriter? output = null) => CliContext.Plain(new DeclaredZoo(), output ?? TextWriter.Null, TextWriter.Null);
}
