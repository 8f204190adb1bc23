using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Training.Objectives;
using Xunit;

namespace Dsl.Training.Tests.Objectives;

[Trait("Category", "Goldens")]
public sealed class NoiseGoldens
{
    public static TheoryData<string> SpanCases => Golden.Cases("span_corruption");

    public static TheoryData<string> BartCases => Golden.Cases("bart_noise");

    [Theory]
    [MemberData(nameof(SpanCases))]
    public void SpansGivenTheirMask(string folder)
    {
        JsonElement data = new Golden(folder).Data;
        int vocabulary = data.GetProperty("vocab_size").GetInt32(), end = data.GetProperty("eos").GetInt32();
        foreach (JsonElement example in data.GetProperty("examples").EnumerateArray())
        {
            Corrupted made = SpanCorruption.Apply(example.Ints("tokens"), example.Ints("noise_mask").Select(bit => bit == 1).ToArray(), vocabulary, end);
            Assert.Equal(example.Ints("inputs_eos"), made.Inputs);
            Assert.Equal(example.Ints("targets_eos"), made.Targets);
            Assert.Equal(example.Ints("inputs"), made.Inputs[..^1]);
            Assert.Equal(example.Ints("targets"), made.Targets[..^1]);
            Assert.Equal(example.Ints("decoder_input"), SpanCorruption.ShiftRight(made.Targets, start: 0));
        }

        foreach (JsonElement row in data.GetProperty("lengths").EnumerateArray())
        {
            (int tokens, int targets) = SpanCorruption.Lengths(row.GetProperty("inputs_length").GetInt32(), row.Number("noise_density"),
                row.Number("mean_noise_span_length"));
            Assert.Equal((row.GetProperty("tokens_length").GetInt32(), row.GetProperty("targets_length").GetInt32()), (tokens, targets));
        }
    }

    [Theory]
    [MemberData(nameof(SpanCases))]
    public void RandomMasksHaveThePublishedCounts(string folder)
    {
        var draws = new SeededDraws(new SeededRandom(5));
        foreach (JsonElement row in new Golden(folder).Data.GetProperty("mask_counts").EnumerateArray())
        {
            int length = row.GetProperty("length").GetInt32();
            bool[] mask = SpanCorruption.Mask(length, row.Number("density"), row.Number("mean_span"), draws);
            Assert.Equal(length, mask.Length);
            Assert.Equal(row.GetProperty("noise_tokens").GetInt32(), mask.Count(bit => bit));
            Assert.Equal(row.GetProperty("spans").GetInt32(), mask.Where((bit, i) => bit && (i == 0 || !mask[i - 1])).Count());
            Assert.False(mask[0]);
            Assert.True(length == 1 || mask[^1]);
        }
    }

    [Fact]
    public void DivisionsIntoSpansAreUniform()
    {
        // Ten tokens, four of them noise in two spans: three divisions of the noise, five of the text.
        var draws = new SeededDraws(new SeededRandom(1));
        var seen = new Dictionary<string, int>();
        const int Tries = 15000;
        for (int i = 0; i < Tries; i++)
        {
            string mask = string.Concat(SpanCorruption.Mask(10, 0.4, 2, draws).Select(bit => bit ? '1' : '0'));
            seen[mask] = seen.GetValueOrDefault(mask) + 1;
        }

        Assert.Equal(15, seen.Count);

        // Four standard deviations around a fifteenth.
        Assert.All(seen.Values, count => Assert.InRange(count, 1000 - 125, 1000 + 125));
    }

