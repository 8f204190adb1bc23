using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Checking;

/// <summary>The core parts that a declaration may be made of, and what brackets themselves stand for.</summary>
/// <param name="Parts">All parts.</param>
/// <param name="Sum">What <c>Residual</c> stands for: the sum of its inputs.</param>
/// <param name="Choice">What <c>When</c> and <c>Unless</c> stand for: a condition, a number of its own, and what runs in either case.</param>
internal sealed record Language(IReadOnlyList<Part> Parts, Operation Sum, Func<Setting, int, Body, Body, Operation> Choice)
{
    private readonly Dictionary<string, Part> byWord =
        Parts.SelectMany(p => p.Words.Select(w => (Word: w.Name, Part: p))).ToDictionary(p => p.Word, p => p.Part);

    public Vocabulary Vocabulary { get; } = new([.. Parts.SelectMany(p => p.Words), .. Sugar.Words]);

    /// <summary>The part of a word of the vocabulary.</summary>
    public Part Find(string word) => byWord[word];

    /// <summary>The language with one more part.</summary>
    public Language With(Part part) => new([.. Parts, part], Sum, Choice);
}
