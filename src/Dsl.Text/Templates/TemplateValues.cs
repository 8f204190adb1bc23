using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Dsl.Text.Templates;

/// <summary>What a name without a value is: false, empty, and an error where more is asked of it.</summary>
internal sealed class Undefined
{
    internal static Undefined Value { get; } = new();
}

/// <summary>Values of a template: null, <see cref="Undefined"/>, bool, long, double, string, lists and maps.</summary>
internal static class TemplateValues
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool truth => truth,
        long whole => whole != 0,
        double real => real != 0,
        string text => text.Length > 0,
        List<object?> list => list.Count > 0,
        Dictionary<string, object?> map => map.Count > 0,
        _ => true,
    };

    internal static string Text(object? value) => value switch
    {
        null => "None",
        Undefined => "",
        string text => text,
        bool truth => truth ? "True" : "False",
        long whole => whole.ToString(CultureInfo.InvariantCulture),
        double real => real.ToString("R", CultureInfo.InvariantCulture),
        _ => ToJson(value),
    };

    /// <summary>As Python's json.dumps writes it: a space after commas and colons.</summary>
    internal static string ToJson(object? value) => value switch
    {
        List<object?> list => $"[{string.Join(", ", list.Select(ToJson))}]",
        Dictionary<string, object?> map => "{" + string.Join(", ", map.Select(entry => $"{ToJson(entry.Key)}: {ToJson(entry.Value)}")) + "}",
        Undefined => "null",
        _ => JsonSerializer.Serialize(value, Json),
    };

    internal static new bool Equals(object? a, object? b) => (a, b) switch
    {
        (long or double, long or double) => Number(a!) == Number(b!),
        (List<object?> x, List<object?> y) => x.Count == y.Count && x.Zip(y).All(pair => Equals(pair.First, pair.Second)),
        _ => object.Equals(a, b),
    };

    internal static double Number(object value) => value switch
    {
        long whole => whole,
        double real => real,
        bool truth => truth ? 1 : 0,
        _ => throw new TemplateException($"'{Text(value)}' is no number"),
    };

    internal static int Compare(object? a, object? b) => (a, b) switch
    {
        (string x, string y) => string.CompareOrdinal(x, y),
        ({ } x, { } y) => Number(x).CompareTo(Number(y)),
        _ => throw new TemplateException("nothing is neither more nor less"),
    };

    internal static bool Contains(object? whole, object? part) => whole switch
    {
        string text => text.Contains(Text(part), StringComparison.Ordinal),
        List<object?> list => list.Any(item => Equals(item, part)),
        Dictionary<string, object?> map => part is string key && map.ContainsKey(key),
        _ => throw new TemplateException($"'in' asks for a text, a list or a map, got {Kind(whole)}"),
    };

    internal static List<object?> Items(object? value) => value switch
    {
        List<object?> list => list,
        Dictionary<string, object?> map => [.. map.Keys],
        string text => [.. text.EnumerateRunes().Select(rune => (object?)rune.ToString())],
        Undefined => [],
        _ => throw new TemplateException($"'for' asks for a list, got {Kind(value)}"),
    };

    internal static long Length(object? value) => value switch
    {
        string text => text.EnumerateRunes().Count(),
        List<object?> list => list.Count,
        Dictionary<string, object?> map => map.Count,
        Undefined => 0,
        _ => throw new TemplateException($"{Kind(value)} has no length"),
    };

    internal static object? Member(object? value, string name) => value switch
    {
        Dictionary<string, object?> map => map.TryGetValue(name, out object? member) ? member : Undefined.Value,
        Undefined => throw new TemplateException($"'{name}' of a value that is not there"),
        _ => Undefined.Value,
    };

    internal static object? Index(object? value, object? index) => (value, index) switch
    {
        (_, string name) => Member(value, name),
        (List<object?> list, long at) => (at < 0 ? at + list.Count : at) is var i && i >= 0 && i < list.Count ? list[(int)i] : Undefined.Value,
        (string text, long at) => (at < 0 ? at + text.Length : at) is var i && i >= 0 && i < text.Length ? text[(int)i].ToString() : Undefined.Value,
        _ => throw new TemplateException($"{Kind(value)} has no element '{Text(index)}'"),
    };

    internal static object Slice(object? value, long? from, long? to)
    {
        int count = value is string whole ? whole.Length : value is List<object?> all ? all.Count : throw new TemplateException($"{Kind(value)} has no parts");
        int Place(long? at, int otherwise) => at is null ? otherwise : (int)Math.Clamp(at.Value < 0 ? at.Value + count : at.Value, 0, count);
        (int start, int end) = (Place(from, 0), Place(to, count));
        end = Math.Max(start, end);
        return value is string text ? text[start..end] : ((List<object?>)value!)[start..end];
    }

    internal static string Kind(object? value) => value switch
    {
        null => "none",
        Undefined => "nothing",
        bool => "a truth value",
        long or double => "a number",
        string => "a text",
        List<object?> => "a list",
        _ => "a map",
    };
}

/// <summary>What is wrong with a template, without the place: whoever knows the line says it.</summary>
internal sealed class TemplateException(string message) : Exception(message);
