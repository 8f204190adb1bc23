using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Generation;
using Dsl.Runtime;
using Spectre.Console;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Verification;

/// <summary>
/// Compares a model with what its published implementation answers, and its forms with one another: outputs, every gradient, left padding, greedy
/// tokens, the parallel form against <c>Advance</c> in chunks of 1, 3 and all at every position, in float32 and in float64.
/// </summary>
/// <param name="build">Builds the model of a folder from its config.json alone, in a dtype, with the folder's weights loaded.</param>
public sealed class GoldenVerifier(Func<string, ScalarType, IModel> build)
{
    /// <summary>Tokens that a state has room for when it is made, so that every case crosses its growth.</summary>
    private const int SmallCapacity = 2;

    private static readonly int[] Chunks = [1, 3, int.MaxValue];

    /// <summary>The verifier of the zoo's own models.</summary>
    public static GoldenVerifier Zoo { get; } = new(GoldenModels.Build);

    /// <summary>Verifies the given cases (a case's folder, or a folder of cases) and prints a table of each.</summary>
    /// <returns>The exit code: 0 when everything is within its tolerance, 1 on a miss, 2 when a path holds no case.</returns>
    public int Print(IEnumerable<string> paths, IAnsiConsole console)
    {
        int exit = 0;
        foreach (string path in paths)
        {
            var found = GoldenCase.Find(path);
            if (found.Count == 0)
            {
                console.MarkupLineInterpolated($"[red]{path} holds no case: case.json, config.json, model.safetensors and io.safetensors were expected.[/]");
                exit = 2;
            }

            foreach (string folder in found)
            {
                var report = Verify(folder);
                report.Print(console);
                exit = report.Passed ? exit : Math.Max(exit, 1);
            }
        }

        return exit;
    }

    /// <summary>Verifies one case. What cannot be compared is a row that missed, with the reason as its note.</summary>
    /// <param name="folder">The case's folder.</param>
    /// <param name="dtypes">Dtypes to run in; none: float32 and float64.</param>
    /// <exception cref="FormatException">The case's own files are at fault.</exception>
    public GoldenReport Verify(string folder, params ScalarType[] dtypes)
    {
        using var golden = GoldenCase.Open(folder);
        var rows = new List<GoldenRow>();
        foreach (var dtype in dtypes.Length == 0 ? [ScalarType.Float32, ScalarType.Float64] : dtypes)
        {
            var checks = new List<GoldenRow>();
            Attempt(checks, "model", dtype, () =>
            {
                using var scope = NewDisposeScope();
                using var model = build(folder, dtype);
                model.Module.eval();
                new Run(golden, model, dtype, checks).All();
            });
            rows.AddRange(checks);
        }

        return new GoldenReport(golden.Name, golden.What, rows);
    }

    /// <summary>Runs one check; an exception becomes a row that missed, and the answer is false.</summary>
    private static bool Attempt(List<GoldenRow> rows, string check, ScalarType dtype, Action compare)
    {
        try
        {
            compare();
            return true;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A native exception carries its stack of frames along.
            rows.Add(new GoldenRow(check, dtype, double.PositiveInfinity, 0, e.Message.Split('\n')[0]));
            return false;
        }
    }

    /// <summary>One model in one dtype against one case.</summary>
    private sealed class Run(GoldenCase golden, IModel model, ScalarType dtype, List<GoldenRow> rows)
    {
        private readonly double tolerance = GoldenTolerance.Output(golden.Architecture, dtype);
        private readonly GoldenObjective? objective = GoldenObjective.For(golden.Architecture);
        private readonly bool decodes = model.Inputs.Contains("decoder_input_ids");

        public void All()
        {
            var inputs = Inputs();
            Outputs(inputs);
            Gradients(inputs);
            LeftPadding(inputs);
            Steps(inputs);
            States(inputs);
            Layouts(inputs);
            FirstLayer();
            Learnt(inputs);
            Beams(inputs);
            Greedy(inputs);
            Forms(inputs);
        }

