using System;
using System.Linq;
using CsCheck;
using Xunit;
using Zoo.Generation;

namespace Zoo.Tests.Generation;

public sealed class StopStringsTests
{
    [Fact]
    public void AStopStringIsFoundAcrossPieces()
    {
        var stops = new StopStrings(["END"]);
        Assert.Equal("one ", stops.Push("one E"));
        Assert.Equal("", stops.Push("N"));
        Assert.Equal("", stops.Push("D and more"));
        Assert.True(stops.Stopped);
        Assert.Equal("", stops.Push("again"));
    }

    [Fact]
    public void WhatOnlyLookedLikeAStopStringComesLater()
    {
        var stops = new StopStrings(["\n\n"]);
        Assert.Equal("a", stops.Push("a\n"));
        Assert.Equal("\nb", stops.Push("b"));
        Assert.Equal("", stops.Push("\n"));
        Assert.Equal("\n", stops.Flush());
    }

    [Fact]
    public void LetterByLetterTheTextEndsBeforeTheFirstStopString()
    {
        Gen<string> words = Gen.Char["ab"].Array[0, 30].Select(letters => new string(letters));
        Gen<string> stop = Gen.Char["ab"].Array[1, 4].Select(letters => new string(letters));
        Gen.Select(words, stop.Array[1, 3]).Sample((text, stops) =>
        {
            var watcher = new StopStrings(stops);
            string shown = string.Concat(text.Select(letter => watcher.Push(letter.ToString())));
            return shown + watcher.Flush() == Expected(text, stops);
        });
    }

    [Fact]
    public void HoweverTheTextIsCutNothingOfOneStopStringIsShown()
    {
        Gen<string> words = Gen.Char["ab"].Array[0, 30].Select(letters => new string(letters));
        Gen<string> stop = Gen.Char["ab"].Array[1, 4].Select(letters => new string(letters));
        Gen.Select(words, stop, Gen.Int[1, 5]).Sample((text, one, size) =>
        {
            var watcher = new StopStrings([one]);
            string shown = string.Concat(text.Chunk(size).Select(piece => watcher.Push(new string(piece))));
            return shown + watcher.Flush() == Expected(text, [one]);
        });
    }

    /// <summary>The text before the stop string that is complete first; of several that end there, the longest.</summary>
    private static string Expected(string text, string[] stops)
    {
        for (int end = 1; end <= text.Length; end++)
        {
            string[] complete = stops.Where(stop => text.AsSpan(0, end).EndsWith(stop)).ToArray();
            if (complete.Length > 0)
            {
                return text[..(end - complete.Max(stop => stop.Length))];
            }
        }

        return text;
    }
}
