using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Dsl.Tests;
using Dsl.Training;
using Dsl.Training.Alignment;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Zoo.Cli.Tests;

public sealed class RecipeTests
{
    /// <summary>Whole and stopped in every stage, in the middle of a rollout too: the same weights, moments and figures, bit for bit.</summary>
    [Theory]
    [InlineData("instructgpt")]
    [InlineData("rejection")]
    [InlineData("dpo")]
    [InlineData("guanaco")]
    [InlineData("law")]
    [InlineData("codellama-infill")]
    [InlineData("llava-instruct")]
    [InlineData("minigpt4")]
    public void AResumedRecipeGoesOnBitForBit(string name)
    {
        Recipe recipe = Small(Recipes.Find(name)!);
        using var whole = new ScratchFolder();
        using var parts = new ScratchFolder();
        Assert.True(Run(recipe, whole.Path, resume: false, stopAfter: null, out _));
        int stops = 0;
        while (!Run(recipe, parts.Path, resume: stops > 0, stopAfter: 3, out _))
        {
            stops++;
            manual_seed(999 + stops);
        }

        Assert.Equal(recipe.Stages.Count, stops);
        foreach (string folder in Directory.GetDirectories(whole.Path))
        {
            string stage = Path.GetFileName(folder);
            string[] files = Directory.GetFiles(Path.Combine(folder, "step-5"), "*.safetensors");
            Assert.True(files.Length >= 2);
            Assert.All(files, file => Assert.Equal(
                File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(parts.Path, stage, "step-5", Path.GetFileName(file)))));

            Assert.Equal(Figures(folder), Figures(Path.Combine(parts.Path, stage)));
        }
    }

    [Theory]
    [InlineData("alpaca", "1-pretrain 2-sft", "held-out answers: ")]
    [InlineData("lora", "1-pretrain 2-sft 3-lora 4-qlora", "of what the stage before gained")]
    [InlineData("goat", "1-pretrain 2-lora", "answered exactly")]
    [InlineData("finance", "1-pretrain 2-domain 3-lora", "answered exactly")]
    public void ARecipeRunsToItsEnd(string name, string stages, string said)
    {
        using var folder = new ScratchFolder();
        Assert.True(Run(Small(Recipes.Find(name)!), folder.Path, resume: false, stopAfter: null, out string output));
        Assert.Equal(stages.Split(' '), Directory.GetDirectories(folder.Path).Select(Path.GetFileName).Order());
        Assert.Contains(said, output);
        Assert.All(Directory.GetDirectories(folder.Path), stage => Assert.True(File.Exists(Path.Combine(stage, "events.out.tfevents.run"))));
    }

    [Fact]
    public void ACompleteStageIsNotRunAgainAndAnotherRecipesIsReplaced()
    {
        Recipe recipe = Small(Recipes.Find("reward")!);
        using var folder = new ScratchFolder();
        Assert.True(Run(recipe, folder.Path, resume: false, stopAfter: null, out _));
        Assert.Throws<CommandException>(() => Run(recipe, folder.Path, resume: false, stopAfter: null, out _));
        Assert.True(Run(recipe, folder.Path, resume: true, stopAfter: null, out string again));
        Assert.Contains("1-sft: complete", again);
        Assert.Contains("2-reward: complete", again);

        // Another first stage: the second began with what is no longer there.
        Recipe other = recipe with { Stages = [recipe.Stages[0] with { Lines = 70 }, recipe.Stages[1]] };
        Assert.True(Run(other, folder.Path, resume: true, stopAfter: null, out string anew));
        Assert.DoesNotContain("complete", anew);
    }

    [Fact]
    public void AnUnknownRecipeAndWordsThatDoNotBelongToOneAreRefused()
    {
        Assert.Contains("--recipe 'x', expected sft, reward, dpo, ppo", Refused("train", "--recipe", "x"));
        Assert.Contains("--family with --recipe", Refused("train", "--recipe", "sft", "--family", "mamba"));
        Assert.Contains("--lora with --objective mlm, expected --recipe", Refused("train", "--objective", "mlm", "--lora", "4"));
        Assert.Contains("--batch 0, expected 1 or more", Refused("train", "--recipe", "sft", "--batch", "0"));
    }

    [Fact]
    public void EveryRecipeNamesItsSourceAndCanBeRun() => Assert.All(Recipes.All, recipe =>
    {
        Assert.NotEmpty(recipe.Stages);
        Assert.Contains(recipe.Stages[0].Kind, new[] { StageKind.Pretrain, StageKind.Tune });
        Assert.All(recipe.Stages, stage => Assert.NotEmpty(stage.Published.Source));
        Assert.All(recipe.Stages, stage => stage.Run.Validate());
        foreach ((Stage stage, int i) in recipe.Stages.Select((stage, i) => (stage, i))
            .Where(pair => pair.stage.Kind is StageKind.Select or StageKind.Optimise))
        {
            Assert.Contains(recipe.Stages.Take(i), earlier => earlier.Kind == StageKind.Reward);
        }

        // An adapter over four bits leaves no whole model to go on with.
        Assert.All(recipe.Stages.Zip(recipe.Stages.Skip(1)), pair => Assert.True(!pair.First.FourBits || pair.Second.FromFirst));
    });

    /// <summary>Few steps, few lines, few rollouts.</summary>
    private static Recipe Small(Recipe recipe) => recipe with
    {
        Stages =
        [
            .. recipe.Stages.Select(stage => stage with
            {
                Lines = 64,
                Measured = 16,
                Run = stage.Run with { Steps = 5, Batch = 8, WarmUp = 1, EvaluateEvery = 4, EvaluationBatches = 1 },
                Policy = stage.Policy with { Rollouts = 16, Epochs = 2 },
                Selection = stage.Selection with { Samples = 8 },
            }),
        ],
    };

    private static bool Run(Recipe recipe, string path, bool resume, int? stopAfter, out string said)
    {
        using var stop = new CancellationTokenSource();
        using var output = new StoppingOutput(stop, stopAfter);
        var run = new RecipeRun(CliContext.Plain(new DeclaredZoo(), output, output, stop.Token), recipe, path, CPU, saveEvery: 100, keep: 2);
        bool done = run.Run(resume, overwrite: false);
        said = output.ToString();
        return done;
    }

    private static string Refused(params string[] words)
    {
        using var error = new StringWriter();
        Assert.Equal(2, ZooCommands.Run(words, CliContext.Plain(new DeclaredZoo(), TextWriter.Null, error)));
        return error.ToString();
    }

    private static List<(long, double, string)> Figures(string folder) => MetricsFile.Read(Path.Combine(folder, "metrics.csv"))
        .ConvertAll(row => (row.Step, row.Loss, string.Join(' ', row.Parts.Select(part => $"{part.Name} {part.Value:R}"))));

    /// <summary>Presses Ctrl+C when a step's line is written.</summary>
    private sealed class StoppingOutput(CancellationTokenSource stop, int? after) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (after is { } step && value?.StartsWith($"step {step}/", StringComparison.Ordinal) == true)
            {
                stop.Cancel();
            }
        }
    }
}
