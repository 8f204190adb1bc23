using System.Collections.Generic;
using Dsl.Text;

namespace Dsl.Generation;

/// <summary>
/// The text that one row writes after its prompt, token by token: what prompt and answer decode to together, without what the prompt decodes to. (A vocabulary
/// that spells spaces before words leaves out the one of a text's first word, so that an answer by itself would lose it.) Ends before a stop string, which
/// may hold special tokens although they are not shown.
/// </summary>
public sealed class WrittenText
{
    private readonly ITextStream stream;
    private readonly ITokenizer? specials;
    private readonly StopStrings stops;

    /// <param name="codec">Turns ids into text.</param>
    /// <param name="prompt">The ids before the row's own.</param>
    /// <param name="stops">Strings that end the text.</param>
    public WrittenText(ITextCodec codec, IEnumerable<int> prompt, IReadOnlyList<string> stops)
    {
        stream = codec.OpenStream();
        specials = codec as ITokenizer;
        this.stops = new StopStrings(stops);
        foreach (int id in prompt)
        {
            stream.Push(id);
        }
    }

    /// <summary>A stop string has been reached; nothing follows.</summary>
    public bool Stopped => stops.Stopped;

    /// <summary>The text that is certain with this token: empty while a character or a possible stop string is open.</summary>
    public string Push(int id)
    {
        string text = stops.Push(stream.Push(id));
        return specials is not null && specials.IsSpecial(id) && specials.TokenOf(id) is { } spelling ? text + stops.PushSpecial(spelling) : text;
    }

    /// <summary>What is left when no token will follow.</summary>
    public string Flush() => Stopped ? "" : stops.Push(stream.Flush()) + stops.Flush();
}