        /// <summary>
        /// What the case gives under the model's input names, in the model's dtype; decoder inputs follow from labels where they are left out.
        /// </summary>
        private Dictionary<string, Tensor> Inputs()
        {
            // A question's choices [batch, choices, time] are rows of the model, one after the other.
            var inputs = golden.Inputs.Where(i => model.Inputs.Contains(i.Key))
                .ToDictionary(i => i.Key, i => i.Value.is_floating_point() ? i.Value.to_type(dtype) : i.Value.dim() == 3 ? i.Value.flatten(0, 1) : i.Value);
            if (decodes && !inputs.ContainsKey("decoder_input_ids") && golden.Inputs.ContainsKey("labels"))
            {
                inputs["decoder_input_ids"] = GoldenObjective.DecoderInputs(golden);
            }

            return inputs;
        }

        private void Outputs(Dictionary<string, Tensor> inputs)
        {
            // What other checks compare: not an output of one run.
            var direct = golden.Outputs.Keys.Except(["loss", "greedy", "beam3", "left_padded_logits", "step_logits", .. GoldenLayer.Outputs])
                .Where(name => !name.StartsWith("state_", StringComparison.Ordinal) && !name.StartsWith("cache.", StringComparison.Ordinal)).ToArray();
            foreach (string name in direct.Except(model.Outputs))
            {
                Miss("out." + name, $"the model has no such output, its outputs are {string.Join(", ", model.Outputs)}.");
            }

            Attempt("outputs", () =>
            {
                using var none = no_grad();
                using var scope = NewDisposeScope();
                foreach (var (name, value) in model.Run(inputs, [.. direct.Intersect(model.Outputs)]))
                {
                    Compare("out." + name, value, golden.Outputs[name], RealPositions(name, golden.Outputs[name]));
                }
            });
        }

        /// <summary>Where an output is compared: at real tokens, if it has a value at each; null: everywhere.</summary>
        private Tensor? RealPositions(string name, Tensor reference)
        {
            // Question answering's softmax reads padded positions too; a decoder's positions are not those of the mask, which is the encoder's.
            bool perToken = reference.dim() > 2 || (reference.dim() == 2 && objective?.PerToken == true);
            bool ofMask = !decodes || name.StartsWith("encoder_", StringComparison.Ordinal);
            return perToken && ofMask && golden.Inputs.TryGetValue("attention_mask", out var mask) && reference.shape[1] == mask.shape[1]
                ? Spread(mask, reference)
                : null;
        }

        private void Gradients(Dictionary<string, Tensor> inputs)
        {
            if (!golden.Outputs.TryGetValue("loss", out var reference))
            {
                return;
            }

            if (objective is null)
            {
                Miss("out.loss", $"no loss is known for {golden.Architecture}.");
                return;
            }

            var worst = new Dictionary<string, double>();
            bool ran = Attempt("gradients", () =>
            {
                BackwardOnce("out.loss", inputs, reference, worst);

                // Training may run fused operations of its own. With dropout the two differ, and only the first is comparable.
                model.Module.train();
                if (Repeats(inputs))
                {
                    BackwardOnce("out.loss in training", inputs, reference, worst);
                }

                model.Module.eval();
            });

            foreach (var (key, error) in worst)
            {
                string? note = double.IsPositiveInfinity(error) ? "the weight has no gradient." : null;
                rows.Add(new GoldenRow("grad." + key, dtype, error, GoldenTolerance.Gradient, note));
            }

            foreach (string key in golden.Gradients.Keys.Where(k => ran && !worst.ContainsKey(k)))
            {
                Miss("grad." + key, "the model has no weight of that name.");
            }
        }

        private bool Repeats(Dictionary<string, Tensor> inputs)
        {
            using var none = no_grad();
            using var scope = NewDisposeScope();
            return Loss(inputs).Equals(Loss(inputs));
        }

        private Tensor Loss(Dictionary<string, Tensor> inputs) => objective!.Loss(golden, model.Run(inputs, objective.Reads));

