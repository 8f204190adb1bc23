using System.Threading;
using Dsl.Generators.Model;
using Dsl.Generators.Scalar;
using Microsoft.CodeAnalysis;

namespace Dsl.Generators.Reading;

/// <summary>The one place where reading meets the scalar compiler.</summary>
internal static class ScalarBridge
{
    /// <summary>The function's expression tree as text; empty where it uses what scalar functions may not.</summary>
    public static string Read(IMethodSymbol method, Compilation compilation, CancellationToken cancel) =>
        ScalarReader.Read(method, compilation, cancellation: cancel).Function is { } function ? ScalarText.Write(function) : "";
}
