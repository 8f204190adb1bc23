using System;
using System.Globalization;
using Derived;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

manual_seed(1);
using var off = no_grad();
Run(new Averages(new AveragesConfig(Vocab: 50, Hidden: 16, FeedForward: 32, Layers: 2)), vocab: 50);
var sinks = new SinksConfig(Window: 3, Sinks: 1)
{
    Vocab = 60, Hidden = 24, FeedForward = 40, Layers = 2, Heads = 4, KvHeadsKey = 2, Act = Dsl.Activation.Silu,
};
Run(new Sinks(sinks), vocab: 60);

var narrow = new SinksConfig(Window: 2, Sinks: 1) { Vocab = 8, Hidden = 8, FeedForward = 8, Layers = 1, Heads = 2, Act = Dsl.Activation.Silu };
foreach (var (place, mask) in new Sinks(narrow).Masks())
{
    Console.WriteLine(place);
    var table = mask.Table(6, 6);
    for (var query = 0; query < 6; query++)
    {
        Console.Write("  ");
        for (var key = 0; key < 6; key++)
        {
            Console.Write(table[query, key] ? '#' : '.');
        }

        Console.WriteLine();
    }
}

// All tokens at once, and one by one: the same logits.
static void Run(GeneratedModel model, int vocab)
{
    using (model)
    {
        using var ids = randint(0, vocab, [2, 12]);
        using var whole = model.Run(new System.Collections.Generic.Dictionary<string, Tensor> { ["input_ids"] = ids }, "logits")["logits"];
        using var state = model.NewState(2);
        var worst = 0.0;
        for (var t = 0; t < 12; t++)
        {
            using var one = ids.narrow(1, t, 1);
            using var logits = model.Advance(one, state);
            using var error = (logits.squeeze(1) - whole.select(1, t)).abs().max();
            worst = Math.Max(worst, error.item<float>());
        }

        string steps = worst < 1e-5 ? "agree" : "differ by " + worst.ToString(CultureInfo.InvariantCulture);
        Console.WriteLine(FormattableString.Invariant(
            $"{model.GetType().Name}: {model.Weights.Count} weights, logits [{string.Join(", ", whole.shape)}], steps {steps}"));
    }
}
