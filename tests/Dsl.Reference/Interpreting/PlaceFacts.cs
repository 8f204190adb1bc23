using System;
using System.Collections.Generic;
using Dsl.Generators.Model;

namespace Dsl.Reference.Interpreting;

/// <summary>What config and layer decide at one place of use, found once: tokens that train a block run it thousands of times there.</summary>
internal sealed class PlaceFacts
{
    // The very object is asked for again: comparing two settings would cost as much as reading one.
    internal Found<Setting, double> Numbers { get; } = new(ReferenceEqualityComparer.Instance);

    internal Found<Setting, bool> Truths { get; } = new(ReferenceEqualityComparer.Instance);

    internal Found<Size, int> Sizes { get; } = new(ReferenceEqualityComparer.Instance);

    internal Found<string, string> Keys { get; } = new(StringComparer.Ordinal);

    /// <summary>Answers that were found before.</summary>
    internal sealed class Found<TAsked, TAnswer>(IEqualityComparer<TAsked> same)
        where TAsked : notnull
    {
        private readonly Dictionary<TAsked, TAnswer> known = new(same);

        internal TAnswer Of(TAsked asked, Func<TAsked, TAnswer> find) => known.TryGetValue(asked, out TAnswer? answer) ? answer : known[asked] = find(asked);
    }
}
