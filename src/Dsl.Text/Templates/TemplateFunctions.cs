using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Dsl.Text.Templates;

/// <summary>Filters, tests, methods and functions that chat templates use.</summary>
internal static class TemplateFunctions
{
    internal static object? Filter(string name, object? value, IReadOnlyList<object?> with) => name switch
    {
        "trim" => TemplateValues.Text(value).Trim(),
        "length" or "count" => TemplateValues.Length(value),
        "upper" => TemplateValues.Text(value).ToUpperInvariant(),
        "lower" => TemplateValues.Text(value).ToLowerInvariant(),
        "capitalize" => TemplateValues.Text(value) is { Length: > 0 } text ? text[..1].ToUpperInvariant() + text[1..].ToLowerInvariant() : "",
        "string" => TemplateValues.Text(value),
        "tojson" => TemplateValues.ToJson(value),
        "int" => (long)(value is string digits ? double.TryParse(digits, CultureInfo.InvariantCulture, out double number) ? number : 0
            : TemplateValues.Number(value ?? 0L)),
        "list" => TemplateValues.Items(value).ToList(),
        "safe" => value,
        "first" => TemplateValues.Items(value) is { Count: > 0 } items ? items[0] : Undefined.Value,
        "last" => TemplateValues.Items(value) is { Count: > 0 } items ? items[^1] : Undefined.Value,
        "reverse" => Enumerable.Reverse(TemplateValues.Items(value)).ToList(),
        "join" => string.Join(with.Count > 0 ? TemplateValues.Text(with[0]) : "", TemplateValues.Items(value).Select(TemplateValues.Text)),
        "replace" when with.Count > 1 => Replace(value, with),
        "default" or "d" => value is Undefined || (with.Count > 1 && TemplateValues.IsTrue(with[1]) && !TemplateValues.IsTrue(value))
            ? with.Count > 0 ? with[0] : "" : value,
        "items" => Pairs(value),
        _ => throw new TemplateException($"filter '{name}' unknown"),
    };

    internal static bool Test(string name, object? value, IReadOnlyList<object?> with) => name switch
    {
        "defined" => value is not Undefined,
        "undefined" => value is Undefined,
        "none" => value is null,
        "string" => value is string,
        "number" => value is long or double,
        "boolean" => value is bool,
        "mapping" => value is Dictionary<string, object?>,
        "sequence" or "iterable" => value is string or List<object?> or Dictionary<string, object?>,
        "true" => value is true,
        "false" => value is false,
        "even" => TemplateValues.Number(value ?? 0L) % 2 == 0,
        "odd" => TemplateValues.Number(value ?? 0L) % 2 != 0,
        "equalto" or "eq" when with.Count > 0 => TemplateValues.Equals(value, with[0]),
        "in" when with.Count > 0 => TemplateValues.Contains(with[0], value),
        _ => throw new TemplateException($"test '{name}' unknown"),
    };

    internal static object? Method(object? value, string name, IReadOnlyList<object?> with) => (value, name) switch
    {
        (string text, "strip") => text.Trim(Characters(with)),
        (string text, "lstrip") => text.TrimStart(Characters(with)),
        (string text, "rstrip") => text.TrimEnd(Characters(with)),
        (string text, "upper") => text.ToUpperInvariant(),
        (string text, "lower") => text.ToLowerInvariant(),
        (string text, "startswith") when with.Count > 0 => text.StartsWith(TemplateValues.Text(with[0]), StringComparison.Ordinal),
        (string text, "endswith") when with.Count > 0 => text.EndsWith(TemplateValues.Text(with[0]), StringComparison.Ordinal),
        (string text, "replace") when with.Count > 1 => Replace(text, with),
        (string text, "split") => (with.Count > 0 ? text.Split(TemplateValues.Text(with[0])) : text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            .Select(part => (object?)part).ToList(),
        (Dictionary<string, object?> map, "items") => Pairs(map),
        (Dictionary<string, object?> map, "keys") => map.Keys.Select(key => (object?)key).ToList(),
        (Dictionary<string, object?> map, "values") => map.Values.ToList(),
        (Dictionary<string, object?> map, "get") when with.Count > 0 =>
            map.TryGetValue(TemplateValues.Text(with[0]), out object? found) ? found : with.ElementAtOrDefault(1),
        _ => throw new TemplateException($"{TemplateValues.Kind(value)} has no method '{name}'"),
    };

    internal static object? Call(string name, IReadOnlyList<object?> with, Dictionary<string, object?> named, TemplateRun run)
    {
        switch (name)
        {
            case "raise_exception":
                throw new TemplateException($"the template refuses: {(with.Count > 0 ? TemplateValues.Text(with[0]) : "no reason given")}");
            case "namespace" or "dict":
                return named;
            case "range" when with.Count is 1 or 2 && with.All(bound => bound is long):
                (long start, long end) = with.Count == 1 ? (0, (long)with[0]!) : ((long)with[0]!, (long)with[1]!);
                run.Step((int)Math.Clamp(end - start, 0, 10_000_000));
                return Enumerable.Range(0, (int)Math.Max(0, end - start)).Select(i => (object?)(start + i)).ToList();
            default:
                throw new TemplateException($"function '{name}' unknown");
        }
    }

    private static string Replace(object? text, IReadOnlyList<object?> with) => TemplateValues.Text(with[0]) is { Length: > 0 } from
        ? TemplateValues.Text(text).Replace(from, TemplateValues.Text(with[1]), StringComparison.Ordinal) : TemplateValues.Text(text);

    private static char[]? Characters(IReadOnlyList<object?> with) => with.Count > 0 ? TemplateValues.Text(with[0]).ToCharArray() : null;

    private static List<object?> Pairs(object? value) => value is Dictionary<string, object?> map
        ? [.. map.Select(entry => (object?)new List<object?> { entry.Key, entry.Value })]
        : throw new TemplateException($"'items' asks for a map, got {TemplateValues.Kind(value)}");
}
