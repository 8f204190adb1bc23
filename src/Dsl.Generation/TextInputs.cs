using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Text;
using static TorchSharp.torch;

namespace Dsl.Generation;

/// <summary>Encoded texts as a model reads them.</summary>
public static class TextInputs
{
    /// <summary>
    /// Those inputs that a model takes, int64 [texts, longest], filled up on the right: ids (under every name that ends so), attention mask, types. At least
    /// one token wide.
    /// </summary>
    /// <param name="model">Whose inputs.</param>
    /// <param name="texts">At least one.</param>
    /// <param name="pad">Fills rows of ids; masks and types are filled with 0.</param>
    public static IReadOnlyDictionary<string, Tensor> Of(IModel model, IReadOnlyList<TokenEncoding> texts, int pad)
    {
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
                inputs.Add(name, PaddedRows.Ids([.. texts.Select(found.Row)], found.Fill, model.Weights.Device, least: 1));
            }
        }

        return inputs;
    }
}