        /// <summary>Loss and backward; keeps the worst error of each weight's gradient.</summary>
        private void BackwardOnce(string check, Dictionary<string, Tensor> inputs, Tensor reference, Dictionary<string, double> worst)
        {
            using var scope = NewDisposeScope();
            model.Module.zero_grad();
            var loss = Loss(inputs);
            rows.Add(new GoldenRow(check, dtype, GoldenTolerance.Error(loss, reference), GoldenTolerance.Loss(dtype)));
            if (golden.Gradients.Count == 0)
            {
                return;
            }

            loss.backward();
            double largest = golden.Gradients.Values.Max(g => g.abs().max().to_type(ScalarType.Float64).item<double>());
            foreach (var (name, weight) in model.Module.named_parameters())
            {
                string key = golden.Tied.GetValueOrDefault(name, name);
                var gradient = weight.grad;
                double error;
                if (golden.Gradients.TryGetValue(key, out var expected))
                {
                    error = gradient is null ? double.PositiveInfinity
                        : GoldenTolerance.Error(gradient, expected, floor: GoldenTolerance.Noise(dtype) * largest);
                }
                else if (gradient is not null)
                {
                    // The reference never reached this weight: neither may we.
                    error = gradient.abs().max().to_type(ScalarType.Float64).item<double>() / largest;
                }
                else
                {
                    continue;
                }

                worst[key] = double.IsNaN(error) ? error : Math.Max(error, worst.GetValueOrDefault(key));
            }
        }

        private void LeftPadding(Dictionary<string, Tensor> inputs)
        {
            if (!golden.Outputs.TryGetValue("left_padded_logits", out var reference))
            {
                return;
            }

            var mask = golden.Inputs["left_padding_mask"];
            using var real = Spread(mask, reference);
            Attempt("out.left_padded_logits", () =>
            {
                using var none = no_grad();
                using var scope = NewDisposeScope();
                var padded = new Dictionary<string, Tensor>(inputs) { ["attention_mask"] = mask };
                Compare("out.left_padded_logits", model.Run(padded, "logits")["logits"], reference, real);
            });

            foreach (int chunk in Chunks)
            {
                string check = $"out.left_padded_logits, {By(chunk)}";
                Attempt(check, () =>
                {
                    using var none = no_grad();
                    using var scope = NewDisposeScope();
                    Compare(check, Advance(inputs, mask, chunk), reference, real);
                });
            }
        }

        /// <summary>The state after the whole text, read at once and token by token.</summary>
        private void States(Dictionary<string, Tensor> inputs)
        {
            string[] names = [.. golden.Outputs.Keys.Where(name => name.StartsWith("state_", StringComparison.Ordinal))];
            foreach (int chunk in names.Length == 0 ? [] : Chunks)
            {
                Attempt("out.state", () =>
                {
                    using var none = no_grad();
                    using var scope = NewDisposeScope();
                    using var state = model.Begin(inputs, SmallCapacity);
                    Advance(inputs, null, chunk, state);
                    var ours = GoldenStates.Of(state) ?? new Dictionary<string, Tensor>();
                    foreach (string name in names)
                    {
                        string check = $"out.{name}, {By(chunk)}";
                        if (ours.TryGetValue(name, out var value))
                        {
                            Compare(check, value, golden.Outputs[name]);
                        }
                        else
                        {
                            Miss(check, $"nothing says where {model.GetType().Name} keeps this state.");
                        }
                    }
                });
            }
        }

        /// <summary>The same weights in another published layout: <c>model_NAME.safetensors</c>.</summary>
        private void Layouts(Dictionary<string, Tensor> inputs)
        {
            foreach (string file in Directory.GetFiles(golden.Folder, "model_*.safetensors").Order(StringComparer.Ordinal))
            {
                string check = $"out.logits of {Path.GetFileName(file)}";
                Attempt(check, () =>
                {
                    using var none = no_grad();
                    using var scope = NewDisposeScope();
                    using var other = Models.Create(ConfigReader.Open(golden.Folder), dtype);
                    ((GeneratedModel)other).LoadWeights(file);
                    other.Module.eval();
                    Compare(check, other.Run(inputs, "logits")["logits"], golden.Outputs["logits"], RealPositions("logits", golden.Outputs["logits"]));
                });
            }
        }

