using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Dsl.Runtime;

/// <summary>Writes a <c>config.json</c> as the published library does: indented by two, keys sorted, infinities and NaN as bare words.</summary>
public static class ConfigWriter
{
    private static readonly JsonWriterOptions Options = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes the file, whole or not at all.</summary>
    /// <param name="path">The file; replaced where it exists.</param>
    /// <param name="architectures">Classes of the published library; left out where empty.</param>
    /// <param name="modelType">Left out where null.</param>
    /// <param name="values">Dotted paths with null, bool, int, long, double, string, or a list of these.</param>
    /// <exception cref="ArgumentException">A path stands twice or runs through a value, or a value is of another type.</exception>
    /// <exception cref="CheckpointException">The file could not be written.</exception>
    public static void Write(string path, IReadOnlyList<string> architectures, string? modelType, IEnumerable<(string Path, object? Value)> values)
    {
        var root = new SortedDictionary<string, object?>(StringComparer.Ordinal);
        if (architectures.Count > 0)
            root.Add("architectures", architectures);
        if (modelType is not null)
            root.Add("model_type", modelType);
        foreach (var (key, value) in values)
            Place(root, key, value);
        AtomicFiles.Write(path, stream =>
        {
            using var json = new Utf8JsonWriter(stream, Options);
            WriteValue(json, root);
            json.Flush();
            stream.Write("\n"u8);
        });
    }

    /// <summary>Writes the file from values alone.</summary>
    /// <exception cref="ArgumentException">A path stands twice or runs through a value, or a value is of another type.</exception>
    /// <exception cref="CheckpointException">The file could not be written.</exception>
    public static void Write(string path, IEnumerable<(string Path, object? Value)> values) => Write(path, [], null, values);

    private static void Place(SortedDictionary<string, object?> root, string path, object? value)
    {
        string[] keys = path.Split('.');
        var node = root;
        foreach (string key in keys.AsSpan(0, keys.Length - 1))
        {
            if (!node.TryGetValue(key, out object? inner))
                node.Add(key, inner = new SortedDictionary<string, object?>(StringComparer.Ordinal));
            node = inner as SortedDictionary<string, object?> ?? throw new ArgumentException($"'{path}' runs through a value, expected an object there");
        }
        if (!node.TryAdd(keys[^1], value))
            throw new ArgumentException($"'{path}' given twice, expected once");
    }

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case float number:
                WriteDouble(json, number);
                break;
            case double number:
                WriteDouble(json, number);
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case SortedDictionary<string, object?> members:
                json.WriteStartObject();
                foreach (var (key, member) in members)
                {
                    json.WritePropertyName(key);
                    WriteValue(json, member);
                }
                json.WriteEndObject();
                break;
            case IEnumerable items:
                json.WriteStartArray();
                foreach (object? item in items)
                    WriteValue(json, item);
                json.WriteEndArray();
                break;
            default:
                throw new ArgumentException($"{value.GetType().Name} is no value of a config, expected null, a bool, a number, a string or a list of these");
        }
    }

    private static void WriteDouble(Utf8JsonWriter json, double number)
    {
        string text = double.IsNaN(number) ? "NaN"
            : double.IsInfinity(number) ? (number > 0 ? "Infinity" : "-Infinity")
            : number.ToString("R", CultureInfo.InvariantCulture);
        // A whole double keeps its point, so that it is read back as a double by everyone.
        if (double.IsFinite(number) && text.AsSpan().IndexOfAny('.', 'E') < 0)
            text += ".0";
        json.WriteRawValue(text, skipInputValidation: true);
    }
}
