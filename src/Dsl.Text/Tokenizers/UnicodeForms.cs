using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;

namespace Dsl.Text.Tokenizers;

/// <summary>
/// Unicode's four normal forms (Unicode Standard Annex 15) with origins kept. .NET's own <c>Normalize</c> changes nothing in processes that run without ICU,
/// as this one does, and knows no origins.
/// </summary>
internal static class UnicodeForms
{
    private const int SyllableBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7, Vowels = 21, Trails = 28, Syllables = 11172;

    private static readonly Lazy<Tables> Data = new(Tables.Read);

    private readonly record struct Unit(int Code, int Class, TextSpan Origin);

    /// <summary>The canonical combining class: 0 for all but marks that attach to the character before.</summary>
    internal static int CombiningClass(Rune rune) => rune.IsAscii ? 0 : Data.Value.Classes.GetValueOrDefault(rune.Value);

    /// <summary>NFD, or NFKD with <paramref name="compatible"/>; composed again for NFC and NFKC.</summary>
    internal static AlignedText Apply(AlignedText text, bool compatible, bool compose)
    {
        if (Ascii.IsValid(text.Text))
        {
            return text;
        }

        List<Unit> units = Decompose(text, compatible);
        if (compose)
        {
            Compose(units);
        }

        var built = new AlignedText.Builder(text);
        Span<char> pair = stackalloc char[2];
        foreach (Unit unit in units)
        {
            built.Append(pair[..new Rune(unit.Code).EncodeToUtf16(pair)], unit.Origin);
        }

        return built.Build();
    }

    private static List<Unit> Decompose(AlignedText text, bool compatible)
    {
        var units = new List<Unit>(text.Length);
        int at = 0;
        foreach (Rune rune in text.Text.EnumerateRunes())
        {
            Add(rune.Value, text.Origin(at, at + rune.Utf16SequenceLength));
            at += rune.Utf16SequenceLength;
        }

        // Marks stand in order of their classes; equal ones stay in order.
        for (int from = 0; from < units.Count;)
        {
            int to = from;
            while (to < units.Count && units[to].Class != 0)
            {
                to++;
            }

            if (to - from > 1)
            {
                Unit[] sorted = units.Slice(from, to - from).OrderBy(unit => unit.Class).ToArray();
                for (int i = 0; i < sorted.Length; i++)
                {
                    units[from + i] = sorted[i];
                }
            }

            from = to + 1;
        }

        return units;

        void Add(int code, TextSpan origin)
        {
            int syllable = code - SyllableBase;
            if ((uint)syllable < Syllables)
            {
                units.Add(new Unit(LeadBase + (syllable / (Vowels * Trails)), 0, origin));
                units.Add(new Unit(VowelBase + (syllable / Trails % Vowels), 0, origin));
                if (syllable % Trails > 0)
                {
                    units.Add(new Unit(TrailBase + (syllable % Trails), 0, origin));
                }
            }
            else if (Data.Value.Canonical.TryGetValue(code, out int[]? parts) || (compatible && Data.Value.Compatible.TryGetValue(code, out parts)))
            {
                foreach (int part in parts)
                {
                    Add(part, origin);
                }
            }
            else
            {
                units.Add(new Unit(code, Data.Value.Classes.GetValueOrDefault(code), origin));
            }
        }
    }

    private static void Compose(List<Unit> units)
    {
        int starter = -1, kept = 0, lastClass = 0;
        for (int i = 0; i < units.Count; i++)
        {
            Unit unit = units[i];
            bool blocked = starter < 0 || (kept - 1 > starter && lastClass >= unit.Class);
            if (!blocked && Pair(units[starter].Code, unit.Code) is { } composed)
            {
                TextSpan origin = units[starter].Origin;
                units[starter] = new Unit(
                    composed, 0, new TextSpan(Math.Min(origin.Start, unit.Origin.Start), Math.Max(origin.End, unit.Origin.End)));
                continue;
            }

            if (unit.Class == 0)
            {
                starter = kept;
            }

            lastClass = unit.Class;
            units[kept++] = unit;
        }

        units.RemoveRange(kept, units.Count - kept);
    }

    private static int? Pair(int first, int second)
    {
        if ((uint)(first - LeadBase) < 19 && (uint)(second - VowelBase) < Vowels)
        {
            return SyllableBase + ((((first - LeadBase) * Vowels) + second - VowelBase) * Trails);
        }

        if ((uint)(first - SyllableBase) < Syllables && (first - SyllableBase) % Trails == 0 && second > TrailBase && second < TrailBase + Trails)
        {
            return first + second - TrailBase;
        }

        return Data.Value.Pairs.TryGetValue((first, second), out int composed) ? composed : null;
    }

    private sealed record Tables(
        Dictionary<int, int[]> Canonical, Dictionary<int, int[]> Compatible, Dictionary<(int, int), int> Pairs, Dictionary<int, int> Classes)
    {
        internal static Tables Read()
        {
            var tables = new Tables([], [], [], []);
            using Stream stream = typeof(UnicodeForms).Assembly.GetManifestResourceStream("unicode-forms.txt")
                ?? throw new InvalidOperationException("The assembly lacks its table unicode-forms.txt.");
            using var reader = new StreamReader(stream);
            while (reader.ReadLine() is { } line)
            {
                int mark = line.IndexOfAny(['#', '=', '>', '~', ':']);
                if (line[mark] == '#')
                {
                    continue;
                }

                if (line[mark] == ':')
                {
                    int dash = line.IndexOf('-');
                    for (int code = Hex(line[..dash]); code <= Hex(line[(dash + 1)..mark]); code++)
                    {
                        tables.Classes.Add(code, int.Parse(line[(mark + 1)..], CultureInfo.InvariantCulture));
                    }

                    continue;
                }

                int[] parts = Array.ConvertAll(line[(mark + 1)..].Split(' '), Hex);
                (line[mark] == '~' ? tables.Compatible : tables.Canonical).Add(Hex(line[..mark]), parts);
                if (line[mark] == '=')
                {
                    tables.Pairs.Add((parts[0], parts[1]), Hex(line[..mark]));
                }
            }

            return tables;
        }

        private static int Hex(string digits) => int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
