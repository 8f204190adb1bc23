using System;
using System.Linq;
using System.Reflection;
using Dsl;
using Dsl.Runtime;
using Dsl.Text;

namespace Zoo.Cli;

/// <summary>How long a text a model can read, told by its config before any weights are read.</summary>
/// <param name="IsPair">The model has an encoder.</param>
/// <param name="Sees">The model reads pictures.</param>
/// <param name="Most">Positions of its learned tables, beyond which it has none; null: no length is too long.</param>
/// <param name="Trained">The length that it was trained on, where its declaration reads it from the config: beyond it, texts get worse.</param>
/// <param name="Rows">Rows of its table of tokens, where its config says so.</param>
internal sealed record ContextLimits(bool IsPair, bool Sees, int? Most, int? Trained, int? Rows)
{
    private static readonly string[] Keys = ["max_position_embeddings", "n_positions", "n_ctx"];

    internal static ContextLimits Read(CliContext context, string checkpoint, LoadOptions options)
    {
        using IModel outline = context.Zoo.Outline(checkpoint, options);

        // The table of a picture's places is no limit of a text.
        bool sees = PicturePrompt.IsReadBy(outline);
        return new ContextLimits(
            outline.Inputs.Contains("decoder_input_ids"),
            sees,
            !sees && outline.Weights.Positions is { } most ? (int)Math.Min(most, int.MaxValue) : null,
            TrainedOn(outline.Config),
            ValueOf(outline.Config, ["vocab_size"]));
    }

    /// <summary>Says that a tokenizer has more tokens than the model's table rows, before any text is read.</summary>
    internal void Compare(CliContext context, ITextCodec codec)
    {
        if (codec.Vocabulary > Rows)
        {
            context.Error.WriteLine("warning: " + Larger(codec.Vocabulary, Rows.Value));
        }
    }

    /// <summary>The same, in a sentence.</summary>
    internal static string Larger(int tokens, int rows) =>
        $"the tokenizer has {tokens} tokens, the model's table {rows}: tokens from {rows} on are an error when a text has them";

    /// <summary>Refuses ids that the model has no rows for, before its weights are read.</summary>
    /// <exception cref="CommandException">There is one; the message says which, where, and the table's size.</exception>
    internal void RequireRows(int[][] prompts)
    {
        for (int i = 0; i < prompts.Length && Rows is not null; i++)
        {
            if (Array.FindIndex(prompts[i], id => id < 0 || id >= Rows) is >= 0 and int at)
            {
                throw new CommandException($"id {prompts[i][at]} at [{i}, {at}], expected 0 to {Rows - 1}: the model's table has {Rows} rows");
            }
        }
    }

    /// <summary>How many tokens are kept in view of a text that begins with so many; 0: all of them.</summary>
    internal int Window(int prompt) => Most ?? (Trained is { } trained && prompt <= trained ? trained : 0);

    /// <summary>
    /// How long the texts were that a model of this config was trained on: the value of a member that the record reads from one of the keys; what a config
    /// holds without effect is no member.
    /// </summary>
    internal static int? TrainedOn(object config) => ValueOf(config, Keys);

    private static int? ValueOf(object config, string[] keys) => config.GetType().GetConstructors().SelectMany(constructor => constructor.GetParameters())
        .Where(parameter => parameter.GetCustomAttribute<KeyAttribute>()?.Paths.Intersect(keys).Any() == true)
        .Select(parameter => config.GetType().GetProperty(parameter.Name!)?.GetValue(config)).OfType<int>().Where(value => value > 1)
        .Select(value => (int?)value).FirstOrDefault();
}
