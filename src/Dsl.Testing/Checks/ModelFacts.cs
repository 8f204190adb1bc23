using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>What a model takes, found by asking it: a config may call its sizes what it likes.</summary>
internal sealed record ModelFacts
{
    private const int Short = 4;

    /// <summary>Ids that each input of ids takes: 0 up to this.</summary>
    internal required IReadOnlyDictionary<string, int> Vocabularies { get; init; }

    /// <summary>Tokens that its positions reach, as far as they were asked for.</summary>
    internal required int Limit { get; init; }

    /// <param name="entry">The model.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="options">Make the inputs that are not ids.</param>
    /// <param name="longest">Tokens that checks would like to read.</param>
    internal static ModelFacts Of(ModelEntry entry, object config, ModelCheckOptions options, int longest)
    {
        using IDisposable off = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        using IModel model = entry.Create(config);
        model.Module.eval();
        string[] ids = [.. model.Inputs.Where(name => !ModelSession.IsMask(name) && (IsOfIds(name) || options.MakeInput is null))];
        Dictionary<string, Tensor> Feed(int length) => model.Inputs.Where(name => !ModelSession.IsMask(name)).ToDictionary(
            name => name, name => ids.Contains(name) ? torch.zeros([1, length], dtype: ScalarType.Int64) : options.MakeInput!(name, 1, ScalarType.Float32));
        void Run(Dictionary<string, Tensor> feed)
        {
            using DisposeScope inner = torch.NewDisposeScope();
            model.Run(feed);
        }

        try
        {
            Run(Feed(Short));
        }
        catch (Exception e) when (ids.FirstOrDefault(name => !IsOfIds(name)) is { } unknown && e is not OutOfMemoryException)
        {
            throw new NotSupportedException($"nothing says how to make the input '{unknown}', and ids are not it; give MakeInput", e);
        }

        bool Takes(string name, int id)
        {
            Dictionary<string, Tensor> feed = Feed(Short);
            feed[name] = torch.full_like(feed[name], Scalars.Of(id));
            return Works(() => Run(feed), _ => true);
        }

        // An id is looked up in a table: as many are taken as some weight has rows.
        int[] sizes = [.. model.Weights.All.SelectMany(weight => weight.Shape).Select(size => (int)size).Distinct().Order()];
        return new ModelFacts
        {
            Vocabularies = ids.ToDictionary(name => name, name => sizes[..Partition(sizes.Length, i => Takes(name, sizes[i] - 1))].LastOrDefault(1)),
            Limit = ids.Length == 0 ? longest
                : Partition(longest, i => Works(() => Run(Feed(i + 1)), e => e is InvalidOperationException && e.Message.Contains("position table"))),
        };
    }

    private static bool IsOfIds(string name) => name.EndsWith("input_ids", StringComparison.Ordinal) || name == "token_type_ids";

    private static bool Works(Action act, Func<Exception, bool> refusal)
    {
        try
        {
            act();
            return true;
        }
        catch (Exception e) when (e is not OutOfMemoryException && refusal(e))
        {
            return false;
        }
    }

    /// <summary>How many of the first places hold, where none holds after one that does not.</summary>
    private static int Partition(int count, Func<int, bool> holds)
    {
        if (count == 0 || holds(count - 1))
        {
            return count;
        }

        (int low, int high) = (0, count - 1);
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = holds(middle) ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
