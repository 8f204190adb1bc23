using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using Xunit;
using Zoo.EncoderDecoders;
using static TorchSharp.torch;

namespace Zoo.Tests.Models;

/// <summary>Every preset holds as many numbers as published, counted without allocating one of them.</summary>
public sealed class ParameterCountTests
{
    /// <summary>Exact counts: those of the published files, or worked out by hand from the published sizes.</summary>
    private static readonly Dictionary<string, long> Exact = new()
    {
        ["llama-7b"] = 6_738_415_616,
        ["llama-13b"] = 13_015_864_320,
        ["llama-33b"] = 32_528_943_616,
        ["llama-65b"] = 65_285_660_672,
        ["llama-2-7b"] = 6_738_415_616,
        ["llama-2-13b"] = 13_015_864_320,
        ["llama-2-70b"] = 68_976_648_192,
        ["llama-3-8b"] = 8_030_261_248,
        ["llama-3-70b"] = 70_553_706_496,
        ["llama-3.1-8b"] = 8_030_261_248,
        ["llama-3.1-70b"] = 70_553_706_496,
        ["llama-3.1-405b"] = 405_853_388_800,
        ["llama-3.2-1b"] = 1_235_814_400,
        ["llama-3.2-3b"] = 3_212_749_824,
        ["codellama-7b"] = 6_738_546_688,
        ["codellama-13b"] = 13_016_028_160,
        ["codellama-34b"] = 33_743_970_304,
        ["codellama-70b"] = 68_976_910_336,
        ["mistral-7b"] = 7_241_732_096,
        ["qwen2-0.5b"] = 494_032_768,
        ["qwen2-1.5b"] = 1_543_714_304,
        ["qwen2-7b"] = 7_615_616_512,
        ["qwen2-72b"] = 72_706_203_648,
        ["qwen3-0.6b"] = 596_049_920,
        ["qwen3-1.7b"] = 1_720_574_976,
        ["qwen3-4b"] = 4_022_468_096,
        ["qwen3-8b"] = 8_190_735_360,
        ["qwen3-14b"] = 14_768_307_200,
        ["qwen3-32b"] = 32_762_123_264,
        ["mixtral-8x7b"] = 46_702_792_704,
        ["olmoe-1b-7b"] = 6_919_161_856,
        ["qwen3-30b-a3b"] = 30_532_122_624,
        ["qwen3-235b-a22b"] = 235_093_634_560,
        ["gemma-2-2b"] = 2_614_341_888,
        ["gemma-2-9b"] = 9_241_705_984,
        ["gemma-2-27b"] = 27_227_128_320,
        ["phi-1"] = 1_418_270_720,
        ["phi-1.5"] = 1_418_270_720,
        ["phi-2"] = 2_779_683_840,
        ["gpt-neox-20b"] = 20_554_567_680,
        ["pythia-70m"] = 70_426_624,
        ["pythia-160m"] = 162_322_944,
        ["pythia-410m"] = 405_334_016,
        ["pythia-1b"] = 1_011_781_632,
        ["pythia-1.4b"] = 1_414_647_808,
        ["pythia-2.8b"] = 2_775_208_960,
        ["pythia-6.9b"] = 6_857_302_016,
        ["pythia-12b"] = 11_846_072_320,
        ["clip-vit-b32"] = 87_456_000,
        ["clip-vit-l14-336"] = 303_507_456,
        ["llava-1.5-7b"] = 7_063_427_072,
        ["llava-1.5-13b"] = 13_351_494_656,
        ["minigpt4-7b-sight"] = 1_094_264_320,
        ["minigpt4-13b-sight"] = 1_095_051_776,

        // The sight and Vicuna, which is LLaMA with a row for a padding token in its table and its head.
        ["minigpt4-7b"] = 1_094_264_320 + 6_738_415_616 + (2 * 4096),
        ["minigpt4-13b"] = 1_095_051_776 + 13_015_864_320 + (2 * 5120),
        ["gpt1"] = 116_534_784,
        ["gpt2"] = 124_439_808,
        ["gpt2-medium"] = 354_823_168,
        ["gpt2-large"] = 774_030_080,
        ["gpt2-xl"] = 1_557_611_200,
        ["bert-base-uncased"] = 110_106_428,
        ["deberta-v3-xsmall"] = 70_682_112 + 276_708,
        ["deberta-v3-small"] = 141_304_320 + 720_228,
        ["deberta-v3-base"] = 183_831_552 + 720_228,
        ["deberta-v3-large"] = 434_012_160 + 1_179_748,
        ["mdeberta-v3-base"] = 278_218_752 + 843_128,
        ["roberta-base"] = 124_697_433,
        ["roberta-large"] = 355_412_057,
        ["t5-small"] = 60_506_624,
        ["t5-base"] = 222_903_552,
        ["t5-large"] = 737_668_096,
        ["t5-3b"] = 2_851_598_336,
        ["t5-11b"] = 11_307_321_344,
        ["t5-v1.1-small"] = 76_961_152,
        ["t5-v1.1-base"] = 247_577_856,
        ["t5-v1.1-large"] = 783_150_080,
        ["t5-v1.1-xl"] = 2_849_757_184,
        ["t5-v1.1-xxl"] = 11_135_332_352,
        ["mt5-small"] = 300_176_768,
        ["mt5-base"] = 582_401_280,
        ["mt5-large"] = 1_229_581_312,
        ["mt5-xl"] = 3_742_619_648,
        ["mt5-xxl"] = 12_921_057_280,

        ["rwkv-4-169m"] = 169_342_464,
        ["rwkv-4-430m"] = 430_397_440,
        ["rwkv-4-1b5"] = 1_515_106_304,
        ["rwkv-4-3b"] = 2_984_627_200,
        ["rwkv-4-7b"] = 7_392_649_216,
        ["rwkv-4-14b"] = 14_148_597_760,
        ["mamba-130m"] = 129_135_360,
        ["mamba-370m"] = 371_516_416,
        ["mamba-790m"] = 793_204_224,
        ["mamba-1.4b"] = 1_372_178_432,
        ["mamba-2.8b"] = 2_768_345_600,

        // The published counts (139,420,416; 406,291,456; 610,851,840) leave out the bias of the logits, which the files hold.
        ["bart-base"] = 139_420_416 + 50_265,
        ["bart-large"] = 406_291_456 + 50_265,
        ["mbart-large-cc25"] = 610_851_840 + 250_027,
    };

