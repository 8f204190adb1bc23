using System.Collections.Generic;
using System.Linq;
using Dsl.Text.Templates;

namespace Dsl.Training.Alignment.Data;

/// <summary>A text, or a conversation; one of the two.</summary>
/// <param name="Text">Plain text.</param>
/// <param name="Turns">Oldest first.</param>
public sealed record Passage(string? Text, IReadOnlyList<ChatTurn>? Turns)
{
    /// <summary>A text.</summary>
    public Passage(string text)
        : this(text, null)
    {
    }

    /// <summary>A conversation.</summary>
    public Passage(IReadOnlyList<ChatTurn> turns)
        : this(null, turns)
    {
    }

    /// <summary>This and what follows it.</summary>
    public Passage Then(Passage next) => Turns is not null ? new Passage([.. Turns, .. next.Turns!]) : new Passage(Text + next.Text);
}

/// <summary>One line of data to fine-tune with: a whole text or conversation, a prompt with its answer, or a pair of answers.</summary>
/// <param name="Number">Which line of the file it is, from 0.</param>
public sealed record TuningLine(int Number)
{
    /// <summary>All of a text or a conversation.</summary>
    public Passage? Whole { get; init; }

    /// <summary>What is answered; of a pair it may be missing, and is then what both answers begin with.</summary>
    public Passage? Prompt { get; init; }

    /// <summary>The answer.</summary>
    public Passage? Answer { get; init; }

    /// <summary>The better answer of a pair.</summary>
    public Passage? Chosen { get; init; }

    /// <summary>The worse one.</summary>
    public Passage? Rejected { get; init; }

    /// <summary>By how much the better one is better.</summary>
    public float? Margin { get; init; }

    /// <summary>Turns came as <c>from</c> and <c>value</c>, whose roles are not those of templates.</summary>
    public bool FromValue { get; init; }

    /// <summary>It is made of conversations.</summary>
    public bool IsChat => Passages.Any(passage => passage.Turns is not null);

    internal IEnumerable<Passage> Passages => new[] { Whole, Prompt, Answer, Chosen, Rejected }.OfType<Passage>();
}
