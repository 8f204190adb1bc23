using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Dsl.Runtime;
using Dsl.Tests;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Zoo.Tests.Models;

/// <summary>Files with a tensor an expert, as they are published, and files that hold all experts of a layer in one.</summary>
public sealed partial class ExpertFileTests
{
    /// <summary>The goldens whose files hold experts stacked.</summary>
    public static TheoryData<string> Cases =>
    [
        .. Directory.GetDirectories(GoldenFolder.Path).Where(folder => File.Exists(Path.Combine(folder, "model.safetensors")) && HoldsExperts(folder))
            .Select(folder => Path.GetFileName(folder)!).Order(),
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_tensor_an_expert_is_read_and_saved_as_it_came(string name)
    {
        string folder = GoldenFolder.Case(name);
        using var cut = new ScratchFolder();
        using var saved = new ScratchFolder();
        Cut(folder, cut.Path);
        using var ids = torch.tensor(new long[] { 5, 9, 2, 31, 8, 17 }, [2, 3]);
        using IModel stacked = global::Zoo.Models.Load(folder), model = global::Zoo.Models.Load(cut.Path);
        Assert.True(Logits(stacked, ids).equal(Logits(model, ids)).all().item<bool>());

        ((GeneratedModel)model).Save(saved.Path);
        using Checkpoint before = Checkpoint.Open(cut.Path), after = Checkpoint.Open(saved.Path);
        Assert.Equal(before.Names.Order(), after.Names.Order());
        Assert.All(before.Names, key =>
        {
            using Tensor a = before.ReadTensor(key), b = after.ReadTensor(key);
            Assert.True(a.equal(b).all().item<bool>(), key);
        });
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_missing_expert_is_named(string name)
    {
        using var cut = new ScratchFolder();
        Cut(GoldenFolder.Case(name), cut.Path, leaveOut: "experts.1.");
        var error = Assert.Throws<CheckpointException>(() => global::Zoo.Models.Load(cut.Path));
        Assert.Contains("missing", error.Message, StringComparison.Ordinal);
        Assert.Contains("experts.1.", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("experts.0.", error.Message, StringComparison.Ordinal);
    }

    private static Tensor Logits(IModel model, Tensor ids)
    {
        model.Module.eval();
        return model.Run(new Dictionary<string, Tensor> { ["input_ids"] = ids }, "logits")["logits"];
    }

    private static bool HoldsExperts(string folder)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        return file.Tensors.Any(tensor => tensor.Name.EndsWith("experts.gate_up_proj", StringComparison.Ordinal));
    }

    /// <summary>Writes the published files of the same model, whose names Mixtral has of its own.</summary>
    private static void Cut(string folder, string to, string? leaveOut = null)
    {
        string config = File.ReadAllText(Path.Combine(folder, "config.json"));
        bool old = config.Contains("MixtralForCausalLM", StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(to, "config.json"), config);
        using DisposeScope scope = NewDisposeScope();
        using Checkpoint file = Checkpoint.Open(folder);
        var tensors = new List<TensorSource>();
        foreach (string key in file.Names)
        {
            Tensor tensor = file.ReadTensor(key);
            string root = Stacked().Replace(key, "experts");
            root = old && Mlp().IsMatch(root) ? root.Replace(".mlp.", ".block_sparse_moe.", StringComparison.Ordinal) : root;
            foreach (long expert in Enumerable.Range(0, key.Contains("experts", StringComparison.Ordinal) ? (int)tensor.shape[0] : 0))
            {
                Tensor own = tensor[expert];
                long half = own.shape[0] / 2;
                (string Name, Tensor Value)[] parts = key.EndsWith("down_proj", StringComparison.Ordinal)
                    ? [(old ? "w2" : "down_proj", own)]
                    : [(old ? "w1" : "gate_proj", own.narrow(0, 0, half)), (old ? "w3" : "up_proj", own.narrow(0, half, half))];
                tensors.AddRange(parts.Select(part => TensorSource.From($"{root}.{expert}.{part.Name}.weight", part.Value)));
            }

            if (!key.Contains("experts", StringComparison.Ordinal))
            {
                tensors.Add(TensorSource.From(root, tensor));
            }
        }

        Checkpoint.Save(to, [.. tensors.Where(tensor => leaveOut is null || !tensor.Name.Contains(leaveOut, StringComparison.Ordinal))]);
    }

    [GeneratedRegex(@"experts\.(gate_up|down)_proj")]
    private static partial Regex Stacked();

    [GeneratedRegex(@"\.mlp\.(gate|experts)")]
    private static partial Regex Mlp();
}
