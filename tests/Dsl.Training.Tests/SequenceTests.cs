using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Training.Objectives;
using Dsl.Training.Tasks;
using Xunit;

namespace Dsl.Training.Tests;

public sealed class SequenceTests
{
    [Theory]
    [InlineData("labels")]
    [InlineData("sums")]
    public void TextsHaveOneLengthAndWhatIsHeldOutNeverOccursInTraining(string name)
    {
        SequenceRule rule = Rule(name);
        var seen = new[] { new HashSet<string>(), new HashSet<string>() };
        var draws = new SeededDraws(new SeededRandom(1));
        for (int i = 0; i < 600; i++)
        {
            RuleText made = rule.Make(draws, i % 2 == 1);
            Assert.Equal((rule.Length, rule.Length), (made.Text.Length, made.Known.Length));
            Assert.All(made.Text, unit => Assert.Contains(unit, rule.Alphabet));
            seen[i % 2].Add(name == "sums" ? made.Text : Mapping(made.Text));
        }

        Assert.Empty(seen[0].Intersect(seen[1]));
        Assert.True(seen[0].Count > 100 && seen[1].Count > 20);
    }

    [Fact]
    public void AnswersAreRightByTheRule()
    {
        RuleText sum = SumSequences.Rule.Make(new SeededDraws(new SeededRandom(2)), false);
        string[] parts = sum.Text.Split('+', '=');
        Assert.Equal(Number(parts[0]) + Number(parts[1]), Number(string.Concat(parts[2].Reverse())));
        Assert.Equal("7901", SumSequences.Sum("998", "099"));
        Assert.Equal(parts[2], string.Concat(sum.Text.Where((_, i) => sum.Known[i])));
        Assert.Equal('5', new LabelMapping(['3', '5', '1', '0']).Of('f'));
    }

    [Fact]
    public void TheLossCountsOnlyWhatCanBeKnownAndComesFromThePosition()
    {
        var data = new SequenceData(LabelSequences.Rule, 4, seed: 5);
        using var model = new TinyModel(new TinyConfig(data.Codec.Vocabulary));
        double[] losses = [.. Enumerable.Range(0, 2).Select(_ => Loss(data, model))];
        Assert.Equal("2", data.Position);
        Assert.NotEqual(losses[0], losses[1]);
        data.Position = "1";
        Assert.Equal(losses[1], Loss(data, model));
        Assert.Equal(Held(data, model), Held(new SequenceData(LabelSequences.Rule, 4, seed: 6), model));
    }

    private static int Number(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);

    private static SequenceRule Rule(string name) => new[] { LabelSequences.Rule, SumSequences.Rule }.Single(rule => rule.Name == name);

    private static double Loss(SequenceData data, IModel model)
    {
        using TrainingLoss loss = data.Next(model);
        return loss.Total.to(TorchSharp.torch.ScalarType.Float64).item<double>();
    }

    private static double[] Held(SequenceData data, IModel model) => [.. data.HeldOut(model, 2).Select(loss =>
    {
        using (loss)
        {
            return loss.Total.to(TorchSharp.torch.ScalarType.Float64).item<double>();
        }
    })];

    /// <summary>The labels of the categories, in their order.</summary>
    private static string Mapping(string text) => string.Concat(text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .GroupBy(line => (line[0] - 'a') % LabelSequences.Categories).OrderBy(category => category.Key)
        .Select(category => category.Select(line => line[1]).Distinct().Single()));
}
