using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.ExceptionServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime.Native;

/// <summary>
/// A function whose gradient is written by hand: derive from it, compute the results in <see cref="Forward"/> and the gradients in <see cref="Backward"/>,
/// and call <see cref="Apply(FusedFunction, Tensor?[])"/>.
/// One object serves one call, so numbers and switches are plain fields.
/// </summary>
/// <remarks>
/// <para>This class owns what is delicate about autograd functions in TorchSharp: gradients handed to native code are kept alive until it has copied them;
/// temporaries of both directions die with a dispose scope; saved tensors and results are not held a second time; and no exception crosses native frames.</para>
/// <para>An exception in <see cref="Backward"/> ends the whole backward pass: <see cref="Differentiate"/> throws it as it is, a plain <c>backward()</c>
/// an <c>ExternalException</c> of TorchSharp; TorchSharp's <c>autograd.grad</c>, which cannot report errors, ends the process.</para>
/// <para>What was saved is freed by the first backward pass, so there is no second one, and there is no second derivative.</para>
/// </remarks>
public abstract class FusedFunction
{
    // Native code has copied the gradients once the next function of the thread starts; until then they must live.
    [ThreadStatic]
    private static List<Tensor>? handedOver;

    // The backward pass may run on a thread of libtorch's; whoever started it is the thread that made the call.
    [ThreadStatic]
    private static Failures? failures;

    private readonly Failures failuresOfCaller = failures ??= new();

    private List<Tensor?> saved = [];
    private bool[] needed = [];
    private bool used;

    /// <summary>Computes the results. Called without gradient recording, within a dispose scope that ends with the call.</summary>
    /// <param name="inputs">The tensors given to <see cref="Apply(FusedFunction, Tensor?[])"/>.</param>
    /// <returns>New tensors, none of them an input or a view of one.</returns>
    protected abstract Tensor[] Forward(Tensor?[] inputs);

    /// <summary>Computes the gradients of the inputs. Called without gradient recording, within a dispose scope that ends with the call.</summary>
    /// <param name="gradients">One gradient for each result; null where nothing depends on it.</param>
    /// <param name="saved">What <see cref="Save"/> was given.</param>
    /// <returns>One gradient for each input; null where the input is null or not <see cref="Needs">needed</see>.</returns>
    protected abstract Tensor?[] Backward(Tensor?[] gradients, Tensor?[] saved);

    /// <summary>Keeps inputs or results for <see cref="Backward"/>; to be called in <see cref="Forward"/>, once. They must not be written to later.</summary>
    protected void Save(params Tensor?[] tensors) => saved = [.. tensors];

    /// <summary>Whether the gradient of an input is wanted.</summary>
    protected bool Needs(int input) => needed[input];

    /// <summary>Runs <paramref name="call"/>, which must be a fresh object, and records its gradient where one is wanted.</summary>
    public static Tensor[] Apply(FusedFunction call, params Tensor?[] inputs)
    {
        ReleaseHandedOver();
        call.needed = [.. inputs.Select(input => input is not null && input.requires_grad)];
        bool records = is_grad_enabled() && call.needed.Contains(true);
        using var scope = NewDisposeScope();
        Tensor[] results = records ? [.. Bridge.apply([call, .. inputs])] : call.Forward(inputs);
        scope.MoveToOuter(results);
        return results;
    }

    /// <summary>Runs <c>loss.backward()</c>; an exception in a <see cref="Backward"/> on the way surfaces as itself.</summary>
    public static void Differentiate(Tensor loss)
    {
        var seen = failures ??= new();
        seen.First = null;
        try
        {
            loss.backward();
        }
        catch (Exception) when (seen.First is not null)
        {
            seen.First.Throw();
        }
        finally
        {
            ReleaseHandedOver();
        }
    }

    private static void ReleaseHandedOver()
    {
        handedOver?.ForEach(gradient => gradient.Dispose());
        handedOver = null;
    }

    private Tensor?[] BackwardOnce(List<Tensor> gradients, Func<List<Tensor>> unpack)
    {
        if (is_grad_enabled())
        {
            throw new NotSupportedException($"{GetType().Name} has no second derivative: backward must run without create_graph.");
        }
        if (used)
        {
            throw new InvalidOperationException($"{GetType().Name} was differentiated before: what it had saved is freed, so run the forward pass again.");
        }
        used = true;
        var result = Backward([.. gradients.Select(gradient => gradient is null || gradient.IsInvalid ? null : gradient)], [.. unpack()]);
        if (result.Length != needed.Length)
        {
            throw new InvalidOperationException($"{GetType().Name} returned {result.Length} gradients for {needed.Length} inputs.");
        }
        return result;
    }

    private sealed class Failures
    {
        public ExceptionDispatchInfo? First;
    }

    // TorchSharp keeps one instance of a function class for all calls, so there is one class, and the call travels as its first argument.
    private sealed class Bridge : autograd.MultiTensorFunction<Bridge>
    {
        private const string CallKey = "call";

        public override string Name => nameof(FusedFunction);

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var call = (FusedFunction)vars[0];
            ctx.set_materialize_grads(false);           // else a tensor as large as each result is kept with the graph
            ctx.save_data(CallKey, call);
            var results = call.Forward([.. vars.Skip(1).Cast<Tensor?>()]);
            ctx.save_for_backward(call.saved!);
            call.saved = [];                            // held by the graph from here on
            return [.. results];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
        {
            ReleaseHandedOver();
            var call = (FusedFunction)ctx.get_data(CallKey);
            Tensor?[] gradients;
            using (var scope = NewDisposeScope())
            {
                try
                {
                    gradients = call.BackwardOnce(grad_outputs, ctx.get_saved_variables);
                }
                catch (Exception e)
                {
                    // An exception must not unwind native frames. Gradients on the wrong device make libtorch end the backward pass with an error of its own.
                    call.failuresOfCaller.First ??= ExceptionDispatchInfo.Capture(e);
                    gradients = [.. call.needed.Select(needs => needs ? empty([2, 3, 5, 7], device: META) : null)];
                }
                handedOver = [.. gradients.OfType<Tensor>()];
                scope.Detach(handedOver);
            }
            foreach (var gradient in grad_outputs)
            {
                gradient?.Dispose();
            }
            ctx.Dispose();                              // frees what was saved as the pass goes, not when the graph dies
            return [null!, .. gradients.Select(gradient => gradient!)];
        }
    }
}
