using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Dsl.Files;

namespace Dsl.Text.Tokenizers;

/// <summary>What a tokenizer is made of, in the order in which a text passes through it.</summary>
internal sealed record TokenizerParts
{
    /// <summary>The kind of model: bpe, wordpiece, unigram, ...</summary>
    internal required string Name { get; init; }

    /// <summary>What messages call the file it came from.</summary>
    internal required string File { get; init; }

    internal required Vocabulary Vocabulary { get; init; }

    internal IReadOnlyList<AddedToken> Added { get; init; } = [];

    internal INormalizer? Normalizer { get; init; }

    internal IPreTokenizer? PreTokenizer { get; init; }

    internal required IPieceModel Model { get; init; }

    internal Template Template { get; init; } = Template.Bare;

    internal IReadOnlyList<IDecodeStep> Decoder { get; init; } = [new SpacedStep()];

    internal SpecialTokens Special { get; init; } = new();

    /// <summary>The sign with which a word begins where no pre-tokenizer divides words.</summary>
    internal char? WordSign { get; init; }

    /// <summary>Tokens that are decoded otherwise than spelt.</summary>
    internal IReadOnlyDictionary<int, string> Surfaces { get; init; } = new Dictionary<int, string>();

    /// <summary>What is odd about the files, a sentence each.</summary>
    internal IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The files it was read from, to be written again.</summary>
    internal IReadOnlyList<(string Name, byte[] Bytes)> Files { get; init; } = [];
}

/// <summary>A tokenizer made of parts: added tokens, normaliser, pre-tokenizer, model, template, decoder.</summary>
internal sealed class PieceTokenizer : ITokenizer
{
    private readonly TokenizerParts parts;
    private readonly AddedTokens asTyped;
    private readonly AddedTokens normalized;
    private readonly HashSet<int> specials;
    private readonly Dictionary<int, string> surfaces;
    private readonly CachedModel model;
    private IReadOnlyList<(string Name, byte[] Bytes)> carried = [];

