using System;
using System.Linq;
using Dsl.Testing;
using Dsl.Training;

namespace Zoo.Cli.Verification.Formulas;

/// <summary>Learning rates of schedules, step by step.</summary>
internal static class ScheduleFormula
{
    private const double Tolerance = 1e-12;

    internal static void Compare(FormulaRun run)
    {
        GoldenJson h = run.Description["hyperparameters"];
        var common = new Common(h["base"].Number, h["minimum_rate"].Number, h["warmup"].Long, h["total"].Long);
        foreach (GoldenJson rates in run.Data["rates"].Members)
        {
            run.Attempt(rates.Path, () =>
            {
                Schedule schedule = Of(rates.Name, common, h);
                run.Compare(rates, [.. run.Data["steps"].Items.Take(rates.Items.Count).Select(step => schedule.At(step.Long))], Tolerance);
            });
        }

        // Pairs of a step and its rate.
        if (run.Data.Find("t5") is { } pairs)
        {
            var schedule = new FlatThenInverseSqrt();
            foreach (GoldenJson pair in pairs.Items)
            {
                run.Attempt(pair.Path, () => run.Compare(pair[1], schedule.At(pair[0].Long), Tolerance));
            }
        }

        run.Only(run.Data, "steps", "rates", "t5");
    }

    private static Schedule Of(string name, Common common, GoldenJson h)
    {
        (double rate, double floor, long warmUp, long total) = common;
        WarmUpStableDecay Stable(DecayShape shape, bool toFloor = true) =>
            new(rate, warmUp, h["wsd"]["stable"].Long, h["wsd"]["decay"].Long, shape, toFloor ? h["wsd"]["min_lr_ratio"].Number : 0);
        return name switch
        {
            "constant_warmup" => new ConstantSchedule(rate, warmUp),
            "linear" => new LinearSchedule(rate, warmUp, total),
            "cosine" => new CosineSchedule(rate, warmUp, total),
            "cosine_floor" => new CosineSchedule(rate, warmUp, total, floor),
            "nanogpt" => new CosineFromFirstStep(rate, warmUp, total, floor),
            "inverse_sqrt" => new InverseSqrtSchedule(rate, warmUp),
            "polynomial" => new PolynomialSchedule(rate, warmUp, total, h["polynomial"]["power"].Number, h["polynomial"]["lr_end"].Number),
            "wsd_linear" => Stable(DecayShape.Linear),
            "wsd_cosine" => Stable(DecayShape.Cosine),
            "wsd_1_sqrt" => Stable(DecayShape.OneMinusSqrt, toFloor: false),
            _ => throw new FormatException($"'{name}' is no schedule that is known"),
        };
    }

    /// <summary>What most of them are made of.</summary>
    private sealed record Common(double Rate, double Floor, long WarmUp, long Total);
}
