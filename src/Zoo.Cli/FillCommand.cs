using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using Dsl.Generation;
using Dsl.Runtime;
using Dsl.Text;
using Spectre.Console;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary><c>fill</c>: the likeliest tokens at each mask of a text.</summary>
internal static class FillCommand
{
    private static readonly string[] MaskSpellings = ["[MASK]", "<mask>"];

    internal static Command Make(CliContext context)
    {
        var folder = new Argument<string>("folder") { Description = "the folder of a run, of one of its checkpoints, or of a published checkpoint." };
        var text = new Argument<string>("text") { Description = "a text with [MASK] (or <mask>) where words are missing." };
        var top = new Option<int>("--top", "-k") { Description = "How many tokens for each mask.", HelpName = "n", DefaultValueFactory = _ => 5 };
        var command = new Command("fill", "Guess the masked tokens of a text.") { folder, text, top };
        var loading = new LoadWords();
        loading.AddTo(command);
        command.SetAction(words => Run(
            context, words.GetRequiredValue(folder), words.GetRequiredValue(text), words.GetValue(top), loading.Read(context, words)));
        return command;
    }

    private static int Run(CliContext context, string path, string text, int top, LoadOptions options)
    {
        if (top < 1)
        {
            throw new CommandException($"--top {top}, expected 1 or more", 2);
        }

        string folder = RunReader.Checkpoint(context, path);
        (IModel model, ITokenizer tokenizer) = RunReader.Open(context, folder, options);
        using IModel owned = model;
        string output = new[] { "mlm_logits", "generator_logits", "logits" }.FirstOrDefault(name => model.Outputs.Contains(name))
            ?? throw new CommandException($"{path}: the model has no logits of masked tokens, expected a masked language model");
        int mask = tokenizer.Special.Mask ?? throw new CommandException($"{path}: the vocabulary has no mask token, expected a masked language model");
        string spelt = MaskSpellings.Aggregate(text, (so, spelling) => so.Replace(spelling, tokenizer.TokenOf(mask), StringComparison.Ordinal));
        TokenEncoding tokens = tokenizer.Encode(spelt, null);
        int[] places = [.. Enumerable.Range(0, tokens.Count).Where(i => tokens.Ids[i] == mask)];
        if (places.Length == 0)
        {
            throw new CommandException($"the text has no mask, expected {tokenizer.TokenOf(mask)} where a word is missing");
        }

        if (model.Inputs.Contains("decoder_input_ids"))
        {
            throw new CommandException($"{path}: the model writes texts, expected a masked language model; generate lets it write");
        }

        using DisposeScope scope = NewDisposeScope();
        using IDisposable off = no_grad();
        Tensor logits = model.Run(TextInputs.Of(model, [tokens], tokenizer.Special.Pad ?? 0), output)[output];
        int[] best = [.. tokens.Ids];
        var table = new Table().AddColumns("mask", "token", "probability");
        for (int k = 0; k < places.Length; k++)
        {
            (Tensor values, Tensor ids) = nn.functional.softmax(logits[0, places[k]], -1).topk(Math.Min(top, tokenizer.Vocabulary));
            long[] found = ids.data<long>().ToArray();
            float[] chances = values.to(ScalarType.Float32).data<float>().ToArray();
            best[places[k]] = (int)found[0];
            for (int i = 0; i < found.Length; i++)
            {
                table.AddRow(
                    i == 0 ? FormattableString.Invariant($"{k + 1}") : "", Markup.Escape(Spelt(tokenizer, (int)found[i])),
                    FormattableString.Invariant($"{chances[i] * 100:F1} %"));
            }
        }

        context.Console.Write(table);
        context.Output.WriteLine(tokenizer.Decode(best).Trim());
        return 0;
    }

    /// <summary>A token as people read it: the text it stands for, or its own spelling where that is no text.</summary>
    private static string Spelt(ITokenizer tokenizer, int id)
    {
        string word = tokenizer.Decode([id], keepSpecials: true).Trim();
        return word.Length > 0 ? word : tokenizer.TokenOf(id) ?? FormattableString.Invariant($"{id}");
    }
}
