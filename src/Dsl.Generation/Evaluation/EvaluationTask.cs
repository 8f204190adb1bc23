using System;
using System.Collections.Generic;

namespace Dsl.Generation.Evaluation;

/// <summary>What a task asks of a model.</summary>
public enum TaskKind
{
    /// <summary>Which of several continuations is likeliest.</summary>
    MultipleChoice,

    /// <summary>How likely a continuation is, and whether greedy decoding would write it.</summary>
    Likelihood,

    /// <summary>How likely whole texts are, window by window.</summary>
    RollingLikelihood,

    /// <summary>What the model writes.</summary>
    Generation,
}

/// <summary>A metric of a task.</summary>
/// <param name="Name"><c>acc</c>, <c>acc_norm</c>, <c>acc_bytes</c>, <c>acc_mutual_info</c>, <c>perplexity</c>, <c>word_perplexity</c>, <c>byte_perplexity</c>,
/// <c>bits_per_byte</c> or <c>exact_match</c>.</param>
public sealed record TaskMetric(string Name)
{
    /// <summary>exact_match compares in lower case.</summary>
    public bool IgnoreCase { get; init; }

    /// <summary>exact_match without ASCII punctuation.</summary>
    public bool IgnorePunctuation { get; init; }

    /// <summary>exact_match without ASCII digits.</summary>
    public bool IgnoreNumbers { get; init; }

    /// <summary>exact_match without what these patterns of Python's find, one after another.</summary>
    public IReadOnlyList<string> IgnoredPatterns { get; init; } = [];
}

/// <summary>One step on an answer.</summary>
/// <param name="Function"><c>regex</c>, <c>remove_whitespace</c>, <c>lowercase</c>, <c>uppercase</c> or <c>take_first</c>.</param>
public sealed record FilterStep(string Function)
{
    /// <summary>Of <c>regex</c>: a pattern of Python's re.</summary>
    public string Pattern { get; init; } = "";

    /// <summary>Of <c>regex</c>: which match, from the end where negative.</summary>
    public int Select { get; init; }

    /// <summary>Of <c>regex</c>: the answer where nothing is found.</summary>
    public string Fallback { get; init; } = "[invalid]";
}

/// <summary>Steps on each answer, under a name that figures bear.</summary>
/// <param name="Name">Of the pipeline.</param>
/// <param name="Steps">In order.</param>
public sealed record TaskFilter(string Name, IReadOnlyList<FilterStep> Steps);

/// <summary>Where a document's choices stand: a column that holds a list, or texts that all documents share.</summary>
/// <param name="Column">The column; null where <paramref name="Texts"/> are meant.</param>
/// <param name="Texts">Templates.</param>
public sealed record ChoiceSource(string? Column, IReadOnlyList<string> Texts);

/// <summary>
/// A task as EleutherAI's lm-evaluation-harness (0.4.13) describes it: prompts from the columns of a document, shots before them, scores, metrics. Texts are
/// templates (<c>{{column}}</c>), or the bare name of a column. <see cref="TaskFile"/> reads one from YAML.
/// </summary>
public sealed record EvaluationTask
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What it asks.</summary>
    public required TaskKind Kind { get; init; }

    /// <summary>The documents that are asked.</summary>
    public required TaskLines Test { get; init; }

    /// <summary>Where shots are drawn from; null where there are none. The same object as <see cref="Test"/> where that is meant.</summary>
    public TaskLines? Shots { get; init; }

    /// <summary>How many shots, unless a run asks for others.</summary>
    public int ShotCount { get; init; }

    /// <summary>Shots are the first lines, not drawn.</summary>
    public bool FirstShots { get; init; }

    /// <summary>Stands before everything, from the asked document's columns.</summary>
    public string Description { get; init; } = "";

    /// <summary>The question.</summary>
    public string Question { get; init; } = "";

    /// <summary>The answer: a text or several, or of choices the right one's number or text.</summary>
    public required string Target { get; init; }

    /// <summary>The choices of <see cref="TaskKind.MultipleChoice"/>.</summary>
    public ChoiceSource? Choices { get; init; }

    /// <summary>Between question and answer.</summary>
    public string TargetDelimiter { get; init; } = " ";

    /// <summary>After each shot.</summary>
    public string ShotDelimiter { get; init; } = "\n\n";

    /// <summary>Generation ends before any of these; null: before <see cref="ShotDelimiter"/>.</summary>
    public IReadOnlyList<string>? Until { get; init; }

    /// <summary>Generation ends after so many tokens.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>What is done with answers; empty: nothing, under the name <c>none</c>.</summary>
    public IReadOnlyList<TaskFilter> Filters { get; init; } = [];

    /// <summary>What is measured.</summary>
    public required IReadOnlyList<TaskMetric> Metrics { get; init; }
}
