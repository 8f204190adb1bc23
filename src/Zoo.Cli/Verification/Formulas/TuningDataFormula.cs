using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Files;
using Dsl.Testing;
using Dsl.Text;
using Dsl.Text.Templates;
using Dsl.Training.Alignment.Data;

namespace Zoo.Cli.Verification.Formulas;

/// <summary>Conversations, texts and pairs as published trainers turn them into ids, labels, packed rows and batches: equal, every one.</summary>
internal static class TuningDataFormula
{
    internal static void Compare(FormulaRun run)
    {
        foreach (GoldenJson prepared in run.Data["runs"].Members)
        {
            run.Attempt(prepared.Path, () =>
            {
                var setting = Setting.Of(run, prepared);
                Action<FormulaRun, GoldenJson, Setting> compare = prepared["trainer"].Text switch
                {
                    "sft" => TuningRowsFormula.Compare,
                    "dpo" => PreferenceRowsFormula.Policy,
                    "reward" => PreferenceRowsFormula.Reward,
                    var other => throw new FormatException($"the trainer '{other}' is none of sft, dpo and reward"),
                };
                compare(run, prepared, setting);
                run.Only(prepared, "trainer", "tokenizer", "template", "data", "lines", "options", "examples", "dropped", "rows", "batches", "row_count");
            });
        }

        foreach (GoldenJson refused in run.Data["errors"].Items)
        {
            run.Attempt(refused.Path, () => Refused(run, refused));
        }

        foreach (GoldenJson pair in run.Data["extract_prompt"].Items)
        {
            run.Attempt(pair.Path, () => Prompt(run, pair));
        }

        foreach (GoldenJson packing in run.Data["packing"].Items)
        {
            run.Attempt(packing.Path, () => Packs(run, packing));
        }

        foreach (GoldenJson tokenizer in run.Data["tokenizers"].Members)
        {
            run.Attempt(tokenizer.Path, () => Tokens(run, tokenizer));
        }

        // What the lines of the files are for is said in words.
        run.Only(run.Data, "runs", "errors", "extract_prompt", "packing", "tokenizers", "lines");
    }

    private static void Refused(FormulaRun run, GoldenJson refused)
    {
        var setting = Setting.Of(run, refused);
        try
        {
            TuningRows.Prepare(setting.Lines, setting.Tokens, setting.Options);
            run.Miss(refused.Path, $"was prepared, expected a refusal: {refused.Find("why")?.Text}");
        }
        catch (TextException)
        {
            run.Differ(refused.Path, 0, null);
        }
    }

    /// <summary>What two texts begin with is their prompt.</summary>
    private static void Prompt(FormulaRun run, GoldenJson pair)
    {
        (Passage prompt, Passage chosen, Passage rejected) =
            PreferenceRows.ImplicitPrompt(new Passage(pair["chosen"].Text), new Passage(pair["rejected"].Text));
        run.Equal(pair["prompt"], prompt.Text);
        run.Equal(pair["chosen_rest"], chosen.Text);
        run.Equal(pair["rejected_rest"], rejected.Text);
        run.Only(pair, "chosen", "rejected", "prompt", "chosen_rest", "rejected_rest");
    }

    /// <summary>Rows of given lengths, whose ids count on over all of them: the first id and the length of each packed sequence.</summary>
    private static void Packs(FormulaRun run, GoldenJson packing)
    {
        int next = 0;
        TuningRow[] rows = [.. packing["lengths"].Integers.Select((length, i) =>
        {
            int[] ids = [.. Enumerable.Range(next, length)];
            next += length;
            return new TuningRow(i, ids, ids, []);
        })];
        IReadOnlyList<TuningRow> packed = Packed.Of(rows, packing["max_length"].Integer, Setting.How(packing["strategy"].Text));
        var differences = new Differences(packing["packed"].Path);
        differences.Of(packing["packed"], packed.Select(row => row.Sequences().Select(part => new[] { part.Ids.FirstOrDefault(), part.Ids.Length })));
        differences.Report(run);
        run.Only(packing, "strategy", "max_length", "lengths", "packed");
    }

    private static void Tokens(FormulaRun run, GoldenJson expected)
    {
        ITokenizer tokenizer = TextCodecs.OpenTokenizer(Path.Combine(run.Folder, expected.Name));
        var tokens = new TuningTokens(tokenizer);
        var differences = new Differences(expected.Path);
        differences.Of(expected, new Dictionary<string, object?>
        {
            ["eos_token"] = tokenizer.TokenOf(tokens.End),
            ["eos_token_id"] = tokens.End,
            ["pad_token_id_of_batches"] = tokens.Pad,
            ["vocabulary"] = tokenizer.Vocabulary,
        });
        differences.Report(run);
    }

    /// <summary>What a run is made of.</summary>
    internal sealed record Setting(IReadOnlyList<TuningLine> Lines, TuningTokens Tokens, TuningOptions Options)
    {
        internal static Setting Of(FormulaRun run, GoldenJson prepared)
        {
            IReadOnlyList<TuningLine> lines = TuningFile.Read(Path.Combine(run.Folder, prepared["data"].Text));
            if (prepared.Find("lines")?.Integers is { } wanted)
            {
                lines = [.. lines.Where(line => wanted.Contains(line.Number))];
            }

            ITokenizer tokenizer = TextCodecs.OpenTokenizer(Path.Combine(run.Folder, prepared["tokenizer"].Text));
            ChatTemplate? template = prepared.Find("template")?.Text is { } file
                ? ChatTemplate.Parse(UserFile.ReadText(Path.Combine(run.Folder, file), UserFile.MostOfText, FileErrors.Plain), file) : null;
            GoldenJson h = prepared["options"];
            return new Setting(lines, new TuningTokens(tokenizer, template), new TuningOptions
            {
                MaxLength = h.Find("max_length")?.Integer,
                KeepEnd = h.Find("truncation_mode")?.Text == "keep_end",
                AssistantOnly = h.Find("assistant_only_loss")?.Flag ?? false,
                AnswerOnly = h.Find("completion_only_loss")?.Flag,
                Packing = h.Find("packing")?.Flag == true ? How(h.Find("packing_strategy")?.Text ?? "bfd") : Packing.None,
                PaddingFree = h.Find("padding_free")?.Flag ?? false,
            });
        }

        internal static Packing How(string name) => name switch
        {
            "bfd" => Packing.BestFit,
            "bfd_split" => Packing.BestFitSplit,
            "wrapped" => Packing.Wrapped,
            _ => throw new FormatException($"'{name}' is no way of packing that is known"),
        };

        /// <summary>The line that an example is of.</summary>
        internal TuningLine Line(GoldenJson example) => Lines.FirstOrDefault(line => line.Number == example["line"].Integer)
            ?? throw new FormatException($"{example.Path} is of a line that the run does not read");
    }
}
