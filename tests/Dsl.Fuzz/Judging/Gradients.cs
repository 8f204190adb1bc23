using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Fuzz.Judging;

/// <summary>Gradients of every weight in float64, along a direction of each, against central differences; a gradient that is not there is zero.</summary>
internal static class Gradients
{
    private const double Step = 1e-5;

    /// <summary>A model in training, with padding, whose every output is read.</summary>
    public static Verdict Judge(ModelEntry entry, object config, int seed, bool smooth)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.manual_seed(seed);
        using IModel model = entry.Create(config, ScalarType.Float64);

        // Dropout draws anew at each call: only evaluation repeats itself.
        model.Module.eval();
        var random = new Random(seed);
        Weight[] weights = [.. model.Weights.All.Where(w => torch.is_floating_point(w.Value))];
        using (torch.no_grad())
        {
            foreach (Weight weight in weights)
            {
                using Tensor noise = Normal(weight.Value.shape, random) * 0.3;
                weight.Value.add_(noise);
            }
        }

        Dictionary<string, Tensor> feed = Feed(model, random);
        Dictionary<string, Tensor>? readers = null;
        Tensor Loss()
        {
            IReadOnlyDictionary<string, Tensor> outputs = model.Run(feed);
            readers ??= outputs.Where(o => torch.is_floating_point(o.Value)).ToDictionary(o => o.Key, o => Normal(o.Value.shape, random));
            return readers.Select(r => (outputs[r.Key] * r.Value).sum()).Aggregate((a, b) => a + b);
        }

        using Tensor loss = Loss();
        if (double.IsNaN(loss.item<double>()) || double.IsInfinity(loss.item<double>()))
        {
            return Verdict.Failed("an output is NaN", "with noise of 0.3 on every weight an output is NaN or infinite");
        }

        if (loss.requires_grad)
        {
            loss.backward();
        }

        var gradients = weights.ToDictionary(w => w, w => w.Value.grad is { } g ? g.clone() : torch.zeros_like(w.Value));
        double norm = Math.Sqrt(gradients.Values.Sum(g => g.square().sum().item<double>()));
        foreach (Weight weight in weights.Where(w => w.Trainable))
        {
            Tensor direction = Normal(weight.Value.shape, random);
            direction = direction / direction.norm();
            double analytic = (gradients[weight] * direction).sum().item<double>();
            double At(double by)
            {
                using IDisposable off = torch.no_grad();
                using Tensor step = direction * by;
                weight.Value.add_(step);
                using IDisposable on = torch.enable_grad();
                using Tensor moved = Loss();
                double value = moved.item<double>();
                using IDisposable again = torch.no_grad();
                weight.Value.sub_(step);
                return value;
            }

            double Error(double h)
            {
                double numeric = (At(h) - At(-h)) / (2 * h);
                return Math.Abs(analytic - numeric) / Math.Max(Math.Max(Math.Abs(analytic), Math.Abs(numeric)), 1e-3 * Math.Max(norm, 1e-3));
            }

            double error = Error(Step), allowed = smooth ? 1e-5 : 1e-4;
            if (error > allowed && Error(Step / 10) > 10 * allowed && Error(Step * 10) > allowed)
            {
                return Verdict.Failed("gradients", FormattableString.Invariant(
                    $"along '{weight.Key}' the gradient is {analytic:g10}, central differences give {(At(Step) - At(-Step)) / (2 * Step):g10}"));
            }
        }

        return Verdict.Right;
    }

    private static Dictionary<string, Tensor> Feed(IModel model, Random random)
    {
        const int rows = 2, length = 5, memory = 4;
        bool decodes = model.Inputs.Contains("decoder_input_ids");
        var feed = new Dictionary<string, Tensor>();
        foreach (string name in model.Inputs)
        {
            int columns = decodes && name != "decoder_input_ids" ? memory : length;
            long below = name == "token_type_ids" ? 2 : 7;
            Tensor value = torch.tensor([.. Enumerable.Range(0, rows * columns).Select(_ => random.NextInt64(name.EndsWith("ids", StringComparison.Ordinal) && below == 7 ? 1 : 0, below))], [rows, columns]);
            if (name.EndsWith("mask", StringComparison.Ordinal))
            {
                value = torch.ones(rows, columns, dtype: ScalarType.Int64);
                value.narrow(0, 1, 1).narrow(1, columns - 1, 1).fill_(0);
            }

            feed[name] = value;
        }

        return feed;
    }

    private static Tensor Normal(long[] shape, Random random)
    {
        var values = new double[shape.Aggregate(1L, (a, b) => a * b)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        }

        return torch.tensor(values, shape, dtype: ScalarType.Float64);
    }
}
