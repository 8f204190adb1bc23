using System;
using System.Linq;
using System.Reflection;
using System.Threading;
using Dsl.Generators.Fusing;

namespace Dsl.Reference.Compiling;

/// <summary>Switches the compiler's passes off: their list has no switch of its own, so each pass gives its place to one that does nothing.</summary>
internal static class Fusions
{
    private static readonly Lock Gate = new();

    /// <summary>No pass runs in this process until the result is disposed.</summary>
    internal static IDisposable Off()
    {
        Gate.Enter();
        var list = (IPass[])Passes.All.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic)
            .Select(f => f.GetValue(Passes.All)).First(v => v is IPass[])!;
        var before = (IPass[])list.Clone();
        Array.Fill(list, new Nothing());
        return new Restored(() =>
        {
            before.CopyTo(list, 0);
            Gate.Exit();
        });
    }

    private sealed class Nothing : IPass
    {
        public string Name => "nothing";

        public void Run(Region region)
        {
        }
    }

    private sealed class Restored(Action restore) : IDisposable
    {
        public void Dispose() => restore();
    }
}
