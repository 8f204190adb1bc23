using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dsl.Fuzz.Writing;

namespace Dsl.Fuzz.Mutants;

/// <summary>Changes a file that is right: bytes, lines, words, or values of its JSON; a seed and an index decide how.</summary>
internal static class FileMutator
{
    private static readonly string[] Words =
    [
        "", " ", "\n", "\n\n", "\r\n", "\t", "\0", "0", "-1", "1e999", "NaN", "2147483648", "99999999999999999999", "null", "true", "[]", "{}",
        "\"\"", "\uFEFF",
        "\uFFFD", "\u2581", "{{", "}}", "{%", "%}", "endif", "endfor", "not", "is", "in", "|", "(", ")", "range(99999)", "* 9999999", "(a+)+$", "<s>",
        "##", "# ",
        "\uD83D\uDE00", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];

    internal static byte[] Mutate(byte[] valid, Chance chance)
    {
        bool isJson = valid.Length > 0 && valid[0] == '{';
        for (int times = chance.Next(1, 4); times > 0; times--)
        {
            valid = chance.Next(4) switch
            {
                0 => Bytes(valid, chance),
                1 when !isJson => Lines(valid, chance),
                2 => Spliced(valid, chance),
                _ when isJson => Json(valid, chance),
                _ => Lines(valid, chance),
            };
        }

        return valid;
    }

    private static byte[] Bytes(byte[] valid, Chance chance)
    {
        List<byte> bytes = [.. valid];
        if (bytes.Count < 9)
        {
            return [.. valid, (byte)chance.Next(256)];
        }

        int at = chance.Maybe ? chance.Next(Math.Min(64, bytes.Count)) : chance.Next(bytes.Count);
        switch (chance.Next(6))
        {
            case 0:
                bytes[at] = (byte)chance.Next(256);
                break;
            case 1:
                bytes[at] ^= (byte)(1 << chance.Next(8));
                break;
            case 2:
                bytes.RemoveRange(at, Math.Min(chance.Next(1, 9), bytes.Count - at));
                break;
            case 3:
                bytes.InsertRange(at, valid.AsSpan(chance.Next(valid.Length - 8), 8).ToArray());
                break;
            case 4:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            default:
                bytes.InsertRange(at, [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]);
                break;
        }

        return [.. bytes];
    }

    /// <summary>A word of any format put in or in place of a few bytes.</summary>
    private static byte[] Spliced(byte[] valid, Chance chance)
    {
        int at = chance.Next(valid.Length + 1), length = Math.Min(chance.Next(6), valid.Length - at);
        return [.. valid[..at], .. Encoding.UTF8.GetBytes(chance.Of(Words)), .. valid[(at + length)..]];
    }

    private static byte[] Lines(byte[] valid, Chance chance)
    {
        List<string> lines = [.. Encoding.Latin1.GetString(valid).Split('\n')];
        int at = chance.Next(lines.Count), other = chance.Next(lines.Count);
        switch (chance.Next(6))
        {
            case 0:
                lines.Insert(at, lines[other]);
                break;
            case 1:
                lines.RemoveAt(at);
                break;
            case 2:
                (lines[at], lines[other]) = (lines[other], lines[at]);
                break;
            case 3:
                lines.Insert(at, "");
                break;
            case 4:
                lines[at] += lines[other];
                break;
            default:
                lines[at] = string.Join(' ', lines[at].Split(' ').Reverse());
                break;
        }

        return Encoding.Latin1.GetBytes(string.Join('\n', lines));
    }

    /// <summary>A value for another, a key without its value, or a part for the whole; bytes where earlier changes left no JSON.</summary>
    private static byte[] Json(byte[] valid, Chance chance)
    {
        try
        {
            return Tree(JsonNode.Parse(valid), chance);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return Bytes(valid, chance);
        }
    }

    private static byte[] Tree(JsonNode? root, Chance chance)
    {
        JsonNode? node = root;
        while (node is not null && (node == root || !chance.OneIn(5)) && Children(node) is { Count: > 0 } children)
        {
            // Vocabularies are large: half of the time anything else.
            node = children[children.Count > 20 && chance.Maybe ? chance.Next(3) : chance.Next(children.Count)];
        }

        JsonNode? value = chance.Next(12) switch
        {
            0 => null,
            1 => JsonValue.Create(-1),
            2 => JsonValue.Create(1e300),
            3 => JsonValue.Create(chance.Next(1000)),
            4 => JsonValue.Create(long.MaxValue),
            5 => JsonValue.Create(""),
            6 => JsonValue.Create(chance.Of(Words)),
            7 => new JsonObject { ["type"] = "Sequence" },
            8 => new JsonArray(1, "a"),
            9 => JsonValue.Create(0),
            10 => node?.DeepClone(),
            _ => JsonValue.Create(chance.Maybe),
        };
        if (node?.Parent is JsonObject owner)
        {
            string key = node.GetPropertyName();
            owner.Remove(key);
            if (!chance.OneIn(4))
            {
                owner[chance.OneIn(4) ? key + "x" : key] = value;
            }
        }
        else if (node?.Parent is JsonArray list)
        {
            list[node.GetElementIndex()] = value;
        }

        return Encoding.UTF8.GetBytes(root!.ToJsonString());
    }

    private static List<JsonNode?> Children(JsonNode node) => node switch
    {
        JsonObject members => [.. members.Select(member => member.Value)],
        JsonArray items => [.. items],
        _ => [],
    };
}
