using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Dsl.Files;

namespace Dsl.Runtime;

/// <summary>A JSON value as published configs hold it: like JSON, with bare <c>Infinity</c>, <c>-Infinity</c> and <c>NaN</c>.</summary>
internal sealed class ConfigNode
{
    public const int MaxDepth = 64;
    public const long MaxBytes = UserFile.MostOfText;

    // What stands in for a bare word while the JSON reader runs; its place in the text says which it was.
    private static ReadOnlySpan<byte> Blank => "null"u8;

    private ConfigNode(JsonTokenType kind, string text)
    {
        Kind = kind;
        Text = text;
    }

    /// <summary>An object without members.</summary>
    public static ConfigNode Empty => new(JsonTokenType.StartObject, "");

    /// <summary>String, Number, True, False, Null, StartObject or StartArray.</summary>
    public JsonTokenType Kind { get; }

    /// <summary>The string, or the number as it stands.</summary>
    public string Text { get; }

    public Dictionary<string, ConfigNode> Members { get; } = new(StringComparer.Ordinal);

    public List<ConfigNode> Items { get; } = [];

    /// <exception cref="ConfigException">The file cannot be read, is too large or too deep, or is no JSON object.</exception>
    public static ConfigNode ReadFile(string path) => Parse(path, ReadBytes(path));

    /// <exception cref="ConfigException">The file cannot be read or is too large.</exception>
    public static byte[] ReadBytes(string path) => UserFile.ReadBytes(path, MaxBytes, ConfigException.Of);

