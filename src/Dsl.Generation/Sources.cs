using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Generation;

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
        int[][] rows = [.. picks.Select(row => Rows[row])];
        using Tensor read = PaddedRows.Ids(rows, Pad, device), mask = PaddedRows.Real(rows, device);
        return model.Begin(new Dictionary<string, Tensor> { ["input_ids"] = read, ["attention_mask"] = mask }, capacity);
    }
}
