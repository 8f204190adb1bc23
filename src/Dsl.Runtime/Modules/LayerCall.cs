using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>What the call of a layer reads beside the layer's own input: found in the closure that generated code writes around it.</summary>
/// <param name="Passes">The axes of time.</param>
/// <param name="WithGradient">The name of a value that has a gradient; null where there is none.</param>
internal sealed record LayerCall(IReadOnlyList<Pass> Passes, string? WithGradient)
{
    private static readonly ConcurrentDictionary<Type, FieldInfo[]> Known = new();

    /// <summary>What a call reads.</summary>
    internal static LayerCall Of(Delegate call)
    {
        (string Name, object? Value)[] read = [.. Read(call.Target)];
        return new(
            [.. read.Select(each => each.Value).OfType<Pass>().Distinct()],
            read.FirstOrDefault(each => each.Value is Tensor { requires_grad: true }).Name);
    }

    // A closure may hold that of the method around it.
    private static IEnumerable<(string Name, object? Value)> Read(object? target) => target is null ? []
        : Known.GetOrAdd(target.GetType(), type => type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            .SelectMany(field => IsClosure(field.FieldType) ? Read(field.GetValue(target)) : [(field.Name, field.GetValue(target))]);

    private static bool IsClosure(Type type) => type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false);
}
