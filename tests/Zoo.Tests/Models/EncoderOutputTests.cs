using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Zoo.Tests.Models;

/// <summary>What an encoder has given can be passed in instead of what it read.</summary>
public sealed class EncoderOutputTests
{
    public static TheoryData<string> Pairs => [.. TinyConfigs.All.Values.Where(GivesWhatItReads).Select(tiny => tiny.Name)];

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_state_begun_with_them_reads_on_alike(string name)
    {
        TinyCase tiny = TinyConfigs.All[name];
        using DisposeScope scope = NewDisposeScope();
        using var off = no_grad();
        using IModel model = tiny.Entry.Create(tiny.Config, ScalarType.Float64, CPU);
        model.Module.eval();
        using var generator = new Generator(7);
        Tensor source = randint(3, 50, [2, 9], dtype: ScalarType.Int64, generator: generator),
            target = randint(3, 50, [2, 4], dtype: ScalarType.Int64, generator: generator);
        Tensor mask = tensor(new long[] { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0 }, [2, 9]);
        var read = new Dictionary<string, Tensor> { ["input_ids"] = source, ["attention_mask"] = mask, ["decoder_input_ids"] = target };
        Tensor hidden = model.Run(read, "encoder_hidden")["encoder_hidden"];

        using ModelState begun = model.Begin(read),
            passed = model.Begin(new Dictionary<string, Tensor> { ["encoder_hidden"] = hidden, ["attention_mask"] = mask });
        Tensor expected = model.Advance(target, begun), logits = model.Advance(target, passed);
        Assert.True(expected.equal(logits).all().item<bool>());
        Assert.False(model.Advance(target, begun).equal(expected).all().item<bool>());

        // Left out: nothing else stands in for it.
        var alone = new Dictionary<string, Tensor> { ["attention_mask"] = mask };
        Assert.Contains("input_ids", Assert.Throws<System.ArgumentException>(() => model.Begin(alone)).Message, System.StringComparison.Ordinal);
    }

    [Fact]
    public void There_are_pairs() => Assert.NotEmpty(Pairs);

    /// <summary>It reads two texts, and shows what its encoder makes of the first.</summary>
    private static bool GivesWhatItReads(TinyCase tiny)
    {
        using IModel model = tiny.Entry.Create(tiny.Config, ScalarType.Float32, META);
        return model.Inputs.Contains("decoder_input_ids") && model.Outputs.Contains("encoder_hidden");
    }
}
