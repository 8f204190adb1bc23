using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading;
using Dsl.Runtime;
using Dsl.Tests;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Training.Tests;

/// <summary>What a run folder holds is what was saved, or said not to be; nothing that is complete goes before something complete takes its place.</summary>
public sealed class CheckpointSafetyTests : IDisposable
{
    private static readonly TokenCorpus Corpus = new("rhyme", string.Concat(Enumerable.Repeat("twinkle twinkle little star, how I wonder what you are. ", 12)));
    private static readonly TrainingOptions Small = new()
    {
        Steps = 6,
        Batch = 2,
        Context = 8,
        WarmUp = 1,
        EvaluateEvery = 100,
        EvaluationBatches = 1,
    };

    private readonly ScratchFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static void Train(int steps, Action<Trainer> then, double poison = 0)
    {
        manual_seed(1);
        using var model = new TinyModel(new TinyConfig(Corpus.Codec.Vocabulary));
        if (poison != 0)
        {
            using IDisposable off = no_grad();
            model.Weights.All[^1].Value.fill_(Scalars.Of(poison));
        }

        using var trainer = new Trainer(model, Corpus, Small);
        for (int i = 0; i < steps; i++)
        {
            trainer.Next();
        }

        then(trainer);
    }

    private TrainingCheckpoint Saved(int steps, bool replaces = false)
    {
        var run = new RunFolder(folder.Path) { Replaces = replaces };
        Train(steps, trainer => run.Save(trainer, "llama", "{\"layers\": 2}", keep: 2));
        return run.Latest().Checkpoint!;
    }

    private string Problem(string file) => Assert.Throws<CheckpointException>(new RunFolder(folder.Path).Latest().Checkpoint!.Verify) is var e
        && Path.GetFileName(e.File) == file ? e.Problem : throw new InvalidOperationException($"{e.File} is at fault, expected {file}");

