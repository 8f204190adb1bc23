using System.IO;
using System.Linq;
using Dsl.Tests;
using Xunit;
using Zoo.Cli.Verification;

namespace Zoo.Tests.Goldens;

/// <summary>The cases that there is a model or a kind for.</summary>
internal static class SupportedCases
{
    /// <summary>Names of the cases whose architecture the zoo declares, or whose kind it knows.</summary>
    internal static TheoryData<string> Names =>
        [.. ZooGoldens.Verifier.Find(GoldenFolder.Path).Where(ZooGoldens.Verifier.Supports).Select(folder => Path.GetFileName(folder)!)];
}
