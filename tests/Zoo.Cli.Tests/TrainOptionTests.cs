using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text.Json;
using Dsl.Tests;
using Dsl.Training;
using Dsl.Training.Alignment;
using Dsl.Training.Objectives;
using Xunit;

namespace Zoo.Cli.Tests;

/// <summary>Every option of every kind of run is kept by checkpoints, and a run goes on with no other.</summary>
public sealed class TrainOptionTests : IDisposable
{
    /// <summary>Words that say where things are or how they are shown, with what becomes of them when a run goes on.</summary>
    private static readonly Dictionary<string, string> Beside = new()
    {
        ["family"] = "refused where it differs",
        ["objective"] = "refused where it differs",
        ["text"] = "another path is taken, another text refused",
        ["out"] = "names the run",
        ["resume"] = "goes on",
        ["overwrite"] = "begins anew",
        ["save-every"] = "taken",
        ["keep"] = "taken",
        ["device"] = "taken",
        ["keep-best"] = "taken",
        ["recipe"] = "is a run of its own",
    };

    /// <summary>For each option a value to train with, none of which is the default (but for the figure that every objective has), and another one to go on
    /// with.</summary>
    private static readonly Dictionary<string, (string Trained, string Other)> Values = new()
    {
        ["steps"] = ("2", "3"),
        ["batch"] = ("2", "3"),
        ["accumulate"] = ("2", "1"),
        ["context"] = ("20", "24"),
        ["rate"] = ("0.002", "0.003"),
        ["last-rate"] = ("0.0015", "0.0011"),
        ["warm-up"] = ("1", "2"),
        ["schedule"] = ("linear", "constant"),
        ["optimizer"] = ("sgd", "lion"),
        ["momentum"] = ("0.5", "0.6"),
        ["nesterov"] = ("true", "false"),
        ["scale-parameter"] = ("true", "false"),
        ["beta1"] = ("0.8", "0.85"),
        ["beta2"] = ("0.9", "0.92"),
        ["epsilon"] = ("1E-06", "1E-07"),
        ["decay"] = ("0.02", "0.03"),
        ["clip"] = ("0.5", "0.6"),
        ["seed"] = ("7", "8"),
        ["evaluate-every"] = ("1", "2"),
        ["evaluation-batches"] = ("1", "2"),
        ["metric"] = ("loss", "accuracy"),
        ["patience"] = ("3", "4"),
        ["weights"] = ("bfloat16", "float32"),
        ["tokens"] = ("bytes", "characters"),
        ["vocabulary"] = ("600", "700"),
        ["static-noise"] = ("true", "false"),
        ["checkpoint-activations"] = ("false", "true"),
        ["masking"] = ("whole-words", "runs"),
        ["pairs"] = ("sentence-order", "none"),
        ["guessed"] = ("0.2", "0.25"),
        ["weight"] = ("40", "30"),
        ["density"] = ("0.2", "0.25"),
        ["mean-span"] = ("2", "2.5"),
        ["infill"] = ("0.2", "0.25"),
        ["permute"] = ("0.5", "0.6"),
        ["mask"] = ("0.05", "0.06"),
        ["delete"] = ("0.05", "0.06"),
        ["rotate"] = ("0.1", "0.2"),
        ["random"] = ("0.1", "0.2"),
        ["language"] = ("en_XX=TEXT", "de_DE=TEXT"),
        ["alpha"] = ("0.5", "0.6"),
    };

    private readonly ScratchFolder scratch = new();

    public static TheoryData<string> Objectives => [.. ObjectiveOptions.All.Select(objective => objective.Name)];

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void EveryWordIsAnOptionOfARecordOrIsSaidToBeNone()
    {
        IEnumerable<string> typed = TrainCommand.Make(CliContext.Plain(new DeclaredZoo(), TextWriter.Null, TextWriter.Null)).Options
            .Select(option => option.Name.TrimStart('-'));
        IEnumerable<string> own = OptionRow.Of(typeof(OwnDataOptions)).Select(row => row.Name);
        Assert.Equal(Values.Keys.Concat(Beside.Keys).Concat(own).Order(), typed.Order());
    }

    [Fact]
    public void EveryMemberOfARecordIsAnOption()
    {
        foreach (Type record in ObjectiveOptions.All.Select(objective => objective.GetType()).Append(typeof(TrainingOptions)).Append(typeof(OwnDataOptions)))
        {
            string[] settable = [.. record.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property => property.SetMethod?.IsPublic == true && property.Name != nameof(ObjectiveOptions.Name)).Select(property => property.Name)];
            Assert.Equal(settable.Order(), OptionRow.Of(record).Select(row => row.Property.Name).Order());
        }
    }

    [Theory]
    [MemberData(nameof(Objectives))]
    public void EveryOptionIsKeptAndARunGoesOnWithNoOther(string objective)
    {
        string text = scratch["text.txt"];
        File.WriteAllText(text, string.Concat(Enumerable.Range(0, 300)
            .Select(i => $"the {(i % 2 == 0 ? "king" : "queen")} of {(i % 3 == 0 ? "sheba" : "egypt")} came to the city.\n")));
        string[] names = [.. OptionRow.Of(typeof(TrainingOptions)).Concat(OptionRow.Of(ObjectiveOptions.Find(objective)!.GetType())).Select(row => row.Name)];
        string Value(string value) => value.Replace("TEXT", text);

        string[] where = names.Contains("language") ? [] : ["--text", text];
        string[] words = [.. names.SelectMany(name => new[] { "--" + name, Value(Values[name].Trained) })];
        Assert.Equal((0, ""), Run(["train", "--objective", objective, "--out", scratch["run"], .. where, .. words]));

        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(scratch["run"], "step-2", "training.json")));
        JsonElement run = manifest.RootElement.GetProperty("options"), learned = manifest.RootElement.GetProperty("settings");
        TrainingOptions kept = JsonSerializer.Deserialize<TrainingOptions>(
            run, new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower })!;
        IReadOnlyDictionary<string, string> ofRun = OptionRows.Write(kept);
        Assert.All(names, name => Assert.Equal(
            Value(Values[name].Trained), ofRun.TryGetValue(name, out string? found) ? found : learned.GetProperty(name).GetString()));

        Assert.All(names, name =>
        {
            (int code, string error) = Run(["train", "--resume", "--out", scratch["run"], "--" + name, Value(Values[name].Other)]);
            string said = $"step-2 was trained with --{name} {Value(Values[name].Trained)}, not {Value(Values[name].Other)}; --resume takes no other";
            Assert.Equal((1, $"error: {said}\n"), (code, error));
        });

        // The same words again, and words that may change.
        Assert.Equal((0, ""), Run(["train", "--resume", "--out", scratch["run"], .. where, .. words, "--save-every", "1", "--keep", "1", "--device", "cpu"]));
    }

    private static (int Code, string Error) Run(string[] words)
    {
        using var error = new StringWriter { NewLine = "\n" };
        int code = ZooCommands.Run(words, CliContext.Plain(new DeclaredZoo(), TextWriter.Null, error));
        return (code, error.ToString());
    }
}
