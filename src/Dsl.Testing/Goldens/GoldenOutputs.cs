using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>What one run of the parallel form answers.</summary>
internal static class GoldenOutputs
{
    /// <summary>Each named output of the case against the model's of that name.</summary>
    internal static void Compare(GoldenRun run, IReadOnlyList<string> names)
    {
        foreach (string name in names.Except(run.Model.Outputs))
        {
            run.Miss("out." + name, $"the model has no such output, its outputs are {string.Join(", ", run.Model.Outputs)}.");
        }

        run.Attempt("outputs", () =>
        {
            foreach ((string name, Tensor value) in run.Model.Run(run.Inputs, [.. names.Intersect(run.Model.Outputs)]))
            {
                // An output may come along that is needed for another.
                if (run.Case.Outputs.TryGetValue(name, out Tensor? reference) && names.Contains(name))
                {
                    run.Compare("out." + name, value, reference, run.RealPositions(name, reference));
                }
            }
        });
    }

    /// <summary>The same weights in another published layout: <c>model_NAME.safetensors</c>.</summary>
    internal static void Layouts(GoldenRun run, ModelRegistry models)
    {
        foreach (string file in Directory.GetFiles(run.Case.Folder, "model_*.safetensors").Order(StringComparer.Ordinal))
        {
            string check = $"out.logits of {Path.GetFileName(file)}";
            run.Attempt(check, () =>
            {
                using IModel other = models.Create(ConfigReader.Open(run.Case.Folder), run.Dtype);
                ((GeneratedModel)other).LoadWeights(file);
                other.Module.eval();
                Tensor reference = run.Case.Outputs["logits"];
                run.Compare(check, other.Run(run.Inputs, "logits")["logits"], reference, run.RealPositions("logits", reference));
            });
        }
    }
}
