using System;
using System.Linq;
using System.Text.Json;
using Dsl.Tests;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using AdamW = Dsl.Training.AdamW;

namespace Dsl.Training.Tests;

[Trait("Category", "Goldens")]
public sealed class OptimizerGoldens
{
    public static TheoryData<string> Cases => Golden.Cases("optimizers");

    [Theory]
    [MemberData(nameof(Cases))]
    public void AdamWTakesThePublishedSteps(string folder) => Compare(folder, fused: true);

    [Theory]
    [MemberData(nameof(Cases))]
    public void AdamWOperatorByOperatorTakesThePublishedSteps(string folder) => Compare(folder, fused: false);

    private static void Compare(string folder, bool fused)
    {
        using var golden = new Golden(folder);
        string[] names = golden.Names.Where(name => name.StartsWith("in.param.", StringComparison.Ordinal)).Select(name => name[9..]).ToArray();
        int tried = 0;
        foreach (JsonProperty row in golden.Case.GetProperty("hyperparameters").EnumerateObject())
        {
            // Coupled decay and the other rules are other optimisers; plain Adam is AdamW without decay.
            if (row.Name != "adam" && !row.Name.StartsWith("adamw", StringComparison.Ordinal))
            {
                continue;
            }

            JsonElement h = row.Value;
            double decay = h.TryGetProperty("weight_decay", out JsonElement d) ? d.GetDouble() : 0;
            (string Key, Parameter Parameter)[] parameters = names.Select(name =>
                (name, new Parameter(tensor(golden.Doubles("in.param." + name), golden.Shape("in.param." + name), dtype: ScalarType.Float64)))).ToArray();
            using var optimizer = new AdamW(
                [new ParameterGroup(parameters, decay)],
                h.GetProperty("betas")[0].GetDouble(), h.GetProperty("betas")[1].GetDouble(), h.GetProperty("eps").GetDouble(), fused);
            long steps = golden.Shape("in.grad." + names[0])[0];
            for (int step = 0; step < steps; step++)
            {
                foreach ((string name, Parameter parameter) in parameters)
                {
                    using Tensor all = tensor(golden.Doubles("in.grad." + name), golden.Shape("in.grad." + name), dtype: ScalarType.Float64);
                    using Tensor gradient = all[step].clone();
                    parameter.grad = gradient;
                }

                if (h.TryGetProperty("max_norm", out JsonElement norm))
                {
                    Gradients.Clip(parameters.Select(pair => pair.Parameter), norm.GetDouble());
                }

                optimizer.Step(h.GetProperty("lr").GetDouble());
                foreach ((string name, Parameter parameter) in parameters)
                {
                    int size = (int)parameter.numel();
                    double error = Close.Error(golden.Doubles($"out.{row.Name}.{name}")[(step * size)..((step + 1) * size)],
                        parameter.data<double>().ToArray());
                    Assert.True(error <= 1e-6, $"{row.Name}.{name}, step {step}: {error}");
                }
            }

            tried++;
        }

        Assert.True(tried > 0, "no AdamW row to compare");
    }
}
