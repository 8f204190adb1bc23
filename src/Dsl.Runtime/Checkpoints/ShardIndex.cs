using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Files;

namespace Dsl.Runtime;

/// <summary>Reads <c>model.safetensors.index.json</c>: which shard holds which tensor.</summary>
internal static class ShardIndex
{
    /// <summary>Shards by tensor.</summary>
    /// <exception cref="CheckpointException">The index cannot be read, or names a file outside its folder.</exception>
    public static Dictionary<string, string> Read(string path) =>
        Parse(path, UserFile.ReadBytes(path, SafeTensorsHeader.MaxLength, CheckpointException.Of));

    private static Dictionary<string, string> Parse(string path, ReadOnlySpan<byte> json)
    {
        var shards = new Dictionary<string, string>(StringComparer.Ordinal);
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 64 });
        bool seen = false;
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                throw new CheckpointException(path, "is not a JSON object (byte 1), expected an object with weight_map");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (!reader.ValueTextEquals("weight_map"u8))
                {
                    reader.Skip();
                    continue;
                }
                if (seen)
                    throw new CheckpointException(path, "weight_map listed twice, expected once");
                seen = true;
                ReadMap(path, ref reader, shards);
            }
            reader.Read(); // nothing but white space may follow
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            string? foreign = ForeignFiles.Name(json, json.Length, "the index", "an object with weight_map");
            throw new CheckpointException(path, foreign ?? $"is not a JSON object (byte {reader.BytesConsumed + 1}), expected an object with weight_map", e);
        }
        return seen ? shards : throw new CheckpointException(path, "weight_map missing, expected an object of shards by tensor");
    }

    private static void ReadMap(string path, ref Utf8JsonReader reader, Dictionary<string, string> shards)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new CheckpointException(path, $"weight_map is {SafeTensorsHeader.Kind(reader.TokenType)}, expected an object of shards by tensor");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
            {
                throw new CheckpointException(path, $"weight_map: {SafeTensorsHeader.Quote(name)} is {SafeTensorsHeader.Kind(reader.TokenType)}, "
                    + "expected the name of a shard");
            }
            string shard = reader.GetString()!;
            if (!StaysInside(shard))
                throw new CheckpointException(path, $"shard {SafeTensorsHeader.Quote(shard)} leaves the model folder, expected a file in it");
            if (!shards.TryAdd(name, shard))
                throw new CheckpointException(path, $"tensor {SafeTensorsHeader.Quote(name)} listed twice, expected once");
        }
    }

    // By its text alone, and the same on every system: links inside the folder are the owner's business.
    private static bool StaysInside(string shard) =>
        shard.Length > 0 && shard.IndexOfAny(['\\', ':', '\0']) < 0 && shard.Split('/').All(part => part is not ("" or "." or ".."));

    /// <summary>Names of the files that make up the checkpoint that stands in a folder; what cannot be read is left out.</summary>
    public static HashSet<string> FilesOf(string folder)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        string index = Path.Combine(folder, Checkpoint.IndexName);
        if (File.Exists(Path.Combine(folder, Checkpoint.FileName)))
            names.Add(Checkpoint.FileName);
        if (!File.Exists(index))
            return names;
        names.Add(Checkpoint.IndexName);
        try
        {
            names.UnionWith(Read(index).Values.Where(shard =>
                shard.EndsWith(".safetensors", StringComparison.Ordinal) && File.Exists(Path.Combine(folder, shard))));
        }
        catch (CheckpointException)
        {
            // A broken index names nothing; it goes, its shards stay.
        }
        return names;
    }
}
