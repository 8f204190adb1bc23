using System;
using System.Linq;
using Dsl.Runtime;
using Dsl.Testing;
using Xunit;

[assembly: VerifyModels(Options = typeof(Dsl.Testing.Tests.OwnModelTests))]

namespace Dsl.Testing.Tests;

/// <summary>All checks of this assembly's models: what a user's test project says.</summary>
public sealed class OwnModelTests
{
    private static readonly ModelSuite Suite = ModelSuite.Of(typeof(OwnModelTests).Assembly);

    public static Func<string, ModelCheckOptions> Options => _ => new ModelCheckOptions { Forwards = 20, TrainingSteps = 5 };

    public static TheoryData<string> Checks => [.. Suite.Names];

    [Theory]
    [MemberData(nameof(Checks))]
    public void Holds(string check) => Suite.Run(check);

    [Fact]
    public void Every_model_has_every_check() => Assert.Equal(
        DslModels.All.SelectMany(entry => ModelChecks.Names.Select(check => $"{entry.Name} small: {check}")), Suite.Names);

    [Fact]
    public void A_model_without_a_small_preset_is_named()
    {
        var suite = new ModelSuite(DslModels.All.Take(1), mostParameters: 10);
        string name = Assert.Single(suite.Names);
        Assert.Contains("no preset of at most 10 numbers", Assert.Throws<ModelCheckException>(() => suite.Run(name)).Message);
    }
}
