using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Dsl.Tests;
using Dsl.Training.Objectives;
using Xunit;

namespace Dsl.Training.Tests.Objectives;

[Trait("Category", "Goldens")]
public sealed class MaskingGoldens
{
    private const int MaskId = -1;

    public static TheoryData<string> Cases => Golden.Cases("mlm");

    [Theory]
    [MemberData(nameof(Cases))]
    public void BertsMaskingGivenItsDecisions(string folder)
    {
        JsonElement data = new Golden(folder).Data;
        Words words = new(data.GetProperty("vocabulary").Strings());
        foreach (JsonElement example in data.GetProperty("bert").EnumerateArray())
        {
            string[] tokens = example.GetProperty("tokens").Strings();
            int[][] groups = example.GetProperty("whole_word").GetBoolean()
                ? WordGroups.ByContinuation(tokens.Length, i => Words.Special(tokens[i]), i => tokens[i].StartsWith("##", StringComparison.Ordinal))
                : WordGroups.Single(tokens.Length, i => Words.Special(tokens[i]));
            Assert.Equal(Arrays(example.GetProperty("groups")), groups);
            var rule = new MaskingRule(MaskId, words.Count, example.Number("masked_lm_prob"), Limit: example.GetProperty("max_predictions").GetInt32());
            int count = MaskedTokens.Count(tokens.Length, rule);
            Assert.Equal(example.GetProperty("to_predict").GetInt32(), count);

            RecordedDraws draws = new RecordedDraws()
                .Order(Arrays(example.GetProperty("order")).Select(group => Array.FindIndex(groups, g => g[0] == group[0])));
            foreach (JsonElement decision in example.GetProperty("decisions").EnumerateArray())
            {
                _ = decision.Text("outcome") switch
                {
                    "mask" => draws.Uniforms(0),
                    "keep" => draws.Uniforms(0.99, 0),
                    "random" => draws.Uniforms(0.99, 0.99).Integers(words.Id(decision.Text("word"))),
                    _ => throw new NotSupportedException(decision.ToString()),
                };
            }

            Masked masked = MaskedTokens.Words(words.Ids(tokens), groups, count, rule, draws);
            Check(example, masked, words);
            draws.RequireUsed();
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AlbertsRunsGivenTheirDraws(string folder)
    {
        JsonElement data = new Golden(folder).Data;
        Words words = new(data.GetProperty("vocabulary").Strings());
        foreach (JsonElement example in data.GetProperty("albert_ngrams").EnumerateArray())
        {
            string[] tokens = example.GetProperty("tokens").Strings();
            int[][] groups = WordGroups.ByContinuation(tokens.Length, i => Words.Special(tokens[i]), i => tokens[i].StartsWith("##", StringComparison.Ordinal));
            var rule = new MaskingRule(MaskId, words.Count, example.Number("masked_lm_prob"));
            RecordedDraws draws = RecordedDraws.Python(example.GetProperty("draws"));
            draws.Choices(example.EnumerateObject().Single(p => p.Name.StartsWith("ngram_choices", StringComparison.Ordinal)).Value
                .EnumerateArray().Select(choice => choice[2].GetInt32() - 1));
            int count = MaskedTokens.Count(tokens.Length, rule);
            Masked masked = MaskedTokens.Runs(words.Ids(tokens), groups, example.GetProperty("ngram").GetInt32(), count, rule, draws);
            Check(example, masked, words);
            draws.RequireUsed();
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheCollatorGivenItsMatrices(string folder)
    {
        using var golden = new Golden(folder);
        JsonElement collator = golden.Data.GetProperty("collator");
        int[] ids = Of(golden, "in.input_ids"), special = Of(golden, "in.special_tokens_mask");
        var rule = new MaskingRule(collator.GetProperty("mask_id").GetInt32(), collator.GetProperty("vocab_size").GetInt32(), collator.Number("probability"));

        // A decision that fell is a number below its probability, one that did not is the largest there is.
        IEnumerable<double> Decided(string name, Func<int, double> chance) =>
            Of(golden, name).Select((bit, i) => bit == 1 ? chance(i) / 2 : Math.BitDecrement(1.0));
        RecordedDraws draws = new RecordedDraws()
            .Uniforms([.. Decided("in.selected", i => special[i] == 1 ? 0 : rule.Probability), .. Decided("in.draw_mask_80", _ => 0.8),
                .. Decided("in.draw_random_50", _ => 0.5)])
            .Integers(Of(golden, "in.random_ids"));
        Masked masked = MaskedTokens.Each(ids, i => special[i] == 1, rule, draws);
        Assert.Equal(Of(golden, "out.input_ids"), masked.Ids);
        Assert.Equal(Of(golden, "out.labels"), masked.Labels);
        draws.RequireUsed();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void GroupsAndCountsArePublished(string folder)
    {
        JsonElement data = new Golden(folder).Data;
        JsonElement groups = data.GetProperty("groups");
        string[] tokens = groups.GetProperty("tokens").Strings();
        bool Special(int i) => Words.Special(tokens[i]);
        Assert.Equal(
            Arrays(groups.GetProperty("google")),
            WordGroups.ByContinuation(tokens.Length, Special, i => tokens[i].StartsWith("##", StringComparison.Ordinal)));
        (int, int)[] offsets = groups.GetProperty("offsets").EnumerateArray().Select(pair => (pair[0].GetInt32(), pair[1].GetInt32())).ToArray();
        Assert.Equal(Arrays(groups.GetProperty("transformers")), WordGroups.ByOffsets(offsets, Special));
        foreach (JsonElement row in data.GetProperty("roberta_num_mask").GetProperty("table").EnumerateArray())
        {
            Assert.Equal(row[2].GetInt32(), MaskedTokens.RoundedCount(row[0].GetInt32(), 0.15, row[1].GetDouble()));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void SentencePairsGivenTheirDraws(string folder)
    {
        JsonElement data = new Golden(folder).Data;
        string[][][] spelt = data.GetProperty("documents").EnumerateArray().Select(d => d.EnumerateArray().Select(s => s.Strings()).ToArray()).ToArray();
        Words words = new(spelt.SelectMany(d => d.SelectMany(s => s)).Distinct());
        IReadOnlyList<int[]>[] documents = spelt.Select(d => (IReadOnlyList<int[]>)d.Select(words.Ids).ToArray()).ToArray();
        foreach ((string name, PairTask task) in new[] { ("nsp_bert", PairTask.NextSentence), ("sop_albert", PairTask.SentenceOrder) })
        {
            foreach (JsonElement example in data.GetProperty(name).EnumerateArray())
            {
                RecordedDraws draws = RecordedDraws.Python(example.GetProperty("draws"));
                IReadOnlyList<SentencePair> pairs = SentencePairs.Make(
                    documents, example.GetProperty("document").GetInt32(), example.GetProperty("max_seq_length").GetInt32(), example.Number("short_seq_prob"),
                    task, draws);
                Assert.Equal(
                    example.GetProperty("instances").EnumerateArray()
                        .Select(i => (string.Join(' ', i.GetProperty("tokens").Strings()), i.GetProperty("label").GetInt32())),
                    pairs.Select(p => ($"[CLS] {words.Text(p.First)} [SEP] {words.Text(p.Second)} [SEP]", p.Label)));
                draws.RequireUsed();
            }
        }
    }

    private static void Check(JsonElement example, Masked masked, Words words)
    {
        Assert.Equal(example.GetProperty("output").Strings(), masked.Ids.Select(id => id == MaskId ? "[MASK]" : words.Word(id)));
        int[] positions = Enumerable.Range(0, masked.Labels.Length).Where(i => masked.Labels[i] != MaskedTokens.Ignored).ToArray();
        Assert.Equal(example.Ints("positions"), positions);
        Assert.Equal(example.GetProperty("labels").Strings(), positions.Select(i => words.Word(masked.Labels[i])));
    }

    private static int[] Of(Golden golden, string name) => Array.ConvertAll(golden.Longs(name), value => (int)value);

    private static int[][] Arrays(JsonElement of) => of.EnumerateArray().Select(JsonArrays.Ints).ToArray();

    /// <summary>Words and ids.</summary>
    private sealed class Words(IEnumerable<string> vocabulary)
    {
        private readonly List<string> words = [.. vocabulary];

        internal int Count { get; } = vocabulary.Count();

        internal static bool Special(string word) => word is "[CLS]" or "[SEP]";

        internal int Id(string word)
        {
            if (!words.Contains(word))
            {
                words.Add(word);
            }

            return words.IndexOf(word);
        }

        internal int[] Ids(string[] tokens) => Array.ConvertAll(tokens, Id);

        internal string Word(int id) => words[id];

        internal string Text(IEnumerable<int> ids) => string.Join(' ', ids.Select(Word));
    }
}
