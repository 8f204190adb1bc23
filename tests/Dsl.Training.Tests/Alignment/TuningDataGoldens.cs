using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using Dsl.Tests;
using Dsl.Text;
using Dsl.Text.Templates;
using Dsl.Training.Alignment.Data;
using Xunit;

namespace Dsl.Training.Tests.Alignment;

[Trait("Category", "Goldens")]
public sealed class TuningDataGoldens
{
    public static TheoryData<string> Cases => Golden.Cases("finetuning_data");

    [Theory]
    [MemberData(nameof(Cases))]
    public void ConversationsAndTextsBecomeThePublishedRows(string folder) => ForEach(folder, "sft", (golden, name, run) =>
    {
        (IReadOnlyList<TuningLine> lines, TuningTokens tokens, TuningOptions options) = Setting(golden, run);
        foreach (JsonElement expected in Several(run, "examples"))
        {
            TuningLine line = lines.Single(line => line.Number == expected.GetProperty("line").GetInt32());
            CompareExample($"{name} line {line.Number}", expected, TuningRows.Example(line, tokens, options));
        }

        TuningSet made = TuningRows.Prepare(lines, tokens, options);
        Assert.Equal(run.GetProperty("row_count").GetInt32(), made.Rows.Count);
        if (run.TryGetProperty("dropped", out JsonElement dropped))
        {
            Assert.Equal(Ids(dropped), made.Dropped);
            Assert.Equal(made.Dropped.Count, made.Notes.Count);
        }

        foreach ((JsonElement expected, TuningRow row) in Several(run, "rows").Zip(made.Rows))
        {
            Equal(name, expected, "input_ids", row.Ids);
            Equal(name, expected, "labels", row.Labels);
            Equal(name, expected, "seq_lengths", row.Lengths);
            Equal(name, expected, "line", row.Line);
        }

        foreach (JsonElement batch in Several(run, "batches"))
        {
            CompareBatch(name, batch, [.. Ids(batch.GetProperty("rows")).Select(i => made.Rows[i])], tokens, options);
        }
    });

    [Theory]
    [MemberData(nameof(Cases))]
    public void PairsBecomeThePublishedRows(string folder) => ForEach(folder, null, (golden, name, run) =>
    {
        bool reward = run.GetProperty("trainer").GetString() == "reward";
        (IReadOnlyList<TuningLine> lines, TuningTokens tokens, TuningOptions options) = Setting(golden, run);
        foreach (JsonElement expected in Several(run, "examples"))
        {
            TuningLine line = lines.Single(line => line.Number == expected.GetProperty("line").GetInt32());
            PreferenceExample made = reward ? PreferenceRows.RewardExample(line, tokens) : PreferenceRows.PolicyExample(line, tokens);
            string place = $"{name} line {line.Number}";
            Equal(place, expected, "prompt_text", made.PromptText);
            Equal(place, expected, "chosen_text", made.ChosenText);
            Equal(place, expected, "rejected_text", made.RejectedText);
            Equal(place, expected, "prompt_tokens", made.PromptTokens);
            Equal(place, expected, "prompt_ids", made.Row.Prompt);
            Equal(place, expected, "chosen_ids", made.Row.Chosen);
            Equal(place, expected, "rejected_ids", made.Row.Rejected);
            Assert.Equal(expected.TryGetProperty("margin", out JsonElement margin) ? margin.GetSingle() : null, made.Row.Margin);
        }

        PreferenceSet set = reward ? PreferenceRows.ForReward(lines, tokens, options.MaxLength)
            : PreferenceRows.ForPolicy(lines, tokens, options.MaxLength, options.KeepEnd);
        Assert.Equal(run.GetProperty("row_count").GetInt32(), set.Rows.Count);
        Assert.Equal(Ids(run.GetProperty("dropped")), set.Dropped);
        foreach (JsonElement batch in Several(run, "batches"))
        {
            PreferenceRow[] rows = [.. Ids(batch.GetProperty("rows")).Select(i => set.Rows[i])];
            PreferenceBatch made = PreferenceBatch.Of(rows, tokens.Pad, options.MaxLength, options.KeepEnd, Multiple(batch));
            Equal(name, batch, "input_ids", made.Ids);
            Equal(name, batch, "attention_mask", made.Mask);
            Equal(name, batch, "completion_mask", made.Answer);
            Assert.Equal(batch.TryGetProperty("margin", out JsonElement margins), made.Margins is not null);
            if (made.Margins is not null)
            {
                Assert.Equal([.. margins.EnumerateArray().Select(margin => margin.GetSingle())], made.Margins);
            }
        }
    });

