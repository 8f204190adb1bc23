using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>
/// A folder that says what a model answers with an adapter: <c>base/</c> and <c>adapter/</c> as published, and <c>io.safetensors</c> with
/// <c>out.base_logits</c>, <c>out.adapter_logits</c>, <c>out.loss</c>, <c>out.merged_logits</c>, weights as <c>out.merged.KEY</c>, and gradients under the
/// adapter file's keys.
/// </summary>
internal sealed class GoldenAdapter(GoldenRun run, string folder)
{
    private const string Prefix = "base_model.model.", OfWeights = "merged.";

    private static readonly string[] Compared = ["base_logits", "adapter_logits", "loss", "merged_logits"];

    /// <summary>Whether it holds a base, an adapter, and what they answer together.</summary>
    internal static bool IsCase(string folder) => new[] { "case.json", "io.safetensors", "base/config.json", "adapter/adapter_config.json" }
        .All(file => File.Exists(Path.Combine(folder, file)));

    internal void Compare()
    {
        IModel model = run.Model;
        Compare("out.base_logits", "base_logits", () => Logits(model));
        Adapter adapter = Adapters.Load(model, folder);
        Compare("out.adapter_logits", "adapter_logits", () => Logits(model));
        Compare("out.base_logits, beside the adapter", "base_logits", () =>
        {
            using IDisposable none = Adapters.Use(model, null);
            return Logits(model);
        });
        foreach (int chunk in GoldenRun.Chunks)
        {
            Compare($"out.adapter_logits, {GoldenRun.By(chunk)}", "adapter_logits", () => Stepped(model, chunk));
        }

        run.Attempt("gradients", () =>
        {
            using IDisposable on = enable_grad();
            Backward(model, adapter);
        });
        run.Attempt("merging", () => Merged(model, adapter));
        foreach (string name in run.Case.Outputs.Keys.Where(name => !Compared.Contains(name) && !name.StartsWith(OfWeights, StringComparison.Ordinal)))
        {
            run.Miss("out." + name, "nothing compares it");
        }
    }

    private void Backward(IModel model, Adapter adapter)
    {
        var loss = new TokenLoss(model, "logits");
        Tensor labels = run.Case.Inputs["labels"], none = full_like(labels.narrow(1, 0, 1), Scalars.Of(-100));
        Tensor next = cat([labels.narrow(1, 1, labels.shape[1] - 1), none], 1);
        Tensor value = loss.Of(model.Run(Inputs, loss.Reads), next);
        run.Compare("out.loss", value, run.Case.Outputs["loss"], tolerance: GoldenTolerance.Loss(run.Dtype));
        value.backward();
        IReadOnlyDictionary<string, Tensor> gradients = run.Case.Gradients;
        double largest = gradients.Values.Max(gradient => gradient.abs().max().to(ScalarType.Float64).item<double>());
        foreach ((string name, Tensor reference) in gradients)
        {
            bool isA = name.EndsWith(".lora_A.weight", StringComparison.Ordinal);
            string key = name[..^".lora_A.weight".Length];
            key = key.StartsWith(Prefix, StringComparison.Ordinal) ? key[Prefix.Length..] : key;
            run.Attempt("grad." + name, () => run.Add(new GoldenRow(
                "grad." + name, run.Dtype,
                GoldenTolerance.Error((isA ? adapter.A(key) : adapter.B(key)).Value.grad!, reference, floor: largest * GoldenTolerance.Noise(run.Dtype)),
                GoldenTolerance.Gradient)));
        }

        if (model.Weights.All.FirstOrDefault(weight => !adapter.Weights.Contains(weight) && weight.Value.grad is not null) is { } trained)
        {
            run.Miss("gradients", $"'{trained.Key}' has one, though the base is frozen.");
        }
    }

    private void Merged(IModel model, Adapter adapter)
    {
        Dictionary<string, Tensor> before = model.Weights.All.ToDictionary(weight => weight.Key, weight => weight.Value.detach().clone());
        adapter.Merge();
        Compare("out.merged_logits", "merged_logits", () => Logits(model));
        foreach (string name in run.Case.Outputs.Keys.Where(name => name.StartsWith(OfWeights, StringComparison.Ordinal)))
        {
            Compare("out." + name, name, () => model.Weights.All.Single(weight => weight.Key == name[OfWeights.Length..]).Value);
        }

        adapter.Unmerge();
        bool same = model.Weights.All.All(weight => weight.Value.equal(before[weight.Key]).all().item<bool>());
        run.Add(new GoldenRow(
            "weights after unmerging", run.Dtype, same ? 0 : double.PositiveInfinity, 0, same ? null : "they are not those before, bit for bit."));
    }

    private IReadOnlyDictionary<string, Tensor> Inputs => new Dictionary<string, Tensor> { ["input_ids"] = run.Case.Inputs["input_ids"] };

    private Tensor Logits(IModel model) => model.Run(Inputs, "logits")["logits"];

    private Tensor Stepped(IModel model, int chunk)
    {
        Tensor ids = run.Case.Inputs["input_ids"];
        using ModelState state = model.NewState((int)ids.shape[0]);
        return GoldenRun.Advance(model, ids, null, chunk, state);
    }

    private void Compare(string check, string name, Func<Tensor> ours)
    {
        if (run.Case.Outputs.TryGetValue(name, out Tensor? reference))
        {
            run.Attempt(check, () => run.Compare(check, ours(), reference, tolerance: GoldenTolerance.Output(run.Dtype, float32Inside: true)));
        }
    }
}
