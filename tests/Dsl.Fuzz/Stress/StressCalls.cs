using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using Dsl.Generation;
using Dsl.Runtime;
using TorchSharp;
using Zoo;
using static TorchSharp.torch;

namespace Dsl.Fuzz.Stress;

/// <summary>What is called: each small model of the zoo in every way that users call models, and TorchSharp as users must not write it.</summary>
internal static class StressCalls
{
    private const int Vocabulary = 64, Context = 24, Rows = 2, Tokens = 12;

    /// <summary>Our own code: nothing of it may break.</summary>
    internal static IReadOnlyList<StressCall> OfModels() =>
        [.. SmallModels.All.DistinctBy(small => small.Family).SelectMany(Calls)];

    /// <summary>A number beside a tensor, as TorchSharp's operators take it: breaks after some seconds.</summary>
    internal static IReadOnlyList<StressCall> OfOperators() => [new StressCall("operator", "x + 0.5", () =>
    {
        Tensor x = ones(16).DetachFromDisposeScope();
        return () =>
        {
            using Tensor y = x + 0.5;
            return Digest([y]);
        };
    })];

    private static IEnumerable<StressCall> Calls(SmallModel small)
    {
        string json = small.ConfigText(new SmallSize(Vocabulary, Context) { Pad = 0, Width = 32, Inner = 64 });
        using IModel outline = Create(json);
        bool steps = Steps(outline), pair = outline.Inputs.Contains("decoder_input_ids");
        IModel shared = Create(json);
        var calls = new List<StressCall>
        {
            new("forward", small.Family, () => Of(json, shared, Forward)),
            new("backward", small.Family, () => Of(json, null, Backward)),
            new("save and load", small.Family, () => Of(json, shared, SaveAndLoad)),
        };
        if (steps && !pair)
        {
            calls.Add(new("step", small.Family, () => Of(json, shared, Step)));
            calls.Add(new("beams", small.Family, () => Of(json, shared, Beams)));
            calls.Add(new("generate", small.Family, () => Of(json, shared, Generate)));
        }

        return calls;
    }

    /// <summary>A call of a model: of one that all threads share, or of the thread's own.</summary>
    private static Func<string> Of(string json, IModel? shared, Func<IModel, string> call)
    {
        IModel model = shared ?? Create(json);
        return () => call(model);
    }

    private static bool Steps(IModel model)
    {
        try
        {
            using ModelState state = model.NewState(1);
            return true;
        }
        catch (NotSupportedException)
        {
            return false;
        }
    }

    // Weights by their place alone: random ones would depend on which thread makes them.
    private static IModel Create(string json)
    {
        IModel model = Models.Create(ConfigReader.Parse(json, "config.json"), ScalarType.Float32, CPU);
        using IDisposable off = no_grad();
        using DisposeScope scope = NewDisposeScope();
        int salt = 0;
        foreach (Weight weight in model.Weights.All)
        {
            Tensor value = weight.Value;
            float[] numbers = new float[value.numel()];
            for (int i = 0; i < numbers.Length; i++)
            {
                numbers[i] = MathF.Sin((0.37f * i) + salt) * 0.2f;
            }

            value.copy_(tensor(numbers, value.shape));
            salt++;
        }

        model.Weights.Changed();
        model.Module.eval();
        return model;
    }

    private static Dictionary<string, Tensor> Inputs(IModel model) => model.Inputs.ToDictionary(name => name, name =>
        name.EndsWith("mask", StringComparison.Ordinal) ? ones([Rows, Tokens], ScalarType.Int64)
        : name.EndsWith("type_ids", StringComparison.Ordinal) ? zeros([Rows, Tokens], ScalarType.Int64)
        : tensor([.. Enumerable.Range(0, Rows * Tokens).Select(i => (long)(1 + (i * 7 % (Vocabulary - 1))))], [Rows, Tokens], ScalarType.Int64));

    private static string Forward(IModel model)
    {
        using IDisposable off = no_grad();
        return Run(model, results => Digest(results));
    }

    private static string Backward(IModel model)
    {
        model.Module.zero_grad();
        return Run(model, results =>
        {
            using Tensor loss = results.Where(result => result.requires_grad).Select(result => result.Square().mean()).Aggregate((a, b) => a.Plus(b));
            loss.backward();
            return Digest([.. model.Weights.All.Select(weight => ((Tensor)weight.Value).grad).Where(grad => grad is not null).Select(grad => grad!)]);
        });
    }

    private static string Run(IModel model, Func<IReadOnlyList<Tensor>, string> read)
    {
        Dictionary<string, Tensor> inputs = Inputs(model);
        IReadOnlyDictionary<string, Tensor> results = model.Run(inputs);
        try
        {
            return read([.. results.Values]);
        }
        finally
        {
            foreach (Tensor tensor in results.Values.Concat(inputs.Values))
            {
                tensor.Dispose();
            }
        }
    }

    private static string Step(IModel model)
    {
        using IDisposable off = no_grad();
        using ModelState state = model.NewState(Rows);
        var logits = new List<Tensor>();
        for (int i = 0; i < 6; i++)
        {
            using Tensor tokens = full([Rows, 1 + (i % 2)], Scalars.Of(3L + i), ScalarType.Int64);
            logits.Add(model.Advance(tokens, state, last: true));
        }

        string digest = Digest(logits);
        logits.ForEach(tensor => tensor.Dispose());
        return digest;
    }

    private static string Beams(IModel model)
    {
        using IDisposable off = no_grad();
        using ModelState state = model.NewState(1, 20);
        using Tensor prompt = tensor([5L, 9L], [1, 2], ScalarType.Int64);
        return string.Join(' ', BeamSearch.Run(model, state, prompt, new BeamOptions(3, 8))[0][0].Tokens);
    }

    private static string Generate(IModel model)
    {
        using var generator = new TextGenerator(model);
        var options = new GenerationOptions { MaxTokens = 8, EndTokens = [], Sampling = new SamplingOptions { Temperature = 0.9, TopP = 0.9, Seed = 3 } };
        IReadOnlyList<Completion> all = generator.CompleteAsync([[5, 9], [7]], options).GetAwaiter().GetResult();
        return string.Join(" | ", all.Select(one => string.Join(' ', one.Tokens)));
    }

    private static string SaveAndLoad(IModel model)
    {
        string folder = Directory.CreateTempSubdirectory("dsl-stress-").FullName;
        try
        {
            ((GeneratedModel)model).Save(folder);
            using IModel loaded = Models.Load(folder, ScalarType.Float32, CPU);
            return Forward(loaded);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Digest(IReadOnlyList<Tensor> tensors)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Tensor one in tensors)
        {
            using Tensor whole = one.detach(), near = whole.contiguous();
            hash.AppendData(near.bytes);
            GC.KeepAlive(near);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