    internal PieceTokenizer(TokenizerParts parts)
    {
        this.parts = parts;
        model = new CachedModel(parts.Model);
        asTyped = new AddedTokens(parts.Added.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        AddedToken[] later = [.. parts.Added.Where(token => token.Normalized)];
        normalized = new AddedTokens(Bounded<(string, AddedToken)[]>(
            later.Sum(token => token.Content.Length), () => Array.ConvertAll(later, token => (Normalize(AlignedText.Of(token.Content)).Text, token))));
        specials = [.. parts.Added.Where(token => token.Special).Select(token => token.Id)];

        // Byte-level decoders read every token as bytes, which an added token's text is not.
        surfaces = new Dictionary<int, string>(parts.Surfaces);
        if (parts.Decoder.Any(step => step is ByteLevelStep))
        {
            foreach (AddedToken token in parts.Added)
            {
                surfaces[token.Id] = ByteLevel.Spell(Encoding.UTF8.GetBytes(token.Content));
            }
        }

        EndTokens = parts.Special.End is { } end ? [end] : [];
    }

    public string Name => parts.Name;

    public int Vocabulary => parts.Vocabulary.Count;

    public IReadOnlyList<int> EndTokens { get; }

    public SpecialTokens Special => parts.Special;

    public IReadOnlyList<string> Warnings => parts.Warnings;

    public int[] Encode(string text) => Bounded(text.Length, () => Ids(text));

    public TokenEncoding Encode(string text, string? pair, EncodingOptions? options = null)
    {
        options ??= new EncodingOptions();
        List<Token>[] texts = Bounded<List<Token>[]>(
            text.Length + (pair?.Length ?? 0), () => pair is null ? [Tokens(text, options)] : [Tokens(text, options), Tokens(pair, options)]);
        if (options.MaxLength is { } most)
        {
            Truncation.Apply(texts, most, options.AddSpecials ? parts.Template.Added(pair is not null) : 0, options.TruncateLeft);
        }

        var tokens = new List<(Token Token, int Type, int Text)>();
        foreach (TemplatePart part in parts.Template.Parts(pair is not null, options.AddSpecials))
        {
            tokens.AddRange(part.Text is { } which
                ? texts[which].Select(token => (token, part.Type, which))
                : part.Ids.Select(id => (new Token(id, default, -1), part.Type, -1)));
        }

        return new TokenEncoding(
            [.. tokens.Select(token => token.Token.Id)],
            [.. tokens.Select(token => token.Token.Offset)],
            [.. tokens.Select(token => token.Type)],
            [.. tokens.Select(token => token.Text < 0 ? 1 : 0)],
            [.. tokens.Select(_ => 1)],
            [.. tokens.Select(token => token.Token.Word)],
            [.. tokens.Select(token => token.Text)]);
    }

    public string? TokenOf(int id) => parts.Vocabulary.TokenOf(id);

    public int? IdOf(string token) => parts.Vocabulary.IdOf(token);

    public bool IsSpecial(int id) => specials.Contains(id);

    public string Decode(ReadOnlySpan<int> ids) => Decode(ids, keepSpecials: false);

    public string Decode(ReadOnlySpan<int> ids, bool keepSpecials)
    {
        ITextStream stream = OpenStream(keepSpecials);
        var text = new StringBuilder();
        foreach (int id in ids)
        {
            text.Append(stream.Push(id));
        }

        return text.Append(stream.Flush()).ToString();
    }

    public ITextStream OpenStream() => OpenStream(keepSpecials: false);

    public ITextStream OpenStream(bool keepSpecials) => new DecodeStream(parts.Decoder, id =>
        !keepSpecials && specials.Contains(id) ? null : surfaces.TryGetValue(id, out string? surface) ? surface : parts.Vocabulary.TokenOf(id));

    /// <summary>Files that are not read and are saved with the others.</summary>
    internal void Carry(IEnumerable<(string Name, byte[] Bytes)> files) => carried = [.. files];

    public void Save(string folder)
    {
        using var files = new AtomicFiles(TextException.Of);
        foreach ((string name, byte[] bytes) in parts.Files.Concat(carried))
        {
            Stream stream = files.Create(Path.Combine(folder, name));
            files.Guarded(name, () => stream.Write(bytes));
        }

        files.Commit();
    }

    private int[] Ids(string text)
    {
        CharacterCodec.RequireWhole(text);
        var ids = new List<int>(text.Length / 3);
        var pieces = new List<Piece>();
        foreach ((AddedToken? token, AlignedText word) in Words(text, specialsAsText: false))
        {
            if (token is not null)
            {
                ids.Add(token.Id);
                continue;
            }

            pieces.Clear();
            model.Cut(word.Text, pieces);
            foreach (Piece piece in pieces)
            {
                ids.Add(piece.Id);
            }
        }

        return [.. ids];
    }

    /// <summary>Work on a text of so many characters: its patterns share one limit of time, and growth is said with the file's name.</summary>
    private T Bounded<T>(int characters, Func<T> work)
    {
        using IDisposable limit = PatternTime.Begin(characters);
        try
        {
            return work();
        }
        catch (GrowthException e)
        {
            throw new TextException($"{parts.File}: {e.Message}");
        }
    }

    private AlignedText Normalize(AlignedText text) => parts.Normalizer?.Apply(text) ?? text;

    private IEnumerable<(AddedToken? Token, AlignedText Word)> Words(string text, bool specialsAsText)
    {
        foreach ((AddedToken? typed, int start, int end) in asTyped.Split(text, specialsAsText))
        {
            AlignedText stretch = AlignedText.Of(text, start, end);
            if (typed is not null)
            {
                yield return (typed, stretch);
                continue;
            }

            AlignedText plain = Normalize(stretch);
            foreach ((AddedToken? token, int from, int to) in normalized.Split(plain.Text, specialsAsText))
            {
                AlignedText part = plain.Slice(from, to);
                if (token is not null)
                {
                    yield return (token, part);
                    continue;
                }

                foreach (AlignedText word in parts.PreTokenizer?.Split(part) ?? [part])
                {
                    if (word.Length > 0)
                    {
                        yield return (null, word);
                    }
                }
            }
        }
    }

    private List<Token> Tokens(string text, EncodingOptions options)
    {
        CharacterCodec.RequireWhole(text);
        var tokens = new List<Token>();
        var pieces = new List<Piece>();
        int number = -1;
        foreach ((AddedToken? added, AlignedText word) in Words(text, options.SpecialsAsText))
        {
            number++;
            if (added is not null)
            {
                tokens.Add(new Token(added.Id, Trim(word.Text, word.Origin(0, word.Length), tokens.Count == 0), number));
                continue;
            }

            pieces.Clear();
            model.Cut(word.Text, pieces);
            foreach (Piece piece in pieces)
            {
                if (parts.WordSign is { } sign && piece.Start > 0 && word.Text[piece.Start] == sign)
                {
                    number++;
                }

                TextSpan offset = Trim(parts.Vocabulary.TokenOf(piece.Id)!, word.Origin(piece.Start, piece.End), tokens.Count == 0);
                tokens.Add(new Token(piece.Id, offset, number));
            }
        }

        return tokens;
    }

    /// <summary>Leaves out the white space that a token begins or ends with, where the vocabulary's template wants that.</summary>
    private TextSpan Trim(string token, TextSpan offset, bool first)
    {
        if (!parts.Template.TrimSpaces)
        {
            return offset;
        }

        int leading = token.TakeWhile(IsSpace).Count();
        int trailing = token.Reverse().TakeWhile(IsSpace).Count();
        (int start, int end) = offset;
        if (leading > 0)
        {
            // The space that was put in front of the text is not in it.
            leading -= (first || start == 0) && parts.Template.PrefixSpace ? 1 : 0;
            start = Math.Min(start + leading, end);
        }

        if (trailing > 0 && end >= trailing)
        {
            end = Math.Max(end - trailing, start);
        }

        return new TextSpan(start, end);
    }

    private static bool IsSpace(char unit) => unit == ByteLevel.Space || char.IsWhiteSpace(unit);

    private readonly record struct Token(int Id, TextSpan Offset, int Word);

    /// <summary>Pushes each token through all steps.</summary>
    private sealed class DecodeStream : ITextStream
    {
        private readonly Func<int, string?> partOf;
        private readonly IDecodeState[] states;
        private readonly Action<string>[] into;
        private readonly StringBuilder text = new();

        internal DecodeStream(IReadOnlyList<IDecodeStep> steps, Func<int, string?> partOf)
        {
            this.partOf = partOf;
            states = [.. steps.Select(step => step.Open())];
            into = new Action<string>[states.Length + 1];
            into[^1] = part => text.Append(part);
            for (int i = states.Length - 1; i >= 0; i--)
            {
                (IDecodeState state, Action<string> next) = (states[i], into[i + 1]);
                into[i] = part => state.Push(part, next);
            }
        }

        public string Push(int id)
        {
            if (partOf(id) is { } part)
            {
                into[0](part);
            }

            return Take();
        }

        public string Flush()
        {
            for (int i = 0; i < states.Length; i++)
            {
                states[i].Flush(into[i + 1]);
            }

            return Take();
        }

        private string Take()
        {
            string taken = text.ToString();
            text.Clear();
            return taken;
        }
    }
}