        /// <summary>The stateful form token by token.</summary>
        private void Steps(Dictionary<string, Tensor> inputs)
        {
            if (golden.Outputs.TryGetValue("step_logits", out var reference))
            {
                Attempt("out.step_logits", () =>
                {
                    using var none = no_grad();
                    using var scope = NewDisposeScope();
                    Compare("out.step_logits", Advance(inputs, null, 1), reference, null);
                });
            }
        }

        /// <summary>The first layer alone, in parallel and step by step.</summary>
        private void FirstLayer()
        {
            if (!GoldenLayer.Outputs.All(golden.Outputs.ContainsKey))
            {
                return;
            }

            using var none = no_grad();
            using var scope = NewDisposeScope();
            using var layer = GoldenLayer.Of(model, dtype);
            if (layer is null)
            {
                Miss("out.layer0_out", "the model's first layer does not stand alone.");
                return;
            }

            var (x, reference) = (golden.Outputs["layer0_in"].to_type(dtype), golden.Outputs["layer0_out"]);

            // The input is an inner value of the reference, stored in float32.
            double rounded = Math.Max(tolerance, 1e-6);
            void One(string check, Func<Tensor> run) =>
                Attempt(check, () => rows.Add(new GoldenRow(check, dtype, GoldenTolerance.Error(run(), reference), rounded)));
            One("out.layer0_out", () => layer.Whole(x));
            foreach (int chunk in Chunks)
            {
                One($"out.layer0_out, {By(chunk)}", () => layer.Steps(x, chunk));
            }
        }

        /// <summary>
        /// What learners keep after the whole text: the weights that the mini-batch started with and the sums of its gradients, [layers, batch, ...].
        /// </summary>
        private void Learnt(Dictionary<string, Tensor> inputs)
        {
            var published = golden.Outputs.Where(o => o.Key.StartsWith("cache.", StringComparison.Ordinal)).ToList();
            if (published.Count == 0)
            {
                return;
            }

            Attempt("out.cache", () =>
            {
                using var none = no_grad();
                using var scope = NewDisposeScope();
                using var state = model.Begin(inputs, SmallCapacity);
                model.Advance(inputs["input_ids"], state);
                var layers = state.Parts.OfType<LearnState>().ToList();
                foreach (var (name, reference) in published)
                {
                    var word = name["cache.".Length..];
                    bool sums = word.EndsWith("_grad", StringComparison.Ordinal);
                    string weight = word[..word.LastIndexOf('_')];
                    Compare("out." + name, stack(layers.Select(l => (sums ? l.Sums : l.Starts)[weight])), reference);
                }
            });
        }

        /// <summary>Three beams, length penalty 1, early stopping off; the references run past the end token.</summary>
        private void Beams(Dictionary<string, Tensor> inputs)
        {
            if (!golden.Outputs.TryGetValue("beam3", out var reference))
            {
                return;
            }

            Attempt("out.beam3", () =>
            {
                using var none = no_grad();
                using var scope = NewDisposeScope();
                long prompt = decodes ? 1 : golden.Inputs["input_ids"].shape[1];
                using var state = model.Begin(inputs, SmallCapacity);
                var found = BeamSearch.Run(model, state, reference.narrow(1, 0, prompt).contiguous(),
                    new BeamOptions(3, checked((int)(reference.shape[1] - prompt))));
                long different = found.Select((row, r) => row[0].Tokens.Where((token, i) => token != reference[r, i].item<long>()).LongCount()).Sum();
                rows.Add(new GoldenRow("out.beam3", dtype, different, 0, different == 0 ? null : $"{different} tokens differ."));
            });
        }