    /// <summary>Counts as papers print them: the number and half a unit of its last digit.</summary>
    private static readonly Dictionary<string, (double Count, double Half)> Printed = new()
    {
        ["gpt3-small"] = (0.125e9, 0.5e6),
        ["gpt3-medium"] = (0.356e9, 0.5e6),
        ["gpt3-large"] = (0.760e9, 0.5e6),
        ["gpt3-xl"] = (1.316e9, 0.5e6),
        ["gpt3-xl-as-printed"] = (1.517e9, 0.5e6),
        ["gpt3-2.7b"] = (2.652e9, 0.5e6),
        ["gpt3-6.7b"] = (6.658e9, 0.5e6),
        ["gpt3-13b"] = (12.94e9, 5e6),
        ["gpt3-175b"] = (174.6e9, 5e7),
        ["bert-tiny"] = (4.4e6, 1.5e5),
        ["bert-mini"] = (11.3e6, 1.5e5),
        ["bert-small"] = (29.1e6, 5e5),
        ["bert-medium"] = (41.7e6, 5e5),
        ["bert-large-uncased"] = (336e6, 1e6),
        ["albert-base-v2"] = (12e6, 5e5),
        ["albert-large-v2"] = (18e6, 5e5),
        ["albert-xlarge-v2"] = (60e6, 1.5e6),
        ["albert-xxlarge-v2"] = (235e6, 13e6),
        ["electra-small-discriminator"] = (14e6, 5e5),
        ["electra-base-discriminator"] = (110e6, 1e6),
        ["electra-large-discriminator"] = (335e6, 1e6),
        ["flan-t5-small"] = (77e6, 5e5),
        ["flan-t5-base"] = (248e6, 5e5),
        ["flan-t5-large"] = (783e6, 5e5),
        ["flan-t5-xl"] = (2.85e9, 5e6),
        ["flan-t5-xxl"] = (11.1e9, 5e7),
        ["t0-3b"] = (2.85e9, 5e6),
        ["t0"] = (11.1e9, 5e7),
        ["mbart-large-50"] = (611e6, 5e5),
    };

