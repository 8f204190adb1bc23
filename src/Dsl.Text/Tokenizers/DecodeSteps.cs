using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Text.Tokenizers;

/// <summary>A step from tokens to text. It may hold back what depends on what follows, and never more.</summary>
internal interface IDecodeStep
{
    IDecodeState Open();
}

/// <summary>One text on its way through a step.</summary>
internal interface IDecodeState
{
    /// <summary>Reads a token, or the part that the step before made of it.</summary>
    void Push(string part, Action<string> next);

    /// <summary>Gives out what was held back: nothing follows.</summary>
    void Flush(Action<string> next);
}

/// <summary>A step that changes each part by itself; it knows whether the part is the first.</summary>
internal sealed class EachPart(Func<string, bool, string> change) : IDecodeStep
{
    public IDecodeState Open() => new State(change);

    /// <summary>WordPiece: a space before tokens that do not go on, and, if asked, none before signs (transformers, clean_up_tokenization).</summary>
    internal static EachPart WordPiece(string prefix, bool cleanup) => new((token, first) =>
    {
        string text = first ? token : prefix.Length > 0 && token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
        return cleanup ? CleanUp(text) : text;
    });

    /// <summary>SentencePiece's sign is a space; nothing in the first token where one was put in front of the text.</summary>
    internal static EachPart Metaspace(char sign, bool dropsFirst) => new((token, first) =>
        first && dropsFirst ? token.Replace(sign.ToString(), "", StringComparison.Ordinal) : token.Replace(sign, ' '));

    /// <summary>A text for another in each token.</summary>
    internal static EachPart Replace(TextPattern pattern, string content, string file) =>
        new((token, _) => ReplaceIn(token, pattern, content, file));

    /// <summary>What becomes of a part has a limit: a chain of steps could make gigabytes of a token.</summary>
    /// <exception cref="TextException">It is much longer than the part was.</exception>
    internal static void RequireShort(StringBuilder text, int from, string file)
    {
        int most = 1024 + (32 * from);
        if (text.Length > most)
        {
            throw new TextException(
                FormattableString.Invariant($"{file}: the decoder makes more than {most} characters of a part of {from}, expected at most 32 of each"));
        }
    }

    /// <summary>Without so many of a character at each token's ends.</summary>
    internal static EachPart Strip(char character, int left, int right) => new((token, _) =>
    {
        int start = 0, end = token.Length;
        while (start < left && start < end && token[start] == character)
        {
            start++;
        }

        while (token.Length - end < right && end > start && token[end - 1] == character)
        {
            end--;
        }

        return token[start..end];
    });

    private static string ReplaceIn(string token, TextPattern pattern, string content, string file)
    {
        var text = new StringBuilder();
        int done = 0;
        foreach ((int start, int end) in pattern.Matches(token))
        {
            text.Append(token, done, start - done).Append(content);
            RequireShort(text, token.Length, file);
            done = end;
        }

        return done == 0 ? token : text.Append(token, done, token.Length - done).ToString();
    }

    private static string CleanUp(string text) => text.Replace(" .", ".").Replace(" ?", "?").Replace(" !", "!").Replace(" ,", ",").Replace(" ' ", "'")
        .Replace(" n't", "n't").Replace(" 'm", "'m").Replace(" do not", " don't").Replace(" 's", "'s").Replace(" 've", "'ve").Replace(" 're", "'re");

    private sealed class State(Func<string, bool, string> change) : IDecodeState
    {
        private bool first = true;

        public void Push(string part, Action<string> next)
        {
            string changed = change(part, first);
            first = false;
            next(changed);
        }

        public void Flush(Action<string> next)
        {
        }
    }
}

/// <summary>Byte-level tokens: their signs are bytes, and the bytes UTF-8. Each broken part becomes one U+FFFD.</summary>
internal sealed class ByteLevelStep : IDecodeStep
{
    public IDecodeState Open() => new State();

    private sealed class State : IDecodeState
    {
        private readonly Decoder decoder = Encoding.UTF8.GetDecoder();

        public void Push(string part, Action<string> next) => next(Read(ByteLevel.BytesOf(part), flush: false));

        public void Flush(Action<string> next) => next(Read([], flush: true));

        private string Read(byte[] bytes, bool flush)
        {
            var text = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
            return new string(text, 0, decoder.GetChars(bytes, text, flush));
        }
    }
}

/// <summary>Tokens &lt;0x00&gt; ... &lt;0xFF&gt; are bytes of UTF-8; each byte that belongs to no character becomes U+FFFD, as sentencepiece has it.</summary>
internal sealed class ByteFallbackStep : IDecodeStep
{
    public IDecodeState Open() => new State();

