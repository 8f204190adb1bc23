using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Dsl.Files;

namespace Dsl.Text.Tokenizers;

/// <summary>A place in a JSON file; whatever it lacks is said in a sentence that names the file and the place.</summary>
internal readonly struct JsonField
{
    private const long MostBytes = 512L << 20;

    private readonly JsonElement element;
    private readonly string file;
    private readonly string path;

    private JsonField(JsonElement element, string file, string path) => (this.element, this.file, this.path) = (element, file, path);

    /// <summary>The place's name in messages.</summary>
    internal string Path => path;

    internal bool IsText => element.ValueKind == JsonValueKind.String;

    internal bool IsObject => element.ValueKind == JsonValueKind.Object;

    internal bool IsArray => element.ValueKind == JsonValueKind.Array;

    /// <summary>The whole file, an object.</summary>
    /// <exception cref="TextException">Too large, not JSON, nested too deep or no object.</exception>
    internal static JsonField Read(byte[] bytes, string file)
    {
        JsonField root = ReadAny(bytes, file, "an object");
        return root.IsObject ? root : throw root.Error("a list or a value", "an object");
    }

    /// <summary>The whole file, a list.</summary>
    /// <exception cref="TextException">Not JSON, nested too deep or no list.</exception>
    internal static IEnumerable<JsonField> ReadList(byte[] bytes, string file)
    {
        JsonField root = ReadAny(bytes, file, "a list");
        return root.IsArray ? root.Items() : throw root.Error("an object or a value", "a list");
    }

    private static JsonField ReadAny(byte[] bytes, string file, string expected)
    {
        try
        {
            ReadOnlySpan<byte> body = bytes.AsSpan();
            body = body.StartsWith("\uFEFF"u8) ? body[3..] : body;
            using JsonDocument document = JsonDocument.Parse(body.ToArray(), new JsonDocumentOptions { MaxDepth = 64 });
            return new JsonField(document.RootElement.Clone(), file, "");
        }
        catch (JsonException e)
        {
            throw new TextException($"{file}: not JSON (line {e.LineNumber + 1}), expected {expected}: {FirstSentence(e.Message)}");
        }
    }

    /// <summary>The bytes of a file that is not absurdly large.</summary>
    /// <exception cref="TextException">Not there, no regular file, too large, or not to be read.</exception>
    internal static byte[] ReadBytes(string path) => UserFile.ReadBytes(path, MostBytes, TextException.Of);

    /// <summary>A member; null where it is missing or null.</summary>
    internal JsonField? Optional(string name)
    {
        RequireObject();
        return element.TryGetProperty(name, out JsonElement member) && member.ValueKind != JsonValueKind.Null ? new JsonField(member, file, Below(name)) : null;
    }

    internal JsonField this[string name] => Optional(name) ?? throw new TextException($"{file}: {Below(name)} is missing, expected a value");

    internal string Text()
    {
        if (!IsText)
        {
            throw Error(Kind(), "a text");
        }

        try
        {
            string text = element.GetString()!;
            CharacterCodec.RequireWhole(text);
            return text;
        }
        catch (Exception e) when (e is InvalidOperationException or TextException)
        {
            throw Error("a text with half a surrogate pair", "whole characters");
        }
    }

    internal int Int() => element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int value) ? value : throw Error(Kind(), "a whole number");

    internal double Number() => element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out double value) ? value : throw Error(Kind(), "a number");

    internal bool Flag() => element.ValueKind is JsonValueKind.True or JsonValueKind.False ? element.GetBoolean() : throw Error(Kind(), "true or false");

    internal string? OptionalText(string name) => Optional(name)?.Text();

    internal bool Flag(string name, bool otherwise) => Optional(name)?.Flag() ?? otherwise;

    internal IEnumerable<JsonField> Items()
    {
        if (!IsArray)
        {
            throw Error(Kind(), "a list");
        }

        (string file, string path) = (this.file, this.path);
        return element.EnumerateArray().Select((item, i) => new JsonField(item, file, $"{path}[{i}]"));
    }

    internal IEnumerable<(string Name, JsonField Value)> Members()
    {
        RequireObject();
        foreach (JsonProperty member in element.EnumerateObject())
        {
            string name = NameOf(member);
            yield return (name, new JsonField(member.Value, file, $"{path}['{name}']"));
        }
    }

    /// <summary>How many steps a list of them, with lists within it, has: each costs a pass over every text.</summary>
    /// <exception cref="TextException">More than any published file by far.</exception>
    internal void RequireFewSteps(params ReadOnlySpan<string> lists)
    {
        const int Most = 100;
        if (Steps(lists) > Most)
        {
            throw Error($"a sequence of more than {Most} steps", "fewer");
        }
    }

    private int Steps(ReadOnlySpan<string> lists)
    {
        int steps = 1;
        foreach (string list in lists)
        {
            if (IsObject && Optional(list) is { IsArray: true } items)
            {
                foreach (JsonField item in items.Items())
                {
                    steps += item.Steps(lists);
                }
            }
        }

        return steps;
    }

    /// <summary>A sentence about this place.</summary>
    internal TextException Error(string what, string expected) => new($"{file}: {(path.Length > 0 ? path + " is " : "")}{what}, expected {expected}");

    /// <summary>A sentence about a value of this place.</summary>
    internal TextException Unknown(string value, params string[] known) => new($"{file}: {path} '{value}' unknown; known: {string.Join(", ", known)}");

    private string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            throw Error("an object with a name that has half a surrogate pair", "whole characters");
        }
    }

    private static string FirstSentence(string message) => message.Split(". ")[0].TrimEnd('.');

    private string Below(string name) => path.Length > 0 ? $"{path}.{name}" : name;

    private string Kind() => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => $"the number {element.GetRawText()}",
        JsonValueKind.True or JsonValueKind.False => element.GetRawText(),
        _ => "null",
    };

    private void RequireObject()
    {
        if (!IsObject)
        {
            throw Error(Kind(), "an object");
        }
    }
}
