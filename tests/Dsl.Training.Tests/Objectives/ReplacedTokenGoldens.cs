using System;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Training.Objectives;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Training.Tests.Objectives;

[Trait("Category", "Goldens")]
public sealed class ReplacedTokenGoldens
{
    public static TheoryData<string, ScalarType> Cases
    {
        get
        {
            var cases = new TheoryData<string, ScalarType>();
            foreach (string folder in Golden.Cases("electra").Cast<object[]>().Select(row => (string)row[0])
                .Where(f => new Golden(f).Names.Contains("in.positions")))
            {
                cases.Add(folder, ScalarType.Float32);
                cases.Add(folder, ScalarType.Float64);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void CorruptionAndLossesArePublished(string folder, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var golden = new Golden(folder);
        Tensor Ids(string name) => tensor(golden.Longs(name), golden.Shape(name));
        Tensor Numbers(string name) => tensor(golden.Doubles(name), golden.Shape(name), dtype: dtype);

        Tensor ids = Ids("in.input_ids"), positions = Ids("in.positions"), replace = Ids("in.replace_positions");
        long mask = golden.Longs("out.masked_input_ids").Zip(golden.Longs("in.input_ids")).First(pair => pair.First != pair.Second).First;
        Assert.Equal(golden.Longs("out.masked_input_ids"), ReplacedTokens.Write(ids, replace, full_like(replace, Scalars.Of(mask))).data<long>().ToArray());
        Tensor used = Numbers("in.weights").ne(Scalars.Of(0));
        Assert.True(Ids("in.masked_ids").eq(ids.gather(1, positions)).logical_or(used.logical_not()).all().item<bool>());
        Tensor corrupted = ReplacedTokens.Write(ids, positions, Ids("in.sampled_ids"));
        Assert.Equal(golden.Longs("out.corrupted_ids"), corrupted.data<long>().ToArray());
        Tensor replaced = ReplacedTokens.Labels(ids, corrupted);
        Assert.Equal(golden.Longs("out.replaced"), replaced.data<long>().ToArray());

        // "1.0 * mlm + 50.0 * discriminator"
        double[] weights = Regex.Matches(golden.Case.GetProperty("formulas").Text("loss"), @"[\d.]+(?= \*)")
            .Select(m => double.Parse(m.Value, CultureInfo.InvariantCulture)).ToArray();
        Tensor generator = Numbers("in.generator_logits").requires_grad_(), discriminator = Numbers("in.discriminator_logits").requires_grad_();
        Tensor mlm = ReplacedTokens.GeneratorLoss(generator, Ids("in.masked_ids"), Numbers("in.weights"));
        Tensor told = ReplacedTokens.DiscriminatorLoss(discriminator, replaced, Ids("in.input_mask"));
        Tensor loss = (mlm * Scalars.Of(weights[0])).Plus(told * Scalars.Of(weights[1]));
        loss.backward();
        double outputs = dtype == ScalarType.Float32 ? 1e-5 : 2e-7, gradients = dtype == ScalarType.Float32 ? 1e-4 : 2e-7;
        foreach ((string name, Tensor made, double tolerance) in new[]
        {
            ("out.mlm_loss", mlm, outputs), ("out.discriminator_loss", told, outputs), ("out.loss", loss, outputs),
            ("grad.generator_logits", generator.grad!, gradients), ("grad.discriminator_logits", discriminator.grad!, gradients),
        })
        {
            double error = Close.Error(golden.Doubles(name), made.to(ScalarType.Float64).data<double>().ToArray());
            Assert.True(error <= tolerance, $"{name}: {error:e2}, at most {tolerance:e0}");
        }
    }

    [Fact]
    public void SamplesFollowTheSoftmaxAndEndTheGradient()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        Tensor logits = tensor(new[] { 0.0f, 1.0f, -1.0f }).expand(20000, 3).requires_grad_();
        Tensor drawn = ReplacedTokens.Sample(logits, rand_like(logits.detach()));
        Assert.False(drawn.requires_grad);
        double[] expected = nn.functional.softmax(logits[0].detach(), 0).to(ScalarType.Float64).data<double>().ToArray();
        for (int id = 0; id < 3; id++)
        {
            double share = drawn.eq(Scalars.Of(id)).to(ScalarType.Float64).mean().item<double>();

            // Four standard deviations.
            Assert.InRange(share, expected[id] - 0.0142, expected[id] + 0.0142);
        }
    }
}