        /// <summary>Greedy decoding: the prompt in one piece (a decoder's is its start token), then token by token.</summary>
        private void Greedy(Dictionary<string, Tensor> inputs)
        {
            if (!golden.Outputs.TryGetValue("greedy", out var reference))
            {
                return;
            }

            Attempt("out.greedy", () =>
            {
                using var none = no_grad();
                using var scope = NewDisposeScope();
                long prompt = decodes ? 1 : golden.Inputs["input_ids"].shape[1];
                using var state = model.Begin(inputs, SmallCapacity);
                var token = reference.narrow(1, 0, prompt);
                long different = 0;
                for (long at = prompt; at < reference.shape[1]; at++)
                {
                    // The references run past the end token.
                    token = model.Advance(token, state, last: true).argmax(-1);
                    different += token.ne(reference.narrow(1, at, 1)).sum().item<long>();
                }

                rows.Add(new GoldenRow("out.greedy", dtype, different, 0, different == 0 ? null : $"{different} tokens differ."));
            });
        }

        /// <summary>The parallel form against Advance in chunks, at every position.</summary>
        private void Forms(Dictionary<string, Tensor> inputs)
        {
            if (!golden.Outputs.ContainsKey("greedy"))
            {
                return;
            }

            foreach (int chunk in Chunks)
            {
                Attempt(By(chunk), () =>
                {
                    using var none = no_grad();
                    using var scope = NewDisposeScope();
                    var longer = new Dictionary<string, Tensor>(inputs) { [decodes ? "decoder_input_ids" : "input_ids"] = LongIds() };
                    if (!decodes)
                    {
                        // The case's own mask, if any, is as long as the case's own text.
                        longer.Remove("attention_mask");
                    }

                    var whole = model.Run(longer, "logits")["logits"];
                    Compare(By(chunk), Advance(longer, null, chunk), whole);
                });
            }
        }

        /// <summary>The longest text at hand, repeated until it has passed the model's window twice, as far as its positions reach.</summary>
        private Tensor LongIds()
        {
            var ids = golden.Outputs["greedy"];
            long window = golden.ConfigInt("sliding_window") ?? golden.ConfigInt("window_size") ?? 0;
            long positions = golden.ConfigInt("max_position_embeddings") ?? golden.ConfigInt("n_positions") ?? long.MaxValue;
            long wanted = Math.Min(Math.Max(ids.shape[1], 2 * window + 3), positions);
            return ids.repeat(1, (wanted + ids.shape[1] - 1) / ids.shape[1]).narrow(1, 0, wanted);
        }

        /// <summary>Logits of the stepped input, read in chunks from a small state that has read the other inputs.</summary>
        private Tensor Advance(Dictionary<string, Tensor> inputs, Tensor? mask, int chunk)
        {
            using var state = model.Begin(inputs, SmallCapacity);
            return Advance(inputs, mask, chunk, state);
        }

        private Tensor Advance(Dictionary<string, Tensor> inputs, Tensor? mask, int chunk, ModelState state)
        {
            var ids = inputs[decodes ? "decoder_input_ids" : "input_ids"];
            var logits = new List<Tensor>();
            for (long at = 0; at < ids.shape[1]; at += chunk)
            {
                long n = Math.Min(chunk, ids.shape[1] - at);
                logits.Add(model.Advance(ids.narrow(1, at, n), state, mask?.narrow(1, at, n)));
            }

            return cat(logits, dim: 1);
        }

        private static string By(int chunk) => chunk == int.MaxValue ? "advance at once" : $"advance by {chunk}";

        /// <summary>A mask [batch, time] over all further axes of a tensor.</summary>
        private static Tensor Spread(Tensor mask, Tensor over)
        {
            using var scope = NewDisposeScope();
            var real = mask.ne(0);
            for (long axis = real.dim(); axis < over.dim(); axis++)
            {
                real = real.unsqueeze(-1);
            }

            return real.expand(over.shape).MoveToOuterDisposeScope();
        }

        private void Compare(string check, Tensor ours, Tensor reference, Tensor? where = null) =>
            Attempt(check, () => rows.Add(new GoldenRow(check, dtype, GoldenTolerance.Error(ours, reference, where), tolerance)));

        private void Miss(string check, string note) => rows.Add(new GoldenRow(check, dtype, double.PositiveInfinity, 0, note));

        private bool Attempt(string check, Action compare) => GoldenVerifier.Attempt(rows, check, dtype, compare);
    }
}
