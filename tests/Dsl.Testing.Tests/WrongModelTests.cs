using System;
using System.Linq;
using Dsl.Runtime;
using Xunit;

namespace Dsl.Testing.Tests;

/// <summary>
/// Checks that find nothing prove nothing: each must fail on a model that is wrong in its way, also where attention, recurrences, shifts and convolutions
/// are mixed. <see cref="OwnModelTests"/> holds that they pass on the same models without the fault.
/// </summary>
public sealed class WrongModelTests
{
    [Theory]
    [InlineData(nameof(Mixed), Fault.SeesTheNextToken, "causal")]
    [InlineData(nameof(Mixed), Fault.SeesTheNextToken, "masks")]
    [InlineData(nameof(Shifted), Fault.SeesTheNextToken, "masks")]
    [InlineData(nameof(Mixed), Fault.SeesTheNextToken, "forms")]
    [InlineData(nameof(Local), Fault.ClaimsANarrowerMask, "masks")]
    [InlineData(nameof(Local), Fault.ClaimsAWiderMask, "masks")]
    [InlineData(nameof(Parallel), Fault.ClaimsAWiderMask, "masks")]
    [InlineData(nameof(Shifted), Fault.ClaimsANarrowerMask, "masks")]
    [InlineData(nameof(Local), Fault.IgnoresPadding, "rows")]
    [InlineData(nameof(Local), Fault.IgnoresPadding, "padded forms")]
    [InlineData(nameof(Mixed), Fault.IgnoresPadding, "padded forms")]
    [InlineData(nameof(Mixed), Fault.IgnoresPadding, "recurrent state")]
    [InlineData(nameof(Shifted), Fault.IgnoresPadding, "recurrent state")]
    [InlineData(nameof(Shifted), Fault.ForgetsBetweenCalls, "recurrent state")]
    [InlineData(nameof(Mixed), Fault.StopsAGradient, "gradients")]
    [InlineData(nameof(Mixed), Fault.KeepsATensor, "live tensors")]
    [InlineData(nameof(Local), Fault.KeepsATensor, "live tensors in training")]
    [InlineData(nameof(Mixed), Fault.KeepsATensor, "live tensors in training")]
    [InlineData(nameof(Mixed), Fault.KeepsOldWeights, "save and load")]
    [InlineData(nameof(Mixed), Fault.KeepsOldWeights, "optimiser step")]
    [InlineData(nameof(Mixed), Fault.KeepsOldWeights, "module")]
    [InlineData(nameof(Mixed), Fault.ForgetsItsClone, "state")]
    [InlineData(nameof(Mixed), Fault.Constant, "overfit")]
    [InlineData(nameof(Mixed), Fault.AcceptsAnyKey, "unknown config key")]
    [InlineData(nameof(Mixed), Fault.ScalesAfterItsHead, "losses in blocks")]
    public void A_wrong_model_is_found(string model, Fault fault, string check)
    {
        ModelEntry right = DslModels.All.Single(entry => entry.Name == model);
        ModelEntry wrong = right with { Build = (config, weights) => new WrongModel(fault, (GeneratedModel)right.Build(config, weights), weights) };
        if (fault == Fault.AcceptsAnyKey)
        {
            wrong = wrong with
            {
                ReadConfig = reader =>
                {
                    reader.NoEffect("a_norm_that_nothing_handles");
                    return right.ReadConfig(reader);
                },
            };
        }

        var options = new ModelCheckOptions { Only = [check], Forwards = 20, TrainingSteps = 5, OverfitSteps = 30 };
        Assert.Contains(ModelChecks.Run(wrong, MixedConfig.Small, options), failure => failure.Check == check && !failure.Problem.Contains("Exception"));
    }

    /// <summary>A config with a few places only, under a key of its own: found out, and not run over.</summary>
    [Fact]
    public void Few_positions_are_found_out() =>
        Assert.Empty(ModelChecks.Run(
            DslModels.All.Single(entry => entry.Name == nameof(Mixed)), MixedConfig.Small with { Places = 17 },
            new ModelCheckOptions { Only = ["forms", "causal", "recurrent state", "constant state"] }));

    [Fact]
    public void A_check_that_does_not_exist_is_an_error() =>
        Assert.Contains("'colour' is no check", Assert.Throws<ArgumentException>(
            () => ModelChecks.Run(DslModels.All[0], MixedConfig.Small, new ModelCheckOptions { Only = ["colour"] })).Message);
}
