using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Dsl.Tests;
using Xunit;

namespace Dsl.Generation.Tests;

/// <summary>Beam search on a table of logits against transformers' hypotheses and scores.</summary>
public sealed class BeamSearchTests
{
    private static readonly string[] Known =
    [
        "num_beams", "max_new_tokens", "num_return_sequences", "length_penalty", "early_stopping", "num_beam_groups", "diversity_penalty", "do_sample",
        "repetition_penalty", "no_repeat_ngram_size", "bad_words_ids", "min_length", "min_new_tokens", "forced_bos_token_id", "forced_eos_token_id",
        "suppress_tokens",
    ];

    public static TheoryData<string, string, int> Searches()
    {
        var cases = new TheoryData<string, string, int>();
        foreach (string folder in Golden.Cases("beam_search"))
        {
            using var golden = new Golden(folder);
            int count = golden.Data.GetProperty("searches").GetArrayLength();
            for (int i = 0; i < count; i++)
            {
                // One beam is greedy search, whose processors see raw logits; and the library changed its own mind about some rows.
                JsonElement search = golden.Data.GetProperty("searches")[i];
                if (search.GetProperty("generate").GetProperty("num_beams").GetInt32() > 1
                    && search.GetProperty("same_hypotheses_in_transformers_4.46.3").GetBoolean())
                {
                    cases.Add(golden.Folder, "searches", i);
                }
            }

            for (int i = 0; golden.Data.TryGetProperty("diverse", out JsonElement diverse) && i < diverse.GetArrayLength(); i++)
            {
                cases.Add(golden.Folder, "diverse", i);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Searches))]
    [Trait("Category", "Goldens")]
    public void FindsWhatTheReferenceFinds(string folder, string kind, int index)
    {
        using var golden = new Golden(folder);
        JsonElement search = golden.Data.GetProperty(kind)[index], generate = search.GetProperty("generate");
        double[] table = golden.Doubles("in.table");
        long[] shape = golden.Shape("in.table");
        double[] Row(IReadOnlyList<int> tokens) => table.AsSpan((int)((((tokens.Count - 1) * shape[1]) + tokens[^1]) * shape[2]), (int)shape[2]).ToArray();

        int[][] prompts = [.. search.GetProperty("prompt").EnumerateArray().Select(p => p.EnumerateArray().Select(t => t.GetInt32()).ToArray())];
        int Int(string name, int fallback) => generate.TryGetProperty(name, out JsonElement value) ? value.GetInt32() : fallback;
        double Double(string name, double fallback) => generate.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : fallback;
        JsonElement eos = search.GetProperty("eos");
        int[] end = eos.ValueKind == JsonValueKind.Array ? [.. eos.EnumerateArray().Select(e => e.GetInt32())] : [eos.GetInt32()];
        int beams = Int("num_beams", 1), most = Int("max_new_tokens", 1);
        var processors = new List<ILogitProcessor>();
        if (Double("repetition_penalty", 1) is var penalty && penalty != 1)
        {
            processors.Add(new RepetitionPenalty(penalty));
        }

        if (Int("no_repeat_ngram_size", 0) is > 0 and var n)
        {
            processors.Add(new NoRepeatNgram(n));
        }

        if (generate.TryGetProperty("bad_words_ids", out JsonElement bad))
        {
            processors.Add(new BadWords([.. SamplingGoldens.Runs(bad).Where(run => run is not [var only] || !end.Contains(only))]));
        }

        if (Int("min_length", 0) is > 0 and var whole)
        {
            processors.Add(new MinLength(whole, end));
        }

        if (Int("min_new_tokens", 0) is > 0 and var least)
        {
            processors.Add(new MinNewTokens(least, end));
        }

        if (Int("forced_bos_token_id", -1) is >= 0 and var first)
        {
            processors.Add(new ForcedToken(0, first));
        }

        if (Int("forced_eos_token_id", -1) is >= 0 and var last)
        {
            processors.Add(new ForcedToken(most - 1, last));
        }

        if (generate.TryGetProperty("suppress_tokens", out JsonElement suppressed))
        {
            processors.Add(new Forbid([.. suppressed.EnumerateArray().Select(id => id.GetInt32())]));
        }

        string[] unknown = [.. generate.EnumerateObject().Select(option => option.Name).Except(Known)];
        Assert.True(unknown.Length == 0, $"nothing known of {string.Join(", ", unknown)}");
        var options = new BeamOptions(beams, most)
        {
            End = end,
            LengthPenalty = Double("length_penalty", 1),
            Return = Int("num_return_sequences", 1),
            Groups = Int("num_beam_groups", 1),
            DiversityPenalty = Double("diversity_penalty", 0),
            Pad = golden.Case.GetProperty("pad").GetInt32(),
            Processors = processors,
            EarlyStopping = !generate.TryGetProperty("early_stopping", out JsonElement early) || early.ValueKind == JsonValueKind.False
                ? EarlyStopping.WhenUnlikely
                : early.ValueKind == JsonValueKind.True ? EarlyStopping.WhenFull
                : EarlyStopping.Never,
        };

        // The table stands in for a model: beams remember their tokens.
        int[][] histories = [.. prompts.SelectMany(p => Enumerable.Repeat(p, beams))];
        IReadOnlyList<IReadOnlyList<Hypothesis>> found = BeamSearch.Run(prompts, [.. histories.Select(Row)], options, (order, next) =>
        {
            histories = [.. order.Select((from, i) => histories[from].Append(next[i]).ToArray())];
            return [.. histories.Select(Row)];
        });

        int[][] expected = [.. search.GetProperty("hypotheses").EnumerateArray().Select(h => h.EnumerateArray().Select(t => t.GetInt32()).ToArray())];
        Hypothesis[] all = [.. found.SelectMany(row => row)];
        Assert.Equal(expected.Select(tokens => string.Join(' ', tokens)), all.Select(h => string.Join(' ', h.Tokens)));
        if (search.TryGetProperty("scores", out JsonElement scores))
        {
            foreach ((double reference, double ours) in scores.EnumerateArray().Select(s => s.GetDouble()).Zip(all.Select(h => h.Score)))
            {
                Assert.Equal(reference, ours, 1e-5);
            }
        }
    }