    [Theory]
    [MemberData(nameof(BartCases))]
    public void BartsNoisesGivenTheirDecisions(string folder)
    {
        JsonElement data = new Golden(folder).Data;
        JsonElement ids = data.GetProperty("ids");
        int[] continued = ids.Text("continues_word").Split("..").Select(int.Parse).ToArray();
        foreach (JsonElement example in data.GetProperty("examples").EnumerateArray())
        {
            bool words = example.TryGetProperty("whole_words", out JsonElement whole) && whole.GetBoolean();
            double random = example.TryGetProperty("mask_random", out JsonElement share) ? share.GetDouble() : 0;
            var noise = new Denoising(
                ids.GetProperty("mask").GetInt32(), ids.GetProperty("vocab_size").GetInt32(), ids.GetProperty("full_stop").GetInt32(),
                words ? id => id >= continued[0] && id <= continued[1] : null, random);
            int[] row = example.Ints("input");
            int[] output = example.Text("noise") switch
            {
                "sentence_permutation" => Permute(noise, row, example),
                "document_rotation" => Rotate(row, example),
                var name when name.StartsWith("text_infilling", StringComparison.Ordinal) => Infill(noise, row, example),
                _ => Mask(noise, row, example),
            };
            Assert.Equal(example.Ints("output"), output);
        }

        foreach (JsonElement pair in data.GetProperty("ratio_rounding").GetProperty("pairs").EnumerateArray())
        {
            Assert.Equal(pair[0].GetInt32() + 1, Denoising.Insertions(pair[0].GetInt32(), pair[1].GetInt32()));
        }
    }

    private static int[] Mask(Denoising noise, int[] row, JsonElement example)
    {
        Assert.Equal(example.GetProperty("budget").GetInt32(), noise.Budget(row, example.Number("p")));
        Assert.All(example.Ints("lengths"), length => Assert.Equal(1, length));
        RecordedDraws draws = Places(noise, row, example);
        int[] output = noise.Mask(row, example.Number("p"), example.GetProperty("replace_length").GetInt32(), draws);
        draws.RequireUsed();
        return output;
    }

    private static int[] Infill(Denoising noise, int[] row, JsonElement example)
    {
        int budget = example.GetProperty("budget").GetInt32();
        Assert.Equal(budget, noise.Budget(row, example.Number("p")));
        Assert.Equal(example.Ints("lengths_used"), Denoising.Trim(example.Ints("lengths_drawn"), budget));
        RecordedDraws draws = Places(noise, row, example).Choices(example.Ints("lengths_drawn"));
        if (example.TryGetProperty("insert_at", out JsonElement inserted))
        {
            draws.Order(inserted.Ints().Select(place => place - 1));
        }

        int[] output = noise.Infill(row, example.Number("p"), Denoising.PoissonTable(3), example.GetProperty("replace_length").GetInt32(), draws);
        draws.RequireUsed();
        return output;
    }

    /// <summary>The starts of spans as places among all word starts, and the tokens that stand for masks.</summary>
    private static RecordedDraws Places(Denoising noise, int[] row, JsonElement example)
    {
        List<int> starts = Enumerable.Range(1, row.Length - 2).Where(i => noise.Continues is null || !noise.Continues(row[i])).ToList();
        RecordedDraws draws = new RecordedDraws().Order(example.Ints("starts").Select(start => starts.IndexOf(start)));
        return example.TryGetProperty("uniform", out JsonElement uniform)
            ? draws.Uniforms(uniform.Numbers()).Integers(RandomTokens(example))
            : draws;
    }

    /// <summary>The random tokens in the order of the spans that take them; the case gives them by position.</summary>
    private static IEnumerable<int> RandomTokens(JsonElement example)
    {
        Dictionary<int, int> at = example.Ints("random_at").Zip(example.Ints("random_ids")).ToDictionary(pair => pair.First, pair => pair.Second);
        return example.Ints("starts").Where(at.ContainsKey).Select(start => at[start]);
    }

    private static int[] Permute(Denoising noise, int[] row, JsonElement example)
    {
        int[] order = example.Ints("ordering");
        Assert.Equal(example.GetProperty("sentences").EnumerateArray().Select(JsonArrays.Ints), noise.Sentences(row));
        Assert.Equal(noise.Reorder(row, order), example.Ints("output"));

        // All sentences move where the share is 1: the second permutation, of the places in the first, is then the ordering itself.
        var draws = new RecordedDraws().Order(Enumerable.Range(0, order.Length)).Order(order);
        return example.Number("p") == 1 ? noise.Permute(row, 1, draws) : noise.Reorder(row, order);
    }

    private static int[] Rotate(int[] row, JsonElement example)
    {
        int offset = example.GetProperty("offset").GetInt32();
        return Denoising.Rotate(row, new RecordedDraws().Integers(offset));
    }
}
