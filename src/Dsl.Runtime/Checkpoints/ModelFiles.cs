using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Dsl.Runtime;

/// <summary>
/// What is known of the tensors of a folder without reading them: their names from an index, and shapes and types from the headers of those safetensors files
/// that are there. Weight files may be missing, or pointers of Git LFS.
/// </summary>
internal sealed class ModelFiles
{
    private static readonly (string Extension, string What)[] Foreign =
    [
        (".bin", "PyTorch pickles"), (".pt", "PyTorch pickles"), (".pth", "PyTorch pickles"), (".ckpt", "PyTorch pickles"), (".gguf", "GGUF files"),
        (".h5", "TensorFlow weights"), (".msgpack", "Flax weights"), (".onnx", "ONNX files"), (".ot", "Rust weights"),
    ];

    private ModelFiles(IReadOnlyDictionary<string, TensorEntry?>? tensors, string file, IReadOnlyList<string> notes)
    {
        Tensors = tensors;
        File = file;
        Notes = notes;
    }

    /// <summary>What the files hold, by name; null where nothing says.</summary>
    public IReadOnlyDictionary<string, TensorEntry?>? Tensors { get; }

    /// <summary>The file that names them; empty where there is none.</summary>
    public string File { get; }

    /// <summary>What must still be done before the folder can be loaded, a sentence each.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Looks into a folder, or into a safetensors file.</summary>
    /// <exception cref="CheckpointException">An index or a header cannot be read.</exception>
    public static ModelFiles In(string folder)
    {
        string single = System.IO.File.Exists(folder) ? folder : Path.Combine(folder, Checkpoint.FileName);
        var notes = new List<string>();
        if (System.IO.File.Exists(single) && !ForeignFiles.IsPointer(single))
        {
            using var file = SafeTensorsFile.Open(single);
            return new ModelFiles(file.Tensors.ToDictionary(entry => entry.Name, entry => (TensorEntry?)entry), single, notes);
        }
        if (ForeignFiles.IsPointer(single))
            notes.Add($"{Checkpoint.FileName} is a Git LFS pointer: run git lfs pull");
        else if (IndexIn(folder) is { } index)
            return OfIndex(folder, index);
        else
            notes.Add(Others(folder) ?? "no weights are there");
        return new ModelFiles(null, "", notes);
    }

    /// <summary>Weights of other kinds in a folder, as the beginning of a sentence; null where there are none.</summary>
    public static string? Others(string folder)
    {
        if (!Directory.Exists(folder))
            return null;
        var names = Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal).ToList();
        foreach (var (extension, what) in Foreign)
        {
            var found = names.Where(name => name.EndsWith(extension, StringComparison.OrdinalIgnoreCase) && name != "training_args.bin").ToList();
            if (found.Count > 0)
            {
                string convert = extension == ".gguf" ? "" : "; convert them to safetensors first";
                return $"holds {what} only ({CheckpointException.Line(found[0])}{(found.Count > 1 ? $" and {found.Count - 1} more" : "")}){convert}";
            }
        }
        return null;
    }

    // The published names first; then whatever calls itself an index.
    private static string? IndexIn(string folder) => Directory.Exists(folder)
        ? new[] { Checkpoint.IndexName, "pytorch_model.bin.index.json" }.Select(name => Path.Combine(folder, name)).FirstOrDefault(System.IO.File.Exists)
            ?? Directory.EnumerateFiles(folder, "*index.json").Order(StringComparer.Ordinal).FirstOrDefault()
        : null;

    private static ModelFiles OfIndex(string folder, string index)
    {
        var map = ShardIndex.Read(index);
        var tensors = map.Keys.ToDictionary(name => name, _ => (TensorEntry?)null, StringComparer.Ordinal);
        var notes = new List<string>();
        var shards = map.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var pickles = shards.Where(shard => !shard.EndsWith(".safetensors", StringComparison.Ordinal)).ToList();
        var there = shards.Except(pickles).Where(shard => System.IO.File.Exists(Path.Combine(folder, shard))).ToList();
        var pointers = there.Where(shard => ForeignFiles.IsPointer(Path.Combine(folder, shard))).ToList();
        foreach (string shard in there.Except(pointers))
        {
            using var file = SafeTensorsFile.Open(Path.Combine(folder, shard));
            foreach (var entry in file.Tensors)
                tensors[entry.Name] = entry;
            foreach (var (name, _) in map.Where(pair => pair.Value == shard && file.Find(pair.Key) is null))
                throw new CheckpointException(index, $"tensor {SafeTensorsHeader.Quote(name)} not in {SafeTensorsHeader.Printable(shard)} "
                    + "although the index says so, expected an index of these shards");
        }
        void Note(IReadOnlyCollection<string> of, string what)
        {
            if (of.Count > 0)
                notes.Add($"{of.Count} of {shards.Count} shards {what}");
        }
        Note(pickles, "are PyTorch pickles: convert them to safetensors");
        Note(pointers, "are Git LFS pointers: run git lfs pull");
        Note(shards.Except(pickles).Except(there).ToList(), "are not there");
        return new ModelFiles(tensors, index, notes);
    }
}
