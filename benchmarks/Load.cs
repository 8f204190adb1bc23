using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks;

/// <summary>Reading a checkpoint into a model that is already there.</summary>
internal sealed class Load : IBenchmark
{
    private static readonly Subject Subject = Subject.Gpt2Small;

    public string Name => "load";

    /// <summary>Names a checkpoint's folder to open; without it one of GPT-2 small is made.</summary>
    private const string Folder = "DSL_CHECKPOINT";

    public string Help => "a safetensors file of GPT-2 small's size into the model: time (share: of the read bandwidth) and peak memory, the model included; "
        + $"and a folder from nothing to a model (that of {Folder}, else one of GPT-2 small) against reading the bytes of its files";

    public IReadOnlyList<Result> Run(Machine machine, Effort effort)
    {
        using var none = no_grad();
        using var model = Subject.Ours();
        using var file = new TemporaryCheckpoint(Subject.WeightsOf(model));
        double bytes = new FileInfo(file.Path).Length;
        var copies = Subject.CopiesOf(model);

        double[] ms = Timing.Interleaved(effort.Medium, () => ((GeneratedModel)model).LoadWeights(file.Path), () => Plain(copies, file.Path));
        string name = $"{Subject.Name}, {bytes / 1e6:F0} MB";
        Console.WriteLine($"ours reads {bytes / ms[0] / 1e6:F1} GB/s, the baseline {bytes / ms[1] / 1e6:F1} GB/s");
        return
        [
            new Result(
                name, ms[0], ms[1], machine.ReadShare(bytes, ms[0]), PeakMemory.InChild(Name, name, ours: true), PeakMemory.InChild(Name, name, ours: false)),
            Open(model, machine, effort),
        ];
    }

    /// <summary>A folder: config, model, weights; the baseline reads the bytes of its files and makes nothing of them.</summary>
    private static Result Open(IModel model, Machine machine, Effort effort)
    {
        string? given = Environment.GetEnvironmentVariable(Folder);
        string folder = given ?? Directory.CreateTempSubdirectory("load").FullName;
        try
        {
            if (given is null)
            {
                ((GeneratedModel)model).Save(folder);
            }

            string[] files = Directory.GetFiles(folder, "*.safetensors");
            double bytes = files.Sum(path => new FileInfo(path).Length);
            double[] ms = Timing.Interleaved(
                effort.Medium, () => Zoo.Models.Load(folder, options: new() { Warn = null }).Dispose(), () => Array.ForEach(files, ReadAll));
            return new Result($"open {Path.GetFileName(given) ?? Subject.Name}, {bytes / 1e6:F0} MB", ms[0], ms[1], machine.ReadShare(bytes, ms[0]));
        }
        finally
        {
            if (given is null)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private static void ReadAll(string path)
    {
        byte[] part = new byte[1 << 20];
        using FileStream file = File.OpenRead(path);
        while (file.Read(part) > 0)
        {
        }
    }

    public double PeakOf(string @case, bool ours)
    {
        using var none = no_grad();
        using var file = new TemporaryCheckpoint(Subject.RandomWeights());
        return ours
            ? PeakMemory.Above(Subject.Ours, model => ((GeneratedModel)model).LoadWeights(file.Path))
            : PeakMemory.Above(Subject.RandomWeights, weights => Plain(weights, file.Path));
    }

    /// <summary>As one reads a safetensors file without a library: all bytes, then each tensor from its range.</summary>
    private static void Plain(Dictionary<string, Tensor> weights, string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int header = (int)BitConverter.ToInt64(bytes);
        using var index = JsonDocument.Parse(bytes.AsMemory(8, header));
        foreach (var entry in index.RootElement.EnumerateObject().Where(e => e.Name != "__metadata__"))
        {
            int[] range = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(o => o.GetInt32())];
            using var scope = NewDisposeScope();
            var values = empty(weights[entry.Name].shape);
            bytes.AsSpan((8 + header + range[0])..(8 + header + range[1])).CopyTo(values.bytes);
            weights[entry.Name].copy_(values);
        }
    }

    /// <summary>A file that is gone afterwards.</summary>
    private sealed class TemporaryCheckpoint : IDisposable
    {
        private readonly string folder = Directory.CreateTempSubdirectory("load").FullName;

        public TemporaryCheckpoint(IReadOnlyDictionary<string, Tensor> weights) =>
            SafeTensorsWriter.Write(Path, [.. weights.Select(w => TensorSource.From(w.Key, w.Value))]);

        public string Path => System.IO.Path.Combine(folder, "model.safetensors");

        public void Dispose() => Directory.Delete(folder, recursive: true);
    }
}
