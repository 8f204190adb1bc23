using System;
using System.Linq;
using System.Text.Json.Nodes;
using Dsl;
using Dsl.Runtime;
using Dsl.Training.Alignment;
using Zoo.Decoders;
using Zoo.Multimodal;

namespace Zoo.Cli;

/// <summary>Models that see, and the language model that they are made with, so small that they are trained in minutes.</summary>
internal static class PictureModels
{
    private const int Width = 64, Inner = 160, Layers = 2, Heads = 4, Patch = 8;

    private const double Deviation = 0.06;

    /// <summary>Rows that LLaVA makes of a picture: its patches.</summary>
    internal const int Patches = RulePictures.Side / Patch * (RulePictures.Side / Patch);

    /// <summary>Rows that MiniGPT-4 makes of a picture: its queries.</summary>
    internal const int Queries = 4;

    /// <summary>The text of a config.json.</summary>
    /// <param name="family">llava, minigpt4, or llama.</param>
    /// <param name="vocabulary">How many tokens.</param>
    /// <param name="context">Tokens in a row at most.</param>
    /// <param name="placeholder">The id that stands for a row of a picture.</param>
    /// <param name="ids">Ids of special tokens.</param>
    internal static string Config(string family, int vocabulary, int context, int placeholder, params (string Key, JsonNode? Value)[] ids)
    {
        (string model, Func<SmallSize, object> sized) = family switch
        {
            "llava" => (nameof(Llava), size => new LlavaConfig(
                new LlavaTextConfig(size.Vocab, Width, Inner, Layers, Heads) { Eps = 1e-5, Context = size.Context, Deviation = Deviation },
                new ClipVisionConfig(Width, 2 * Width, 3, Heads, RulePictures.Side, Patch), placeholder)),
            "minigpt4" => (nameof(MiniGpt4), size => new MiniGpt4Config(
                new EvaVisionConfig(Width, 2 * Width, 2, Heads, RulePictures.Side, Patch),
                new QFormerConfig(Width, 2 * Width, 2, Heads, Drop: 0, AttentionDrop: 0),
                new VicunaConfig(size.Vocab, Width, Inner, Layers, Heads) { Eps = 1e-5, Context = size.Context, Deviation = Deviation },
                Queries, PlaceholderKey: placeholder)),
            _ => (nameof(Llama), (Func<SmallSize, object>)(size => new LlamaConfig(size.Vocab, Width, Inner, Layers, Heads, Activation.Silu)
            {
                Eps = 1e-5,
                Context = size.Context,
                Deviation = Deviation,
            })),
        };
        var small = new SmallModel(Models.All.Single(entry => entry.Name == model), new SmallAttribute(family), new TrainedByAttribute("sft"), sized);
        return small.ConfigText(new SmallSize(vocabulary, context), ids);
    }
}
