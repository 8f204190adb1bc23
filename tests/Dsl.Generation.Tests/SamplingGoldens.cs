using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using Dsl.Tests;
using Xunit;

namespace Dsl.Generation.Tests;

[Trait("Category", "Goldens")]
public sealed class SamplingGoldens
{
    public static TheoryData<string> Cases => Golden.Cases("sampling");

    [Theory]
    [MemberData(nameof(Cases))]
    public void FiltersLeaveThePublishedProbabilities(string folder)
    {
        using var golden = new Golden(folder);
        JsonElement data = golden.Data;
        int tried = 0;
        foreach (string output in golden.Names.Where(name => name.StartsWith("out.", StringComparison.Ordinal)))
        {
            string name = output[4..];
            bool tied = name.StartsWith("tied_", StringComparison.Ordinal);
            string input = tied ? "in.tied_logits" : "in.logits";
            int width = (int)golden.Shape(input)[1];
            double[] logits = golden.Doubles(input);
            double[] expected = golden.Doubles(output);
            int[] ids = tied ? [] : Array.ConvertAll(golden.Longs("in.input_ids"), id => (int)id);
            int length = tied ? 0 : (int)golden.Shape("in.input_ids")[1];
            for (int row = 0; row < logits.Length / width; row++)
            {
                double[] actual = logits[(row * width)..((row + 1) * width)];
                Apply(name, actual, data, tied ? [] : ids[(row * length)..((row + 1) * length)], golden, row, width);
                double[] probabilities = Ranking.Softmax(actual);
                double[] wanted = expected[(row * width)..((row + 1) * width)];
                Assert.True(Close.Error(wanted, probabilities) <= 1e-5,
                    $"{name}, row {row}: {string.Join(' ', probabilities)}; expected {string.Join(' ', wanted)}");
                Assert.Equal(wanted.Select(p => p == 0), probabilities.Select(p => p == 0));
            }

            tried++;
        }

        Assert.True(tried > 0, "no outputs to compare");
    }

    private static void Apply(string name, double[] logits, JsonElement data, int[] ids, Golden golden, int row, int width)
    {
        if (name.StartsWith("combined_", StringComparison.Ordinal))
        {
            JsonElement combined = data.GetProperty("combined").GetProperty(name);
            SamplingOptions options = Options(combined.GetProperty("settings"));
            options.Validate();
            LogitChain.For(options, [combined.GetProperty("eos").GetInt32()]).Apply(logits,
                new RowHistory(ids, combined.GetProperty("prompt_length").GetInt32()));
            return;
        }

        if (name.StartsWith("presence_", StringComparison.Ordinal))
        {
            // presence_P_frequency_F, with the counts given: the row is made so that it has them.
            string[] parts = name.Split('_');
            long[] counts = golden.Longs("in.counts")[(row * width)..((row + 1) * width)];
            int[] generated = counts.SelectMany((count, id) => Enumerable.Repeat(id, (int)count)).ToArray();
            new OccurrencePenalty(Number(parts[1]), Number(parts[3])).Apply(logits, new RowHistory(generated, 0));
            return;
        }

        string bare = name.StartsWith("tied_", StringComparison.Ordinal) ? name[5..] : name;
        int keep = 1;
        if (bare.IndexOf("_keep_", StringComparison.Ordinal) is > 0 and int at)
        {
            keep = int.Parse(bare[(at + 6)..], CultureInfo.InvariantCulture);
            bare = bare[..at];
        }

        int underscore = bare.LastIndexOf('_');
        (string rule, double value) = bare == "min_p" ? ("min_p", data.GetProperty("min_p of out.tied_min_p").GetDouble())
            : (bare[..underscore], Number(bare[(underscore + 1)..]));
        ILogitProcessor processor = rule switch
        {
            "temperature" => new Temperature(value),
            "top_k" => new TopK((int)value, keep),
            "top_p" => new TopP(value, keep),
            "min_p" => new MinP(value, keep),
            "typical" => new Typical(value, keep),
            "epsilon" => new EpsilonCutoff(value, keep),
            "eta" => new EtaCutoff(value, keep),
            "repetition" => new RepetitionPenalty(value),
            "no_repeat" => new NoRepeatNgram((int)value),
            "forbid_end" => new Forbid([(int)value]),
            _ => throw new NotSupportedException($"nothing known of out.{name}"),
        };
        processor.Apply(logits, new RowHistory(ids, 0));
    }

    private static SamplingOptions Options(JsonElement settings)
    {
        var options = new SamplingOptions();
        foreach (JsonProperty setting in settings.EnumerateObject())
        {
            JsonElement value = setting.Value;
            options = setting.Name switch
            {
                "temperature" => options with { Temperature = value.GetDouble() },
                "top_k" => options with { TopK = value.GetInt32() },
                "top_p" => options with { TopP = value.GetDouble() },
                "min_p" => options with { MinP = value.GetDouble() },
                "typical_p" => options with { Typical = value.GetDouble() },
                "epsilon_cutoff" => options with { EpsilonCutoff = value.GetDouble() },
                "eta_cutoff" => options with { EtaCutoff = value.GetDouble() },
                "repetition_penalty" => options with { RepetitionPenalty = value.GetDouble() },
                "no_repeat_ngram_size" => options with { NoRepeatNgram = value.GetInt32() },
                "bad_words_ids" => options with { BadWords = Runs(value) },
                "min_length" => options with { MinLength = value.GetInt32() },
                "min_new_tokens" => options with { MinNewTokens = value.GetInt32() },
                "suppress_tokens" => options with { Forbidden = value.EnumerateArray().Select(id => id.GetInt32()).ToArray() },
                _ => throw new NotSupportedException($"nothing known of the setting {setting.Name}"),
            };
        }

        return options;
    }

    internal static IReadOnlyList<IReadOnlyList<int>> Runs(JsonElement lists) =>
        [.. lists.EnumerateArray().Select(run => run.EnumerateArray().Select(id => id.GetInt32()).ToArray())];

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
