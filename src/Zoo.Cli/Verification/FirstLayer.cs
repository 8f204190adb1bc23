using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Testing;
using TorchSharp;
using Zoo.StateSpaces;
using static TorchSharp.torch;

namespace Zoo.Cli.Verification;

/// <summary>The first layer of a model by itself, for cases that give its input and its output [batch, channel, time].</summary>
internal sealed class FirstLayer : IDisposable
{
    private readonly GeneratedModule module;
    private readonly Func<Tensor, Pass, Tensor> forward;
    private readonly Func<ModelState, Func<Tensor, Pass, Tensor>> begin;

    private FirstLayer(GeneratedModule module, Func<Tensor, Pass, Tensor> forward, Func<ModelState, Func<Tensor, Pass, Tensor>> begin)
    {
        this.module = module;
        this.forward = forward;
        this.begin = begin;
    }

    /// <summary>Names of outputs that are the layer's and not the model's.</summary>
    public static IReadOnlyList<string> Outputs { get; } = ["layer0_in", "layer0_out"];

    /// <summary>The first layer alone, in parallel and step by step.</summary>
    public static void Compare(GoldenRun run)
    {
        using IDisposable none = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using FirstLayer? layer = Of(run.Model, run.Dtype);
        if (layer is null)
        {
            run.Miss("out.layer0_out", "the model's first layer does not stand alone.");
            return;
        }

        (Tensor x, Tensor reference) = (run.Case.Outputs["layer0_in"].to_type(run.Dtype), run.Case.Outputs["layer0_out"]);

        // The input is an inner value of the reference, stored in float32.
        double rounded = Math.Max(run.Tolerance, 1e-6);
        void One(string check, Func<Tensor> answer) => run.Attempt(check, () => run.Compare(check, answer(), reference, tolerance: rounded));
        One("out.layer0_out", () => layer.Whole(x));
        foreach (int chunk in GoldenRun.Chunks)
        {
            One($"out.layer0_out, {GoldenRun.By(chunk)}", () => layer.Steps(x, chunk));
        }
    }

    /// <summary>A copy of the model's first layer; null where the model has none that stands alone.</summary>
    private static FirstLayer? Of(IModel model, ScalarType dtype)
    {
        if (model is not S4Model classifier)
        {
            return null;
        }

        S4Config config = classifier.Configuration;
        var weights = new Weights(dtype, initialize: false);
        Weights at = weights.At("s4_layers.0");
        FirstLayer own = config.Kind == typeof(S4dLayer) ? Diagonal(new S4dLayer(config, at, config.Hidden)) : LowRank(new S4Layer(config, at, config.Hidden));
        Dictionary<string, Weight> theirs = model.Weights.All.ToDictionary(weight => weight.Key);
        using IDisposable off = no_grad();
        foreach (Weight weight in weights.All)
        {
            weight.Value.copy_(theirs[weight.Key].Value);
        }

        own.module.eval();
        return own;
    }

    private static FirstLayer Diagonal(S4dLayer layer) => new(layer, layer.Forward, state =>
    {
        var kept = new S4dLayer.State(state, layer);
        return (x, pass) => layer.Advance(x, pass, kept);
    });

    private static FirstLayer LowRank(S4Layer layer) => new(layer, layer.Forward, state =>
    {
        var kept = new S4Layer.State(state, layer);
        return (x, pass) => layer.Advance(x, pass, kept);
    });

    /// <summary>The parallel form.</summary>
    public Tensor Whole(Tensor x)
    {
        using Tensor turned = x.transpose(1, 2).contiguous();
        using Pass pass = Pass.Over(turned);
        return forward(turned, pass).transpose(1, 2);
    }

    /// <summary>The stateful form, some tokens at a time.</summary>
    public Tensor Steps(Tensor x, int chunk)
    {
        using Tensor turned = x.transpose(1, 2).contiguous();
        using var state = new LayerState((int)x.shape[0]);
        Func<Tensor, Pass, Tensor> advance = begin(state);
        var read = new List<Tensor>();
        for (long at = 0; at < turned.shape[1]; at += chunk)
        {
            Tensor piece = turned.narrow(1, at, Math.Min(chunk, turned.shape[1] - at));
            using Pass pass = Pass.Next(piece, null, state.Timeline);
            read.Add(advance(piece, pass));
        }

        return cat(read, 1).transpose(1, 2);
    }

    /// <inheritdoc/>
    public void Dispose() => module.Dispose();

    private sealed class LayerState(int rows) : ModelState(rows, 0)
    {
        protected override ModelState Fresh() => new LayerState(Batch);
    }
}
