using System;
using System.Collections.Generic;
using Dsl.Generators.Model;

namespace Dsl.Reference.Interpreting;

/// <summary>What config and layer decide at one place of use, found once: tokens that train a block run it thousands of times there.</summary>
internal sealed class PlaceFacts
{
    internal Found<Setting, double> Numbers { get; } = new();

    internal Found<Setting, bool> Truths { get; } = new();

    internal Found<Size, int> Sizes { get; } = new();

    internal Found<string, string> Keys { get; } = new();

    /// <summary>Answers by the very object that is asked for: comparing two settings would cost as much as reading one.</summary>
    internal sealed class Found<TAsked, TAnswer>
        where TAsked : class
    {
        private readonly Dictionary<TAsked, TAnswer> known = new(ReferenceEqualityComparer.Instance as IEqualityComparer<TAsked>);

        internal TAnswer Of(TAsked asked, Func<TAsked, TAnswer> find) => known.TryGetValue(asked, out TAnswer? answer) ? answer : known[asked] = find(asked);
    }
}
