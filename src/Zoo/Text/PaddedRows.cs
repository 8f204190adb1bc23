using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Text;

/// <summary>Rows of ids side by side as int64 tensors [rows, longest], filled up on the right unless the left is asked for.</summary>
public static class PaddedRows
{
    /// <summary>The ids; shorter rows are filled up with <paramref name="fill"/>.</summary>
    public static Tensor Ids(IReadOnlyList<int[]> rows, int fill, Device? device = null, bool left = false) => Fill(rows, fill, Longest(rows), device, left);

    /// <summary>1 where a row has an id, 0 where it is filled up.</summary>
    public static Tensor Real(IReadOnlyList<int[]> rows, Device? device = null, bool left = false) =>
        Fill([.. rows.Select(row => Enumerable.Repeat(1, row.Length).ToArray())], 0, Longest(rows), device, left);

    /// <summary>
    /// Encoded texts as those inputs that a model takes: ids (under every name that ends so), attention mask, types. At least one token wide.
    /// </summary>
    public static IReadOnlyDictionary<string, Tensor> Inputs(IModel model, IReadOnlyList<TokenEncoding> texts, int pad)
    {
        int longest = Math.Max(1, texts.Max(text => text.Count));
        var inputs = new Dictionary<string, Tensor>();
        foreach (string name in model.Inputs)
        {
            (Func<TokenEncoding, int[]> Row, int Fill)? part = name switch
            {
                "attention_mask" => (text => text.AttentionMask, 0),
                "token_type_ids" => (text => text.TypeIds, 0),
                _ when name.EndsWith("input_ids", StringComparison.Ordinal) => (text => text.Ids, pad),
                _ => null,
            };
            if (part is { } found)
            {
                inputs.Add(name, Fill([.. texts.Select(found.Row)], found.Fill, longest, model.Weights.Device, left: false));
            }
        }

        return inputs;
    }

    private static int Longest(IReadOnlyList<int[]> rows) => rows.Max(row => row.Length);

    private static Tensor Fill(IReadOnlyList<int[]> rows, int fill, int longest, Device? device, bool left)
    {
        var all = new long[rows.Count * longest];
        Array.Fill(all, fill);
        for (int r = 0; r < rows.Count; r++)
        {
            int from = (r * longest) + (left ? longest - rows[r].Length : 0);
            for (int i = 0; i < rows[r].Length; i++)
            {
                all[from + i] = rows[r][i];
            }
        }

        return tensor(all, [rows.Count, longest], dtype: ScalarType.Int64, device: device);
    }
}
