using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dsl;
using Dsl.Files;
using Dsl.Runtime;
using static TorchSharp.torch;

namespace Zoo;

/// <summary>A model of a small size, to be trained from nothing, as the family's own file declares it (<see cref="SmallAttribute"/>).</summary>
/// <param name="Entry">The model.</param>
/// <param name="Small">Family and vocabulary.</param>
/// <param name="Trained">What it is trained by, with the options that the family has otherwise.</param>
/// <param name="Sized">The size, as the config record that the model is built from.</param>
public sealed record SmallModel(ModelEntry Entry, SmallAttribute Small, TrainedByAttribute Trained, Func<SmallSize, object> Sized)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What commands call the family.</summary>
    public string Family => Small.Family;

    /// <summary>The text of a <c>config.json</c>.</summary>
    /// <param name="size">What the model is made for.</param>
    /// <param name="more">Further keys, in place of those that the record writes: ids of special tokens, names of classes; null: left out.</param>
    /// <exception cref="ConfigException">The family cannot be made so small.</exception>
    public string ConfigText(SmallSize size, params (string Key, JsonNode? Value)[] more)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("dsl-config-");
        try
        {
            // The record knows its keys, and a model its record: one without memory is enough.
            using var model = (GeneratedModel)Entry.Build(Sized(size), new Weights(ScalarType.Float32, META));
            model.WriteConfig(folder.FullName);
            JsonObject config = JsonNode.Parse(
                UserFile.ReadText(Path.Combine(folder.FullName, "config.json"), UserFile.MostOfText, FileErrors.Plain))!.AsObject();
            foreach ((string key, JsonNode? value) in more.Prepend(("model_type", Family)))
            {
                config.Remove(key);
                if (value is not null)
                {
                    config.Add(key, value);
                }
            }

            // Left out, the published library takes ids of its own vocabulary, and ends a text at a letter.
            foreach (string key in new[] { "bos_token_id", "eos_token_id" }.Where(key => !config.ContainsKey(key)))
            {
                config.Add(key, null);
            }

            return config.ToJsonString(Json) + "\n";
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

/// <summary>The small models of the zoo, found by what their declarations say.</summary>
public static class SmallModels
{
    /// <summary>One for each thing that each model is trained by; of those that are trained alike the one that is meant without a name comes first.</summary>
    public static IReadOnlyList<SmallModel> All { get; } =
        [.. Find().OrderBy(model => !model.Small.First).ThenBy(model => model.Family, StringComparer.Ordinal)];

    /// <summary>Those that are trained by an objective, or have a head that learns a kind of answer.</summary>
    public static IEnumerable<SmallModel> TrainedBy(string name) => All.Where(model => model.Trained.Name == name);

    /// <summary>Of the models that are built from a config of that kind, the one that is trained by something; null where there is none.</summary>
    /// <param name="config">The record's type.</param>
    /// <param name="name">An objective, or what a head learns: <c>reward</c>, <c>ppo</c>.</param>
    public static ModelEntry? HeadOf(Type config, string name) => HeadsOf(name).FirstOrDefault(entry => entry.ConfigType == config);

    /// <summary>All models that are trained by something, small ones or not.</summary>
    public static IEnumerable<ModelEntry> HeadsOf(string name) =>
        Models.All.Where(entry => entry.Type.GetCustomAttributes<TrainedByAttribute>(inherit: false).Any(trained => trained.Name == name));

    private static IEnumerable<SmallModel> Find() =>
        from entry in Models.All
        from trained in entry.Type.GetCustomAttributes<TrainedByAttribute>(inherit: false)
        let config = entry.Type.GetCustomAttributes(inherit: false).Select(attribute => attribute.GetType())
            .Single(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ModelAttribute<>)).GetGenericArguments()[0]
        from method in config.GetMethods(BindingFlags.Public | BindingFlags.Static)
        let small = method.GetCustomAttribute<SmallAttribute>()
        where small is not null
        select new SmallModel(entry, small, trained, size => method.Invoke(null, [size])!);
}
