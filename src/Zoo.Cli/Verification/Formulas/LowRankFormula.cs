using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli.Verification.Formulas;

/// <summary>An adapter over one linear map, its scale alpha / rank or alpha / sqrt(rank): results, gradients, and the weight with it merged.</summary>
internal static class LowRankFormula
{
    /// <summary>A weight [out, in].</summary>
    internal static void Straight(FormulaRun run) => Compare(run, (config, weights) => new StraightMap(config, weights));

    /// <summary>A weight [in, out].</summary>
    internal static void Transposed(FormulaRun run) => Compare(run, (config, weights) => new TransposedMap(config, weights));

    /// <summary>The matrices of an adapter of the map are given ones.</summary>
    internal static Adapter Over(IModel model, FormulaRun run, Func<int, AdapterOptions> options)
    {
        using IDisposable off = no_grad();
        Tensor a = run.Given("in.lora_A");
        Adapter adapter = Adapters.Add(model, options(checked((int)a.shape[0])) with { Targets = ["map"] });
        adapter.A("map").Value.copy_(a);
        adapter.B("map").Value.copy_(run.Given("in.lora_B"));
        return adapter;
    }

    /// <summary>The map's own weights are given ones.</summary>
    internal static void Fill(IModel model, FormulaRun run)
    {
        using IDisposable off = no_grad();
        Of(model, "map.weight").copy_(run.Given("in.weight"));
        Of(model, "map.bias").copy_(run.Given("in.bias"));
    }

    internal static Tensor Of(IModel model, string key) => model.Weights.All.Single(weight => weight.Key == key).Value;

    private static void Compare(FormulaRun run, Func<MapConfig, Weights, IModel> make)
    {
        double alpha = run.Data["alpha"].Number;
        foreach (string kind in new[] { "", "rslora." })
        {
            run.Attempt($"out.{kind}y", () =>
            {
                var config = new MapConfig(checked((int)run.Given("in.lora_A").shape[1]), checked((int)run.Given("in.lora_B").shape[0]));
                using IModel model = make(config, new Weights(ScalarType.Float64));
                Fill(model, run);
                Adapter adapter = Over(model, run, rank => new AdapterOptions { Rank = rank, Alpha = alpha, RankStabilised = kind.Length > 0 });
                Tensor x = run.Numbers("in.x", gradient: true), y = Y(model, x), sum = (y * run.Numbers("in.cotangent")).sum();
                sum.backward();
                run.Compare($"out.{kind}y", y);
                run.Compare($"grad.{kind}lora_A", adapter.A("map").Value.grad);
                run.Compare($"grad.{kind}lora_B", adapter.B("map").Value.grad);
                run.Compare($"grad.{kind}x", x.grad);
                run.Differ($"{kind}frozen", Of(model, "map.weight").grad is null ? 0 : 1, "the map's own weight has a gradient");
                Merged(run, model, adapter, kind, x.detach());
                run.Compare(run.Data[kind.Length == 0 ? "scale" : "scale.rslora"], Scale(adapter), 1e-12);
            });
        }

        run.Only(run.Data, "r", "alpha", "scale", "scale.rslora");
    }

    private static void Merged(FormulaRun run, IModel model, Adapter adapter, string kind, Tensor x)
    {
        adapter.Merge();
        run.Compare($"out.{kind}merged_weight", Of(model, "map.weight"));
        using (no_grad())
        {
            run.Compare($"out.{kind}y", Y(model, x), check: $"out.{kind}y, merged");
        }

        adapter.Unmerge();
        run.Differ($"{kind}unmerged", Of(model, "map.weight").equal(run.Numbers("in.weight")).all().item<bool>() ? 0 : 1,
            "the weight is not that before merging, bit for bit");
    }

    /// <summary>What is added to the weight is so many times B A.</summary>
    private static double Scale(Adapter adapter)
    {
        using IDisposable off = no_grad();
        Tensor product = adapter.B("map").Value.matmul(adapter.A("map").Value), update = adapter.Update("map");
        return ((update * product).sum() / product.Square().sum()).item<double>();
    }

    /// <summary>What a map gives for [batch, time, in].</summary>
    internal static Tensor Y(IModel model, Tensor x) => model.Run(new Dictionary<string, Tensor> { ["x"] = x })["y"];
}
