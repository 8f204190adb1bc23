using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Testing;
using Dsl.Training;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Zoo.Cli.Verification.Formulas;

/// <summary>
/// Steps of optimisers from given parameters and gradients: the parameters after each, and the norms by which gradients are clipped. An optimiser's kind is
/// its name in the case up to an underscore.
/// </summary>
internal static class OptimizerFormula
{
    private const string Start = "in.param.", Slope = "in.grad.";

    internal static void Compare(FormulaRun run)
    {
        string[] names = [.. new[] { Start, Slope }.SelectMany(kind => run.Names.Where(name => name.StartsWith(kind, StringComparison.Ordinal))
            .Select(name => name[kind.Length..])).Distinct()];
        foreach (GoldenJson h in run.Description["hyperparameters"].Members)
        {
            run.Attempt(h.Path, () => Steps(run, h, names, fused: true));
            if (Kind(h) == "adamw")
            {
                run.Attempt(h.Path, () => Steps(run, h, names, fused: false));
            }
        }
    }

    private static string Kind(GoldenJson h) => h.Name.Split('_')[0];

    private static void Steps(FormulaRun run, GoldenJson h, string[] names, bool fused)
    {
        Parameter[] parameters = [.. names.Select(name => new Parameter(run.Numbers(Start + name)))];
        (string Key, Parameter Parameter)[] keyed = [.. names.Zip(parameters)];
        var numbers = new Hyperparameters(h);
        string[] excluded = numbers.Texts("exclude");
        double decay = numbers.Number("weight_decay", 0);
        ParameterGroup[] groups = [.. keyed.GroupBy(pair => excluded.Contains(pair.Key))
            .Select(group => new ParameterGroup([.. group], group.Key ? 0 : decay, Excluded: group.Key))];
        using Optimizer optimizer = Make(Kind(h), numbers, fused, groups);
        Schedule schedule = numbers.Flag("relative_step") ? new RelativeStep(numbers.Flag("warmup_init")) : new ConstantSchedule(numbers.Number("lr"));
        double? most = numbers.Find("max_norm")?.Number;
        run.Only(h, [.. numbers.Known, "lr", "warmup_init"]);

        Tensor[] gradients = [.. names.Select(name => run.Numbers(Slope + name))];
        long steps = gradients[0].shape[0];
        Tensor[] after = [.. gradients.Select(gradient => zeros_like(gradient))];
        double[] norms = new double[steps], scales = new double[steps];
        for (int step = 0; step < steps; step++)
        {
            foreach ((Parameter parameter, Tensor gradient) in parameters.Zip(gradients))
            {
                parameter.grad = gradient[step].clone();
            }

            if (most is { } limit)
            {
                norms[step] = Gradients.Clip(parameters, limit);
                scales[step] = Gradients.Clip(parameters, double.PositiveInfinity) / norms[step];
            }

            optimizer.Step(schedule.At(step));
            foreach ((Parameter parameter, Tensor kept) in parameters.Zip(after))
            {
                kept[step].copy_(parameter.detach());
            }
        }

        string way = fused ? "" : ", operator by operator";
        foreach ((string name, Tensor kept) in names.Zip(after))
        {
            run.Compare($"out.{h.Name}.{name}", kept, check: $"out.{h.Name}.{name}{way}");
        }

        if (most is not null)
        {
            run.Compare("out.clip.norms", tensor(norms, dtype: ScalarType.Float64), check: "out.clip.norms" + way);
            run.Compare("out.clip.coefficients", tensor(scales, dtype: ScalarType.Float64), check: "out.clip.coefficients" + way);
        }
    }

    private static Optimizer Make(string kind, Hyperparameters h, bool fused, IReadOnlyList<ParameterGroup> groups) => kind switch
    {
        "adamw" => new AdamW(groups, h.Numbers("betas")[0], h.Numbers("betas")[1], h.Number("eps"), fused),
        "adam" => new Adam(groups, h.Numbers("betas")[0], h.Numbers("betas")[1], h.Number("eps")),
        "sgd" => new Sgd(groups, h.Number("momentum", 0), h.Flag("nesterov")),
        "rmsprop" => new RmsProp(groups, h.Number("alpha"), h.Number("eps")),
        "lion" => new Lion(groups, h.Numbers("betas")[0], h.Numbers("betas")[1]),
        "adafactor" => new Adafactor(groups, h.Number("beta1", 0), h.Flag("scale_parameter"), h.Number("clip_threshold"), h.Number("decay_rate"),
            h.Numbers("eps")[0], h.Numbers("eps")[1]),
        "bert" => new UncorrectedAdam(groups, h.Numbers("betas")[0], h.Numbers("betas")[1], h.Number("eps")),
        "lamb" => new Lamb(groups, h.Numbers("betas")[0], h.Numbers("betas")[1], h.Number("eps")),
        _ => throw new FormatException($"'{kind}' is no optimiser, expected adamw, adam, sgd, rmsprop, lion, adafactor, bert_adam or lamb"),
    };

    /// <summary>What a case says of one optimiser, and which of it was asked for: a number that changes nothing must not pass as compared.</summary>
    private sealed class Hyperparameters(GoldenJson h)
    {
        internal HashSet<string> Known { get; } = [];

        internal GoldenJson? Find(string name)
        {
            Known.Add(name);
            return h.Find(name);
        }

        internal double Number(string name) => Find(name)?.Number ?? h[name].Number;

        internal double Number(string name, double otherwise) => Find(name)?.Number ?? otherwise;

        internal double[] Numbers(string name) => Find(name)?.Numbers ?? h[name].Numbers;

        internal bool Flag(string name) => Find(name)?.Flag ?? false;

        internal string[] Texts(string name) => Find(name)?.Texts ?? [];
    }
}
