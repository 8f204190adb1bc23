using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using Dsl.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>A model is an ordinary module.</summary>
internal static class ModuleChecks
{
    internal static void Module(ModelSession s)
    {
        using IDisposable off = torch.no_grad();
        IModel model = s.Model(ScalarType.Float32);
        nn.Module module = model.Module;
        Dictionary<string, Tensor> feed = s.Feed(2, s.Fit(6), dtype: ScalarType.Float32);
        IReadOnlyDictionary<string, Tensor> before = model.Run(feed);

        string[] keys = [.. model.Weights.All.Where(weight => !weight.IsBuffer).Select(weight => weight.Key)];
        string[] buffers = [.. model.Weights.All.Where(weight => weight.IsBuffer).Select(weight => weight.Key)];
        string[] all = [.. model.Weights.All.Select(weight => weight.Key)];
        string[] named = [.. module.named_parameters().Select(pair => pair.name)], stated = [.. module.state_dict().Keys];
        string[] buffered = [.. module.named_buffers().Select(pair => pair.name)];
        s.Expect(keys.SequenceEqual(named), $"named_parameters has {FileChecks.Difference(named, keys)}, expected the checkpoint's keys in order");
        s.Expect(buffers.SequenceEqual(buffered), $"named_buffers has {FileChecks.Difference(buffered, buffers)}, expected the checkpoint's buffers in order");
        s.Expect(all.SequenceEqual(stated), $"state_dict has {FileChecks.Difference(stated, all)}, expected the checkpoint's keys in order");
        s.Expect(all.All(key => module.has_buffer(key) == buffers.Contains(key) && module.has_parameter(key) == keys.Contains(key)),
            "a buffer is a parameter, or a parameter a buffer");
        s.Expect(module.parameters().Select(parameter => parameter.Handle).Distinct().Count() == keys.Length, "parameters() has a parameter twice");
        s.Expect(module.parameters().Sum(parameter => parameter.numel()) == s.Entry.ParameterCount(s.Config),
            "ParameterCount differs from what parameters() hold");

        module.to(ScalarType.Float64);
        s.Expect(module.parameters().All(parameter => !torch.is_floating_point(parameter) || parameter.dtype == ScalarType.Float64),
            "to(Float64) leaves weights behind");
        Ties(s, model, "after to(Float64)");
        Dictionary<string, Tensor> wide = feed.ToDictionary(pair => pair.Key, pair =>
            torch.is_floating_point(pair.Value) ? pair.Value.to(ScalarType.Float64) : pair.Value);
        foreach ((string name, Tensor value) in model.Run(wide))
        {
            s.ExpectClose(value.to(ScalarType.Float32), before[name], $"'{name}' after to(Float64)");
            s.Expect(!torch.is_floating_point(value) || value.dtype == ScalarType.Float64, $"'{name}' is {value.dtype} after to(Float64)");
        }

        module.to(ScalarType.Float32);
        Ties(s, model, "after to(Float32)");
        s.ExpectSame(model.Run(feed), before, "after to(Float64) and back");

        // TorchSharp's own file, into a model of other numbers.
        string file = Path.Combine(s.Folder("torch"), "model.dat");
        module.save(file);
        IModel loaded = s.Model(ScalarType.Float32, seed: 3);
        loaded.Run(feed);
        loaded.Module.load(file);
        s.ExpectSame(loaded.Run(feed), before, "loaded by TorchSharp's own load");

        IModel copied = s.Model(ScalarType.Float32, seed: 4);
        copied.Run(feed);
        copied.Module.load_state_dict(module.state_dict());
        s.ExpectSame(copied.Run(feed), before, "load_state_dict");
    }

    internal static void OptimiserStep(ModelSession s)
    {
        IModel model = s.Model(ScalarType.Float32);
        model.Module.to(ScalarType.Float64).to(ScalarType.Float32);
        Dictionary<string, Tensor> feed = s.Feed(2, s.Fit(6), dtype: ScalarType.Float32);
        using (torch.no_grad())
        {
            model.Run(feed);
        }

        Dictionary<string, Tensor> old = model.Module.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone());
        using (Optimizer optimiser = ModelSession.OptimiserOf(model))
        {
            Sum(model.Run(feed)).backward();
            optimiser.Step(1e-2);
        }

