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
    /// <summary>The folder that holds the weights: the one given, or a run's newest whole checkpoint.</summary>
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
            return path;
        }

        (TrainingCheckpoint? found, IReadOnlyList<string> notes) = new RunFolder(path).Latest();
        foreach (string note in notes)
        {
            context.Error.WriteLine(note);
        }

        return found?.Folder
            ?? throw new CommandException($"{path}: no config.json and no complete checkpoint, expected a folder that train wrote or a published checkpoint");
    }

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