    [Fact]
    public void AnOverwrittenRunStaysUntilTheNewOneIsComplete()
    {
        Saved(3);
        File.WriteAllText(folder["metrics.csv"], "old");
        var run = new RunFolder(folder.Path) { Replaces = true, FileWritten = _ => throw new IOException("No space left on device", 28) };
        Train(1, trainer => Assert.EndsWith("(disk full); step 3 kept", Assert.Throws<SaveException>(() => run.Save(trainer, "llama", "{}", 2)).Message,
            StringComparison.Ordinal));
        Assert.Equal(3, run.Latest().Checkpoint!.State.Step);
        Assert.Equal("old", File.ReadAllText(folder["metrics.csv"]));
        run.FileWritten = null;
        Train(1, trainer => run.Save(trainer, "llama", "{}", keep: 2));
        Assert.Equal(["step-1"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    /// <summary>Killed between the moment when the new save is whole and the one when it has its name.</summary>
    [Fact]
    public void AnInterruptedReplacementIsTheNewRun()
    {
        Saved(1);
        Directory.Move(folder["step-1"], folder[".step-1.replacing-7"]);
        using (var other = new ScratchFolder())
        {
            Train(3, trainer => new RunFolder(other.Path).Save(trainer, "llama", "{}", keep: 2));
            Directory.Move(other["step-3"], folder["step-3"]);
        }

        var run = new RunFolder(folder.Path);
        Assert.True(run.HoldsRun);
        Assert.Equal(1, run.Latest().Checkpoint!.State.Step);
        Train(2, trainer => run.Save(trainer, "llama", "{}", keep: 2));
        Assert.Equal(["step-1", "step-2"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void AFirstStartThatFailsLeavesNothing()
    {
        var run = new RunFolder(folder.Path);
        Train(0, trainer => Assert.Throws<TrainingException>(() => new TrainingRun(trainer, run, "llama", "{}").Run(new Quiet(), default)), double.NaN);
        Assert.False(run.HoldsRun);
        Assert.Null(run.Latest().Checkpoint);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void AReplacedRunKeepsItsTableUntilTheFirstSave()
    {
        Saved(3);
        File.WriteAllText(folder["metrics.csv"], "old");
        var run = new RunFolder(folder.Path) { Replaces = true };
        Train(0, trainer => Assert.Throws<TrainingException>(() => new TrainingRun(trainer, run, "llama", "{}").Run(new Quiet(), default)), double.NaN);
        Assert.Equal("old", File.ReadAllText(folder["metrics.csv"]));
        Assert.Equal(3, run.Latest().Checkpoint!.State.Step);
        Train(0, trainer => new TrainingRun(trainer, run, "llama", "{}").Run(new Quiet(), default));
        Assert.Equal(7, File.ReadAllLines(folder["metrics.csv"]).Length);
        Assert.Equal(6, run.Latest().Checkpoint!.State.Step);
    }

    /// <summary>A terminal that is gone: the run goes on, and saves.</summary>
    [Fact]
    public void AViewThatFailsLosesNothing()
    {
        var run = new RunFolder(folder.Path);
        using var stop = new CancellationTokenSource();
        Train(0, trainer => Assert.True(new TrainingRun(trainer, run, "llama", "{}").Run(new Quiet(() =>
        {
            stop.Cancel();
            throw new IOException("Input/output error");
        }), stop.Token).Interrupted));
        Assert.Equal(1, run.Latest().Checkpoint!.State.Step);
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("optimizer.safetensors")]
    [InlineData("characters.json")]
    public void FilesOfTheSameLengthAreToldApart(string file)
    {
        string path = Path.Combine(Saved(2).Folder, file);
        new RunFolder(folder.Path).Latest().Checkpoint!.Verify();
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^9] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.StartsWith("is not the file that step-2 was saved with", Problem(file), StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherConfigOrManifestIsToldApart()
    {
        string step = Saved(2).Folder, config = Path.Combine(step, "config.json"), manifest = Path.Combine(step, "training.json");
        string before = File.ReadAllText(config);
        File.WriteAllText(config, before.Replace('2', '1'));
        Assert.StartsWith("is not the file that step-2 was saved with", Problem("config.json"), StringComparison.Ordinal);
        File.WriteAllText(config, before);
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"seed\": 0", "\"seed\": 5"));
        Assert.StartsWith("is not the file that step-2 was saved with", Problem("training.json"), StringComparison.Ordinal);
    }

    /// <summary>A run that was saved before there was an option goes on with that option's default.</summary>
    [Fact]
    public void AManifestWithoutANewerOptionIsWhole()
    {
        TrainingCheckpoint saved = Saved(2);
        string manifest = Path.Combine(saved.Folder, "training.json");
        string[] lines = [.. File.ReadAllLines(manifest).Where(line => !line.Contains("\"optimizer\":") && !line.Contains("\"momentum\":"))];
        string text = string.Join('\n', lines), digest = saved.State.Digest;
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.Replace(digest, ""))));
        File.WriteAllText(manifest, text.Replace(digest, hash) + "\n");
        TrainingCheckpoint older = new RunFolder(folder.Path).Latest().Checkpoint!;
        older.Verify();
        Assert.Equal(saved.State.Options, older.State.Options);
        Assert.NotEqual(digest, older.State.Digest);
    }

    [Fact]
    public void UnexpectedWeightsAreAnError()
    {
        TrainingCheckpoint saved = Saved(2);
        string path = Path.Combine(saved.Folder, "model.safetensors");
        using (SafeTensorsFile file = SafeTensorsFile.Open(path))
        {
            float[] one = [1];
            SafeTensorsWriter.Write(path,
                [.. file.Tensors.Select(entry => TensorSource.From(file, entry.Name)), TensorSource.From<float>("layer.9", ElementType.F32, [1], one)]);
        }

        Train(0, trainer => Assert.StartsWith(
            "model.safetensors: tensor 'layer.9' is none of this run's", Assert.Throws<CheckpointException>(() => saved.ReadInto(trainer)).Message,
            StringComparison.Ordinal));
    }

    /// <summary>Each member set to null, to another kind, or left out: no error but the documented one, which names file and key.</summary>
    [Fact]
    public void MutantsOfTheManifestNameFileAndKey()
    {
        string manifest = Path.Combine(Saved(2).Folder, "training.json"), text = File.ReadAllText(manifest);
        int refused = 0;
        foreach ((string[] place, JsonNode? other) in Places(JsonNode.Parse(text)!).SelectMany(place =>
            new JsonNode?[] { null, "x\u0007", -7, new JsonArray(1), new JsonObject() }.Select(other => (place, other))))
        {
            JsonNode root = JsonNode.Parse(text)!;
            JsonNode at = place[..^1].Aggregate(root, (node, name) => node[name]!);
            at[place[^1]] = other?.DeepClone();
            File.WriteAllText(manifest, root.ToJsonString());
            try
            {
                TrainingCheckpoint? found = TrainingCheckpoint.TryOpen(Path.GetDirectoryName(manifest)!);
                found?.Verify();
            }
            catch (CheckpointException e)
            {
                Assert.StartsWith("training.json: ", e.Message, StringComparison.Ordinal);
                Assert.DoesNotContain(e.Message, char.IsControl);
                refused++;
            }
        }

        Assert.True(refused > 100, $"{refused} refused");
        File.WriteAllText(manifest, JsonNode.Parse(text)!.AsObject() is var whole && whole.Remove("options") ? whole.ToJsonString() : "");
        Assert.Contains("options", Assert.Throws<CheckpointException>(() => TrainingCheckpoint.TryOpen(Path.GetDirectoryName(manifest)!)).Message,
            StringComparison.Ordinal);
        File.WriteAllBytes(manifest, Encoding.UTF8.GetBytes(text)[..^20]);
        Assert.Null(TrainingCheckpoint.TryOpen(Path.GetDirectoryName(manifest)!));
    }

    private static IEnumerable<string[]> Places(JsonNode node, params string[] above) => node is not JsonObject members ? [] : members.SelectMany(
        member => new[] { (string[])[.. above, member.Key] }.Concat(member.Value is null ? [] : Places(member.Value, [.. above, member.Key])));

    private sealed class Quiet(Action? stepped = null) : ITrainingView
    {
        public void Show(Action body) => body();

        public void Stepped(in TrainingProgress progress) => stepped?.Invoke();

        public void Evaluated(long step, double loss, IReadOnlyList<LossPart> parts)
        {
        }

        public void Note(string sentence)
        {
        }
    }
}