        using IDisposable off = torch.no_grad();
        foreach (Weight weight in model.Weights.All.Where(weight => weight.Trainable))
        {
            Tensor? gradient = weight.Value.grad;
            if (gradient is not null && gradient.abs().max().item<float>() > 0)
            {
                s.Expect(!ModelSession.Same(weight.Value, old[weight.Key]), $"'{weight.Key}' has a gradient and is the same after a step");
            }
        }

        Ties(s, model, "after a step");
        string folder = s.Folder("stepped");
        ((GeneratedModel)model).Save(folder);
        s.ExpectSame(model.Run(feed), s.Own(s.Entry.Load(folder)).Run(feed), "after a step, against the same weights loaded afresh");
    }

    /// <summary>What a call makes is gone after it, whoever collects garbage or not.</summary>
    internal static void LiveTensors(ModelSession s)
    {
        IModel model = s.Model(ScalarType.Float32);
        Dictionary<string, Tensor> feed = s.Feed(2, s.Fit(6), dtype: ScalarType.Float32);
        Tensor tokens = feed.TryGetValue(s.StepInput, out Tensor? given) ? given : feed.Values.First();
        using (torch.no_grad())
        {
            Repeat(s, "forwards", s.Options.Forwards, () => Release(model.Run(feed)));
            if (s.Steps)
            {
                Repeat(s, "stateful forwards", s.Options.Forwards / 10, () =>
                {
                    using ModelState state = s.HasMemory ? model.Begin(feed) : model.NewState(2);
                    model.Advance(tokens, state).Dispose();
                    using Tensor next = tokens.narrow(1, 0, 1);
                    model.Advance(next, state, last: true).Dispose();
                    state.Clone().Dispose();
                });
            }
        }

    }

    internal static void LiveTensorsInTraining(ModelSession s)
    {
        IModel model = s.Model(ScalarType.Float32);
        Dictionary<string, Tensor> feed = s.Feed(2, s.Fit(6), dtype: ScalarType.Float32);
        model.Module.train();
        Repeat(s, "training steps", s.Options.TrainingSteps, () =>
        {
            model.Module.zero_grad();
            IReadOnlyDictionary<string, Tensor> outputs = model.Run(feed);
            using (DisposeScope scope = torch.NewDisposeScope())
            {
                Sum(outputs).backward();
            }

            Release(outputs);
            using IDisposable off = torch.no_grad();
            foreach (Weight weight in model.Weights.All)
            {
                using Tensor? gradient = weight.Value.grad;
                if (gradient is not null)
                {
                    weight.Value.add_(gradient, alpha: Scalars.Of(-1e-4));
                }
            }
        });
    }

    private static Tensor Sum(IReadOnlyDictionary<string, Tensor> outputs) =>
        outputs.Values.Where(torch.is_floating_point).Select(output => output.Square().mean()).Aggregate((a, b) => a.Plus(b));

    private static void Release(IReadOnlyDictionary<string, Tensor> outputs)
    {
        foreach (Tensor output in outputs.Values)
        {
            output.Dispose();
        }
    }

    private static void Repeat(ModelSession s, string what, int times, Action act)
    {
        // The first calls make what later ones share.
        for (int i = 0; i < 3; i++)
        {
            act();
        }

        long before = Live;
        for (int i = 0; i < times; i++)
        {
            act();
        }

        long left = Live - before;
        s.Expect(left == 0, $"{times} {what} leave {left} tensors behind");
    }

    /// <summary>Of this thread: what others make and collect meanwhile does not count.</summary>
    private static long Live => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

    private static void Ties(ModelSession s, IModel model, string when)
    {
        foreach (Weight weight in model.Weights.All)
        {
            foreach (string alias in weight.Aliases)
            {
                s.Expect(ReferenceEquals(model.Module.get_parameter(alias), model.Module.get_parameter(weight.Key)),
                    $"'{alias}' and '{weight.Key}' are two parameters {when}");
            }
        }
    }
}
