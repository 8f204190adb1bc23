using System.Collections.Generic;
using System.Linq;
using Dsl.Testing;
using Dsl.Training.Alignment.Data;
using Setting = Zoo.Cli.Verification.Formulas.TuningDataFormula.Setting;

namespace Zoo.Cli.Verification.Formulas;

/// <summary>Pairs as rows of ids (TRL's DPOTrainer and RewardTrainer): before cutting, what is left out, and in batches.</summary>
internal static class PreferenceRowsFormula
{
    /// <summary>For a policy: a prompt, and two answers after it.</summary>
    internal static void Policy(FormulaRun run, GoldenJson prepared, Setting setting) => Compare(run, prepared, setting, reward: false);

    /// <summary>For a reward model: two whole texts.</summary>
    internal static void Reward(FormulaRun run, GoldenJson prepared, Setting setting) => Compare(run, prepared, setting, reward: true);

    private static void Compare(FormulaRun run, GoldenJson prepared, Setting setting, bool reward)
    {
        (IReadOnlyList<TuningLine> lines, TuningTokens tokens, TuningOptions options) = setting;
        if (prepared.Find("examples") is { } examples)
        {
            var differences = new Differences(examples.Path);
            foreach (GoldenJson example in examples.Items)
            {
                TuningLine line = setting.Line(example);
                PreferenceExample made = reward ? PreferenceRows.RewardExample(line, tokens) : PreferenceRows.PolicyExample(line, tokens);
                differences.Of(example, Made(made), "line");
                Margins(differences, example, made.Row.Margin);
            }

            differences.Report(run);
        }

        PreferenceSet set = reward ? PreferenceRows.ForReward(lines, tokens, options.MaxLength)
            : PreferenceRows.ForPolicy(lines, tokens, options.MaxLength, options.KeepEnd);
        TuningRowsFormula.Count(run, prepared["row_count"], set.Rows.Count);
        TuningRowsFormula.Lines(run, prepared["dropped"], set.Dropped, set.Notes);
        TuningRowsFormula.Batches(run, prepared, (batch, differences) =>
        {
            PreferenceRow[] rows = [.. batch["rows"].Integers.Select(i => set.Rows[i])];
            PreferenceBatch made = PreferenceBatch.Of(rows, tokens.Pad, options.MaxLength, options.KeepEnd, TuningRowsFormula.Multiple(batch));
            Margins(differences, batch, made.Margins);
            return new Dictionary<string, object?>
            {
                ["input_ids"] = made.Ids,
                ["attention_mask"] = made.Mask,
                ["completion_mask"] = made.Answer,
                ["margin"] = made.Margins,
            };
        });
    }

    /// <summary>A margin that the reference has none of.</summary>
    private static void Margins(Differences differences, GoldenJson expected, object? made)
    {
        if (made is not null && expected.Find("margin") is null)
        {
            differences.Add($"{expected.Path} has a margin of ours alone");
        }
    }

    private static Dictionary<string, object?> Made(PreferenceExample made) => new()
    {
        ["prompt_text"] = made.PromptText,
        ["chosen_text"] = made.ChosenText,
        ["rejected_text"] = made.RejectedText,
        ["prompt_tokens"] = made.PromptTokens,
        ["prompt_ids"] = made.Row.Prompt,
        ["chosen_ids"] = made.Row.Chosen,
        ["rejected_ids"] = made.Row.Rejected,
        ["margin"] = made.Row.Margin,
    };
}