    /// <summary>A sequence that a stop string ends is finished like one with an end token.</summary>
    [Theory]
    [InlineData(2, 1)]
    [InlineData(4, 1)]
    [InlineData(4, 2)]
    public void WhatStopsEndsLikeAnEndToken(int beams, int groups)
    {
        int ends = 0;
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            double[][] table = [.. Enumerable.Range(0, 9).Select(_ => Enumerable.Range(0, 9).Select(_ => random.NextDouble() * 4).ToArray())];
            var options = new BeamOptions(beams, 8) { Groups = groups, DiversityPenalty = groups > 1 ? 0.5 : 0, Return = beams };
            IReadOnlyList<Hypothesis> Search(BeamOptions how) => BeamSearch.Run(
                [[1]], [.. Enumerable.Repeat(table[1], beams)], how, (_, next) => [.. next.Select(token => table[token])])[0];

            IReadOnlyList<Hypothesis> ended = Search(options with { End = [3] }), stopped = Search(options with { Stopped = tokens => tokens[^1] == 3 });
            Assert.Equal(ended.Select(found => string.Join(' ', found.Tokens)), stopped.Select(found => string.Join(' ', found.Tokens)));
            Assert.Equal(ended.Select(found => found.Score), stopped.Select(found => found.Score));
            ends += ended.Count(found => found.Tokens[^1] == 3);
        }

        Assert.NotEqual(0, ends);
    }

    /// <summary>Stop strings may end any number of the best: as many go on as there are beams.</summary>
    [Fact]
    public void BeamsGoOnAlthoughMostStop()
    {
        var lengths = new List<int>();
        double[] row = [.. Enumerable.Range(0, 12).Select(token => (double)-token)];
        var options = new BeamOptions(3, 3) { Stopped = tokens => tokens[^1] < 9, EarlyStopping = EarlyStopping.Never, LengthPenalty = -5 };
        BeamSearch.Run([[1]], [row, row, row], options, (_, next) =>
        {
            lengths.Add(next.Count(token => token >= 9));
            return [row, row, row];
        });
        Assert.All(lengths, count => Assert.Equal(3, count));
    }

    [Theory]
    [InlineData(double.NaN, 0, "length penalty NaN, expected a finite number")]
    [InlineData(double.PositiveInfinity, 0, "length penalty Infinity, expected a finite number")]
    [InlineData(1, -1, "diversity penalty -1, expected 0 or more")]
    [InlineData(1, double.NaN, "diversity penalty NaN, expected 0 or more")]
    public void PenaltiesWithoutSenseAreNamed(double length, double diversity, string message) => Assert.Equal(
        message,
        Assert.Throws<ArgumentException>(() => new BeamOptions(2, 2) { LengthPenalty = length, DiversityPenalty = diversity, Groups = 2 }.Validate()).Message);
}
