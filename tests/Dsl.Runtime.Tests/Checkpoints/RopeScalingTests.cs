using System;
using System.Linq;
using Xunit;

namespace Dsl.Runtime.Tests.Checkpoints;

public class RopeScalingTests
{
    private const string NotHandled = " not supported by this model, expected only keys that it handles (--ignore-key passes over one)";

    private static RopeScaling? Read(string json)
    {
        var config = ConfigReader.Parse(json);
        var scaling = RopeScaling.Read(config.Object(["rope_parameters", "rope_scaling"]));
        config.Finish();
        return scaling;
    }

    private static string Refused(string json) => Assert.Throws<ConfigException>(() => Read(json)).Message;

    [Fact]
    public void PublishedSpellings()
    {
        Assert.Null(Read("{}"));
        Assert.Null(Read("""{"rope_scaling":null}"""));
        Assert.Equal(new RopeScaling(RopeScalingKind.Default) { Theta = 1e4 }, Read("""{"rope_parameters":{"rope_theta":10000.0,"rope_type":"default"}}"""));
        Assert.Equal(new RopeScaling(RopeScalingKind.Linear, 4), Read("""{"rope_scaling":{"type":"linear","factor":4.0}}"""));
        Assert.Equal(new RopeScaling(RopeScalingKind.Linear, 4), Read("""{"rope_scaling":{"type":"linear","rope_type":"linear","factor":4}}"""));
        var dynamic = Read("""{"rope_scaling":{"rope_type":"dynamic","factor":2.0}}""");
        Assert.Equal(new RopeScaling(RopeScalingKind.Dynamic, 2), dynamic);
        Assert.True(dynamic!.ReadsLength);
        Assert.Equal(new RopeScaling(RopeScalingKind.Wavelength, 8) { OriginalLength = 8192, LowFrequencyFactor = 1, HighFrequencyFactor = 4 }, Read("""
            {"rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192}}
            """));
        var yarn = Read("""
            {"rope_parameters":{"rope_type":"yarn","factor":40,"original_max_position_embeddings":4096,"beta_fast":32,"beta_slow":1,"mscale":0.707,
             "mscale_all_dim":1.0,"attention_factor":null,"truncate":false,"rope_theta":1000000}}
            """);
        Assert.Equal(new RopeScaling(RopeScalingKind.Yarn, 40) { OriginalLength = 4096, Scale = 0.707, ScaleAllDim = 1, Truncate = false, Theta = 1e6 }, yarn);
    }

    [Theory]
    [InlineData("""{"rope_scaling":{"rope_type":"yarn2","factor":2}}""",
        "config.json: rope_scaling.rope_type 'yarn2' unknown, expected one of default, linear, dynamic, yarn, llama3")]
    [InlineData("""{"rope_scaling":{"type":"mrope"}}""",
        "config.json: rope_scaling.type 'mrope' unknown, expected one of default, linear, dynamic, yarn, llama3")]
    [InlineData("""{"rope_scaling":{"type":"linear"}}""", "config.json: rope_scaling.factor missing, expected a number")]
    [InlineData("""{"rope_scaling":{"type":"linear","factor":0}}""", "config.json: rope_scaling.factor is 0, expected a positive number")]
    [InlineData("""{"rope_scaling":{"type":"linear","factor":NaN}}""", "config.json: rope_scaling.factor is NaN, expected a positive number")]
    [InlineData("""{"rope_scaling":{"type":"linear","factor":2,"beta_fast":3}}""",
        "config.json: rope_scaling.beta_fast" + NotHandled)]
    [InlineData("""{"rope_parameters":{"rope_type":"default","factor":2}}""",
        "config.json: rope_parameters.factor" + NotHandled)]
    [InlineData("""{"rope_scaling":{"rope_type":"llama3","factor":8}}""",
        "config.json: rope_scaling.original_max_position_embeddings missing, expected a whole number")]
    [InlineData("""{"rope_scaling":{"rope_type":"llama3","factor":8,"original_max_position_embeddings":-1}}""",
        "config.json: rope_scaling.original_max_position_embeddings is -1, expected a positive number")]
    [InlineData("""{"rope_scaling":{"rope_type":"llama3","factor":8,"original_max_position_embeddings":1,"low_freq_factor":4,"high_freq_factor":4}}""",
        "config.json: rope_scaling.high_freq_factor is 4, expected more than low_freq_factor 4")]
    [InlineData("""{"rope_scaling":{"rope_type":"yarn","factor":8,"beta_fast":1,"beta_slow":2}}""",
        "config.json: rope_scaling.beta_fast is 1, expected at least beta_slow 2")]
    [InlineData("""{"rope_scaling":"linear"}""", "config.json: rope_scaling is 'linear', expected an object")]
    public void WhatCannotBe(string json, string message) => Assert.Equal(message, Refused(json));

    [Fact]
    public void WrittenRulesAreReadBack()
    {
        RopeScaling[] rules =
        [
            new(RopeScalingKind.Default) { Theta = 5e5 },
            new(RopeScalingKind.Linear, 2.5),
            new(RopeScalingKind.Dynamic, 2) { OriginalLength = 77 },
            new(RopeScalingKind.Yarn, 4) { OriginalLength = 8, AttentionFactor = 1.25, BetaFast = 16, BetaSlow = 2, Scale = 1, ScaleAllDim = 0.5,
                Truncate = false, Theta = 1e4 },
            new(RopeScalingKind.Wavelength, 8) { OriginalLength = 32, LowFrequencyFactor = 1.5, HighFrequencyFactor = 5 },
        ];
        using var folder = new TemporaryFolder();
        foreach (var rule in rules)
        {
            ConfigWriter.Write(folder.File("config.json"), rule.Write());
            var config = ConfigReader.Open(folder.Path);
            Assert.Equal(rule, RopeScaling.Read(config.Object(["rope_parameters"])));
            config.Finish();
        }
        Assert.Equal(Enum.GetValues<RopeScalingKind>().Order(), rules.Select(rule => rule.Kind).Order());
    }
}
