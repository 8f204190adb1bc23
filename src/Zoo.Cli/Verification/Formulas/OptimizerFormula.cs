using System;
using System.Linq;
using Dsl.Testing;
using Dsl.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using AdamW = Dsl.Training.AdamW;

namespace Zoo.Cli.Verification.Formulas;

/// <summary>Steps of optimisers from given parameters and gradients: the parameters after each, and the norms by which gradients are clipped.</summary>
internal static class OptimizerFormula
{
    private const string Start = "in.param.", Slope = "in.grad.";

    internal static void Compare(FormulaRun run)
    {
        string[] names = [.. new[] { Start, Slope }.SelectMany(kind => run.Names.Where(name => name.StartsWith(kind, StringComparison.Ordinal))
            .Select(name => name[kind.Length..])).Distinct()];
        foreach (GoldenJson h in run.Description["hyperparameters"].Members)
        {
            // Plain Adam is AdamW without decay; decay that is added to the gradient, and the other rules, are other optimisers.
            if (h.Name == "adam" || h.Name.StartsWith("adamw", StringComparison.Ordinal))
            {
                run.Attempt(h.Path, () => Steps(run, h, names, fused: true));
                run.Attempt(h.Path, () => Steps(run, h, names, fused: false));
            }
            else
            {
                run.Omit($"out.{h.Name}.", "no such optimiser is offered, AdamW alone is");
            }
        }
    }

    private static void Steps(FormulaRun run, GoldenJson h, string[] names, bool fused)
    {
        Parameter[] parameters = [.. names.Select(name => new Parameter(run.Numbers(Start + name)))];
        double[] betas = h["betas"].Numbers;
        using var optimizer = new AdamW(
            [new ParameterGroup([.. names.Zip(parameters)], h.Find("weight_decay")?.Number ?? 0)], betas[0], betas[1], h["eps"].Number, fused);
        Tensor[] gradients = [.. names.Select(name => run.Numbers(Slope + name))];
        long steps = gradients[0].shape[0];
        Tensor[] after = [.. gradients.Select(gradient => zeros_like(gradient))];
        double[] norms = new double[steps], scales = new double[steps];
        for (int step = 0; step < steps; step++)
        {
            foreach ((Parameter parameter, Tensor gradient) in parameters.Zip(gradients))
            {
                parameter.grad = gradient[step].clone();
            }

            if (h.Find("max_norm") is { } most)
            {
                norms[step] = Gradients.Clip(parameters, most.Number);
                scales[step] = Gradients.Clip(parameters, double.PositiveInfinity) / norms[step];
            }

            optimizer.Step(h["lr"].Number);
            foreach ((Parameter parameter, Tensor kept) in parameters.Zip(after))
            {
                kept[step].copy_(parameter.detach());
            }
        }

        string way = fused ? "" : ", operator by operator";
        foreach ((string name, Tensor kept) in names.Zip(after))
        {
            run.Compare($"out.{h.Name}.{name}", kept, check: $"out.{h.Name}.{name}{way}");
        }

        if (h.Find("max_norm") is not null)
        {
            run.Compare("out.clip.norms", tensor(norms, dtype: ScalarType.Float64), check: "out.clip.norms" + way);
            run.Compare("out.clip.coefficients", tensor(scales, dtype: ScalarType.Float64), check: "out.clip.coefficients" + way);
        }
    }
}
