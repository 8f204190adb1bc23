using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using Dsl.Generation;
using Dsl.Runtime;
using Dsl.Text;
using Spectre.Console;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary><c>classify</c>: what a model's head says of a text, a pair, or several choices.</summary>
internal static class ClassifyCommand
{
    internal static Command Make(CliContext context)
    {
        var folder = new Argument<string>("folder") { Description = "the folder of a run, of one of its checkpoints, or of a published checkpoint." };
        var texts = new Argument<string[]>("text")
        {
            Description = "a text; a second one makes a pair (a question and the text that answers it); more are choices.",
            Arity = ArgumentArity.OneOrMore,
        };
        const string What = "Label a text or its words, judge a pair, choose, or find an answer: whatever the model's head does.";
        var command = new Command("classify", What) { folder, texts };
        var loading = new LoadWords();
        loading.AddTo(command);
        command.SetAction(words => Run(context, words.GetRequiredValue(folder), words.GetRequiredValue(texts), loading.Read(context, words)));
        return command;
    }

    private static int Run(CliContext context, string path, string[] texts, LoadOptions options)
    {
        string folder = RunReader.Checkpoint(context, path);
        (IModel model, ITokenizer tokenizer) = RunReader.Open(context, folder, options);
        using IModel owned = model;
        using DisposeScope scope = NewDisposeScope();
        using IDisposable off = no_grad();
        int pad = tokenizer.Special.Pad ?? 0;
        bool choices = ConfigReader.Open(folder).Architectures.Any(name => name.EndsWith("ForMultipleChoice", StringComparison.Ordinal));
        if (texts.Length > 2 && !choices)
        {
            throw new CommandException($"{texts.Length} texts, expected one or a pair for this model's head");
        }

        if (choices)
        {
            return Choose(context, model, tokenizer, pad, texts);
        }

        TokenEncoding tokens = tokenizer.Encode(texts[0], texts.ElementAtOrDefault(1));
        IReadOnlyDictionary<string, Tensor> inputs = TextInputs.Of(model, [tokens], pad);
        if (model.Outputs.Contains("start_logits"))
        {
            return Answer(context, model.Run(inputs, "start_logits", "end_logits"), tokens, texts);
        }

        string name = model.Outputs.FirstOrDefault(output => output is "nsp_logits" or "sop_logits") ?? "logits";
        if (!model.Outputs.Contains(name) || model.Inputs.Contains("decoder_input_ids"))
        {
            throw new CommandException($"{path}: the model has no head that classifies, expected one that tasks wrote or a fine-tuned checkpoint");
        }

        Tensor logits = model.Run(inputs, name)[name];
        string[] labels = name switch
        {
            "nsp_logits" => ["the second follows the first", "it comes from elsewhere"],
            "sop_logits" => ["in their order", "swapped"],
            _ => RunReader.Labels(folder, (int)logits.shape[^1]),
        };
        if (logits.dim() == 3 && logits.shape[1] == tokens.Count && logits.shape[^1] <= labels.Length)
        {
            return LabelWords(context, logits, labels, tokens, texts[0]);
        }

        Rank(context, "label", labels, logits[0]);
        return 0;
    }

    private static int Choose(CliContext context, IModel model, ITokenizer tokenizer, int pad, string[] texts)
    {
        if (texts.Length < 3)
        {
            throw new CommandException("one choice, expected a text and two or more choices");
        }

        TokenEncoding[] rows = [.. texts.Skip(1).Select(choice => tokenizer.Encode(texts[0], choice))];
        Rank(context, "choice", texts[1..], model.Run(TextInputs.Of(model, rows, pad), "logits")["logits"].flatten());
        return 0;
    }

    private static void Rank(CliContext context, string what, string[] names, Tensor logits)
    {
        float[] chances = nn.functional.softmax(logits, -1).to(ScalarType.Float32).data<float>().ToArray();
        var table = new Table().AddColumns(what, "probability");
        foreach (int id in Enumerable.Range(0, chances.Length).OrderByDescending(id => chances[id]))
        {
            table.AddRow(Markup.Escape(names[id]), FormattableString.Invariant($"{chances[id] * 100:F1} %"));
        }

        context.Console.Write(table);
    }

    private static int LabelWords(CliContext context, Tensor logits, string[] labels, TokenEncoding tokens, string text)
    {
        long[] best = logits[0].argmax(-1).data<long>().ToArray();
        var table = new Table().AddColumns("word", "label");
        foreach (IGrouping<int, int> word in Enumerable.Range(0, tokens.Count).Where(i => tokens.WordIds[i] >= 0).GroupBy(i => tokens.WordIds[i]))
        {
            string spelt = text[tokens.Offsets[word.First()].Start..tokens.Offsets[word.Last()].End].Trim();
            table.AddRow(Markup.Escape(spelt), Markup.Escape(labels[best[word.First()]]));
        }

        context.Console.Write(table);
        return 0;
    }

    private static int Answer(CliContext context, IReadOnlyDictionary<string, Tensor> results, TokenEncoding tokens, string[] texts)
    {
        if (texts.Length < 2)
        {
            throw new CommandException("one text, expected a question and the text that answers it");
        }

        // The second text's tokens: those after the special ones that divide the two.
        float[] starts = results["start_logits"].to(ScalarType.Float32).data<float>().ToArray(),
            ends = results["end_logits"].to(ScalarType.Float32).data<float>().ToArray();
        int from = Array.FindIndex(tokens.WordIds, 1, word => word < 0);
        int[] places = [.. Enumerable.Range(from, tokens.Count - from).Where(i => tokens.WordIds[i] >= 0)];
        (int first, int last) = places.SelectMany(s => places.Where(e => e >= s).Select(e => (s, e))).MaxBy(span => starts[span.s] + ends[span.e]);
        context.Output.WriteLine(texts[1][tokens.Offsets[first].Start..tokens.Offsets[last].End].Trim());
        return 0;
    }
}
