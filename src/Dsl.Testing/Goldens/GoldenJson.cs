using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Files;

namespace Dsl.Testing;

/// <summary>
/// A value in a JSON file of a case, which knows where it stands: what is absent or of another kind is a <see cref="FormatException"/> that names it.
/// </summary>
public sealed class GoldenJson
{
    private readonly string file;

    private GoldenJson(string file, string path, JsonElement element)
    {
        (this.file, Path, Element) = (file, path, element);
        Name = path[(path.LastIndexOf('/') + 1)..];
    }

    /// <summary>Where it stands in its file: names and indices with <c>/</c> between them; empty for the whole.</summary>
    public string Path { get; }

    /// <summary>Its name or index in what holds it.</summary>
    public string Name { get; }

    /// <summary>The value as it was read.</summary>
    public JsonElement Element { get; }

    /// <summary>A number.</summary>
    public double Number => Element.ValueKind == JsonValueKind.Number ? Element.GetDouble() : throw Not("a number");

    /// <summary>An integer of 64 bits.</summary>
    public long Long => Element.ValueKind == JsonValueKind.Number && Element.TryGetInt64(out long value) ? value : throw Not("an integer");

    /// <summary>An integer of 32 bits.</summary>
    public int Integer => Element.ValueKind == JsonValueKind.Number && Element.TryGetInt32(out int value) ? value : throw Not("an integer of 32 bits");

    /// <summary>A text.</summary>
    public string Text => Element.ValueKind == JsonValueKind.String ? Element.GetString()! : throw Not("a text");

    /// <summary>True or false.</summary>
    public bool Flag => Element.ValueKind is JsonValueKind.True or JsonValueKind.False ? Element.GetBoolean() : throw Not("true or false");

    /// <summary>The values of a list.</summary>
    public IReadOnlyList<GoldenJson> Items => Element.ValueKind == JsonValueKind.Array
        ? [.. Element.EnumerateArray().Select((item, i) => At(i.ToString(CultureInfo.InvariantCulture), item))] : throw Not("a list");

    /// <summary>The values of an object, in the order of the file.</summary>
    public IReadOnlyList<GoldenJson> Members => Element.ValueKind == JsonValueKind.Object
        ? [.. Element.EnumerateObject().Select(member => At(member.Name, member.Value))] : throw Not("an object");

    /// <summary>A list of numbers.</summary>
    public double[] Numbers => [.. Items.Select(item => item.Number)];

    /// <summary>A list of integers.</summary>
    public int[] Integers => [.. Items.Select(item => item.Integer)];

    /// <summary>A list of texts.</summary>
    public string[] Texts => [.. Items.Select(item => item.Text)];

    /// <summary>The value of that name.</summary>
    public GoldenJson this[string name] => Find(name) ?? throw At(name, default).Not("a value");

    /// <summary>The value at that place of a list.</summary>
    public GoldenJson this[int index] => Items.ElementAtOrDefault(index) ?? throw At(index.ToString(CultureInfo.InvariantCulture), default).Not("a value");

    /// <summary>Reads a file of a case.</summary>
    /// <param name="folder">The case's folder.</param>
    /// <param name="file">The name of a file there that holds an object.</param>
    /// <exception cref="FormatException">It is no JSON, or no object.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static GoldenJson Read(string folder, string file)
    {
        string name = $"{GoldenCase.NameOf(folder)}: {file}";
        try
        {
            using JsonDocument json = JsonDocument.Parse(
                UserFile.ReadText(System.IO.Path.Combine(folder, file), UserFile.MostOfText, FileErrors.Plain));
            return json.RootElement.ValueKind == JsonValueKind.Object ? new GoldenJson(name, "", json.RootElement.Clone())
                : throw new FormatException($"{name} is {json.RootElement.ValueKind.ToString().ToLowerInvariant()}, expected an object");
        }
        catch (JsonException e)
        {
            throw new FormatException($"{name} is not JSON (line {e.LineNumber + 1}), expected an object", e);
        }
    }

    /// <summary>The value of that name; null where there is none, or where it is null.</summary>
    public GoldenJson? Find(string name) =>
        Element.ValueKind != JsonValueKind.Object ? throw Not("an object")
        : Element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? At(name, value) : null;

    private GoldenJson At(string name, JsonElement value) => new(file, Path.Length == 0 ? name : $"{Path}/{name}", value);

    private FormatException Not(string expected)
    {
        string found = Element.ValueKind switch
        {
            JsonValueKind.Undefined => "absent",
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "a list",
            JsonValueKind.String => "a text",
            _ => Element.GetRawText(),
        };
        return new FormatException($"{file}: {(Path.Length == 0 ? "the whole" : Path)} is {found}, expected {expected}");
    }
}
