using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Files;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>Checkpoints as commands name them.</summary>
internal static class RunReader
{
    /// <summary>Where a run that trained an adapter writes the whole model, once it is complete.</summary>
    internal const string Merged = "merged";

    /// <summary>The folder with the weights: the one given, or a run's newest whole checkpoint; of one that trained an adapter, the merged model.</summary>
    internal static string Checkpoint(CliContext context, string path)
    {
        if (File.Exists(path))
        {
            throw new CommandException($"{path}: is a file, expected the folder of a checkpoint");
        }

        if (!Directory.Exists(path))
        {
            throw new CommandException($"{path}: not found, expected the folder of a run or a checkpoint");
        }

        if (File.Exists(Path.Combine(path, "config.json")))
        {
            return Whole(path);
        }

        if (File.Exists(Path.Combine(path, Merged, "config.json")))
        {
            return Path.Combine(path, Merged);
        }

        (TrainingCheckpoint? found, IReadOnlyList<string> notes) = new RunFolder(path).Latest();
        foreach (string note in notes)
        {
            context.Error.WriteLine(note);
        }

        return found is not null ? Whole(found.Folder)
            : throw new CommandException($"{path}: no config.json and no complete checkpoint, expected a folder that train wrote or a published checkpoint");
    }

    private static string Whole(string folder) =>
        !File.Exists(Path.Combine(folder, "adapter_config.json")) || Directory.GetFiles(folder, "model*.safetensors*").Length > 0 ? folder
            : throw new CommandException($"{folder}: holds an adapter alone, expected the folder of its base, with --adapter {folder}");

    /// <summary>Model and tokenizer of a checkpoint, ready to answer.</summary>
    internal static (IModel Model, ITokenizer Tokenizer) Open(CliContext context, string folder, LoadOptions options)
    {
        ITokenizer tokenizer = Arguments.Warned(context, TextCodecs.OpenTokenizer(folder));
        IModel model = context.Zoo.Load(folder, ScalarType.Float32, CPU, options);
        model.Module.eval();
        return (model, tokenizer);
    }

    /// <summary>The names of classes in a config's <c>id2label</c>; numbers where it names none.</summary>
    internal static string[] Labels(string folder, int classes)
    {
        using JsonDocument config = JsonDocument.Parse(
            UserFile.ReadText(Path.Combine(folder, "config.json"), UserFile.MostOfText, FileErrors.Plain),
                new JsonDocumentOptions { AllowTrailingCommas = true });
        return [.. Enumerable.Range(0, classes).Select(id => config.RootElement.TryGetProperty("id2label", out JsonElement names)
            && names.TryGetProperty(id.ToString(CultureInfo.InvariantCulture), out JsonElement name)
                ? name.ToString() : FormattableString.Invariant($"{id}"))];
    }
}
