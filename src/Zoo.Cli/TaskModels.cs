using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json.Nodes;
using Dsl;
using Dsl.Text;
using Dsl.Training.Tasks;

namespace Zoo.Cli;

/// <summary>Small models that are fine-tuned on tasks: those with the head that a task wants, narrower than objectives train them.</summary>
internal static class TaskModels
{
    private const int Width = 96, Inner = 192;

    /// <summary>One of each family that has a head for a task.</summary>
    internal static IEnumerable<SmallModel> Of(RuleTask task) => SmallModels.TrainedBy(task.Head.ToString().ToLowerInvariant());

    /// <summary>A vocabulary in which every word of the tasks is one token.</summary>
    internal static ITokenizer Vocabulary(SmallModel model) => TokenizerTraining.Learn(
        string.Concat(Enumerable.Repeat(string.Concat(RuleTask.Vocabulary.Select(word => $"{word} {word}\n")), 20)), 1500,
        VocabularyLayout.All.Single(layout => layout.Name == model.Small.Layout));

    /// <summary>The text of the config of a model with the head of a task.</summary>
    internal static string Config(SmallModel model, RuleTask task, ITokenizer tokenizer, int context)
    {
        var keys = new List<(string Key, JsonNode? Value)>(
            SpecialIds.Of(tokenizer, task.Head == Head.Text ? new TaskExamples(task, tokenizer).DecoderStart : null));
        if (task.Labels.Count > 0)
        {
            keys.Add(("num_labels", null));
            keys.Add(("id2label", new JsonObject(
                task.Labels.Select((label, id) => KeyValuePair.Create(id.ToString(CultureInfo.InvariantCulture), (JsonNode?)label)))));
            keys.Add(("label2id", new JsonObject(task.Labels.Select((label, id) => KeyValuePair.Create(label, (JsonNode?)id)))));
        }

        var size = new SmallSize(tokenizer.Vocabulary, context) { Pad = tokenizer.Special.Pad, Width = Width, Inner = Inner };
        return model.ConfigText(size, [.. keys]);
    }
}