    /// <exception cref="ConfigException">The text is too large or too deep, or is no JSON object.</exception>
    public static ConfigNode Parse(string file, ReadOnlySpan<byte> text)
    {
        if (text.Length > MaxBytes)
            throw new ConfigException(file, string.Create(CultureInfo.InvariantCulture, $"{text.Length} bytes, expected at most {MaxBytes}"));
        if (text.StartsWith("\uFEFF"u8))
            text = text[3..];
        var bare = new Dictionary<long, string>();
        byte[] json = WithoutBareWords(text, bare);
        if (!Utf8.IsValid(json))
            throw new ConfigException(file, ForeignFiles.Name(text, text.Length, "the config", "a JSON object") ?? "is not UTF-8, expected a JSON object");
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth + 2 });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                throw new ConfigException(file, "is not a JSON object (byte 1), expected an object");
            var root = ReadValue(file, "", 1, ref reader, bare);
            reader.Read(); // nothing but white space may follow
            return root;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            if (ForeignFiles.Name(text, text.Length, "the config", "a JSON object") is { } foreign)
                throw new ConfigException(file, foreign, e);
            throw new ConfigException(file, string.Create(CultureInfo.InvariantCulture, $"is not JSON (byte {reader.BytesConsumed + 1}), expected an object"),
                e);
        }
    }

    private static ConfigNode ReadValue(string file, string path, int depth, ref Utf8JsonReader reader, Dictionary<long, string> bare)
    {
        if (depth > MaxDepth && reader.TokenType is (JsonTokenType.StartObject or JsonTokenType.StartArray))
            throw new ConfigException(file, $"nested deeper than {MaxDepth} levels, expected less");
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var node = new ConfigNode(JsonTokenType.StartObject, "");
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    string key = reader.GetString()!;
                    string inner = path.Length > 0 ? path + "." + key : key;
                    reader.Read();
                    if (!node.Members.TryAdd(key, ReadValue(file, inner, depth + 1, ref reader, bare)))
                        throw new ConfigException(file, $"{SafeTensorsHeader.Printable(inner)} listed twice, expected once");
                }
                return node;
            case JsonTokenType.StartArray:
                var list = new ConfigNode(JsonTokenType.StartArray, "");
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    list.Items.Add(ReadValue(file, path, depth + 1, ref reader, bare));
                return list;
            case JsonTokenType.String:
                return new ConfigNode(JsonTokenType.String, reader.GetString()!);
            case JsonTokenType.Null when bare.TryGetValue(reader.TokenStartIndex, out string? word):
                return new ConfigNode(JsonTokenType.Number, word);
            default:
                return new ConfigNode(reader.TokenType, Encoding.UTF8.GetString(reader.ValueSpan));
        }
    }

    // Python writes these words where JSON has none.
    private static byte[] WithoutBareWords(ReadOnlySpan<byte> text, Dictionary<long, string> bare)
    {
        var result = new List<byte>(text.Length);
        bool inString = false;
        for (int i = 0; i < text.Length; i++)
        {
            if (inString && text[i] == (byte)'\\' && i + 1 < text.Length)
            {
                result.Add(text[i++]);
            }
            else if (text[i] == (byte)'"')
            {
                inString = !inString;
            }
            else if (!inString && text[i] is (byte)'I' or (byte)'N' or (byte)'-' && BareWord(text[i..]) is { } word)
            {
                bare.Add(result.Count, word);
                result.AddRange(Blank);
                i += word.Length - 1;
                continue;
            }
            result.Add(text[i]);
        }
        return [.. result];
    }

    private static string? BareWord(ReadOnlySpan<byte> text) =>
        text.StartsWith("Infinity"u8) ? "Infinity" : text.StartsWith("-Infinity"u8) ? "-Infinity" : text.StartsWith("NaN"u8) ? "NaN" : null;

    /// <summary>Null, false, and what is empty: a key with it asks for nothing.</summary>
    public bool SaysNothing => Kind switch
    {
        JsonTokenType.Null or JsonTokenType.False => true,
        JsonTokenType.String => Text.Length == 0,
        JsonTokenType.StartObject => Members.Count == 0,
        JsonTokenType.StartArray => Items.Count == 0,
        _ => false,
    };

    /// <summary>The value as a message shows it.</summary>
    public string Describe() => Kind switch
    {
        JsonTokenType.String => SafeTensorsHeader.Quote(Text),
        JsonTokenType.Number => SafeTensorsHeader.Printable(Text),
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        _ => SafeTensorsHeader.Kind(Kind),
    };

    /// <summary>The value as C# has it: null, a bool, a whole number, a double, a string, a list or a dictionary of these.</summary>
    public object? Plain() => Kind switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.True or JsonTokenType.False => Kind == JsonTokenType.True,
        JsonTokenType.String => Text,
        JsonTokenType.StartObject => Members.ToDictionary(member => member.Key, member => member.Value.Plain(), StringComparer.Ordinal),
        JsonTokenType.StartArray => Items.Select(item => item.Plain()).ToList(),
        _ => AsLong() is { } whole ? whole : AsDouble(),
    };

    /// <summary>The number; null where it is none or not one of doubles.</summary>
    public double? AsDouble()
    {
        if (Kind != JsonTokenType.Number)
            return null;
        return Text switch
        {
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            "NaN" => double.NaN,
            _ => double.Parse(Text, NumberStyles.Float, CultureInfo.InvariantCulture),
        };
    }

    /// <summary>The number; null where it is none or not a whole number of 64 bits. How it is written (<c>2</c>, <c>2.0</c>, <c>2e0</c>) says
    /// nothing.</summary>
    public long? AsLong() => WholeDigits() is { } digits && long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
        ? value
        : null;

    // More digits than any number that is read as a whole one.
    private const int MostDigits = 40;

    /// <summary>
    /// A whole number of any size as its digits alone, without point and exponent; null where it is none, or has more digits than any type holds.
    /// </summary>
    public string? WholeDigits()
    {
        if (Kind != JsonTokenType.Number || !char.IsAsciiDigit(Text[^1])) // "Infinity", "NaN"
            return null;
        int e = Text.AsSpan().IndexOfAny('e', 'E');
        string mantissa = e < 0 ? Text : Text[..e], sign = mantissa.StartsWith('-') ? "-" : "";
        int point = mantissa.IndexOf('.', StringComparison.Ordinal), decimals = point < 0 ? 0 : mantissa.Length - point - 1;
        string digits = mantissa.Replace(".", "", StringComparison.Ordinal).TrimStart('-').TrimStart('0'), kept = digits.TrimEnd('0');
        if (digits.Length == 0)
            return "0";
        int exponent = 0;
        if (e >= 0 && !int.TryParse(Text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent))
            return null;
        long zeros = (long)exponent - decimals + digits.Length - kept.Length;
        return zeros is >= 0 and <= MostDigits && kept.Length <= MostDigits ? sign + kept + new string('0', (int)zeros) : null;
    }
}
