using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Generation;

/// <summary>What the encoder of a pair reads: token ids for each row, special tokens included.</summary>
/// <param name="Rows">One run of ids for each prompt.</param>
/// <param name="Pad">Fills shorter rows on the right; the encoder does not see it.</param>
public sealed record Sources(IReadOnlyList<int[]> Rows, int Pad)
{
    /// <summary>A state that has read these rows.</summary>
    /// <param name="model">A model with an encoder.</param>
    /// <param name="picks">Which rows, in the order of the state's.</param>
    /// <param name="capacity">Tokens of the decoder to make room for.</param>
    public ModelState Begin(IModel model, IReadOnlyList<int> picks, int capacity)
    {
        Device device = model.Weights.Device;
        int longest = picks.Max(row => Rows[row].Length);
        var ids = new long[picks.Count, longest];
        var real = new long[picks.Count, longest];
        for (int r = 0; r < picks.Count; r++)
        {
            for (int i = 0; i < longest; i++)
            {
                bool inside = i < Rows[picks[r]].Length;
                ids[r, i] = inside ? Rows[picks[r]][i] : Pad;
                real[r, i] = inside ? 1 : 0;
            }
        }

        using Tensor read = tensor(ids, dtype: ScalarType.Int64, device: device), mask = tensor(real, dtype: ScalarType.Int64, device: device);
        return model.Begin(new Dictionary<string, Tensor> { ["input_ids"] = read, ["attention_mask"] = mask }, capacity);
    }
}
