using System.Linq;
using System.Text.Json;
using Dsl.Runtime;
using Dsl.Testing;
using Dsl.Training.Alignment;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli.Verification.Formulas;

/// <summary>
/// Proximal policy optimisation of given numbers: rewards, advantages, losses, gradients and statistics, in each of the conventions that a case names, the mix
/// with the loss of pre-training, and the coefficient that follows a target.
/// </summary>
internal static class PolicyFormula
{
    internal static void Compare(FormulaRun run)
    {
        foreach (GoldenJson h in run.Description["hyperparameters"].Members.Where(member => member.Element.ValueKind == JsonValueKind.Object))
        {
            run.Attempt(h.Path, () =>
            {
                if (h.Find("gamma_ptx") is { } gamma)
                {
                    Mixed(run, h.Name, gamma.Number, perSequence: false);
                    Mixed(run, h.Name + "_sequence", gamma.Number, perSequence: true);
                }
                else
                {
                    OfConvention(run, h);
                }
            });
        }

        run.Attempt("adaptive_kl", () => Adaptive(run, run.Data["adaptive_kl"]));
        run.Only(run.Data, "adaptive_kl");
    }

    private static void OfConvention(FormulaRun run, GoldenJson h)
    {
        // The original's responses are all of full length, and its variances over n.
        bool masked = run.Has($"out.{h.Name}.entropy_masked");
        PpoRule rule = Rule(h, masked);
        Tensor responses = run.Ids("in.responses"), oldLogs = run.Numbers("in.old_logprobs"), reference = run.Numbers("in.reference_logprobs");
        Tensor oldValues = run.Numbers("in.values"), logits = run.Numbers("in.new_logits", gradient: true);
        Tensor values = run.Numbers("in.new_values", gradient: true), logs = Responses.OfTokens(logits, responses), seen = values;
        long steps = responses.shape[1];
        Tensor last = masked ? run.Ids("in.sequence_lengths") : full(responses.shape[0], Scalars.Of(steps - 1), dtype: ScalarType.Int64);
        PpoMasks? masks = masked ? PpoMasks.Of(last, steps) : null;
        if (masks is not null)
        {
            (oldLogs, reference) = (PpoRule.EndLogs(oldLogs, masks.Tokens), PpoRule.EndLogs(reference, masks.Tokens));
            logs = PpoRule.EndLogs(logs, masks.Tokens);
            (oldValues, seen) = (PpoRule.EndValues(oldValues, masks.Values), PpoRule.EndValues(values, masks.Values));
        }

        Tensor kl = rule.Kl(oldLogs, reference), shaped = rule.Shaped(kl, run.Numbers("in.scores"), last), rewards = rule.Rewards(shaped, masks?.Values);
        (Tensor raw, Tensor returns) = rule.Advantages(rewards, oldValues);
        Tensor advantages = rule.Whiten(raw, masks?.Tokens), entropy = Responses.Entropy(logits.detach());
        PpoLoss loss = rule.Loss(new PpoOutputs(logs, seen), new PpoTargets(oldLogs, oldValues, advantages, returns), masks);
        loss.Total.backward();
        PpoFigures figures = loss.Figures;
        string name = h.Name;
        if (run.Has($"out.{name}.kl"))
        {
            run.Compare($"out.{name}.kl", kl);
        }

        run.Compare($"out.{name}.shaped_rewards", shaped);
        run.Compare($"out.{name}.rewards", rewards);
        run.Compare($"out.{name}.advantages_raw", raw);
        run.Compare($"out.{name}.returns", returns);
        run.Compare($"out.{name}.advantages", advantages);
        run.Compare($"out.{name}.policy_loss", figures.Policy);
        run.Compare($"out.{name}.value_loss", figures.Value);
        run.Compare($"out.{name}.loss", loss.Total);
        run.Compare($"out.{name}.policy_clip_fraction", figures.PolicyClipped);
        run.Compare($"out.{name}.value_clip_fraction", figures.ValueClipped);
        run.Compare($"out.{name}.approx_kl", figures.ApproximateKl);
        run.Compare($"grad.{name}.new_logits", logits.grad);
        run.Compare($"grad.{name}.new_values", values.grad);
        if (masks is not null)
        {
            run.Compare($"out.{name}.entropy_all", entropy.mean());
            run.Compare($"out.{name}.entropy_masked", entropy.masked_select(masks.Tokens).mean());
            run.Compare($"out.{name}.ratio_mean", figures.Ratio);
        }
        else
        {
            run.Compare($"out.{name}.entropy", entropy.mean());
        }
    }

    private static PpoRule Rule(GoldenJson h, bool masked) => new()
    {
        KlCoefficient = h["kl_coef"].Number,
        Estimator = h.Find("kl_estimator")?.Text == "k3" ? KlEstimator.K3 : KlEstimator.K1,
        WhitenRewards = h["whiten_rewards"].Flag,
        Unbiased = masked,
        Gamma = h["gamma"].Number,
        Lambda = h["lam"].Number,
        Clip = h["cliprange"].Number,
        ValueClip = h["cliprange_value"].Number,
        ValueWeight = h["vf_coef"].Number,
    };

    private static void Mixed(FormulaRun run, string name, double gamma, bool perSequence)
    {
        Tensor logits = run.Numbers("in.pretrain_logits", gradient: true);
        Tensor part = PpoRule.Pretraining(logits, run.Ids("in.pretrain_labels"), perSequence);
        Tensor total = PpoRule.WithPretraining(run.Numbers("out.original.loss"), part, gamma);
        total.backward();
        run.Compare($"out.{name}.pretrain_loss", part);
        run.Compare($"out.{name}.loss", total);
        run.Compare($"grad.{name}.pretrain_logits", logits.grad);
    }

    private static void Adaptive(FormulaRun run, GoldenJson data)
    {
        var follower = new AdaptiveKl(data["target"].Number, data["horizon"].Number);
        double coefficient = data["start"].Number;
        int responses = data["n"].Integer;
        run.Compare(data["beta_after_each"], [.. data["measured_kl"].Numbers.Select(kl => coefficient = follower.After(coefficient, kl, responses))], 1e-13);
    }
}
