using System.Threading;
using Dsl.Generators.Model;
using Dsl.Generators.Scalar;
using Microsoft.CodeAnalysis;

namespace Dsl.Generators.Reading;

/// <summary>The one place where reading meets the scalar compiler.</summary>
internal static class ScalarBridge
{
    /// <summary>The function's expression tree as text; empty where it uses what scalar functions may not.</summary>
    public static string Read(IMethodSymbol method, SpecReader reader, CancellationToken cancel) =>
        (ScalarReader.Read(method, reader.Compilation, cancellation: cancel).Function
            ?? (ExtendedConfigs.For(method, reader, cancel) is { } whole ? ScalarReader.Read(method, whole, cancellation: cancel).Function : null))
            is { } function ? ScalarText.Write(function) : "";
}
