using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing.Tests;

/// <summary>Ways to be wrong.</summary>
public enum Fault
{
    SeesTheNextToken,
    IgnoresPadding,
    StopsAGradient,
    KeepsATensor,
    KeepsOldWeights,
    ForgetsItsClone,
    ForgetsBetweenCalls,
    Constant,
    AcceptsAnyKey,
    ScalesAfterItsHead,
    ClaimsANarrowerMask,
    ClaimsAWiderMask,
}

/// <summary>A model around a right one, with one fault.</summary>
internal sealed class WrongModel : GeneratedModel
{
    private static readonly PropertyInfo SavedConfig = typeof(GeneratedModel).GetProperty("ConfigValues", BindingFlags.Instance | BindingFlags.NonPublic)!;
    private readonly Fault fault;
    private readonly GeneratedModel inner;
    private readonly List<Tensor> kept = [];
    private Tensor? old;

    internal WrongModel(Fault fault, GeneratedModel inner, Weights weights)
        : base("Wrong", weights)
    {
        this.fault = fault;
        this.inner = inner;
    }

    public override IReadOnlyList<string> Inputs => inner.Inputs;

    public override IReadOnlyList<string> Outputs => inner.Outputs;

    public override object Config => inner.Config;

    public override KeyRules KeyRules => inner.KeyRules;

    protected override IReadOnlyList<string> Fused => [];

    public override IEnumerable<(string Place, MaskRule Mask)> Masks() => ((IModel)inner).Masks().Select(place => fault switch
    {
        Fault.ClaimsANarrowerMask when place.Mask.Window is { } window => (place.Place, MaskRule.Band(window - 1)),
        Fault.ClaimsAWiderMask when place.Mask.Window is { } window => (place.Place, MaskRule.Band(window + 1)),
        _ => place,
    });

    public override IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs, params string[] outputs)
    {
        var unmasked = new Dictionary<string, Tensor> { [inner.Inputs[0]] = inputs[inner.Inputs[0]] };
        IReadOnlyDictionary<string, Tensor> right = inner.Run(fault == Fault.IgnoresPadding ? unmasked : inputs, "hidden", "logits");
        Tensor logits = right["logits"], hidden = right["hidden"];
        switch (fault)
        {
            case Fault.SeesTheNextToken:
                logits = logits.Plus(logits.roll(-1, 1) * Scalars.Of(0.1));
                break;
            case Fault.StopsAGradient:
                logits = logits.detach();
                break;
            case Fault.KeepsATensor:
                kept.Add(torch.ones(1).DetachFromDisposeScope());
                break;
            case Fault.KeepsOldWeights:
                using (torch.no_grad())
                {
                    old ??= Weights.All[^1].Value.sum().DetachFromDisposeScope();
                }

                logits = logits * old.to(logits.dtype);
                break;
            case Fault.Constant:
                logits = logits * Scalars.Of(0);
                break;
            case Fault.ScalesAfterItsHead:
                logits = logits * Scalars.Of(1.5);
                break;
        }

        return new Dictionary<string, Tensor> { ["hidden"] = hidden, ["logits"] = logits };
    }

    public override OutputHead? HeadOf(string output) => inner.HeadOf(output);

    public override ModelState NewState(int batch, int capacity = 0) =>
        fault == Fault.ForgetsItsClone ? new Forgetful(inner, batch) : inner.NewState(batch, capacity);

    public override Tensor Advance(Tensor tokens, ModelState state, Tensor? mask = null, bool last = false)
    {
        if (fault == Fault.ForgetsBetweenCalls)
        {
            state.Parts.OfType<PastInputs>().First().Reset();
        }

        Tensor right = inner.Advance(tokens, state is Forgetful forgetful ? forgetful.Inner : state, fault == Fault.IgnoresPadding ? null : mask, last);
        if (fault == Fault.KeepsATensor)
        {
            kept.Add(torch.ones(1).DetachFromDisposeScope());
        }

        return right;
    }

    protected override IReadOnlyList<(string Path, object? Value)> ConfigValues =>
        (IReadOnlyList<(string Path, object? Value)>)SavedConfig.GetValue(inner)!;

    protected override void Dispose(bool disposing)
    {
        old?.Dispose();
        kept.ForEach(tensor => tensor.Dispose());
        base.Dispose(disposing);
    }

    private sealed class Forgetful : ModelState
    {
        private readonly GeneratedModel model;

        internal Forgetful(GeneratedModel model, int batch)
            : base(batch, 0)
        {
            this.model = model;
            Inner = model.NewState(batch);
        }

        internal ModelState Inner { get; }

        protected override ModelState Fresh() => new Forgetful(model, Batch);
    }
}
