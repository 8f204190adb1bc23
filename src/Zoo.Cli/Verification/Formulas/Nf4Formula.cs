using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli.Verification.Formulas;

/// <summary>Four-bit matrices: every byte and number of them, a layer as a checkpoint stores it, and a linear map over one with an adapter.</summary>
internal static class Nf4Formula
{
    /// <summary>The references multiply in float64 what is multiplied in float32 here.</summary>
    internal const double Output = 1e-6;

    private const double Gradient = 1e-5;

    internal static void Compare(FormulaRun run)
    {
        run.Equal("out.code", tensor(Nf4.Code.ToArray()));
        run.Equal("out.midpoints", tensor(Nf4.Midpoints.ToArray()));
        run.Equal("out.dynamic_map", tensor(Nf4.DynamicMap.ToArray()));
        run.Attempt("out.packed", () => Matrix(run));
        run.Attempt("out.short_packed", () => Short(run));
        run.Attempt("out.absmax_long_q8", () => Magnitudes(run));
        run.Attempt("out.y", () => Map(run));
        Nf4LayerFormula.Compare(run);
        run.Only(run.Data, "lora_scale", "quant_state_json", "keys", "short");
    }

    /// <summary>A map of the given weight's shape, with weights of its own.</summary>
    internal static StraightMap Fitting(FormulaRun run)
    {
        Tensor weight = run.Given("in.weight");
        return new StraightMap(new MapConfig(checked((int)weight.shape[1]), checked((int)weight.shape[0])));
    }

    /// <summary>What a map gives for rows [rows, in].</summary>
    internal static Tensor Y(IModel model, Tensor x) => LowRankFormula.Y(model, x.unsqueeze(0)).squeeze(0);

    private static void Matrix(FormulaRun run)
    {
        Tensor weight = run.Given("in.weight");
        using Nf4Matrix plain = Nf4Matrix.Of(weight, nested: false), nested = Nf4Matrix.Of(weight);
        run.Equal("out.packed", plain.Packed);
        run.Equal("out.packed", nested.Packed, "out.packed, doubly quantised");

        // The first of two numbers sits in the high half of their byte.
        IEnumerable<byte> indices = Bytes(nested.Packed).SelectMany(both => new[] { (byte)(both >> 4), (byte)(both & 15) });
        run.Equal("out.indices", tensor([.. indices.Take(checked((int)weight.numel()))], dtype: ScalarType.Byte));
        run.Equal("out.absmax", tensor(plain.Magnitudes.ToArray()));
        run.Equal("out.dequantised", plain.Dequantise());
        run.Equal("out.absmax_q8", tensor(nested.QuantisedMagnitudes.ToArray(), dtype: ScalarType.Byte));
        run.Equal("out.offset", tensor(nested.Offset));
        run.Equal("out.nested_absmax", tensor(nested.NestedMagnitudes.ToArray()));
        run.Equal("out.dequantised_double", nested.Dequantise());
        var restored = new float[run.Given("out.absmax_restored").numel()];
        Nf4.RestoreMagnitudes(nested.QuantisedMagnitudes.Span, nested.NestedMagnitudes.Span, nested.Offset, nested.Map.Span, restored);
        run.Equal("out.absmax_restored", tensor(restored));

        // Some rows at a time, which begin within blocks.
        long different = 0;
        for (long rows = 1; rows <= nested.Rows; rows += 3)
        {
            Tensor parts = cat([.. Enumerable.Range(0, (int)((nested.Rows + rows - 1) / rows))
                .Select(i => nested.Dequantise(i * rows, Math.Min(rows, nested.Rows - (i * rows))))]);
            different += parts.ne(run.Given("out.dequantised_double")).sum().item<long>();
        }

        run.Differ("out.dequantised_double, some rows at a time", different, "so many numbers differ");
    }

    private static void Short(FormulaRun run)
    {
        using Nf4Matrix brief = Nf4Matrix.Of(run.Given("in.short").reshape(1, -1), nested: false);
        run.Equal("out.short_packed", brief.Packed);
        run.Equal("out.short_absmax", tensor(brief.Magnitudes.ToArray()));
        run.Equal("out.short_dequantised", brief.Dequantise());
    }

    private static void Magnitudes(FormulaRun run)
    {
        Tensor given = run.Given("in.absmax_long"), mean = given.mean();
        float[] many = given.data<float>().ToArray(), outer = new float[run.Given("out.absmax_long_nested_absmax").numel()];
        float offset = mean.item<float>();
        var quantised = new byte[many.Length];
        Nf4.QuantiseMagnitudes(many, offset, quantised, outer);
        Nf4.RestoreMagnitudes(quantised, outer, offset, Nf4.DynamicMap, many);
        run.Equal("out.absmax_long_offset", mean);
        run.Equal("out.absmax_long_q8", tensor(quantised, dtype: ScalarType.Byte));
        run.Equal("out.absmax_long_nested_absmax", tensor(outer));
        run.Equal("out.absmax_long_restored", tensor(many));
    }

    /// <summary>A map whose weight is quantised, alone and with an adapter over it.</summary>
    private static void Map(FormulaRun run)
    {
        using IModel model = Fitting(run);
        LowRankFormula.Fill(model, run);
        Quantisation.ToNf4(model, ["map"]);
        run.Compare("out.y", Y(model, run.Given("in.x")), Output);
        Adapter adapter = LowRankFormula.Over(model, run, rank => new AdapterOptions { Rank = rank, Alpha = run.Data["lora_scale"].Number * rank });
        Tensor input = run.Numbers("in.x", gradient: true), y = Y(model, input), sum = (y * run.Given("in.cotangent")).sum();
        sum.backward();
        run.Compare("out.qlora_y", y, Output);
        run.Compare("grad.x", input.grad, Gradient);
        run.Compare("grad.lora_A", adapter.A("map").Value.grad, Gradient);
        run.Compare("grad.lora_B", adapter.B("map").Value.grad, Gradient);
    }

    private static byte[] Bytes(Tensor tensor) => tensor.contiguous().bytes.ToArray();
}