    [Theory]
    [MemberData(nameof(Cases))]
    public void WhatIsRefusedIsRefusedInASentence(string folder)
    {
        using var golden = new Golden(folder);
        int tried = 0;
        foreach (JsonElement run in golden.Data.GetProperty("errors").EnumerateArray())
        {
            string message = Assert.Throws<TextException>(() =>
            {
                (IReadOnlyList<TuningLine> lines, TuningTokens tokens, TuningOptions options) = Setting(golden, run);
                TuningRows.Prepare(lines, tokens, options);
            }).Message;
            Assert.False(string.IsNullOrWhiteSpace(message));
            tried++;
        }

        Assert.True(tried > 0, "no refusal to compare");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheImplicitPromptIsThePublishedOne(string folder)
    {
        using var golden = new Golden(folder);
        foreach (JsonElement pair in golden.Data.GetProperty("extract_prompt").EnumerateArray())
        {
            (Passage prompt, Passage chosen, Passage rejected) = PreferenceRows.ImplicitPrompt(Passage(pair, "chosen"), Passage(pair, "rejected"));
            Assert.Equal(pair.GetProperty("prompt").GetString(), prompt.Text);
            Assert.Equal(pair.GetProperty("chosen_rest").GetString(), chosen.Text);
            Assert.Equal(pair.GetProperty("rejected_rest").GetString(), rejected.Text);
        }

        static Passage Passage(JsonElement pair, string name) => new(pair.GetProperty(name).GetString()!);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void RowsArePackedAsPublished(string folder)
    {
        using var golden = new Golden(folder);
        int compared = 0;
        foreach (JsonElement run in golden.Data.GetProperty("packing").EnumerateArray())
        {
            int next = 0;
            TuningRow[] rows = [.. Ids(run.GetProperty("lengths")).Select((length, i) =>
            {
                int[] ids = [.. Enumerable.Range(next, length)];
                next += length;
                return new TuningRow(i, ids, ids, []);
            })];
            Packing how = How(run.GetProperty("strategy").GetString()!);
            IReadOnlyList<TuningRow> packed = Packed.Of(rows, run.GetProperty("max_length").GetInt32(), how);
            string Spelt(IEnumerable<(int First, int Length)> parts) => string.Join(' ', parts);
            string[] expected = [.. run.GetProperty("packed").EnumerateArray()
                .Select(row => Spelt(row.EnumerateArray().Select(part => (part[0].GetInt32(), part[1].GetInt32()))))];
            Assert.Equal(expected, packed.Select(row => Spelt(row.Sequences().Select(part => (part.Ids.FirstOrDefault(), part.Ids.Length)))));
            compared++;
        }

        Assert.True(compared > 0, "nothing to compare");
    }

    private static void ForEach(string folder, string? trainer, Action<Golden, string, JsonElement> compare)
    {
        using var golden = new Golden(folder);
        int compared = 0;
        foreach (JsonProperty run in golden.Data.GetProperty("runs").EnumerateObject())
        {
            string kind = run.Value.GetProperty("trainer").GetString()!;
            if (kind == trainer || (trainer is null && kind != "sft"))
            {
                compare(golden, run.Name, run.Value);
                compared++;
            }
        }

        Assert.True(compared > 0, "no run to compare");
    }

    private static void CompareExample(string place, JsonElement expected, TuningExample made)
    {
        Equal(place, expected, "text", made.Text);
        Equal(place, expected, "prompt_text", made.PromptText);
        Equal(place, expected, "input_ids", made.Row.Ids);
        Equal(place, expected, "labels", made.Row.Labels);
        Equal(place, expected, "prompt_ids", made.PromptIds);
        Equal(place, expected, "assistant_mask", made.AssistantMask?.Select(Convert.ToInt32).ToArray());
        Equal(place, expected, "completion_mask", made.AnswerMask?.Select(Convert.ToInt32).ToArray());
        if (expected.TryGetProperty("generation", out JsonElement parts))
        {
            // The published places count code points.
            int Points(int units) => made.Text[..units].EnumerateRunes().Count();
            Assert.Equal(
                [.. parts.EnumerateArray().Select(part => (part[0].GetInt32(), part[1].GetInt32()))],
                made.Answers.Select(part => (Points(part.Start), Points(part.End))));
        }
    }

    private static void CompareBatch(string name, JsonElement batch, TuningRow[] rows, TuningTokens tokens, TuningOptions options)
    {
        bool joined = options.PaddingFree || options.Packing is Packing.BestFit or Packing.BestFitSplit;
        TuningBatch made = joined ? TuningBatch.Joined(rows, tokens.Pad, Multiple(batch))
            : TuningBatch.Beside(rows, tokens.Pad, Multiple(batch), batch.TryGetProperty("return_position_ids", out JsonElement asked) && asked.GetBoolean());
        Equal(name, batch, "input_ids", made.Ids);
        Equal(name, batch, "labels", made.Labels);
        Equal(name, batch, "num_items", made.Counted);
        Equal(name, batch, "attention_mask", made.Mask);
        Equal(name, batch, "position_ids", made.Positions);
        Equal(name, batch, "cu_seq_lens_q", made.Borders);
        Equal(name, batch, "max_length_q", made.Borders is null ? null : (int?)made.LongestSequence);
        Equal(name, batch, "seq_idx", made.Borders is null ? null : (int[][]?)[made.SequenceOf]);
    }

    private static (IReadOnlyList<TuningLine> Lines, TuningTokens Tokens, TuningOptions Options) Setting(Golden golden, JsonElement run)
    {
        IReadOnlyList<TuningLine> lines = TuningFile.Read(Path.Combine(golden.Folder, run.GetProperty("data").GetString()!));
        if (run.TryGetProperty("lines", out JsonElement some))
        {
            int[] wanted = Ids(some);
            lines = [.. lines.Where(line => wanted.Contains(line.Number))];
        }

        ITokenizer tokenizer = TextCodecs.OpenTokenizer(Path.Combine(golden.Folder, run.GetProperty("tokenizer").GetString()!));
        ChatTemplate? template = run.GetProperty("template").GetString() is { } file
            ? ChatTemplate.Parse(File.ReadAllText(Path.Combine(golden.Folder, file))) : null;
        JsonElement h = run.GetProperty("options");
        return (lines, new TuningTokens(tokenizer, template), new TuningOptions
        {
            MaxLength = h.GetProperty("max_length").ValueKind == JsonValueKind.Null ? null : h.GetProperty("max_length").GetInt32(),
            KeepEnd = h.TryGetProperty("truncation_mode", out JsonElement mode) && mode.GetString() == "keep_end",
            AssistantOnly = Flag(h, "assistant_only_loss") ?? false,
            AnswerOnly = Flag(h, "completion_only_loss"),
            Packing = Flag(h, "packing") == true ? How(h.TryGetProperty("packing_strategy", out JsonElement how) ? how.GetString()! : "bfd") : Packing.None,
            PaddingFree = Flag(h, "padding_free") ?? false,
        });
    }

    private static Packing How(string name) => name switch
    {
        "bfd" => Packing.BestFit,
        "bfd_split" => Packing.BestFitSplit,
        "wrapped" => Packing.Wrapped,
        _ => throw new ArgumentException($"'{name}' is no way of packing"),
    };

    private static bool? Flag(JsonElement h, string name) =>
        h.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value.GetBoolean() : null;

    private static int Multiple(JsonElement batch) => batch.TryGetProperty("pad_to_multiple_of", out JsonElement multiple) ? multiple.GetInt32() : 1;

    private static IEnumerable<JsonElement> Several(JsonElement run, string name) =>
        run.TryGetProperty(name, out JsonElement all) ? all.EnumerateArray() : [];

    private static int[] Ids(JsonElement list) => [.. list.EnumerateArray().Select(id => id.GetInt32())];

    /// <summary>What a golden says under a name, where it says something, is what was made.</summary>
    private static void Equal<T>(string place, JsonElement expected, string name, T made)
    {
        if (expected.TryGetProperty(name, out JsonElement value))
        {
            string theirs = JsonSerializer.Serialize(value), ours = JsonSerializer.Serialize(made);
            if (typeof(T) == typeof(string))
            {
                (theirs, ours) = (value.GetString()!, (string)(object)made!);
            }

            Assert.True(theirs == ours, $"{place}: {name}\nexpected {theirs}\nactual   {ours}");
        }
    }
}
