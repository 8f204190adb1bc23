using System;
using System.Reflection;
using Dsl.Runtime;
using Dsl.Tests;
using Xunit;

namespace Zoo.Cli.Tests;

/// <summary>What each library shows is what was approved: a change of it is seen in review.</summary>
public sealed class PublicApiTests
{
    /// <summary>Of a declared model or block only the name is listed: its members are the compiler's, whose text is approved in its own tests.</summary>
    [Theory]
    [InlineData("Dsl.Runtime")]
    [InlineData("Dsl.Text")]
    [InlineData("Dsl.Images")]
    [InlineData("Dsl.Generation")]
    [InlineData("Dsl.Training")]
    [InlineData("Dsl.Testing")]
    [InlineData("Zoo")]
    public void ThePublicApiIsTheApprovedOne(string library) => PublicApi.Match(Assembly.Load(library), type => library == "Zoo" && IsGenerated(type));

    private static bool IsGenerated(Type type) =>
        typeof(GeneratedModule).IsAssignableFrom(type) || (type.DeclaringType is { } around && IsGenerated(around));
}
