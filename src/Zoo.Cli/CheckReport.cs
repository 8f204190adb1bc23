using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dsl.Runtime;

namespace Zoo.Cli;

/// <summary>Writes what <c>check</c> found: a few lines for people, or JSON.</summary>
internal static partial class CheckReport
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly (string Name, int Bytes)[] Types = [("float32", 4), ("bfloat16", 2), ("float16", 2)];

    /// <summary>
    /// Names in which layers differ alone, as one: <c>model.layers.{i}.mlp.up_proj.weight x32</c>. A number is a layer's where the word before it says so;
    /// a second one in a name is <c>{j}</c>.
    /// </summary>
    internal static IReadOnlyList<string> Collapsed(IEnumerable<string> names) =>
        [.. names.Select(Pattern).GroupBy(pattern => pattern, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => group.Key.Contains('{') ? $"{group.Key} x{group.Count()}" : group.Key)];

    internal static string Json(ModelCheck check, TextCheck text)
    {
        bool known = check.Parameters is not null;
        var root = new JsonObject
        {
            ["class"] = check.Class,
            ["tensors"] = check.Tensors.Count > 0 ? check.Tensors.Count : null,
            ["missing"] = known ? List(Collapsed(check.Missing)) : null,
            ["unexpected"] = known ? List(Collapsed(check.Unexpected)) : null,
            ["ignored"] = known ? List(Collapsed(check.Ignored)) : null,
            ["other_heads"] = known ? List(Collapsed(check.PassedOver)) : null,
            ["misfits"] = known ? List(check.Misfits) : null,
            ["parameters"] = check.Parameters,
            ["tied"] = known ? new JsonObject(check.Tied.Select(tie => KeyValuePair.Create(tie.Name, (JsonNode?)tie.Weight))) : null,
            ["names"] = known ? List(Collapsed(check.Tensors.Except(check.Ignored))) : null,
            ["read"] = known ? Read(check) : null,
            ["odd"] = known ? new JsonObject { ["unknown"] = List(check.UnknownKeys) } : null,
            ["memory"] = check.Parameters is { } count
                ? new JsonObject(Types.Select(type => KeyValuePair.Create(type.Name, (JsonNode?)(count * type.Bytes)))) : null,
            ["tokens"] = text.Tokens,
            ["notes"] = string.Join("; ", check.Notes.Concat(text.Notes)),
            ["error"] = Error(check, text),
        };
        return root.ToJsonString(Indented);
    }

    internal static void Print(CliContext context, ModelCheck check, TextCheck text)
    {
        TextWriter output = context.Output;
        if (check.Parameters is { } count)
        {
            string memory = string.Join(", ", Types.Select(type => $"{Words.Bytes(count * type.Bytes)} in {type.Name}"));
            output.WriteLine($"{check.Class}: {Words.Count(count)} parameters, {memory}");
            output.WriteLine($"{Words.Count(check.Tensors.Count)} tensors");
        }

        Names("missing", Collapsed(check.Missing));
        Names("unexpected", Collapsed(check.Unexpected));
        Names("passed over, parts of another head", Collapsed(check.PassedOver));
        Names("passed over, no weights", Collapsed(check.Ignored));
        Names("of another shape or type", check.Misfits);
        Names("passed over in config.json, known to no model here", check.UnknownKeys);
        foreach (string note in check.Notes.Concat(text.Notes))
        {
            output.WriteLine(Escaped.Line(note));
        }

        if (text.Tokens is { } tokens)
        {
            output.WriteLine($"tokenizer of {Words.Count(tokens)} tokens");
        }

        if (Error(check, text) is { } error)
        {
            context.Error.WriteLine("error: " + Escaped.Line(error));
        }

        void Names(string title, IReadOnlyList<string> names)
        {
            if (names.Count > 0)
            {
                output.WriteLine($"{title}: {Escaped.Line(string.Join(", ", names))}");
            }
        }
    }

    private static string? Error(ModelCheck check, TextCheck text) =>
        string.Join("; ", new[] { check.Error, text.Error }.OfType<string>()) is { Length: > 0 } error ? error : null;

    /// <summary>Values as read; dotted paths become objects.</summary>
    private static JsonObject Read(ModelCheck check)
    {
        var root = new JsonObject();
        foreach ((string path, object? value) in check.Read)
        {
            string[] keys = path.Split('.');
            JsonObject at = root;
            foreach (string key in keys[..^1])
            {
                at = at[key] as JsonObject ?? (JsonObject)(at[key] = new JsonObject());
            }

            at[keys[^1]] = Node(value);
        }

        return root;
    }

    private static JsonNode? Node(object? value) => value switch
    {
        null => null,
        bool flag => flag,
        int number => number,
        long number => number,
        double number => double.IsFinite(number) ? number : number.ToString(CultureInfo.InvariantCulture),
        string text => text,
        IEnumerable<KeyValuePair<string, object?>> members => new JsonObject(members.Select(member => KeyValuePair.Create(member.Key, Node(member.Value)))),
        System.Collections.IEnumerable items => new JsonArray([.. items.Cast<object?>().Select(Node)]),
        _ => value.ToString(),
    };

    private static JsonArray List(IEnumerable<string> items) => [.. items.Select(item => (JsonNode?)item)];

    private static string Pattern(string name)
    {
        int letter = 'i';
        return LayerNumber().Replace(name, match => $"{match.Groups[1].Value}.{{{(char)letter++}}}");
    }

    [GeneratedRegex(@"((?:^|(?<=\.))(?:h|experts|[A-Za-z_]*(?:layer|layers|block|blocks|groups)))\.\d+(?=\.|$)")]
    private static partial Regex LayerNumber();
}
