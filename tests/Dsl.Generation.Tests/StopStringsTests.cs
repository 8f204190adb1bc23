using System;
using System.Linq;
using Dsl.Runtime;
using Xunit;

namespace Dsl.Generation.Tests;

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
        var random = new SeededRandom(1);
        for (int round = 0; round < 3000; round++)
        {
            string text = Letters(random, 0, 30);
            string[] stops = Enumerable.Range(0, 1 + (int)random.NextLong(3)).Select(_ => Letters(random, 1, 4)).ToArray();
            var watcher = new StopStrings(stops);
            string shown = string.Concat(text.Select(letter => watcher.Push(letter.ToString())));
            Assert.Equal(Expected(text, stops), shown + watcher.Flush());
        }
    }

    [Fact]
    public void HoweverTheTextIsCutItEndsBeforeTheStopString()
    {
        var random = new SeededRandom(2);
        for (int round = 0; round < 3000; round++)
        {
            string text = Letters(random, 0, 30);
            string stop = Letters(random, 1, 4);
            var watcher = new StopStrings([stop]);
            string shown = string.Concat(text.Chunk(1 + (int)random.NextLong(5)).Select(piece => watcher.Push(new string(piece))));
            Assert.Equal(Expected(text, [stop]), shown + watcher.Flush());
        }
    }

    private static string Letters(SeededRandom random, int least, int most) =>
        string.Concat(Enumerable.Range(0, least + (int)random.NextLong(most - least + 1)).Select(_ => random.NextLong(2) == 0 ? 'a' : 'b'));

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
