using System;
using System.Collections.Generic;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// Matrices in int8 as a checkpoint of bitsandbytes holds them (LLM.int8(), Dettmers et al. 2022, arXiv 2208.07339): <c>KEY.weight</c> are the codes row by
/// row, <c>KEY.SCB</c> the largest magnitude of each row, which code 127 stands for, and <c>KEY.weight_format</c>, where it is there, is 0 for rows. They
/// are read as the numbers that they stand for.
/// </summary>
internal static class Int8Files
{
    private const string Weight = ".weight", Scale = ".SCB", Format = ".weight_format";

    /// <summary>A file's tensors where a matrix in int8 counts as one of floats, and what stands beside it as part of it.</summary>
    internal static IReadOnlyDictionary<string, TensorEntry?> Plain(IReadOnlyDictionary<string, TensorEntry?> file)
    {
        HashSet<string> matrices = [.. file.Keys.Where(name => name.EndsWith(Scale, StringComparison.Ordinal))
            .Select(name => name[..^Scale.Length]).Where(stem => IsMatrix(file, stem))];
        return matrices.Count == 0 ? file : file
            .Where(pair => !((pair.Key.EndsWith(Scale, StringComparison.Ordinal) && matrices.Contains(pair.Key[..^Scale.Length]))
                || (pair.Key.EndsWith(Format, StringComparison.Ordinal) && matrices.Contains(pair.Key[..^Format.Length]))))
            .ToDictionary(pair => pair.Key, pair => pair.Value is { Type: ElementType.I8 } codes && matrices.Contains(StemOf(pair.Key))
                ? new TensorEntry(codes.Name, ElementType.F32, codes.ShapeArray, codes.Begin, codes.End) : pair.Value);
    }

    /// <summary>Whether a file holds a tensor as codes.</summary>
    internal static bool Holds(Checkpoint file, string name) =>
        file.Find(name) is { Type: ElementType.I8 } && name.EndsWith(Weight, StringComparison.Ordinal) && file.Contains(StemOf(name) + Scale);

    /// <summary>Fills a float tensor of the matrix's shape with the numbers that the codes stand for.</summary>
    /// <exception cref="CheckpointException">What stands beside the codes does not fit them.</exception>
    internal static void Fill(Checkpoint file, string name, Tensor destination)
    {
        string stem = StemOf(name);
        TensorEntry codes = file.Find(name)!, scale = file.Find(stem + Scale)!;
        if (codes.Shape.Count != 2 || !scale.Type.IsFloat() || scale.Count != codes.Shape[0])
        {
            throw new CheckpointException(file.Path, $"{SafeTensorsHeader.Quote(stem + Scale)} is {scale.Type.Name()} {TensorEntry.Text(scale.Shape)}, "
                + $"expected a float for each row of {TensorEntry.Text(codes.Shape)}");
        }

        using DisposeScope scope = torch.NewDisposeScope();
        using Scalar unit = Scalars.Of(1 / 127f);
        if (file.Contains(stem + Format) && file.ReadTensor(stem + Format) is var format
            && (format.numel() != 1 || format.to(ScalarType.Int64).item<long>() != 0))
        {
            throw new CheckpointException(file.Path, $"{SafeTensorsHeader.Quote(stem + Format)} is not 0, expected codes row by row");
        }

        Tensor rows = file.ReadTensor(stem + Scale, ScalarType.Float32).reshape(-1, 1);
        destination.copy_(file.ReadTensor(name).to(ScalarType.Float32).mul_(rows).mul_(unit));
    }

    private static bool IsMatrix(IReadOnlyDictionary<string, TensorEntry?> file, string stem) =>
        file.TryGetValue(stem + Weight, out TensorEntry? entry) && entry is null or { Type: ElementType.I8 };

    private static string StemOf(string name) => name.EndsWith(Weight, StringComparison.Ordinal) ? name[..^Weight.Length] : name;
}
