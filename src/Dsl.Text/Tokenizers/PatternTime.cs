using System;
using System.Diagnostics;

namespace Dsl.Text.Tokenizers;

/// <summary>
/// What the regular expressions of a file may spend on one text, all of them together: a pattern that backtracks can take longer than anybody waits. Belongs
/// to the thread that encodes.
/// </summary>
internal sealed class PatternTime : IDisposable
{
    // A hundred times what the slowest published pattern takes.
    private const double Least = 2, SecondsACharacter = 2e-5;

    [ThreadStatic]
    private static PatternTime? current;

    private readonly PatternTime? outer;
    private readonly Stopwatch spent = new();

    private PatternTime(int characters)
    {
        Seconds = Least + (characters * SecondsACharacter);
        outer = current;
    }

    /// <summary>The limit.</summary>
    internal double Seconds { get; }

    /// <summary>One text's limit, until it is disposed of.</summary>
    internal static PatternTime Begin(int characters) => current = new PatternTime(characters);

    /// <summary>The limit of the text that is being encoded; a new one for a text by itself.</summary>
    internal static PatternTime Of(string text) => current ?? new PatternTime(text.Length);

    /// <summary>Runs a search; false where the time of the text is over.</summary>
    internal bool Take<T>(Func<T> search, out T found)
    {
        spent.Start();
        found = search();
        spent.Stop();
        return spent.Elapsed.TotalSeconds <= Seconds;
    }

    public void Dispose() => current = outer;
}
