using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using Dsl.Files;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary><c>merge</c>: a model with an adapter becomes a model without one.</summary>
internal static class MergeCommand
{
    /// <summary>What turns text into ids, which merging does not change.</summary>
    private static readonly string[] texts =
        ["tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt", "chat_template.*", "spiece.model", "sentencepiece*"];

    private const long MostOfFile = 1 << 28;

    internal static Command Make(CliContext context)
    {
        var folder = new Argument<string>("folder") { Description = "the folder of a run, of one of its checkpoints, or of a published checkpoint." };
        var adapter = new Argument<string>("adapter") { Description = "the folder of an adapter (adapter_config.json, adapter_model.safetensors)." };
        var output = new Option<string>("--output", "-o") { Description = "The folder to write.", HelpName = "folder", Required = true };
        var command = new Command("merge", "Write a model's weights with an adapter added to them.") { folder, adapter, output };
        var loading = new LoadWords();
        loading.AddTo(command, adapts: false);
        command.SetAction(words => Run(
            context, words.GetRequiredValue(folder), words.GetRequiredValue(output),
            loading.Read(context, words) with { Adapter = words.GetRequiredValue(adapter) }));
        return command;
    }

    private static int Run(CliContext context, string path, string output, LoadOptions options)
    {
        string folder = RunReader.Checkpoint(context, path);
        if (Path.GetFullPath(folder) == Path.GetFullPath(output))
        {
            throw new CommandException($"--output {output} is the base itself, expected another folder", 2);
        }

        using IModel model = context.Zoo.Load(folder, ScalarType.Float32, CPU, options);
        if (model is not GeneratedModel generated)
        {
            throw new CommandException($"{path}: the model writes no files, expected a declared one");
        }

        Adapter adapter = Adapters.Get(model);
        adapter.Merge(keep: false);
        generated.Save(output);
        foreach (string file in texts.SelectMany(pattern => Directory.GetFiles(folder, pattern)).Distinct())
        {
            AtomicFiles.WriteBytes(
                Path.Combine(output, Path.GetFileName(file)), UserFile.ReadBytes(file, MostOfFile, FileErrors.Plain), FileErrors.Plain);
        }

        context.Output.WriteLine(FormattableString.Invariant($"{output}: {adapter.Targets.Count} linear maps changed, {adapter.Count} numbers merged"));
        return 0;
    }
}
