using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Testing;
using Dsl.Training.Alignment.Data;
using Setting = Zoo.Cli.Verification.Formulas.TuningDataFormula.Setting;

namespace Zoo.Cli.Verification.Formulas;

/// <summary>Lines as rows of ids and labels (TRL's SFTTrainer): before cutting, cut or packed, and in batches.</summary>
internal static class TuningRowsFormula
{
    internal static void Compare(FormulaRun run, GoldenJson prepared, Setting setting)
    {
        (IReadOnlyList<TuningLine> _, TuningTokens tokens, TuningOptions options) = setting;
        if (prepared.Find("examples") is { } examples)
        {
            var differences = new Differences(examples.Path);
            foreach (GoldenJson example in examples.Items)
            {
                differences.Of(example, Made(TuningRows.Example(setting.Line(example), tokens, options)), "line");
            }

            differences.Report(run);
        }

        TuningSet made = TuningRows.Prepare(setting.Lines, tokens, options);
        Count(run, prepared["row_count"], made.Rows.Count);
        if (prepared.Find("dropped") is { } dropped)
        {
            Lines(run, dropped, made.Dropped, made.Notes);
        }

        if (prepared.Find("rows") is { } rows)
        {
            var differences = new Differences(rows.Path);
            foreach ((GoldenJson expected, TuningRow row) in rows.Items.Zip(made.Rows))
            {
                differences.Of(expected, new Dictionary<string, object?>
                {
                    ["line"] = row.Line,
                    ["input_ids"] = row.Ids,
                    ["labels"] = row.Labels,
                    ["seq_lengths"] = row.Lengths,
                });
            }

            differences.Report(run);
        }

        Batches(run, prepared, (batch, _) => Made(batch, [.. batch["rows"].Integers.Select(i => made.Rows[i])], tokens, options));
    }

    /// <summary>How many rows there are.</summary>
    internal static void Count(FormulaRun run, GoldenJson expected, int made)
    {
        var differences = new Differences(expected.Path);
        differences.Of(expected, made);
        differences.Report(run);
    }

    /// <summary>The lines that are left out, a note for each.</summary>
    internal static void Lines(FormulaRun run, GoldenJson expected, IReadOnlyList<int> dropped, IReadOnlyList<string> notes)
    {
        var differences = new Differences(expected.Path);
        differences.Of(expected, dropped);
        if (notes.Count != dropped.Count)
        {
            differences.Add($"{notes.Count} notes on {dropped.Count} lines that are left out");
        }

        differences.Report(run);
    }

    /// <summary>Batches, each of prepared rows in a given order.</summary>
    internal static void Batches(FormulaRun run, GoldenJson prepared, Func<GoldenJson, Differences, IReadOnlyDictionary<string, object?>> make)
    {
        if (prepared.Find("batches") is { } batches)
        {
            var differences = new Differences(batches.Path);
            foreach (GoldenJson batch in batches.Items)
            {
                differences.Of(batch, make(batch, differences), "rows", "pad_to_multiple_of", "return_position_ids");
            }

            differences.Report(run);
        }
    }

    internal static int Multiple(GoldenJson batch) => batch.Find("pad_to_multiple_of")?.Integer ?? 1;

    private static Dictionary<string, object?> Made(TuningExample made) => new()
    {
        ["text"] = made.Text,
        ["prompt_text"] = made.PromptText,
        ["input_ids"] = made.Row.Ids,
        ["labels"] = made.Row.Labels,
        ["prompt_ids"] = made.PromptIds,
        ["assistant_mask"] = made.AssistantMask?.Select(Convert.ToInt32),
        ["completion_mask"] = made.AnswerMask?.Select(Convert.ToInt32),
        ["generation"] = CodePoints.Of(made.Text, made.Answers),
    };

    private static Dictionary<string, object?> Made(GoldenJson batch, TuningRow[] rows, TuningTokens tokens, TuningOptions options)
    {
        bool joined = options.PaddingFree || options.Packing is Packing.BestFit or Packing.BestFitSplit;
        TuningBatch made = joined ? TuningBatch.Joined(rows, tokens.Pad, Multiple(batch))
            : TuningBatch.Beside(rows, tokens.Pad, Multiple(batch), batch.Find("return_position_ids")?.Flag == true);
        return new Dictionary<string, object?>
        {
            ["input_ids"] = made.Ids,
            ["labels"] = made.Labels,
            ["num_items"] = made.Counted,
            ["attention_mask"] = made.Mask,
            ["position_ids"] = made.Positions,
            ["cu_seq_lens_q"] = made.Borders,
            ["max_length_q"] = made.Borders is null ? null : made.LongestSequence,
            ["seq_idx"] = made.Borders is null ? null : new[] { made.SequenceOf },
        };
    }
}
