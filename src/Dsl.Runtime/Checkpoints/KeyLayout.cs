using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Dsl.Runtime;

/// <summary>
/// One renaming of key segments: every whole-segment occurrence of <paramref name="From"/> becomes <paramref name="To"/>. Where that holds a name in braces
/// (<c>experts.{e}.w1.weight+experts.{e}.w3.weight</c>) the file has a tensor for each element of the weight's first axis, with its number in the braces, or
/// several, joined by plus signs, one after the other along the axis after it, of equal sizes. Without braces, <c>attn.q_bias+0+attn.v_bias</c> are equal
/// parts of the weight along its first axis, of which files have none for <c>0</c>: it is zero.
/// </summary>
/// <param name="From">Segments joined by dots; a leading <c>/</c> holds it to the start of the key (<c>/</c> alone is the empty start).</param>
/// <param name="To">Segments joined by dots; empty removes.</param>
/// <param name="Optional">The file may use either name, key by key.</param>
public sealed record KeyRename(string From, string To, bool Optional = false)
{
    /// <summary>A part that files do not hold.</summary>
    private const string Zero = "0";

    /// <summary>Reads <c>from=to</c>, or <c>from?=to</c> for an optional one.</summary>
    /// <exception cref="FormatException">There is no equals sign, or nothing before it.</exception>
    public static KeyRename Parse(string text)
    {
        int equals = text.IndexOf('=');
        if (equals < 1 || text[..equals] == "?")
            throw new FormatException($"'{text}' is no renaming, expected 'from=to' or 'from?=to'");
        bool optional = text[equals - 1] == '?';
        var rename = new KeyRename(text[..(optional ? equals - 1 : equals)], text[(equals + 1)..], optional);
        if (rename.IsCut && optional)
            throw new FormatException($"'{text}' is no renaming, expected 'from=to': a weight in pieces has no second name");
        if (rename.IsByElement && (rename.Parts.Any(part => part.Count(c => c == '{') != 1 || part.Count(c => c == '}') != 1
            || part.IndexOf('}', StringComparison.Ordinal) < part.IndexOf('{', StringComparison.Ordinal))))
        {
            throw new FormatException($"'{text}' is no renaming into pieces, expected 'from=a.{{e}}.b+a.{{e}}.c', each piece with one name in braces");
        }

        return rename;
    }

    /// <summary>Whether it cuts a weight into pieces.</summary>
    internal bool IsCut => IsByElement || To.Contains('+', StringComparison.Ordinal);

    /// <summary>Whether the pieces are elements of the first axis, and not runs of it.</summary>
    private bool IsByElement => To.Contains('{', StringComparison.Ordinal);

    /// <summary>What the pieces of an element are called.</summary>
    internal string[] Parts => To.Split('+');

    /// <summary>The key after the renaming; the same key where nothing matches, and where it is one of pieces.</summary>
    public string Apply(string key) => IsCut ? key : Apply(key, To);

    /// <summary>The pieces of a weight of that key and shape; null where it is cut into none.</summary>
    internal IReadOnlyList<KeyPiece>? Pieces(string key, IReadOnlyList<long> shape)
    {
        string[] parts = Parts;
        int axis = IsByElement ? 1 : 0;
        if (!IsCut || shape.Count <= axis || shape[axis] % parts.Length != 0 || Apply(key, IsByElement ? KeyPiece.First : new KeyPiece(null, 0, 1)) == key)
        {
            return null;
        }

        return IsByElement
            ? [.. Enumerable.Range(0, checked((int)shape[0] * parts.Length)).Select(i => new KeyPiece(i / parts.Length, i % parts.Length, parts.Length))]
            : [.. parts.Select((part, i) => new KeyPiece(null, i, parts.Length) { IsZero = part == Zero })];
    }

    /// <summary>The name of a piece; the same key where nothing matches.</summary>
    internal string Apply(string key, KeyPiece piece)
    {
        // A rule of fewer parts, or of the other kind, is another weight's.
        if (piece.Part >= Parts.Length || IsByElement == piece.Element is null)
        {
            return key;
        }

        string part = Parts[piece.Part];
        if (piece.Element is null)
        {
            return Apply(key, part);
        }

        int open = part.IndexOf('{', StringComparison.Ordinal), close = part.IndexOf('}', StringComparison.Ordinal);
        return Apply(key, string.Create(CultureInfo.InvariantCulture, $"{part.AsSpan(0, open)}{piece.Element}{part.AsSpan(close + 1)}"));
    }

    private string Apply(string key, string name)
    {
        string[] segments = key.Split('.');
        string[] from = From.TrimStart('/') is { Length: > 0 } text ? text.Split('.') : [];
        string[] to = name.Length > 0 ? name.Split('.') : [];
        if (From.StartsWith('/'))
            return Matches(segments, 0, from) ? string.Join('.', to.Concat(segments.Skip(from.Length))) : key;
        var result = new List<string>(segments.Length + to.Length);
        for (int i = 0; i < segments.Length;)
        {
            bool match = Matches(segments, i, from);
            result.AddRange(match ? to : [segments[i]]);
            i += match ? from.Length : 1;
        }
        return string.Join('.', result);
    }

    private static bool Matches(string[] segments, int at, string[] from) =>
        at + from.Length <= segments.Length && segments.AsSpan(at, from.Length).SequenceEqual(from);
}

/// <summary>How a published family of files names what the model's keys name: renamings, applied in order to the model's key.</summary>
public sealed record KeyLayout(string Name, IReadOnlyList<KeyRename> Renames)
{
    /// <summary>The file uses the model's keys as they are.</summary>
    public static KeyLayout Declared { get; } = new("declared", []);

    /// <summary>A layout from renamings in text: <c>from=to</c>, <c>from?=to</c>, <c>/from=to</c>.</summary>
    /// <exception cref="FormatException">A renaming cannot be read.</exception>
    public static KeyLayout Parse(string name, params IEnumerable<string> renames) => new(name, renames.Select(KeyRename.Parse).ToList());

    /// <summary>This layout, where norms may also carry their old names <c>gamma</c> and <c>beta</c> for weight and bias.</summary>
    public KeyLayout WithOldNorms() => this with { Renames = [.. Renames, new KeyRename("weight", "gamma", true), new KeyRename("bias", "beta", true)] };

    /// <summary>The pieces that the file has of a weight; null for one that it holds whole.</summary>
    internal IReadOnlyList<KeyPiece?> PiecesOf(string key, IReadOnlyList<long> shape)
    {
        foreach (var rename in Renames)
        {
            if (rename.Pieces(key, shape) is { } pieces)
            {
                return pieces;
            }

            key = rename.Optional ? key : rename.Apply(key);
        }

        return [null];
    }

    /// <summary>The names under which the file may hold a key, the likeliest first.</summary>
    public IReadOnlyList<string> NamesOf(string key) => NamesOf(key, null);

    /// <summary>The same of a piece.</summary>
    internal IReadOnlyList<string> NamesOf(string key, KeyPiece? piece)
    {
        var names = new List<string> { key };
        foreach (var rename in Renames)
        {
            int count = names.Count;
            for (int i = 0; i < count; i++)
            {
                string renamed = piece is not null && rename.IsCut ? rename.Apply(names[i], piece) : rename.Apply(names[i]);
                if (!rename.Optional)
                    names[i] = renamed;
                else if (!names.Contains(renamed))
                    names.Add(renamed);
            }
        }
        return names;
    }
}
