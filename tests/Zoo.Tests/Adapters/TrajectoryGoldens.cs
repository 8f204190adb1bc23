using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Runtime;
using Dsl.Testing;
using Dsl.Tests;
using Dsl.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;
using AdamW = Dsl.Training.AdamW;

namespace Zoo.Tests.Adapters;

/// <summary>
/// Seven steps of transformers' Trainer on the causal loss, with an adapter over a frozen base and with parts of the model frozen: losses, rates, norms and
/// weights. The loss of a step is the mean over all counted tokens of its micro-batches.
/// </summary>
[Trait("Category", "Goldens")]
public sealed class TrajectoryGoldens
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (string kind in new[] { "trajectory_lora", "trajectory_frozen" })
            {
                foreach (string folder in ((IEnumerable<object[]>)Golden.Cases(kind)).Select(row => (string)row[0]))
                {
                    rows.Add(folder, nameof(ScalarType.Float64));
                    rows.Add(folder, nameof(ScalarType.Float32));
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_step_is_the_published_one(string folder, string dtype)
    {
        using var scope = NewDisposeScope();
        using var golden = new Golden(folder);
        double close = dtype == nameof(ScalarType.Float64) ? 1e-6 : 1e-4;
        Dictionary<string, Tensor> io = GoldenCase.Read(Path.Combine(folder, "io.safetensors"));
        JsonElement how = golden.Case.GetProperty("hyperparameters");
        double Number(string key) => how.GetProperty(key).GetDouble();
        string[] Names(string key) => [.. how.GetProperty(key).EnumerateArray().Select(name => name.GetString()!)];

        string adapterFolder = Path.Combine(folder, "adapter"), baseFolder = Path.Combine(folder, "base");
        using IModel model = global::Zoo.Models.Registry.Load(Directory.Exists(baseFolder) ? baseFolder : folder, Enum.Parse<ScalarType>(dtype));
        Adapter? adapter = Directory.Exists(adapterFolder) ? Dsl.Runtime.Adapters.Load(model, adapterFolder) : null;
        foreach (string frozen in Names("frozen"))
        {
            model.Weights.Freeze(frozen);
        }

        var before = model.Weights.All.Where(weight => !weight.Trainable).ToDictionary(weight => weight, weight => weight.Value.detach().clone());
        Weight[] trained = [.. model.Weights.All.Where(weight => weight.Trainable)];
        Assert.Equal(Names("decay").Concat(Names("no_decay")).Order(), trained.Select(weight => NameOf(weight, adapter)).Order());
        IReadOnlyList<ParameterGroup> groups = AdamW.Declared(model.Weights.All, Number("weight_decay"));
        Assert.Equal(Names("decay").Order(), groups.Where(group => group.Decay > 0).SelectMany(group => group.Parameters).Select(pair =>
            NameOf(trained.Single(weight => weight.Key == pair.Key), adapter)).Order());

        double[] betas = [.. how.GetProperty("betas").EnumerateArray().Select(beta => beta.GetDouble())];
        using var optimiser = new AdamW(groups, betas[0], betas[1], Number("eps"));
        long warmUp = how.GetProperty("warmup_steps").GetInt64(), total = how.GetProperty("total_steps").GetInt64();
        Schedule schedule = how.GetProperty("schedule").GetString() switch
        {
            "cosine" => new CosineSchedule(Number("learning_rate"), warmUp, total),
            "linear" => new LinearSchedule(Number("learning_rate"), warmUp, total),
            var other => new ConstantSchedule(Number("learning_rate"), other == "constant" || other == "constant_with_warmup" ? warmUp : -1),
        };

        var (losses, rates, norms, micro) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var snapshots = how.GetProperty("snapshots").EnumerateObject().ToDictionary(pair => pair.Value.GetInt64(), pair => pair.Name);
        foreach (JsonElement window in how.GetProperty("windows").EnumerateArray())
        {
            model.Module.train();
            model.Module.zero_grad();
            int[] batches = [.. window.EnumerateArray().Select(batch => batch.GetInt32())];
            double counted = batches.Sum(batch => Counted(io[$"in.batch.{batch}.labels"]).Item2);
            double loss = 0;
            foreach (int batch in batches)
            {
                double part = Back(model, io, batch, counted);
                micro.Add(part);
                loss += part;
            }

            losses.Add(loss);
            norms.Add(Gradients.Clip(trained.Select(weight => weight.Value), Number("max_grad_norm")));
            rates.Add(schedule.At(losses.Count - 1));
            optimiser.Step(rates[^1]);
            model.Weights.Changed();
            if (snapshots.TryGetValue(losses.Count, out string? tag))
            {
                foreach (Weight weight in trained)
                {
                    AdapterGoldens.Equal(io[$"out.{tag}.{NameOf(weight, adapter)}"], weight.Value, close, $"{tag} {weight.Key}");
                }
            }
        }

        Same(golden, "out.learning_rate", rates, 1e-12);
        Same(golden, "out.micro_loss", micro, close);
        Same(golden, "out.loss", losses, close);
        Same(golden, "out.grad_norm", norms, close);
        Assert.All(before, pair => Assert.True(pair.Key.Value.equal(pair.Value).all().item<bool>(), pair.Key.Key));
    }

    /// <summary>One micro-batch forward and backward; its part of the window's loss.</summary>
    private static double Back(IModel model, Dictionary<string, Tensor> io, int batch, double counted)
    {
        using var scope = NewDisposeScope();
        (Tensor targets, double own) = Counted(io[$"in.batch.{batch}.labels"]);
        if (own == 0)
        {
            return 0;
        }

        var inputs = new Dictionary<string, Tensor>
        {
            ["input_ids"] = io[$"in.batch.{batch}.input_ids"],
            ["attention_mask"] = io[$"in.batch.{batch}.attention_mask"],
        };
        var loss = new TokenLoss(model, "logits");
        Tensor value = loss.Of(model.Run(inputs, loss.Reads), targets).mul(Scalars.Of(own / counted));
        value.backward();
        return value.to(ScalarType.Float64).item<double>();
    }

    /// <summary>Each place's next label, and how many of them count.</summary>
    private static (Tensor Targets, double Count) Counted(Tensor labels)
    {
        Tensor targets = cat([labels.narrow(1, 1, labels.shape[1] - 1), full_like(labels.narrow(1, 0, 1), -100)], 1);
        return (targets, targets.ne(Scalars.Of(-100)).sum().item<long>());
    }

    /// <summary>As the file of the weights that are trained calls it.</summary>
    private static string NameOf(Weight weight, Adapter? adapter) => adapter is null ? weight.Key
        : "base_model.model." + weight.Key.Replace($".{adapter.Name}.weight", ".weight", StringComparison.Ordinal);

    private static void Same(Golden golden, string name, IReadOnlyList<double> ours, double close)
    {
        double error = Close.Error(golden.Doubles(name), ours);
        Assert.True(error <= close, $"{name}: {error}, expected at most {close}");
    }
}