    public static TheoryData<string, string> Presets
    {
        get
        {
            var presets = new TheoryData<string, string>();
            foreach (ModelEntry entry in global::Zoo.Models.All)
            {
                foreach (ModelPreset preset in entry.Presets)
                {
                    presets.Add(entry.Name, preset.Name);
                }
            }

            return presets;
        }
    }

    [Theory]
    [MemberData(nameof(Presets))]
    public void Preset_has_the_published_count_and_allocates_nothing(string model, string preset)
    {
        ModelEntry entry = global::Zoo.Models.All.Single(each => each.Name == model);
        object config = entry.Presets.Single(each => each.Name == preset).Config();
        long live = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount, managed = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        long count = entry.ParameterCount(config);

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"{watch.Elapsed} to count");
        Assert.Equal(live, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - managed, 0, 20_000_000);
        if (Exact.TryGetValue(preset, out long exact))
        {
            Assert.Equal(exact, count);
        }

        if (Printed.TryGetValue(preset, out var printed))
        {
            Assert.InRange(count, printed.Count - printed.Half, printed.Count + printed.Half);
        }
    }

    /// <summary>Every family's count by hand, from its sizes alone.</summary>
    [Theory]
    [MemberData(nameof(Presets))]
    public void Preset_has_the_count_worked_out_by_hand(string model, string preset)
    {
        ModelEntry entry = global::Zoo.Models.All.Single(each => each.Name == model);
        object config = entry.Presets.Single(each => each.Name == preset).Config();
        if (ClosedForms.Count(config, model) is { } expected)
        {
            Assert.Equal(expected, entry.ParameterCount(config));
        }
        else
        {
            Assert.True(Exact.ContainsKey(preset) || Printed.ContainsKey(preset), $"nothing says how many numbers {preset} holds");
        }
    }

    [Fact]
    public void Preset_names_are_one_each() => Assert.Empty(global::Zoo.Models.All.SelectMany(entry => entry.Presets).GroupBy(preset => preset.Name)
        .Where(group => group.Count() > 1).Select(group => group.Key));

    [Fact]
    public void Published_counts_all_belong_to_presets() =>
        Assert.Empty(Exact.Keys.Concat(Printed.Keys).Except(global::Zoo.Models.All.SelectMany(entry => entry.Presets).Select(preset => preset.Name)));

    [Fact]
    public void The_largest_models_have_no_storage()
    {
        ModelEntry gpt3 = global::Zoo.Models.All.Single(entry => entry.Name == "Gpt3");
        using IModel model = gpt3.Build(gpt3.Presets.Single(preset => preset.Name == "gpt3-175b").Config(), new Weights(ScalarType.Float32, META));
        Assert.True(model.Weights.All[^1].Value.is_meta);
        Assert.Equal(12288, model.Weights.All[^1].Shape[0]);
    }

    /// <summary>Tied is not the same as scaled: 1.1 and mT5 have a head of their own, and T5 divides what comes before it.</summary>
    [Fact]
    public void Derived_families_of_T5_are_gated_and_untied()
    {
        Assert.Equal(1 / Math.Sqrt(512), T5Config.Small.HeadScale);
        Assert.Equal(1, (MT5Config.Small with { Tied = true }).HeadScale);
        foreach (var config in new (double HeadScale, Type Kind, bool Tied)[]
        {
            (T5Config.V11Small.HeadScale, T5Config.V11Small.Kind, T5Config.V11Small.Tied),
            (FlanT5Config.Base.HeadScale, FlanT5Config.Base.Kind, FlanT5Config.Base.Tied),
            (T0Config.B11.HeadScale, T0Config.B11.Kind, T0Config.B11.Tied),
            (MT5Config.Small.HeadScale, MT5Config.Small.Kind, MT5Config.Small.Tied),
        })
        {
            Assert.Equal((1, typeof(T5GatedFeedForward), false), (config.HeadScale, config.Kind, config.Tied));
        }
    }
}
