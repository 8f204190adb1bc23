using System;
using System.Text.Json;
using Dsl.Tests;
using Xunit;

namespace Dsl.Training.Tests;

[Trait("Category", "Goldens")]
public sealed class ScheduleGoldens
{
    public static TheoryData<string> Cases => Golden.Cases("schedules");

    [Theory]
    [MemberData(nameof(Cases))]
    public void RatesAreThePublishedOnes(string folder)
    {
        using var golden = new Golden(folder);
        JsonElement h = golden.Case.GetProperty("hyperparameters");
        double rate = h.GetProperty("base").GetDouble();
        double floor = h.GetProperty("minimum_rate").GetDouble();
        long warmUp = h.GetProperty("warmup").GetInt64();
        long total = h.GetProperty("total").GetInt64();
        JsonElement wsd = h.GetProperty("wsd");
        long stable = wsd.GetProperty("stable").GetInt64();
        long decay = wsd.GetProperty("decay").GetInt64();
        double wsdFloor = wsd.GetProperty("min_lr_ratio").GetDouble();
        JsonElement polynomial = h.GetProperty("polynomial");
        JsonElement data = golden.Data;
        foreach (JsonProperty row in data.GetProperty("rates").EnumerateObject())
        {
            Schedule schedule = row.Name switch
            {
                "constant_warmup" => new ConstantSchedule(rate, warmUp),
                "linear" => new LinearSchedule(rate, warmUp, total),
                "cosine" => new CosineSchedule(rate, warmUp, total),
                "cosine_floor" => new CosineSchedule(rate, warmUp, total, floor),
                "nanogpt" => new CosineFromFirstStep(rate, warmUp, total, floor),
                "inverse_sqrt" => new InverseSqrtSchedule(rate, warmUp),
                "polynomial" => new PolynomialSchedule(rate, warmUp, total, polynomial.GetProperty("power").GetDouble(),
                    polynomial.GetProperty("lr_end").GetDouble()),
                "wsd_linear" => new WarmUpStableDecay(rate, warmUp, stable, decay, DecayShape.Linear, wsdFloor),
                "wsd_cosine" => new WarmUpStableDecay(rate, warmUp, stable, decay, DecayShape.Cosine, wsdFloor),
                "wsd_1_sqrt" => new WarmUpStableDecay(rate, warmUp, stable, decay, DecayShape.OneMinusSqrt),
                _ => throw new NotSupportedException($"nothing known of the schedule {row.Name}"),
            };
            for (int i = 0; i < row.Value.GetArrayLength(); i++)
            {
                long step = data.GetProperty("steps")[i].GetInt64();
                double expected = row.Value[i].GetDouble();
                Assert.True(Math.Abs(schedule.At(step) - expected) <= 1e-12, $"{row.Name} at {step}: {schedule.At(step):R}, expected {expected:R}");
            }
        }

        foreach (JsonElement pair in data.GetProperty("t5").EnumerateArray())
        {
            Assert.Equal(pair[1].GetDouble(), new FlatThenInverseSqrt().At(pair[0].GetInt64()), 1e-12);
        }
    }
}
