using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>One model in one dtype against one case: what comparisons are made of.</summary>
public sealed class GoldenRun
{
    /// <summary>Tokens that a state has room for when it is made, so that every case crosses its growth.</summary>
    private const int SmallCapacity = 2;

    private readonly List<GoldenRow> rows;

    internal GoldenRun(GoldenCase golden, IModel model, ScalarType dtype, GoldenRules rules, List<GoldenRow> rows)
    {
        (Case, Model, Dtype, Rules, this.rows) = (golden, model, dtype, rules, rows);
        Tolerance = rules.Tolerance(golden, dtype);
        Loss = GoldenLoss.For(golden.Loss, rules.Losses);
        Decodes = model.Inputs.Contains("decoder_input_ids");

        // A question's choices [batch, choices, time] are rows of the model, one after the other.
        var inputs = golden.Inputs.Where(i => model.Inputs.Contains(i.Key))
            .ToDictionary(i => i.Key, i => i.Value.is_floating_point() ? i.Value.to_type(dtype) : i.Value.dim() == 3 ? i.Value.flatten(0, 1) : i.Value);
        if (Decodes && !inputs.ContainsKey("decoder_input_ids") && golden.Inputs.ContainsKey("labels"))
        {
            inputs["decoder_input_ids"] = rules.DecoderInputs(golden);
        }

        Inputs = inputs;
    }

    /// <summary>Pieces in which the stateful form reads: tokens at a time.</summary>
    public static IReadOnlyList<int> Chunks { get; } = [1, 3, int.MaxValue];

    /// <summary>What the reference answers.</summary>
    public GoldenCase Case { get; }

    /// <summary>The model, in evaluation.</summary>
    public IModel Model { get; }

    /// <summary>What it runs in.</summary>
    public ScalarType Dtype { get; }

    /// <summary>
    /// What the case gives under the model's input names, in the model's dtype; decoder inputs follow from labels where they are left out.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Inputs { get; }

    /// <summary>What outputs may differ by.</summary>
    public double Tolerance { get; }

    /// <summary>It reads <c>decoder_input_ids</c> along its steps, and the other inputs before.</summary>
    public bool Decodes { get; }

    /// <summary>The input along which it steps.</summary>
    public string StepInput => Decodes ? "decoder_input_ids" : "input_ids";

    /// <summary>Tokens that decoding starts from: a prompt, or a decoder's start token.</summary>
    public long Prompt => Decodes ? 1 : Case.Inputs["input_ids"].shape[1];

    internal GoldenRules Rules { get; }

    internal GoldenLoss? Loss { get; }

    /// <summary>What a row says of reading by pieces.</summary>
    public static string By(int chunk) => chunk == int.MaxValue ? "advance at once" : $"advance by {chunk}";

    /// <summary>A state with little room that has read what is read before the steps; the caller's to dispose.</summary>
    public ModelState Begin() => Model.Begin(Inputs, SmallCapacity);

    /// <summary>Outputs [batch, time, ...] of the stepped input, read in pieces from a new state.</summary>
    public Tensor Advance(IReadOnlyDictionary<string, Tensor> inputs, Tensor? mask, int chunk)
    {
        using ModelState state = Model.Begin(inputs, SmallCapacity);
        return Advance(inputs, mask, chunk, state);
    }

    /// <summary>Outputs [batch, time, ...] of the stepped input, read in pieces after what a state has read.</summary>
    public Tensor Advance(IReadOnlyDictionary<string, Tensor> inputs, Tensor? mask, int chunk, ModelState state) =>
        Advance(Model, inputs[StepInput], mask, chunk, state);

    /// <summary>The same of any model.</summary>
    internal static Tensor Advance(IModel model, Tensor ids, Tensor? mask, int chunk, ModelState state)
    {
        var outputs = new List<Tensor>();
        for (long at = 0; at < ids.shape[1]; at += chunk)
        {
            long n = Math.Min(chunk, ids.shape[1] - at);
            outputs.Add(model.Advance(ids.narrow(1, at, n), state, mask?.narrow(1, at, n)));
        }

        return cat(outputs, dim: 1);
    }

    /// <summary>Makes a comparison without gradients; tensors made in it are disposed after it, and an exception becomes a row that missed.</summary>
    /// <returns>Whether it came to its end.</returns>
    public bool Attempt(string check, Action compare)
    {
        return GoldenVerifier.Attempt(rows, check, Dtype, () =>
        {
            using IDisposable none = no_grad();
            using DisposeScope scope = NewDisposeScope();
            compare();
        });
    }

    /// <summary>Adds a row: the error of <paramref name="ours"/>, and whether it is within its tolerance.</summary>
    /// <param name="check">What the row is called.</param>
    /// <param name="ours">What is compared.</param>
    /// <param name="reference">What is right.</param>
    /// <param name="where">Elements to compare (bool, the reference's shape); null: all.</param>
    /// <param name="tolerance">Instead of <see cref="Tolerance"/>.</param>
    public void Compare(string check, Tensor ours, Tensor reference, Tensor? where = null, double? tolerance = null) => GoldenVerifier.Attempt(
        rows, check, Dtype, () => Add(new GoldenRow(check, Dtype, GoldenTolerance.Error(ours, reference, where), tolerance ?? Tolerance)));

    /// <summary>Adds a row of tokens, which are equal or not.</summary>
    public void CompareTokens(string check, long different) => Differ(check, different, $"{different} tokens differ.");

    /// <summary>Adds a row of things that are equal or not.</summary>
    /// <param name="check">What it is called.</param>
    /// <param name="different">How many are not.</param>
    /// <param name="note">What is wrong, where any is.</param>
    public void Differ(string check, long different, string note) => Add(new GoldenRow(check, Dtype, different, 0, different == 0 ? null : note));

    /// <summary>Adds a row of something that cannot be compared.</summary>
    public void Miss(string check, string note) => Add(new GoldenRow(check, Dtype, double.PositiveInfinity, 0, note));

    /// <summary>A mask [batch, time] over all further axes of a tensor.</summary>
    internal static Tensor Spread(Tensor mask, Tensor over)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor real = mask.ne(Scalars.Of(0));
        for (long axis = real.dim(); axis < over.dim(); axis++)
        {
            real = real.unsqueeze(-1);
        }

        return real.expand(over.shape).MoveToOuterDisposeScope();
    }

    /// <summary>Where an output is compared: at real tokens, if it has a value at each; null: everywhere.</summary>
    internal Tensor? RealPositions(string name, Tensor reference)
    {
        // Question answering's softmax reads padded positions too; a decoder's positions are not those of the mask, which is the encoder's.
        bool perToken = reference.dim() > 2 || (reference.dim() == 2 && Loss?.PerToken == true);
        bool ofMask = !Decodes || name.StartsWith("encoder_", StringComparison.Ordinal);
        return perToken && ofMask && Case.Inputs.TryGetValue("attention_mask", out Tensor? mask) && reference.shape[1] == mask.shape[1]
            ? Spread(mask, reference)
            : null;
    }

    internal void Add(GoldenRow row) => rows.Add(row);
}
