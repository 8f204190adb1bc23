using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading;
using Dsl.Files;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>The weights of a model: one safetensors file, or several through an index. One table of names, whatever the number of files.</summary>
public sealed unsafe class Checkpoint : IDisposable
{
    /// <summary>Name of a checkpoint's single file.</summary>
    public const string FileName = "model.safetensors";

    /// <summary>Name of the index of a checkpoint in several files.</summary>
    public const string IndexName = "model.safetensors.index.json";

    private readonly List<SafeTensorsFile> files = [];
    private readonly Dictionary<string, (SafeTensorsFile File, TensorEntry Entry)> tensors = new(StringComparer.Ordinal);

    private Checkpoint(string path) => Path = path;

    /// <summary>The file that messages name: the weights, or the index.</summary>
    public string Path { get; }

    /// <summary>All names, in the order of the files and of their data.</summary>
    public IEnumerable<string> Names => tensors.Keys;

    /// <summary>The first file's metadata.</summary>
    public IReadOnlyDictionary<string, string> Metadata => files.Count > 0 ? files[0].Metadata : new Dictionary<string, string>();

    /// <summary>Opens a folder (its <c>model.safetensors</c>, else its <c>model.safetensors.index.json</c>), a weight file or an index.</summary>
    /// <exception cref="CheckpointException">Nothing to open, or a file breaks a rule of its format.</exception>
    public static Checkpoint Open(string folderOrFile)
    {
        string path = Directory.Exists(folderOrFile) ? InFolder(folderOrFile) : folderOrFile;
        var checkpoint = new Checkpoint(path);
        try
        {
            if (path.EndsWith(".index.json", StringComparison.Ordinal))
                checkpoint.OpenShards();
            else
                checkpoint.Add(SafeTensorsFile.Open(path));
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    private static string InFolder(string folder)
    {
        string single = System.IO.Path.Combine(folder, FileName), index = System.IO.Path.Combine(folder, IndexName);
        if (File.Exists(single))
            return single;
        if (File.Exists(index))
            return index;
        throw new CheckpointException(folder, ModelFiles.Others(folder) is { } others
            ? $"{others}, expected {FileName} or {IndexName}"
            : $"holds no weights, expected {FileName} or {IndexName}");
    }

    private void Add(SafeTensorsFile file)
    {
        files.Add(file);
        foreach (var entry in file.Tensors)
            if (!tensors.TryAdd(entry.Name, (file, entry)))
                throw new CheckpointException(Path, $"tensor {SafeTensorsHeader.Quote(entry.Name)} in several shards, expected it in one");
    }

    /// <summary>Reads tensors of other models' folders as if they lay here; what lies here itself goes before.</summary>
    /// <param name="others">The folders that are there.</param>
    /// <param name="asked">Which names are asked for: the rest of those folders is another model's.</param>
    /// <exception cref="CheckpointException">One holds no weights, or breaks a rule of its format.</exception>
    internal void Join(OtherFolders others, Func<IReadOnlySet<string>> asked) => others.Join(tensors, asked, place =>
    {
        var other = Open(place);
        files.AddRange(other.files);
        return other.tensors;
    });

    private void OpenShards()
    {
        var map = ShardIndex.Read(Path);
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!;
        foreach (string shard in map.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            string file = System.IO.Path.Combine(folder, shard);
            if (!File.Exists(file))
                throw new CheckpointException(Path, $"shard {SafeTensorsHeader.Quote(shard)} not found, expected it in the model folder");
            Add(SafeTensorsFile.Open(file));
        }
        foreach (var (name, shard) in map)
        {
            if (!tensors.TryGetValue(name, out var found) || CheckpointException.NameOf(found.File.Path) != CheckpointException.NameOf(shard))
            {
                throw new CheckpointException(Path, $"tensor {SafeTensorsHeader.Quote(name)} not in {SafeTensorsHeader.Printable(shard)} "
                    + "although the index says so, expected an index of these shards");
            }
        }
    }

    /// <summary>How many tensors it holds.</summary>
    public int Count => tensors.Count;

    public bool Contains(string name) => tensors.ContainsKey(name);

    /// <summary>The tensor of that name; null where there is none.</summary>
    public TensorEntry? Find(string name) => tensors.TryGetValue(name, out var found) ? found.Entry : null;

    /// <summary>Fills a tensor of the same shape; see <see cref="SafeTensorsFile.Read(string, Tensor, bool)"/>.</summary>
    /// <exception cref="CheckpointException">No such tensor, another shape, or values that do not fit the type.</exception>
    public bool Read(string name, Tensor destination, bool checkFinite = false)
    {
        var (file, entry) = Held(name);
        return file.Read(entry.Name, destination, checkFinite);
    }

    /// <summary>A new tensor with the stored shape; see <see cref="SafeTensorsFile.ReadTensor"/>.</summary>
    /// <exception cref="CheckpointException">No such tensor, or values that do not fit the type.</exception>
    public Tensor ReadTensor(string name, ScalarType? type = null, Device? device = null)
    {
        var (file, entry) = Held(name);
        return file.ReadTensor(entry.Name, type, device);
    }

    private (SafeTensorsFile File, TensorEntry Entry) Held(string name) => tensors.TryGetValue(name, out var found)
        ? found
        : throw new CheckpointException(Path, $"no tensor {SafeTensorsHeader.Quote(name)}, expected one of the {tensors.Count} names in the checkpoint");

    /// <summary>
    /// Fills all targets, straight from the mapped files and with conversion between float types. Everything is checked first: where a target is missing, has
    /// another shape or type, ties are unequal, or the file holds what nothing asks for, one exception names all of it and nothing is loaded.
    /// </summary>
    /// <exception cref="CheckpointException">The file does not fit the targets.</exception>
    public LoadReport LoadInto(IReadOnlyList<LoadTarget> targets, LoadOptions? options = null)
    {
        options ??= new LoadOptions();
        var keys = targets.Select(target => new KeyTarget(target.Key, target.Aliases, target.Shape, target.Destination.dtype.ToElementType())
        {
            Optional = target.WhenMissing is not null,
        }).ToList();
        foreach (var target in targets)
            if (!target.Destination.shape.AsSpan().SequenceEqual(target.Shape.ToArray()))
                throw new ArgumentException($"{SafeTensorsHeader.Quote(target.Key)}: destination {TensorEntry.Text(target.Destination.shape)}, "
                    + $"expected {TensorEntry.Text(target.Shape)}");
        var held = Int8Files.Plain(tensors.ToDictionary(pair => pair.Key, pair => (TensorEntry?)pair.Value.Entry));
        var fit = KeyFit.Best(options.Layouts, keys, held, options.Ignore);
        fit.PassOver(options.OtherHeads);
        foreach (var part in fit.Parts)
            CompareTies(part.Names, fit.Misfits);
        var problems = fit.Problems(options.AllowUnexpected);
        if (problems.Count > 0)
        {
            string layout = options.Layouts.Count > 1 ? $" (names read in the layout '{fit.Layout.Name}', which fits best)" : "";
            throw new CheckpointException(Path, string.Join("; ", problems) + ", expected the model's tensors" + layout);
        }
        string file = CheckpointException.NameOf(Path);
        if (fit.PassedOver.Count > 0)
        {
            options.Warn?.Invoke($"{file}: passed over {fit.PassedOver.Count} tensor{(fit.PassedOver.Count == 1 ? "" : "s")} of another head: "
                + KeyFit.Listed(fit.PassedOver.Select(SafeTensorsHeader.Quote)));
        }
        if (fit.Unexpected.Count > 0)
            options.Warn?.Invoke($"{file}: {fit.Unexpected.Count} unexpected, not loaded: {KeyFit.Listed(fit.Unexpected.Select(SafeTensorsHeader.Quote))}");
        Fill(targets, fit, options);
        return new LoadReport(fit.Layout, targets.Count, fit.Unexpected)
        {
            PassedOver = fit.PassedOver,
            Names = fit.Parts.Where(part => part is { Piece: null, Names.Count: > 0 })
                .ToDictionary(part => targets[part.Target].Key, part => part.Names[0], StringComparer.Ordinal),
            Pieces = fit.Parts.Where(part => part is { Piece: not null, Names.Count: > 0 })
                .ToLookup(part => targets[part.Target].Key, part => (part.Piece!, part.Names[0]), StringComparer.Ordinal),
        };
    }

    private void Fill(IReadOnlyList<LoadTarget> targets, KeyFit fit, LoadOptions options)
    {
        var lost = new List<(string Name, ElementType Type)>();
        var notFinite = new List<string>();
        foreach (var (place, piece, names) in fit.Parts)
        {
            var target = targets[place];
            using Tensor? view = piece?.Of(target.Destination);
            if (piece is { IsZero: true })
            {
                view!.zero_();
                continue;
            }
            if (names.Count == 0)
            {
                target.WhenMissing!();
                continue;
            }
            var (file, entry) = tensors[names[0]];
            if (Int8Files.Holds(this, names[0]))
            {
                Int8Files.Fill(this, names[0], view ?? target.Destination);
                continue;
            }
            if (!TensorFiller.Fill(file, entry, view ?? target.Destination, options.CheckFinite))
            {
                if (TensorFiller.IsFinite(file, entry))
                    lost.Add((SafeTensorsHeader.Quote(entry.Name), target.Destination.dtype.ToElementType()));
                else
                    notFinite.Add(SafeTensorsHeader.Quote(entry.Name));
            }
        }
        string name = CheckpointException.NameOf(Path);
        if (notFinite.Count > 0)
            options.Warn?.Invoke($"{name}: {KeyFit.Listed(notFinite)} hold{(notFinite.Count == 1 ? "s" : "")} values that are NaN or infinite");
        foreach (var type in lost.GroupBy(tensor => tensor.Type))
        {
            var names = type.Select(tensor => tensor.Name).ToList();
            options.Warn?.Invoke($"{name}: {KeyFit.Listed(names)} hold{(names.Count == 1 ? "s" : "")} values beyond the range of {type.Key.Name()}, "
                + "which became infinite; load as BF16 or F32");
        }
    }

    /// <summary>Reads the data of what is stored several times.</summary>
    private void CompareTies(IReadOnlyList<string> names, List<string> misfits)
    {
        foreach (string other in names.Skip(1))
        {
            var (first, second) = (tensors[names[0]], tensors[other]);
            if (first.Entry.Shape.SequenceEqual(second.Entry.Shape) && !SameValues(first.File, first.Entry, second.File, second.Entry))
                misfits.Add($"{SafeTensorsHeader.Quote(other)} differs from {SafeTensorsHeader.Quote(names[0])} but the model has one weight for both");
        }
    }

    private static bool SameValues(SafeTensorsFile fileA, TensorEntry a, SafeTensorsFile fileB, TensorEntry b)
    {
        const int part = 1 << 15;
        if (a.Type == b.Type)
        {
            byte[] bytesA = new byte[part], bytesB = new byte[part];
            for (long i = 0; i < a.Bytes; i += part)
            {
                int n = (int)Math.Min(part, a.Bytes - i);
                fileA.Read(a, i, bytesA.AsSpan(0, n));
                fileB.Read(b, i, bytesB.AsSpan(0, n));
                if (!bytesA.AsSpan(0, n).SequenceEqual(bytesB.AsSpan(0, n)))
                    return false;
            }
            return true;
        }
        if (!a.Type.IsFloat() || !b.Type.IsFloat())
            return false;
        var valuesA = new double[part];
        var valuesB = new double[part];
        fixed (double* toA = valuesA, toB = valuesB)
        {
            for (long i = 0; i < a.Count; i += part)
            {
                int n = (int)Math.Min(part, a.Count - i);
                new TensorReader(fileA, a).Read(i, (byte*)toA, ElementType.F64, n);
                new TensorReader(fileB, b).Read(i, (byte*)toB, ElementType.F64, n);
                if (!valuesA.AsSpan(0, n).SequenceEqual(valuesB.AsSpan(0, n)))
                    return false;
            }
        }
        return true;
    }

    /// <summary>
    /// Writes a checkpoint into a folder: <c>model.safetensors</c>, or shards with an index where it is larger than <paramref name="maxShardBytes"/>.
    /// All files are complete on disk before the first takes its place; files of the checkpoint that stood there before
    /// and are not part of this one are then removed.
    /// </summary>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="tensors">What to write; shards are filled in this order.</param>
    /// <param name="maxShardBytes">Largest number of bytes of tensors in a file; a tensor that is larger stands alone. No limit where null.</param>
    /// <param name="metadata">By default <c>format: pt</c>, which the published loaders ask for.</param>
    /// <param name="cancel">Stops between parts of a tensor; nothing is left behind.</param>
    /// <exception cref="CheckpointException">A file could not be written; the folder is as it was.</exception>
    public static void Save(string folder, IReadOnlyList<TensorSource> tensors, long? maxShardBytes = null,
        IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancel = default)
    {
        metadata ??= new Dictionary<string, string> { ["format"] = "pt" };
        var shards = Shards(tensors, maxShardBytes ?? long.MaxValue);
        var before = ShardIndex.FilesOf(folder);
        var written = new HashSet<string>(StringComparer.Ordinal);
        using (var output = new AtomicFiles(CheckpointException.Of))
        {
            var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
            for (int i = 0; i < shards.Count; i++)
            {
                string name = shards.Count == 1 ? FileName : $"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors";
                string path = System.IO.Path.Combine(folder, name);
                SafeTensorsWriter.WriteTo(output, path, shards[i], metadata, cancel);
                written.Add(name);
                foreach (var tensor in shards[i])
                    if (!map.TryAdd(tensor.Name, name))
                        throw new CheckpointException(path, $"tensor {SafeTensorsHeader.Quote(tensor.Name)} listed twice, expected a name of its own");
            }
            if (shards.Count > 1)
            {
                string path = System.IO.Path.Combine(folder, IndexName);
                Stream stream = output.Create(path);
                output.Guarded(path, () => WriteIndex(stream, map, tensors.Sum(tensor => tensor.Bytes)));
                written.Add(IndexName);
            }
            output.Commit();

            // A file of the other kind left standing would be read instead of, or beside, the new ones.
            foreach (string old in before.Where(name => !written.Contains(name)))
            {
                string path = System.IO.Path.Combine(folder, old);
                output.Guarded(path, () => File.Delete(path));
            }
        }
    }

    private static List<List<TensorSource>> Shards(IReadOnlyList<TensorSource> tensors, long maxBytes)
    {
        var shards = new List<List<TensorSource>> { new() };
        long bytes = 0;
        foreach (var tensor in tensors)
        {
            if (shards[^1].Count > 0 && bytes > maxBytes - tensor.Bytes)
            {
                shards.Add([]);
                bytes = 0;
            }
            shards[^1].Add(tensor);
            bytes += tensor.Bytes;
        }
        return shards;
    }

    private static void WriteIndex(Stream stream, SortedDictionary<string, string> map, long totalSize)
    {
        var options = new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using var json = new Utf8JsonWriter(stream, options);
        json.WriteStartObject();
        json.WriteStartObject("metadata");
        json.WriteNumber("total_size", totalSize);
        json.WriteEndObject();
        json.WriteStartObject("weight_map");
        foreach (var (name, shard) in map)
            json.WriteString(name, shard);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public void Dispose()
    {
        foreach (var file in files)
            file.Dispose();
    }
}
