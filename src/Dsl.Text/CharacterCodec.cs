using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Dsl.Files;

namespace Dsl.Text;

/// <summary>One id per Unicode character, in code point order, over the characters that a text has.</summary>
public sealed class CharacterCodec : ITextCodec
{
    internal const string FileName = "characters.json";

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string[] characters;
    private readonly Dictionary<int, int> ids = [];

    private CharacterCodec(IEnumerable<Rune> alphabet)
    {
        Rune[] runes = alphabet.Distinct().Order().ToArray();
        characters = Array.ConvertAll(runes, rune => rune.ToString());
        for (int id = 0; id < runes.Length; id++)
        {
            ids.Add(runes[id].Value, id);
        }
    }

    /// <inheritdoc/>
    public string Name => "characters";

    /// <inheritdoc/>
    public int Vocabulary => characters.Length;

    /// <inheritdoc/>
    public IReadOnlyList<int> EndTokens => [];

    /// <summary>The codec of all characters of a text.</summary>
    /// <exception cref="TextException">The text is empty or holds half a surrogate pair.</exception>
    public static CharacterCodec Of(string text)
    {
        RequireWhole(text);
        return text.Length == 0 ? throw new TextException("the text is empty, expected at least one character") : new CharacterCodec(text.EnumerateRunes());
    }

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        RequireWhole(text);
        var encoded = new List<int>(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            encoded.Add(ids.TryGetValue(rune.Value, out int id)
                ? id
                : throw new TextException($"character '{rune}' (U+{rune.Value:X4}) is not among the {Vocabulary} characters the model knows"));
        }

        return [.. encoded];
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var text = new StringBuilder(ids.Length);
        foreach (int id in ids)
        {
            text.Append((uint)id < (uint)characters.Length ? characters[id] : "\uFFFD");
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public ITextStream OpenStream() => new Stream(characters);

    /// <inheritdoc/>
    public void Save(string folder)
    {
        AtomicFiles.WriteText(
            Path.Combine(folder, FileName),
            JsonSerializer.Serialize(new { codec = Name, characters = string.Concat(characters) }, Readable) + "\n", TextException.Of);
        PlainTokenizerFile.Write(folder, characters, bytes: false);
    }

    internal static CharacterCodec Load(string path)
    {
        string text = UserFile.ReadText(path, UserFile.MostOfText, TextException.Of);
        try
        {
            using JsonDocument json = JsonDocument.Parse(text);
            string alphabet = json.RootElement.GetProperty("characters").GetString() ?? "";
            var codec = Of(alphabet);
            return codec.Vocabulary == alphabet.EnumerateRunes().Count() ? codec : throw new TextException("a character is listed twice");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or TextException)
        {
            string what = e is TextException ? e.Message : "not a list of characters";
            throw new TextException($"{path}: {what}, expected {{\"codec\": \"characters\", \"characters\": \"...\"}}");
        }
    }

    /// <summary>.NET strings may hold halves of surrogate pairs, which are no characters and would be read as U+FFFD without a word.</summary>
    internal static void RequireWhole(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]))
            {
                if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
                {
                    throw new TextException($"half a surrogate pair (U+{(int)text[i]:X4}) at {i}, expected whole characters");
                }

                i++;
            }
        }
    }

    private sealed class Stream(string[] characters) : ITextStream
    {
        public string Push(int id) => (uint)id < (uint)characters.Length ? characters[id] : "\uFFFD";

        public string Flush() => "";
    }
}
