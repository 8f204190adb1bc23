using System.Linq;
using Xunit;

namespace Dsl.Generation.Tests;

/// <summary>Rules on what may be written, on rows small enough to count by hand.</summary>
public sealed class LogitProcessorTests
{
    /// <summary>Which of eight tokens are forbidden after a row.</summary>
    private static int[] Forbidden(ILogitProcessor processor, int prompt, params int[] row)
    {
        var logits = new double[8];
        processor.Apply(logits, new RowHistory(row, prompt));
        Assert.All(logits, logit => Assert.True(logit is 0 or double.NegativeInfinity));
        return [.. Enumerable.Range(0, 8).Where(id => double.IsNegativeInfinity(logits[id]))];
    }

    [Fact]
    public void A_bad_word_is_not_completed()
    {
        var words = new BadWords([5], [2, 3, 4], [3, 6], [3, 99]);
        Assert.Equal([5], Forbidden(words, 1, 1, 2));
        Assert.Equal([5, 6], Forbidden(words, 1, 1, 3));
        Assert.Equal([4, 5, 6], Forbidden(words, 1, 1, 2, 3));
        Assert.Equal([5], Forbidden(words, 1, 2, 3, 1));

        // A run as long as the row counts, one longer does not, though what comes before its last token stands there.
        Assert.Equal([5], Forbidden(words, 1, 3));
        Assert.Equal([5, 6], Forbidden(words, 2, 2, 3));
    }

    [Fact]
    public void Lengths_count_the_prompt_or_not()
    {
        Assert.Equal([1, 7], Forbidden(new MinLength(4, [1, 7]), 2, 2, 3, 4));
        Assert.Equal([], Forbidden(new MinLength(4, [1, 7]), 2, 2, 3, 4, 5));
        Assert.Equal([1, 7], Forbidden(new MinNewTokens(3, [1, 7]), 2, 2, 3, 4, 5));
        Assert.Equal([], Forbidden(new MinNewTokens(3, [1, 7]), 2, 2, 3, 4, 5, 6));
    }

    /// <summary>Forbidding an end token by itself would leave nothing that ends a row, so it says nothing.</summary>
    [Fact]
    public void The_chain_forbids_no_end_token_as_a_bad_word()
    {
        LogitChain chain = LogitChain.For(new SamplingOptions { BadWords = [[1], [4], [3, 1]], MinLength = 2, Temperature = 0 }, [1]);
        Assert.Equal([1, 4], Forbidden(chain, 1, 2));
        Assert.Equal([4], Forbidden(chain, 1, 2, 2));
        Assert.Equal([1, 4], Forbidden(chain, 1, 2, 3));
    }
}
