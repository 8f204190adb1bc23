using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks;

/// <summary>A step of training an adapter over a frozen base, in numbers or in NF4, against one of full fine-tuning: time, and peak memory.</summary>
internal sealed class Adapt : IBenchmark
{
    private const int Rows = 1, Tokens = 256, Rank = 16;

    // SmolLM2-135M's sizes.
    private const string Config = """
        {
          "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536,
          "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "max_position_embeddings": 2048, "rms_norm_eps": 1e-5,
          "hidden_act": "silu", "rope_theta": 100000.0, "tie_word_embeddings": true
        }
        """;

    private const string Checkpointed = ", checkpointed";

    private static readonly string[] Cases = ["LoRA", "QLoRA", "full" + Checkpointed, "LoRA" + Checkpointed, "QLoRA" + Checkpointed];

    public string Name => "adapt";

    public string Help =>
        "a step over a frozen LLaMA of 135M, 1x256 tokens, rank 16: an adapter on numbers and on NF4, also with layers run again, against full fine-tuning";

    public IReadOnlyList<Result> Run(Machine machine, Effort effort) => [.. Cases.Select(@case =>
    {
        using var ours = new Stepper(@case);
        using var full = new Stepper(null);
        using Tensor ids = Ids();
        double[] ms = Timing.Interleaved(effort.Long, () => ours.Step(ids), () => full.Step(ids));
        double own = PeakMemory.InChild(Name, @case, ours: true), other = PeakMemory.InChild(Name, @case, ours: false);
        return new Result(@case, ms[0], ms[1], PeakMb: own, BaselinePeakMb: other)
        {
            More = new Dictionary<string, double?> { ["share of memory"] = own / other, ["numbers trained"] = ours.Trained, ["of"] = full.Trained },
        };
    })];

    public double PeakOf(string @case, bool ours)
    {
        using Tensor ids = Ids();

        // The second step has every moment in place.
        return PeakMemory.Above(() => new Stepper(ours ? @case : null), stepper =>
        {
            stepper.Step(ids);
            stepper.Step(ids);
        });
    }

    private static Tensor Ids() => randint(0, 49152, [Rows, Tokens], int64);

    /// <summary>The model and its optimiser.</summary>
    private sealed class Stepper : IDisposable
    {
        private readonly IModel model;
        private readonly AdamW optimizer;

        /// <param name="how">full, LoRA or QLoRA, perhaps checkpointed; null: every weight is trained.</param>
        public Stepper(string? how)
        {
            model = Zoo.Models.Create(ConfigReader.Parse(Config));
            model.Module.train();
            model.Weights.CheckpointsActivations = how?.EndsWith(Checkpointed, StringComparison.Ordinal) == true;
            if (how?.StartsWith("QLoRA", StringComparison.Ordinal) == true)
            {
                Quantisation.ToNf4(model);
            }

            if (how?.Contains("LoRA", StringComparison.Ordinal) == true)
            {
                Adapters.Add(model, new AdapterOptions { Targets = [AdapterOptions.AllLinear], Rank = Rank, Alpha = Rank });
            }

            optimizer = new AdamW(Optimizer.Declared(model.Weights.All, 0.1), 0.9, 0.95);
        }

        public double Trained => model.Weights.All.Where(weight => weight.Trainable).Sum(weight => (double)weight.Count);

        public void Step(Tensor ids)
        {
            using var scope = NewDisposeScope();
            model.Module.zero_grad();
            var tokens = new TokenLoss(model, "logits");
            Tensor read = model.Run(new Dictionary<string, Tensor> { ["input_ids"] = ids }, tokens.Reads)[tokens.Reads];
            tokens.Of(read.narrow(1, 0, ids.shape[1] - 1), ids.narrow(1, 1, ids.shape[1] - 1)).backward();
            optimizer.Step(1e-4);
        }

        public void Dispose()
        {
            optimizer.Dispose();
            model.Dispose();
        }
    }
}
