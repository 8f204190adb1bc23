using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Testing;
using Dsl.Text;
using Dsl.Text.Templates;

namespace Zoo.Cli.Verification.Formulas;

/// <summary>
/// Conversations as the texts of published formats: prompts, whole conversations, and which of their characters carry loss. Templates are those of
/// <see cref="PublishedTemplates"/>, rendered by our own engine.
/// </summary>
internal static class ChatTemplateFormula
{
    private const string Source = "source";

    internal static void Compare(FormulaRun run)
    {
        GoldenJson all = run.Data;
        var chat = new Conversation(all["system"].Text, all["turns"].Texts);
        foreach (GoldenJson format in all.Members.Where(member => member.Name is not ("system" or "turns")))
        {
            run.Attempt(format.Path, () => Format(run, format, chat));
        }
    }

    private static void Format(FormulaRun run, GoldenJson format, Conversation chat)
    {
        switch (format.Name)
        {
            case "alpaca":
                foreach (GoldenJson example in format["examples"].Items)
                {
                    Alpaca(run, example);
                }

                run.Only(format, Source, "examples");
                break;
            case "vicuna_v1.1":
                Whole(run, format, new Written(PublishedTemplates.Vicuna), chat.Turns(system: false));
                break;
            case "vicuna_v1.1 with the system message":
                Whole(run, format, new Written(PublishedTemplates.Vicuna), chat.Turns(system: true));
                break;
            case "llama2":
                Llama2(run, format, chat);
                break;
            case "llama3":
                Both(run, format, new Written(PublishedTemplates.Llama3, "<|begin_of_text|>"), chat);
                run.Only(format, Source, "also", "with_system", "without_system");
                break;
            case "chatml":
                Both(run, format, new Written(PublishedTemplates.ChatMl), chat);
                run.Only(format, Source, "with_system", "without_system");
                break;
            default:
                run.Miss(format.Path, "is no format that is known");
                break;
        }
    }

    private static void Alpaca(FormulaRun run, GoldenJson example)
    {
        ChatTurn[] input = example["input"].Text.Length > 0 ? [new ChatTurn("input", example["input"].Text)] : [];
        Whole(run, example, new Written(PublishedTemplates.Alpaca),
            [new ChatTurn("user", example["instruction"].Text), .. input, new ChatTurn("assistant", example["output"].Text)], "instruction", "input", "output");
    }

    private static void Both(FormulaRun run, GoldenJson format, Written written, Conversation chat)
    {
        Whole(run, format["with_system"], written, chat.Turns(system: true));
        Whole(run, format["without_system"], written, chat.Turns(system: false));
    }

    /// <summary>A prompt, all turns, and where the loss is, of those that are there.</summary>
    private static void Whole(FormulaRun run, GoldenJson expected, Written written, ChatTurn[] turns, params string[] given)
    {
        if (expected.Find("prompt") is { } prompt)
        {
            run.Equal(prompt, written.Prompt(turns[..^1]));
        }

        RenderedChat complete = written.Complete(turns);
        if (expected.Find("complete") is { } text)
        {
            run.Equal(text, complete.Text);
        }

        if (expected.Find("loss") is { } loss)
        {
            string ours = string.Join(", ", CodePoints.Of(complete.Text, complete.Answers).Select(part => $"[{part[0]}, {part[1]}]"));
            string theirs = string.Join(", ", loss.Items.Select(part => $"[{part[0].Integer}, {part[1].Integer}]"));
            run.Differ(loss.Path, ours == theirs ? 0 : 1, $"{ours}, expected {theirs}");
        }

        run.Only(expected, [Source, "prompt", "complete", "loss", .. given]);
    }

    /// <summary>Each exchange is a piece of its own, tokenised by itself.</summary>
    private static void Llama2(FormulaRun run, GoldenJson format, Conversation chat)
    {
        var written = new Written(PublishedTemplates.Llama2);
        foreach (bool system in new[] { true, false })
        {
            GoldenJson expected = format[system ? "with_system" : "without_system"];
            run.Equal(expected["prompt"], written.Prompt(chat.Turns(system)[..^1]));
            ChatTurn[][] exchanges = [.. chat.Turns(system: false)[..^1].Chunk(2)];
            foreach ((GoldenJson piece, int i) in expected["pieces"].Items.Select((piece, i) => (piece, i)))
            {
                ChatTurn[] before = system && i == 0 ? [chat.System] : [];
                run.Equal(piece, i < exchanges.Length ? written.Prompt([.. before, .. exchanges[i]]) : null);
            }

            run.Only(expected, "prompt", "pieces");
        }

        foreach (GoldenJson other in format.Members.Where(member => member.Name is not (Source or "with_system" or "without_system")))
        {
            if (other.Name == "single_turn")
            {
                run.Equal(other, written.Prompt([chat.System, chat.Turns(system: false)[0]]));
            }
            else if (other.Name.StartsWith("complete_with_system", StringComparison.Ordinal))
            {
                run.Equal(other, written.Complete(chat.Turns(system: true)).Text);
            }
            else
            {
                run.Miss(other.Path, "nothing compares it");
            }
        }
    }

    /// <summary>What is said, the user first.</summary>
    private sealed record Conversation(string SystemText, string[] Said)
    {
        internal ChatTurn System => new("system", SystemText);

        internal ChatTurn[] Turns(bool system) =>
            [.. system ? [System] : Array.Empty<ChatTurn>(), .. Said.Select((text, i) => new ChatTurn(i % 2 == 0 ? "user" : "assistant", text))];
    }

    /// <summary>A template with its special tokens.</summary>
    private sealed class Written(string template, string begin = "<s>")
    {
        private readonly ChatTemplate parsed = ChatTemplate.Parse(template);
        private readonly Dictionary<string, string> names = new() { ["bos_token"] = begin, ["eos_token"] = "</s>" };

        internal string Prompt(ChatTurn[] turns) => parsed.Render(turns, names: names);

        internal RenderedChat Complete(ChatTurn[] turns) => parsed.RenderMarked(turns, addGenerationPrompt: false, names);
    }
}
