using System;
using System.Collections.Generic;
using Dsl.Files;
using Dsl.Text;
using Dsl.Text.Templates;

namespace Dsl.Training.Alignment.Data;

/// <summary>
/// Texts and conversations as ids. A conversation is what its template makes of it, and nothing is put around that; a plain text gets what the vocabulary puts
/// around texts, and its end token behind what is learned.
/// </summary>
/// <param name="tokenizer">Whose ids.</param>
/// <param name="template">How a conversation becomes a text; null: there are none.</param>
public sealed class TuningTokens(ITokenizer tokenizer, ChatTemplate? template = null)
{
    private readonly Dictionary<string, string> names = Names(tokenizer);

    /// <summary>Fills rows: the end token where the vocabulary has none for it. By position, never by its id, it is known from a real end.</summary>
    public int Pad => tokenizer.Special.Pad ?? End;

    /// <summary>Whose ids.</summary>
    public ITokenizer Tokenizer => tokenizer;

    /// <summary>How a conversation becomes a text; null: there is no way.</summary>
    public ChatTemplate? Template => template;

    /// <summary>The template says which parts the assistant writes.</summary>
    public bool MarksAnswers => template?.MarksAnswers == true;

    /// <summary>What ends an answer.</summary>
    public int End => tokenizer.Special.End ?? throw new TextException($"the vocabulary '{tokenizer.Name}' has no end token, expected one behind each text");

    /// <summary>Names of special tokens that templates use; those that a vocabulary lacks are undefined there.</summary>
    public static Dictionary<string, string> Names(ITokenizer tokenizer)
    {
        var names = new Dictionary<string, string>();
        SpecialTokens special = tokenizer.Special;
        foreach ((string name, int? id) in new[]
        {
            ("bos_token", special.Begin), ("eos_token", special.End), ("unk_token", special.Unknown), ("pad_token", special.Pad),
            ("sep_token", special.Separator), ("cls_token", special.Class), ("mask_token", special.Mask),
        })
        {
            if (id is { } known && tokenizer.TokenOf(known) is { } token)
            {
                names[name] = token;
            }
        }

        return names;
    }

    /// <summary>The ids that an answer to a passage is written after.</summary>
    /// <exception cref="TextException">There is no template, or it refuses the conversation.</exception>
    public int[] Prompt(Passage passage) => Of(passage, prompt: true).Tokens.Ids;

    /// <summary>Writes the vocabulary, and the template beside it, into the folder of a checkpoint.</summary>
    public void Save(string folder)
    {
        tokenizer.Save(folder);
        if (template is not null)
        {
            AtomicFiles.WriteText(System.IO.Path.Combine(folder, "chat_template.jinja"), template.Source, FileErrors.Plain);
        }
    }

    /// <summary>A passage as a text with its ids.</summary>
    /// <param name="passage">A text, or a conversation.</param>
    /// <param name="prompt">A conversation ends where the assistant begins.</param>
    /// <exception cref="TextException">There is no template, or it refuses the conversation.</exception>
    internal TokenText Of(Passage passage, bool prompt = false)
    {
        if (passage.Turns is not { } turns)
        {
            return new TokenText(passage.Text!, tokenizer.Encode(passage.Text!, null), []);
        }

        RenderedChat chat = (template ?? throw new TextException("conversations without a chat template, expected one beside the tokenizer"))
            .RenderMarked(turns, prompt, names);
        return new TokenText(chat.Text, tokenizer.Encode(chat.Text, null, new EncodingOptions(AddSpecials: false)), chat.Answers);
    }

    /// <summary>A plain text with the end token's spelling behind it, unless it ends so already; a conversation as it is.</summary>
    internal Passage Ended(Passage passage)
    {
        string? end = passage.Text is null ? null : tokenizer.TokenOf(End);
        return end is null || passage.Text!.EndsWith(end, StringComparison.Ordinal) ? passage : new Passage(passage.Text + end);
    }
}

/// <summary>A text, its ids, and the parts of it that the assistant writes.</summary>
internal sealed record TokenText(string Text, TokenEncoding Tokens, IReadOnlyList<TextSpan> Answers)
{
    /// <summary>
    /// Which tokens the assistant writes: of each part, from the first token that holds its first character to the first that holds its last one. Where the
    /// latter is missing, or the very first token, to the end; where the former is missing, this and later parts are passed over (as transformers has it).
    /// </summary>
    internal bool[] Mask()
    {
        var mask = new bool[Tokens.Count];
        foreach (TextSpan part in Answers)
        {
            int from = TokenAt(part.Start), to = TokenAt(part.End - 1);
            if (from < 0)
            {
                break;
            }

            for (int i = from; i <= (to > 0 ? to : mask.Length - 1); i++)
            {
                mask[i] = true;
            }
        }

        return mask;
    }

    private int TokenAt(int unit) => Array.FindIndex(Tokens.Offsets, span => span.Start <= unit && unit < span.End);
}
