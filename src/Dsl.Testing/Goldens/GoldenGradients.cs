using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>The loss, and its gradient by every weight.</summary>
internal static class GoldenGradients
{
    internal static void Compare(GoldenRun run)
    {
        if (!run.Case.Outputs.ContainsKey("loss"))
        {
            return;
        }

        if (run.Loss is null)
        {
            run.Miss("out.loss", $"no loss is known for {run.Case.Loss}.");
            return;
        }

        var worst = new Dictionary<string, double>();
        bool ran = run.Attempt("gradients", () =>
        {
            using IDisposable on = enable_grad();
            BackwardOnce(run, "out.loss", worst);

            // Training may run fused operations of its own. With dropout the two differ, and only the first is comparable.
            run.Model.Module.train();
            if (Repeats(run))
            {
                BackwardOnce(run, "out.loss in training", worst);
            }
        });
        run.Model.Module.eval();

        foreach ((string key, double error) in worst)
        {
            string? note = double.IsPositiveInfinity(error) ? "the weight has no gradient." : null;
            run.Add(new GoldenRow("grad." + key, run.Dtype, error, GoldenTolerance.Gradient, note));
        }

        foreach (string key in run.Case.Gradients.Keys.Where(k => ran && !worst.ContainsKey(k)))
        {
            run.Miss("grad." + key, "the model has no weight of that name.");
        }
    }

    private static bool Repeats(GoldenRun run)
    {
        using IDisposable none = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return Loss(run).Equals(Loss(run));
    }

    private static Tensor Loss(GoldenRun run) => run.Loss!.Loss(run.Case, run.Model.Run(run.Inputs, run.Loss.Reads));

    /// <summary>Loss and backward; keeps the worst error of each weight's gradient.</summary>
    private static void BackwardOnce(GoldenRun run, string check, Dictionary<string, double> worst)
    {
        using DisposeScope scope = NewDisposeScope();
        run.Model.Module.zero_grad();
        Tensor loss = Loss(run);
        run.Add(new GoldenRow(check, run.Dtype, GoldenTolerance.Error(loss, run.Case.Outputs["loss"]), GoldenTolerance.Loss(run.Dtype)));
        if (run.Case.Gradients.Count == 0)
        {
            return;
        }

        loss.backward();
        double largest = run.Case.Gradients.Values.Max(g => g.abs().max().to_type(ScalarType.Float64).item<double>());
        foreach ((string name, var weight) in run.Model.Module.named_parameters())
        {
            string key = run.Case.Tied.GetValueOrDefault(name, name);
            Tensor? gradient = weight.grad;
            double error;
            if (run.Case.Gradients.TryGetValue(key, out Tensor? expected))
            {
                error = gradient is null ? double.PositiveInfinity
                    : GoldenTolerance.Error(gradient, expected, floor: GoldenTolerance.Noise(run.Dtype) * largest);
            }
            else if (gradient is not null)
            {
                // The reference never reached this weight: neither may we.
                error = gradient.abs().max().to_type(ScalarType.Float64).item<double>() / largest;
            }
            else
            {
                continue;
            }

            worst[key] = double.IsNaN(error) ? error : Math.Max(error, worst.GetValueOrDefault(key));
        }
    }
}
