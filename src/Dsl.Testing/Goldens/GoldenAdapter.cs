using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Files;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>
/// A folder that says what a model answers with an adapter: <c>base/</c> and <c>adapter/</c> as published, and <c>io.safetensors</c> with
/// <c>out.base_logits</c>, <c>out.adapter_logits</c>, <c>out.loss</c>, <c>out.merged_logits</c>, weights as <c>out.merged.KEY</c>, and gradients under the
/// adapter file's keys.
/// </summary>
internal sealed class GoldenAdapter(ModelRegistry models, string folder, ScalarType dtype, List<GoldenRow> rows)
{
    private const string Prefix = "base_model.model.";

    private IReadOnlyDictionary<string, Tensor> io = new Dictionary<string, Tensor>();

    /// <summary>The folder itself, or its direct subfolders, that are such cases, in order of name.</summary>
    internal static IReadOnlyList<string> Find(string path) => IsCase(path) ? [path]
        : Directory.Exists(path) ? [.. Directory.GetDirectories(path).Where(IsCase).Order(StringComparer.Ordinal)] : [];

    /// <summary>Whether it holds a base, an adapter, and what they answer together (and not the steps of a run).</summary>
    internal static bool IsCase(string folder) =>
        new[] { "case.json", "io.safetensors", "base/config.json", "adapter/adapter_config.json" }.All(file => File.Exists(Path.Combine(folder, file)))
        && !IsTrajectory(folder);

    /// <summary>Whether a case is many steps of training, its batches in windows, and no forward pass.</summary>
    private static bool IsTrajectory(string folder)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(UserFile.ReadText(Path.Combine(folder, "case.json"), UserFile.MostOfText, FileErrors.Plain));
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("hyperparameters", out JsonElement how)
                && how.ValueKind == JsonValueKind.Object && how.TryGetProperty("windows", out _);
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            // Opening it says what is wrong with it.
            return false;
        }
    }

    /// <summary>What the case is, in a line.</summary>
    internal static string WhatOf(string folder)
    {
        using JsonDocument json = JsonDocument.Parse(UserFile.ReadText(Path.Combine(folder, "case.json"), UserFile.MostOfText, FileErrors.Plain));
        return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("what", out JsonElement what) ? what.ToString() : "";
    }

    internal void Run()
    {
        using DisposeScope scope = NewDisposeScope();
        io = GoldenCase.Read(Path.Combine(folder, "io.safetensors"));
        using IModel model = models.Load(Path.Combine(folder, "base"), dtype);
        model.Module.eval();
        Compare("out.base_logits", () => Logits(model));
        Adapter adapter = Adapters.Load(model, Path.Combine(folder, "adapter"));
        Compare("out.adapter_logits", () => Logits(model));
        Compare("out.base_logits, beside the adapter", "out.base_logits", () =>
        {
            using IDisposable none = Adapters.Use(model, null);
            return Logits(model);
        });
        foreach (int chunk in GoldenRun.Chunks)
        {
            Compare($"out.adapter_logits, {GoldenRun.By(chunk)}", "out.adapter_logits", () => Stepped(model, chunk));
        }

        Attempt("gradients", () => Backward(model, adapter));
        Attempt("merging", () => Merged(model, adapter));
    }

    private void Backward(IModel model, Adapter adapter)
    {
        var loss = new TokenLoss(model, "logits");
        Tensor labels = io["in.labels"], next = cat([labels.narrow(1, 1, labels.shape[1] - 1), full_like(labels.narrow(1, 0, 1), Scalars.Of(-100))], 1);
        Tensor value = loss.Of(model.Run(Inputs, loss.Reads), next);
        rows.Add(new GoldenRow("out.loss", dtype, GoldenTolerance.Error(value, io["out.loss"]), GoldenTolerance.Loss(dtype)));
        value.backward();
        string[] names = [.. io.Keys.Where(name => name.StartsWith("grad.", StringComparison.Ordinal))];
        double largest = names.Max(name => io[name].abs().max().to(ScalarType.Float64).item<double>());
        foreach (string name in names)
        {
            bool isA = name.EndsWith(".lora_A.weight", StringComparison.Ordinal);
            string key = name["grad.".Length..^".lora_A.weight".Length];
            key = key.StartsWith(Prefix, StringComparison.Ordinal) ? key[Prefix.Length..] : key;
            Attempt(name, () => rows.Add(new GoldenRow(
                name, dtype,
                GoldenTolerance.Error((isA ? adapter.A(key) : adapter.B(key)).Value.grad!, io[name], floor: largest * GoldenTolerance.Noise(dtype)),
                GoldenTolerance.Gradient)));
        }

        if (model.Weights.All.FirstOrDefault(weight => !adapter.Weights.Contains(weight) && weight.Value.grad is not null) is { } trained)
        {
            rows.Add(new GoldenRow("gradients", dtype, double.PositiveInfinity, 0, $"'{trained.Key}' has one, though the base is frozen."));
        }
    }

    private void Merged(IModel model, Adapter adapter)
    {
        Dictionary<string, Tensor> before = model.Weights.All.ToDictionary(weight => weight.Key, weight => weight.Value.detach().clone());
        adapter.Merge();
        Compare("out.merged_logits", () => Logits(model));
        foreach (string name in io.Keys.Where(name => name.StartsWith("out.merged.", StringComparison.Ordinal)))
        {
            Compare(name, () => model.Weights.All.Single(weight => weight.Key == name["out.merged.".Length..]).Value);
        }

        adapter.Unmerge();
        bool same = model.Weights.All.All(weight => weight.Value.equal(before[weight.Key]).all().item<bool>());
        rows.Add(new GoldenRow(
            "weights after unmerging", dtype, same ? 0 : double.PositiveInfinity, 0, same ? null : "they are not those before, bit for bit."));
    }

    private IReadOnlyDictionary<string, Tensor> Inputs => new Dictionary<string, Tensor> { ["input_ids"] = io["in.input_ids"] };

    private Tensor Logits(IModel model)
    {
        using IDisposable off = no_grad();
        return model.Run(Inputs, "logits")["logits"];
    }

    private Tensor Stepped(IModel model, int chunk)
    {
        using IDisposable off = no_grad();
        Tensor ids = io["in.input_ids"];
        using ModelState state = model.NewState((int)ids.shape[0]);
        return GoldenRun.Advance(model, ids, null, chunk, state);
    }

    private void Compare(string name, Func<Tensor> ours) => Compare(name, name, ours);

    private void Compare(string check, string name, Func<Tensor> ours)
    {
        if (io.TryGetValue(name, out Tensor? reference))
        {
            Attempt(check, () => rows.Add(new GoldenRow(
                check, dtype, GoldenTolerance.Error(ours(), reference), GoldenTolerance.Output(dtype, float32Inside: true))));
        }
    }

    private void Attempt(string check, Action compare) => GoldenVerifier.Attempt(rows, check, dtype, compare);
}
