using System;
using System.Collections.Generic;
using System.IO.Enumeration;
using System.Linq;
using Dsl.Runtime;
using Dsl.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>Gradients, and what they are good for.</summary>
internal static class GradientChecks
{
    private const int Directions = 12;

    /// <summary>Against central differences in float64, along directions over all weights and over single ones; and every weight has one.</summary>
    internal static void Gradients(ModelSession s)
    {
        IModel model = s.Model(ScalarType.Float64);
        Dictionary<string, Tensor> feed = s.Feed(2, s.Fit(5), memory: 4);
        foreach (string mask in s.Inputs.Where(ModelSession.IsMask))
        {
            feed[mask] = torch.ones_like(feed[s.MaskedInput]);
            feed[mask].narrow(0, 1, 1).narrow(1, feed[mask].shape[1] - 1, 1).fill_(Scalars.Of(0));
        }

        var random = new Random(s.Options.Seed);
        IReadOnlyDictionary<string, Tensor> first;
        using (torch.no_grad())
        {
            first = model.Run(feed);
            model.Module.train();
            if (model.Run(feed).Any(pair => !ModelSession.Same(pair.Value, first[pair.Key])))
            {
                // Dropout is on: only evaluation repeats itself.
                model.Module.eval();
            }
        }

        // One number that reads every output, and no two elements alike.
        Dictionary<string, Tensor> readers = first.Where(pair => torch.is_floating_point(pair.Value))
            .ToDictionary(pair => pair.Key, pair => ModelSession.Normal(pair.Value.shape, ScalarType.Float64, random));
        Tensor Loss()
        {
            IReadOnlyDictionary<string, Tensor> outputs = model.Run(feed);
            return readers.Select(reader => (outputs[reader.Key] * reader.Value).sum()).Aggregate((a, b) => a.Plus(b));
        }

        Loss().backward();
        var gradients = new Dictionary<Weight, Tensor>();
        foreach (Weight weight in model.Weights.All.Where(weight => torch.is_floating_point(weight.Value)))
        {
            Tensor? gradient = weight.Value.grad;
            bool reached = gradient is not null && gradient.abs().max().item<double>() > 0;
            string? reason = s.Options.WithoutGradient.FirstOrDefault(
                pair => FileSystemName.MatchesSimpleExpression(pair.Key, weight.Key, ignoreCase: false)).Value;
            bool none = reason is not null || !weight.Trainable;
            s.Expect(
                reached != none,
                none ? $"'{weight.Key}' has a gradient, although {reason ?? "it is not trainable"}" : $"'{weight.Key}' has no gradient, and nothing says why");
            if (reached)
            {
                gradients[weight] = gradient!;
            }
        }

        double norm = Math.Sqrt(gradients.Values.Sum(gradient => gradient.Square().sum().item<double>()));
        Weight[] all = [.. gradients.Keys];
        IEnumerable<(string Name, Weight[] Weights)> directions = all.OrderBy(_ => random.Next()).Take(Directions).Select(
            weight => (weight.Key, new[] { weight }))
            .Append(("all weights", all)).Append(("all weights again", all));
        foreach ((string name, Weight[] weights) in directions)
        {
            Tensor[] steps = [.. weights.Select(weight => ModelSession.Normal([.. weight.Shape], ScalarType.Float64, random))];
            double length = Math.Sqrt(steps.Sum(step => step.Square().sum().item<double>()));
            double analytic = weights.Zip(steps, (weight, step) => (gradients[weight] * step).sum().item<double>()).Sum() / length;
            double Moved(double by)
            {
                using IDisposable off = torch.no_grad();
                Move(weights, steps, by / length);
                using IDisposable on = torch.enable_grad();
                return Loss().item<double>();
            }

            const double h = 1e-5;
            double numeric = (Moved(h) - Moved(-2 * h)) / (2 * h);
            using (torch.no_grad())
            {
                Move(weights, steps, h / length);
            }

            double error = Math.Abs(analytic - numeric) / Math.Max(Math.Max(Math.Abs(analytic), Math.Abs(numeric)), 1e-3 * norm);
            s.Expect(error < 1e-6, FormattableString.Invariant($"along {name} the gradient is {analytic:g10}, central differences give {numeric:g10}"));
        }
    }

    /// <summary>A decoder learns one batch by heart in a few steps, and decodes it greedily.</summary>
    internal static void Overfit(ModelSession s)
    {
        if (!s.Steps)
        {
            return;
        }

        int most = s.Options.OverfitSteps;
        int length = s.Fit(10);
        IModel model = s.New(ScalarType.Float32);
        Dictionary<string, Tensor> feed = s.Feed(2, length, dtype: ScalarType.Float32);
        Tensor tokens = feed[s.StepInput], targets = tokens.narrow(1, 1, length - 1).contiguous();
        using (torch.no_grad())
        {
            // What is no distribution over the tokens cannot be decoded.
            if (s.Parallel(model, feed) is var output && (output.dim() != 3 || output.shape[2] != s.Facts.Value.Vocabularies[s.StepInput]))
            {
                return;
            }
        }

        // Rows that begin alike could not go on differently; nor can, without positions, a token and the same one twice.
        long[] others = [.. Enumerable.Range(0, s.Facts.Value.Vocabularies[s.StepInput]).Select(token => (long)token)
            .Where(token => token != s.Padding).Except(tokens.contiguous().data<long>().ToArray()).Take(2)];
        for (int row = 0; row < others.Length; row++)
        {
            tokens.narrow(0, row, 1).narrow(1, 0, 1).fill_(Scalars.Of(others[row]));
        }

        var inputs = s.With(feed, tokens.narrow(1, 0, length - 1));
        using Optimizer optimiser = ModelSession.OptimiserOf(model);
        double loss = double.PositiveInfinity;
        int steps = 0;
        for (; steps < most && loss > 0.05; steps++)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            model.Module.zero_grad();
            Tensor now = Losses.CrossEntropy(s.Parallel(model, inputs), targets);
            now.backward();
            optimiser.Step(6e-3);
            loss = now.item<float>();
        }

        s.Expect(loss <= 0.05, FormattableString.Invariant($"after {steps} steps on one batch the loss is {loss:f3}, expected 0.05 or less"));
        using IDisposable off = torch.no_grad();
        ModelState state = s.Begin(model, feed);
        Tensor token = tokens.narrow(1, 0, 1);
        var said = new List<Tensor>();
        for (int i = 1; i < length; i++)
        {
            token = model.Advance(token, state, last: true).argmax(-1);
            said.Add(token);
        }

        long different = torch.cat(said, 1).ne(targets).sum().item<long>();
        s.Expect(different == 0, $"greedy decoding returns the batch but for {different} tokens");
    }

    private static void Move(Weight[] weights, Tensor[] steps, double by)
    {
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i].Value.add_(steps[i], alpha: Scalars.Of(by));
        }
    }
}
