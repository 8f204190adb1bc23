using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Dsl.Files;

namespace Dsl.Runtime;

/// <summary>Writes a <c>config.json</c> as the published library does: indented by two, keys sorted, infinities and NaN as bare words.</summary>
public static class ConfigWriter
{
    /// <summary>Writes the file, whole or not at all.</summary>
    /// <param name="path">The file; replaced where it exists.</param>
    /// <param name="architectures">Classes of the published library; left out where empty.</param>
    /// <param name="modelType">Left out where null.</param>
    /// <param name="values">Dotted paths with null, bool, int, long, double, string, or a list of these.</param>
    /// <exception cref="ArgumentException">A path stands twice or runs through a value, or a value is of another type.</exception>
    /// <exception cref="CheckpointException">The file could not be written.</exception>
    public static void Write(string path, IReadOnlyList<string> architectures, string? modelType, IEnumerable<(string Path, object? Value)> values)
    {
        var own = new List<(string, object?)>();
        if (architectures.Count > 0)
            own.Add(("architectures", architectures));
        if (modelType is not null)
            own.Add(("model_type", modelType));
        WriteMembers(path, Members(own.Concat(values)));
    }

    /// <summary>The values of a config that stands inside another one.</summary>
    public static IEnumerable<(string Path, object? Value)> Below(string path, IEnumerable<(string Path, object? Value)> values) =>
        values.Select(value => ($"{path}.{value.Path}", value.Value));

    /// <summary>Writes the file from values alone.</summary>
    /// <exception cref="ArgumentException">A path stands twice or runs through a value, or a value is of another type.</exception>
    /// <exception cref="CheckpointException">The file could not be written.</exception>
    public static void Write(string path, IEnumerable<(string Path, object? Value)> values) => Write(path, [], null, values);

    /// <summary>Writes the file from members as they are, in their order: a key is no path.</summary>
    /// <exception cref="ArgumentException">A key stands twice, or a value is of another type.</exception>
    /// <exception cref="CheckpointException">The file could not be written.</exception>
    internal static void WriteMembers(string path, IReadOnlyList<(string Key, object? Value)> members)
    {
        if (members.Select(member => member.Key).Distinct(StringComparer.Ordinal).Count() < members.Count)
            throw new ArgumentException("a key given twice, expected once", nameof(members));
        var text = new StringBuilder();
        WriteItems(text, '{', '}', members, "\n", (member, inner) =>
        {
            WriteString(text, member.Key);
            text.Append(": ");
            WriteValue(text, member.Value, inner);
        });
        text.Append('\n');
        byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
        AtomicFiles.WriteBytes(path, bytes, CheckpointException.Of);
    }

    /// <summary>The members of an object, sorted, from dotted paths.</summary>
    /// <exception cref="ArgumentException">A path stands twice or runs through a value.</exception>
    internal static IReadOnlyList<(string Key, object? Value)> Members(IEnumerable<(string Path, object? Value)> values)
    {
        var root = new SortedDictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (key, value) in values)
            Place(root, key, value);
        return [.. root.Select(member => (member.Key, member.Value))];
    }

    /// <summary>A value under its path, where there is one: a reader takes its own default for what is not there.</summary>
    public static IEnumerable<(string Path, object? Value)> Given(string path, object? value) => value is null ? [] : [(path, value)];

    /// <summary>Names of classes that nobody named: <c>id2label</c> and <c>label2id</c> with <c>LABEL_0</c> and so on, as published files have them.</summary>
    public static IEnumerable<(string Path, object? Value)> Labels(int count)
    {
        var names = Enumerable.Range(0, count).Select(id => (Id: id.ToString(CultureInfo.InvariantCulture), Label: $"LABEL_{id}", Value: id)).ToList();
        yield return ("id2label", Sorted(names.ToDictionary(name => name.Id, name => (object?)name.Label)));
        yield return ("label2id", Sorted(names.ToDictionary(name => name.Label, name => (object?)name.Value)));
        static SortedDictionary<string, object?> Sorted(Dictionary<string, object?> members) => new(members, StringComparer.Ordinal);
    }

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

    // By hand: the JSON writer of the platform neither writes bare words nor indents raw values.
    private static void WriteValue(StringBuilder text, object? value, string line)
    {
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case bool flag:
                text.Append(flag ? "true" : "false");
                break;
            case int or long or uint or ulong:
                text.Append(CultureInfo.InvariantCulture, $"{value}");
                break;
            case double number:
                text.Append(Number(number));
                break;
            case string name:
                WriteString(text, name);
                break;
            case ConfigNode { Kind: JsonTokenType.StartObject } read:
                WriteItems(text, '{', '}', read.Members, line, (member, inner) =>
                {
                    WriteString(text, member.Key);
                    text.Append(": ");
                    WriteValue(text, member.Value, inner);
                });
                break;
            case ConfigNode { Kind: JsonTokenType.StartArray } read:
                WriteItems(text, '[', ']', read.Items, line, (item, inner) => WriteValue(text, item, inner));
                break;
            case ConfigNode { Kind: JsonTokenType.String } read:
                WriteString(text, read.Text);
                break;
            case ConfigNode read:
                text.Append(read.Text); // as it stood there: a number keeps its digits
                break;
            case SortedDictionary<string, object?> members:
                WriteItems(text, '{', '}', members, line, (member, inner) =>
                {
                    WriteString(text, member.Key);
                    text.Append(": ");
                    WriteValue(text, member.Value, inner);
                });
                break;
            case IEnumerable items:
                WriteItems(text, '[', ']', items.Cast<object?>(), line, (item, inner) => WriteValue(text, item, inner));
                break;
            default:
                throw new ArgumentException($"{value.GetType().Name} is no value of a config, "
                    + "expected null, a bool, an int, a long, a double, a string or a list of these");
        }
    }

    private static void WriteItems<T>(StringBuilder text, char open, char close, IEnumerable<T> items, string line, Action<T, string> write)
    {
        string inner = line + "  ";
        bool any = false;
        text.Append(open);
        foreach (var item in items)
        {
            text.Append(any ? "," : "").Append(inner);
            write(item, inner);
            any = true;
        }
        text.Append(any ? line : "").Append(close);
    }

    private static void WriteString(StringBuilder text, string value) =>
        text.Append('"').Append(JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(value)).Append('"');

    private static string Number(double number)
    {
        if (!double.IsFinite(number))
            return double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
        string text = number.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e');
        // A whole double keeps its point, so that it is read back as a double by everyone.
        return text.AsSpan().IndexOfAny('.', 'e') < 0 ? text + ".0" : text;
    }
}
