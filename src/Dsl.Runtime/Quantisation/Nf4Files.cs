using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// Matrices in NF4 as a checkpoint of bitsandbytes holds them: <c>KEY.weight</c> are the packed bytes, <c>KEY.weight.absmax</c> the magnitudes,
/// <c>.quant_map</c>, <c>.nested_absmax</c> and <c>.nested_quant_map</c> what they count in, and <c>.quant_state.bitsandbytes__nf4</c> a text of JSON in bytes
/// with the shape.
/// </summary>
internal static class Nf4Files
{
    private const string State = ".quant_state.bitsandbytes__nf4";

    private static readonly string[] ends = [".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map", State];

    /// <summary>What a file holds of a weight: its tensor, and for a quantised one those beside it.</summary>
    internal static IEnumerable<TensorSource> Sources(string name, Weight weight)
    {
        yield return TensorSource.From(name, weight.Value);
        if (weight.Quantised is not { } matrix)
        {
            yield break;
        }

        var state = new SortedDictionary<string, object?>(StringComparer.Ordinal)
        {
            ["blocksize"] = Nf4.Block,
            ["dtype"] = "float32",
            ["quant_type"] = "nf4",
            ["shape"] = new[] { matrix.Rows, matrix.Columns },
        };
        yield return Of(".quant_map", ElementType.F32, Nf4.Code.ToArray());
        if (matrix.IsNested)
        {
            (state["nested_blocksize"], state["nested_dtype"], state["nested_offset"]) = (Nf4.NestedBlock, "float32", (double)matrix.Offset);
            yield return Of(".absmax", ElementType.U8, matrix.QuantisedMagnitudes.ToArray());
            yield return Of(".nested_absmax", ElementType.F32, matrix.NestedMagnitudes.ToArray());
            yield return Of(".nested_quant_map", ElementType.F32, matrix.Map.ToArray());
        }
        else
        {
            yield return Of(".absmax", ElementType.F32, matrix.Magnitudes.ToArray());
        }

        yield return Of(State, ElementType.U8, JsonSerializer.SerializeToUtf8Bytes(state));

        TensorSource Of<T>(string end, ElementType type, T[] values)
            where T : unmanaged => TensorSource.From<T>(name + end, type, [values.Length], values);
    }

    /// <summary>Weights that a file holds quantised, with the file's names of them.</summary>
    internal static IReadOnlyList<(Weight Weight, string Name)> In(Checkpoint file, IEnumerable<Weight> weights, KeyRules rules) =>
        file.Names.Any(name => name.EndsWith(State, StringComparison.Ordinal))
            ? [.. weights.Select(weight => (Weight: weight, Name: NamesOf(weight, rules).FirstOrDefault(name => file.Contains(name + State))))
                .Where(pair => pair.Name is not null).Select(pair => (pair.Weight, pair.Name!))]
            : [];

    /// <summary>Every tensor that belongs to a quantised weight of that name.</summary>
    internal static IEnumerable<string> Beside(string name) => ends.Select(end => name + end).Prepend(name);

    /// <summary>A matrix of a file.</summary>
    /// <exception cref="CheckpointException">A tensor is missing, or does not fit the others, or the state says what is not there.</exception>
    internal static Nf4Matrix Read(Checkpoint file, string name)
    {
        using Tensor packed = file.ReadTensor(name);
        Tensor own = packed.clone();
        try
        {
            (long[] shape, double? offset) = StateOf(file, name);
            if (!Values<float>(file, name + ".quant_map").AsSpan().SequenceEqual(Nf4.Code))
            {
                throw Error(file, name, "has other codes than NF4's");
            }

            return offset is null
                ? Nf4Matrix.From(own, shape[0], shape[1], Values<float>(file, name + ".absmax"))
                : Nf4Matrix.From(own, shape[0], shape[1], Values<byte>(file, name + ".absmax"), Values<float>(file, name + ".nested_absmax"),
                    Values<float>(file, name + ".nested_quant_map"), (float)offset);
        }
        catch (Exception e) when (e is ArgumentException or OverflowException)
        {
            own.Dispose();
            throw Error(file, name, e.Message, e);
        }
        catch
        {
            own.Dispose();
            throw;
        }
    }

