using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Recurrences;
using TorchSharp;
using static TorchSharp.torch;

manual_seed(1);
using var model = new Mixed(new MixedConfig(Vocab: 40, Hidden: 24, Heads: 3, Layers: 2));
using var ids = randint(0, 40, [2, 12]);
Console.WriteLine($"Mixed: {model.Weights.Count} weights");

// All tokens at once, and one by one: the same logits.
using (no_grad())
{
    using var whole = Logits();
    using ModelState state = model.NewState(2);
    var worst = 0.0;
    for (var t = 0; t < 12; t++)
    {
        using var one = ids.narrow(1, t, 1);
        using var logits = model.Advance(one, state);
        using var error = (logits.squeeze(1) - whole.select(1, t)).abs().max();
        worst = Math.Max(worst, error.item<float>());
    }

    Console.WriteLine(worst < 1e-5 ? "steps agree" : FormattableString.Invariant($"steps differ by {worst}"));
}

// The gradients are derived by the compiler: a batch is learnt by heart.
model.train();
using var optimizer = optim.Adam(model.parameters(), 0.01);
var losses = new List<float>();
for (var step = 0; step < 60; step++)
{
    using var scope = NewDisposeScope();
    optimizer.zero_grad();
    var loss = nn.functional.cross_entropy(Logits().narrow(1, 0, 11).reshape(-1, 40), ids.narrow(1, 1, 11).reshape(-1));
    loss.backward();
    optimizer.step();
    losses.Add(loss.item<float>());
}

Console.WriteLine(FormattableString.Invariant($"loss {losses[0]:F2}, {(losses.Last() < 0.1 ? "learnt by heart" : $"then {losses.Last():F2}")}"));

Tensor Logits() => model.Run(new Dictionary<string, Tensor> { ["input_ids"] = ids }, "logits")["logits"];
