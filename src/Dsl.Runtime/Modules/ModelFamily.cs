using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Runtime;

/// <summary>The models of one assembly that share a <c>model_type</c>: one trunk under several heads.</summary>
internal static class ModelFamily
{
    /// <summary>
    /// Every name under which files may hold the tensors of the other models of a model's family, built from the same config. A published
    /// file often keeps parts of the head that its trunk was trained under.
    /// </summary>
    /// <param name="model">The class of the model that is loaded.</param>
    /// <param name="config">Its config.</param>
    public static IReadOnlySet<string> OtherNames(Type model, object config)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        IReadOnlyList<ModelEntry> all = ModelRegistry.Of(model.Assembly).All;
        if (all.FirstOrDefault(entry => entry.Type == model) is not { ModelType: { } type })
        {
            return names;
        }

        foreach (ModelEntry other in all.Where(entry => entry.Type != model && entry.ModelType == type && entry.ConfigType == config.GetType()))
        {
            var built = (GeneratedModel)other.Build(config, Weights.Outline());
            foreach (KeyLayout layout in built.KeyRules.AllLayouts)
            {
                names.UnionWith(built.Weights.All.SelectMany(weight => KeyTarget.Of(weight, built.KeyRules).Names(layout)));
            }
        }

        return names;
    }
}