    /// <summary>What <c>config.json</c> says of a model that has quantised weights.</summary>
    internal static object ConfigOf(IEnumerable<Weight> weights, IEnumerable<Product> products) => new SortedDictionary<string, object?>(StringComparer.Ordinal)
    {
        ["bnb_4bit_compute_dtype"] = "float32",
        ["bnb_4bit_quant_storage"] = "uint8",
        ["bnb_4bit_quant_type"] = "nf4",
        ["bnb_4bit_use_double_quant"] = weights.Any(weight => weight.Quantised is { IsNested: true }),
        ["llm_int8_skip_modules"] = products.Where(product => product.Weight.Quantised is null).Select(product => product.Key).Distinct().ToArray(),
        ["load_in_4bit"] = true,
        ["load_in_8bit"] = false,
        ["quant_method"] = "bitsandbytes",
    };

    /// <summary>A config may say that its folder's weights are in NF4, or in int8: the tensors themselves say which.</summary>
    /// <exception cref="ConfigException">It says that they are in another format.</exception>
    internal static void Check(ConfigReader reader)
    {
        if (reader.Object(["quantization_config"]) is not { } config)
        {
            return;
        }

        config.Only("quant_method", "bitsandbytes");
        if (config.OptionalBool(["load_in_8bit"]) != true)
        {
            config.Only("load_in_4bit", true);
            config.Only("bnb_4bit_quant_type", "nf4");
            config.Only("bnb_4bit_quant_storage", "uint8");
        }

        reader.NoEffect("quantization_config");
    }

    /// <summary>A file's tensors where a matrix in NF4 counts as one of a shape that nobody knows yet, and what stands beside it as part of it.</summary>
    internal static IReadOnlyDictionary<string, TensorEntry?> Plain(IReadOnlyDictionary<string, TensorEntry?> file)
    {
        HashSet<string> matrices = [.. file.Keys.Where(name => file.ContainsKey(name + State))];
        if (matrices.Count == 0)
        {
            return file;
        }

        HashSet<string> beside = [.. matrices.SelectMany(name => ends.Select(end => name + end))];
        return file.Where(pair => !beside.Contains(pair.Key)).ToDictionary(pair => pair.Key, pair => matrices.Contains(pair.Key) ? null : pair.Value);
    }

    /// <summary>Why matrices in NF4 cannot be read: each is one of several that make a weight.</summary>
    internal static IEnumerable<string> Misplaced(KeyFit fit, IReadOnlyDictionary<string, TensorEntry?> file) => fit.Parts
        .Where(part => part.Piece is not null).SelectMany(part => part.Names).Where(name => file.ContainsKey(name + State))
        .Select(name => $"{SafeTensorsHeader.Quote(name)} is a matrix in NF4, expected numbers: no linear map alone reads it");

    private static (long[] Shape, double? Offset) StateOf(Checkpoint file, string name)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(Encoding.UTF8.GetString(Values<byte>(file, name + State)));
            JsonElement state = json.RootElement;
            long[] shape = [.. state.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
            if (state.GetProperty("quant_type").GetString() != "nf4" || state.GetProperty("blocksize").GetInt32() != Nf4.Block || shape.Length != 2)
            {
                throw Error(file, name, $"is no matrix in NF4 in blocks of {Nf4.Block}");
            }

            if (!state.TryGetProperty("nested_offset", out JsonElement offset))
            {
                return (shape, null);
            }

            return state.GetProperty("nested_blocksize").GetInt32() == Nf4.NestedBlock ? (shape, offset.GetDouble())
                : throw Error(file, name, $"has magnitudes in other blocks than {Nf4.NestedBlock}");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Error(file, name, "has a state that is not the JSON of an NF4 matrix", e);
        }
    }

    private static T[] Values<T>(Checkpoint file, string name)
        where T : unmanaged
    {
        using Tensor read = file.ReadTensor(name);
        ScalarType type = typeof(T) == typeof(byte) ? ScalarType.Byte : ScalarType.Float32;
        if (read.dtype != type)
        {
            throw new CheckpointException(file.Path, $"{SafeTensorsHeader.Quote(name)} is {read.dtype}, expected {type}");
        }

        using Tensor straight = read.contiguous();
        return MemoryMarshal.Cast<byte, T>(straight.bytes).ToArray();
    }

    private static IEnumerable<string> NamesOf(Weight weight, KeyRules rules)
    {
        KeyTarget target = KeyTarget.Of(weight, rules);
        return rules.AllLayouts.SelectMany(target.Names);
    }

    private static CheckpointException Error(Checkpoint file, string name, string problem, Exception? inner = null) =>
        new(file.Path, $"{SafeTensorsHeader.Quote(name)} {problem}", inner);
}
