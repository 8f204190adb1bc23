using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// Keeps every tensor that this thread makes, until it is disposed. TorchSharp gives native code a tensor's address alone, too: in <c>a.f().g()</c> nothing
/// holds what f returned while g reads it, unless a dispose scope of the caller's does, and a collection that another thread starts frees it under g's hands.
/// Nothing is disposed here: what was made is then the caller's, as if there had been no scope.
/// </summary>
internal sealed class Temporaries : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    private Temporaries()
    {
    }

    /// <summary>Begins to keep tensors; null where a dispose scope keeps them already.</summary>
    /// <param name="any">Any tensor.</param>
    public static Temporaries? Begin(Tensor any)
    {
        // The only way to ask whether there is a scope: make a tensor and see who counts it.
        long before = DisposeScopeManager.Statistics.CreatedOutsideScopeCount;
        any.alias().Dispose();
        return DisposeScopeManager.Statistics.CreatedOutsideScopeCount == before ? null : new Temporaries();
    }

    public void Dispose()
    {
        scope.Detach(scope.DisposablesView);
        scope.Dispose();
    }
}