    /// <summary>The byte that a token spells, if it does.</summary>
    internal static byte? ByteOf(string token) =>
        token is ['<', '0', 'x', _, _, '>'] && byte.TryParse(token.AsSpan(3, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out byte value)
            ? value
            : null;

    private sealed class State : IDecodeState
    {
        private readonly List<byte> open = [];

        public void Push(string part, Action<string> next)
        {
            if (ByteOf(part) is not { } value)
            {
                Flush(next);
                next(part);
                return;
            }

            open.Add(value);
            Read(next, final: false);
        }

        public void Flush(Action<string> next) => Read(next, final: true);

        private void Read(Action<string> next, bool final)
        {
            while (open.Count > 0)
            {
                System.Buffers.OperationStatus status = Rune.DecodeFromUtf8(
                    System.Runtime.InteropServices.CollectionsMarshal.AsSpan(open), out Rune rune, out int length);
                if (status == System.Buffers.OperationStatus.NeedMoreData && !final)
                {
                    return;
                }

                bool whole = status == System.Buffers.OperationStatus.Done;
                open.RemoveRange(0, whole ? length : 1);
                next(whole ? rune.ToString() : "\uFFFD");
            }
        }
    }
}

/// <summary>Steps after tokens were joined into one text: they see fragments of it.</summary>
internal sealed class FusedStrip(char character, int left, int right) : IDecodeStep
{
    public IDecodeState Open() => new State(character, left, right);

    private sealed class State(char character, int left, int right) : IDecodeState
    {
        private int atStart = left;
        private string held = "";

        public void Push(string part, Action<string> next)
        {
            int start = 0;
            while (atStart > 0 && start < part.Length)
            {
                if (part[start] != character)
                {
                    atStart = 0;
                    break;
                }

                start++;
                atStart--;
            }

            // What may be the end waits for more.
            held += part[start..];
            int ends = 0;
            while (ends < right && ends < held.Length && held[^(ends + 1)] == character)
            {
                ends++;
            }

            next(held[..^ends]);
            held = held[^ends..];
        }

        public void Flush(Action<string> next) => held = "";
    }
}

/// <summary>A text for another after tokens were joined: a match may span fragments.</summary>
internal sealed class FusedReplace(string pattern, string content, string file) : IDecodeStep
{
    private readonly int[] borders = Borders(pattern);

    public IDecodeState Open() => new State(pattern, content, borders, file);

    /// <summary>For each beginning of the pattern the length of the longest shorter one that also ends it.</summary>
    private static int[] Borders(string pattern)
    {
        var borders = new int[pattern.Length];
        for (int i = 1, border = 0; i < pattern.Length; i++)
        {
            while (border > 0 && pattern[border] != pattern[i])
            {
                border = borders[border - 1];
            }

            border += pattern[border] == pattern[i] ? 1 : 0;
            borders[i] = border;
        }

        return borders;
    }

    private sealed class State(string pattern, string content, int[] borders, string file) : IDecodeState
    {
        private string held = "";

        public void Push(string part, Action<string> next)
        {
            string text = held + part;
            int done = 0;
            var replaced = new StringBuilder();
            for (int at = text.IndexOf(pattern, StringComparison.Ordinal); at >= 0; at = text.IndexOf(pattern, done, StringComparison.Ordinal))
            {
                replaced.Append(text, done, at - done).Append(content);
                EachPart.RequireShort(replaced, text.Length, file);
                done = at + pattern.Length;
            }

            int keep = Open(text, done);
            replaced.Append(text, done, text.Length - keep - done);
            held = text[^keep..];
            next(replaced.ToString());
        }

        /// <summary>How much of the text's end begins a match, in one pass (Knuth, Morris and Pratt 1977).</summary>
        private int Open(string text, int from)
        {
            int open = 0;
            for (int i = Math.Max(from, text.Length - pattern.Length + 1); i < text.Length; i++)
            {
                while (open > 0 && pattern[open] != text[i])
                {
                    open = borders[open - 1];
                }

                open += pattern[open] == text[i] ? 1 : 0;
            }

            return open;
        }

        public void Flush(Action<string> next)
        {
            next(held);
            held = "";
        }
    }
}

/// <summary>Tokens with spaces between them: what a vocabulary without a decoder gives.</summary>
internal sealed class SpacedStep : IDecodeStep
{
    private static readonly EachPart Spaces = new((token, first) => first ? token : " " + token);

    public IDecodeState Open() => Spaces.Open();
}

/// <summary>sentencepiece's own decoding: the sign is a space, and those before the text are left out: one, or all where white space is squeezed.</summary>
internal sealed class SentencePieceStep(bool dropsFirst, bool dropsAll) : IDecodeStep
{
    public IDecodeState Open() => new State(dropsFirst, dropsAll);

    private sealed class State(bool dropsFirst, bool dropsAll) : IDecodeState
    {
        private bool begun;

        public void Push(string part, Action<string> next)
        {
            bool drops = !begun && (dropsFirst || dropsAll) && part.StartsWith('\u2581');
            string text = (drops ? part[1..] : part).Replace('\u2581', ' ');
            begun |= text.Length > 0 || (drops && !dropsAll);
            next(text);
        }

        public void Flush(Action<string> next)
        {
        }
    }
}

/// <summary>A suffix that ends words is a space, and nothing at the end of the text.</summary>
internal sealed class WordEndStep(string suffix) : IDecodeStep
{
    public IDecodeState Open() => new State(suffix);

    private sealed class State(string suffix) : IDecodeState
    {
        private string held = "";

        public void Push(string part, Action<string> next)
        {
            next(held.Replace(suffix, " ", StringComparison.Ordinal));
            int at = part.IndexOf(suffix, StringComparison.Ordinal);
            next(at < 0 ? part : part[..at]);
            held = at < 0 ? "" : part[at..];
        }

        public void Flush(Action<string> next)
        {
            next(held.Replace(suffix, "", StringComparison.Ordinal));
            held = "";
        }
    }
}
