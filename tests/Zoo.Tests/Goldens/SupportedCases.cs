using System.IO;
using System.Linq;
using Dsl.Testing;
using Dsl.Tests;
using Xunit;
using Zoo.Cli.Verification;

namespace Zoo.Tests.Goldens;

/// <summary>The cases that there is a model for.</summary>
internal static class SupportedCases
{
    /// <summary>Names of the cases whose architecture the zoo declares.</summary>
    internal static TheoryData<string> Names =>
        [.. GoldenCase.Find(GoldenFolder.Path).Where(ZooGoldens.Verifier.Supports).Select(folder => Path.GetFileName(folder)!)];
}
