using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generation;
using Dsl.Runtime;
using Dsl.Testing;
using TorchSharp;
using Zoo.Cli.Verification.Formulas;
using static TorchSharp.torch;

namespace Zoo.Cli.Verification;

/// <summary>What the zoo's cases do not say of their published classes.</summary>
public static class ZooGoldens
{
    /// <summary>The verifier of the zoo's models.</summary>
    public static GoldenVerifier Verifier { get; } = new(Models.Registry, Rules);

    /// <summary>The rules of the zoo's families.</summary>
    public static GoldenRules Rules => new()
    {
        Losses =
        [
            .. GoldenLoss.Common,
            GoldenLoss.OfClasses("S4Model"),
            new("LlavaForConditionalGeneration", ["logits"], GoldenLoss.NextToken),
            new("BertForPreTraining", ["mlm_logits", "nsp_logits"], (c, o) =>
                GoldenLoss.Classes(o["mlm_logits"], c.Inputs["labels"]).Plus(GoldenLoss.Classes(o["nsp_logits"], c.Inputs["next_sentence_label"]))),
            new("AlbertForPreTraining", ["mlm_logits", "sop_logits"], (c, o) =>
                GoldenLoss.Classes(o["mlm_logits"], c.Inputs["labels"]).Plus(GoldenLoss.Classes(o["sop_logits"], c.Inputs["sentence_order_label"]))),
            new("ElectraForPreTraining", ["logits"], ReplacedToken, PerToken: true),
        ],

        // RMSNorm (LLaMA, Mistral, Mixtral, OLMoE, Qwen, Gemma, T5, Mamba, TTT), the attention's softmax (GPT-Neo, Phi, CLIP), the WKV recurrence (RWKV).
        Float32Pockets = ["CLIP", "Llama", "Llava", "Mistral", "Mixtral", "Olmoe", "Qwen", "Gemma", "T5", "MT5", "Mamba", "TTT", "GPTNeo", "Phi", "Rwkv"],

        // mBART begins with the row's own last token: its language.
        DecoderStarts = new Dictionary<string, Func<Tensor, long, Tensor>>
        {
            ["MBart"] = (tokens, padding) => tokens.gather(1, tokens.ne(Scalars.Of(padding)).sum(1, keepdim: true).Plus(-1L)),
        },
        Formulas =
        [
            new("dpo", PreferenceFormula.Compare),
            new("ppo", PolicyFormula.Compare),
            new("reward_model", RewardFormula.Compare),
            new("lora_linear", LowRankFormula.Straight),
            new("lora_conv1d", LowRankFormula.Transposed),
            new("nf4", Nf4Formula.Compare, ScalarType.Float32),
            new("optimizers", OptimizerFormula.Compare),
            new("schedules", ScheduleFormula.Compare),
            new("chat_templates", ChatTemplateFormula.Compare, Dtype: null),
            new("finetuning_data", TuningDataFormula.Compare, Dtype: null),
        ],
        Procedures = [new(ZooTrajectories.Is, ZooTrajectories.Compare)],
        Checks =
        [
            new("beam3", Beams),
            new("scores", (run, reference) =>
                run.Attempt("out.scores", () => run.Compare("out.scores", run.Model.Run(run.Inputs, "logits")["logits"].squeeze(-1), reference))),
            new("state", name => name.StartsWith("state_", StringComparison.Ordinal), ZooStates.Compare),
            new("first layer", FirstLayer.Outputs.Contains, FirstLayer.Compare),
        ],
    };

    private static Tensor ReplacedToken(GoldenCase golden, IReadOnlyDictionary<string, Tensor> outputs)
    {
        Tensor logits = outputs["logits"], labels = golden.Inputs["labels"].to_type(logits.dtype);
        if (!golden.Inputs.TryGetValue("attention_mask", out Tensor? mask))
        {
            return nn.functional.binary_cross_entropy_with_logits(logits, labels);
        }

        Tensor real = mask.ne(Scalars.Of(0));
        return nn.functional.binary_cross_entropy_with_logits(logits.masked_select(real), labels.masked_select(real));
    }

    /// <summary>Three beams, length penalty 1, early stopping off; the references run past the end token.</summary>
    private static void Beams(GoldenRun run, Tensor reference) => run.Attempt("out.beam3", () =>
    {
        using ModelState state = run.Begin();
        var found = BeamSearch.Run(run.Model, state, reference.narrow(1, 0, run.Prompt).contiguous(),
            new BeamOptions(3, checked((int)(reference.shape[1] - run.Prompt))));
        run.CompareTokens("out.beam3", found.Select((row, r) => row[0].Tokens.Where((token, i) => token != reference[r, i].item<long>()).LongCount()).Sum());
    });
}
