using System;
using System.Linq;
using TorchSharp;
using Xunit;
using Zoo.StateSpaces;
using static TorchSharp.torch;

namespace Zoo.Tests.Models;

/// <summary>Recurrent models begin as published: by channel, by layer, and by draws of torch's generator.</summary>
public sealed class InitialValueTests
{
    private static double[] Values(nn.Module model, string key)
    {
        using var none = no_grad();
        return model.named_parameters().Single(p => p.name == key).parameter.to_type(ScalarType.Float64).flatten().data<double>().ToArray();
    }

    /// <summary>RWKV-4's decays, bonuses and shares of the token before, written out from the authors' code.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(1)]
    public void Rwkv_begins_by_channel_and_layer(int layers)
    {
        const int Width = 6;
        manual_seed(3);
        using var model = new Rwkv(new RwkvConfig(20, Width, layers), ScalarType.Float64);
        for (int layer = 0; layer < layers; layer++)
        {
            // The ratio of a model's only layer is the first's.
            double part = layers == 1 ? 0 : (double)layer / (layers - 1), left = 1 - ((double)layer / layers);
            string at = $"rwkv.blocks.{layer}.";
            double[] Each(Func<int, double> of) => [.. Enumerable.Range(0, Width).Select(of)];
            void Equal(string key, double[] expected) => Assert.All(Values(model, at + key).Zip(expected), p => Assert.Equal(p.Second, p.First, 1e-12));
            Equal("attention.time_decay", Each(h => -5 + (8 * Math.Pow(h / (Width - 1.0), 0.7 + (1.3 * part)))));
            Equal("attention.time_first", Each(h => Math.Log(0.3) + (0.5 * (((h + 1) % 3) - 1))));
            Equal("attention.time_mix_key", Each(i => Math.Pow((double)i / Width, left)));
            Equal("attention.time_mix_value", Each(i => Math.Pow((double)i / Width, left) + (0.3 * part)));
            Equal("attention.time_mix_receptance", Each(i => Math.Pow((double)i / Width, 0.5 * left)));
            Equal("feed_forward.time_mix_key", Each(i => Math.Pow((double)i / Width, left)));
            Equal("feed_forward.time_mix_receptance", Each(i => Math.Pow((double)i / Width, left)));
            foreach (string zero in new[] { "attention.key", "attention.receptance", "attention.output", "feed_forward.receptance", "feed_forward.value" })
            {
                Assert.All(Values(model, at + zero + ".weight"), x => Assert.Equal(0, x));
            }

            using var value = tensor(Values(model, at + "attention.value.weight")).view(Width, Width);
            Assert.True(value.mm(value.t()).allclose(eye(Width, dtype: ScalarType.Float64), 1e-6, 1e-6));          // torch orthogonalises in float32
        }

        // [20, 6] with gain sqrt(20/6) / 2.
        using var head = tensor(Values(model, "head.weight")).view(20, Width);
        Assert.True(head.t().mm(head).allclose(eye(Width, dtype: ScalarType.Float64) * (20.0 / 6 / 4), 1e-6, 1e-6));
        double[] embedding = Values(model, "rwkv.embeddings.weight");
        Assert.InRange(embedding.Max(Math.Abs), 0.9e-4, 1e-4);
        Assert.InRange(embedding.Average(), -3e-5, 3e-5);
    }

    [Fact]
    public void Mamba_begins_as_published()
    {
        manual_seed(4);
        using var model = new Mamba(new MambaConfig(50, 32, 2, 64, 4, Dsl.Activation.Silu, Deviation: 0.02, Rescaled: true), ScalarType.Float64);
        const string At = "backbone.layers.1.mixer.";
        Assert.All(Values(model, At + "A_log").Select((x, i) => (x, i)), p => Assert.Equal(Math.Log((p.i % 16) + 1), p.x, 1e-12));
        Assert.All(Values(model, At + "D"), x => Assert.Equal(1, x));

        // Steps between the bounds, evenly on a logarithmic scale.
        double[] steps = [.. Values(model, At + "dt_proj.bias").Select(b => Math.Log(1 + Math.Exp(b)))];
        Assert.All(steps, s => Assert.InRange(s, 0.001 - 1e-9, 0.1 + 1e-9));
        Assert.InRange(steps.Average(s => Math.Log10(s)), -2.25, -1.75);
        void Bound(string key, double bound) => Assert.InRange(Values(model, At + key).Max(Math.Abs), 0.8 * bound, bound);
        Bound("dt_proj.weight", 0.5);
        Bound("in_proj.weight", 1 / Math.Sqrt(32));
        Bound("x_proj.weight", 1 / Math.Sqrt(64));
        Bound("conv1d.weight", 0.5);
        Bound("out_proj.weight", 1 / Math.Sqrt(64 * 2));
        double deviation = Math.Sqrt(Values(model, "backbone.embeddings.weight").Average(x => x * x));
        Assert.InRange(deviation, 0.018, 0.022);
    }
}
