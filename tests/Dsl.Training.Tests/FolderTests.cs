using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Dsl.Tests;
using Xunit;

namespace Dsl.Training.Tests;

/// <summary>Which folder may know which: what trains knows nothing of what is learned, so that a user's own objective is as good as ours.</summary>
public sealed partial class FolderTests
{
    private static readonly string Sources = Path.GetFullPath(Path.Combine(GoldenFolder.InRepository(), "..", "..", "src", "Dsl.Training"));

    [Theory]
    [InlineData("Metrics", "")]
    [InlineData("Options", "")]
    [InlineData("Optimisation", "")]
    [InlineData("Data", "")]
    [InlineData("Runs", "")]
    [InlineData(".", "")]
    [InlineData("Objectives", "Metrics")]
    [InlineData("Tasks", "Metrics Objectives")]
    [InlineData("Alignment", "Objectives")]
    [InlineData("Alignment/Data", "Objectives Alignment")]
    [InlineData("Alignment/Rules", "Objectives Alignment")]
    public void AFolderKnowsOnlyWhatItIsMadeOf(string folder, string may)
    {
        string[] files = Directory.GetFiles(Path.Combine(Sources, folder), "*.cs");
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.All(
            Other().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value).Distinct(),
            known => Assert.Contains(known, may.Split(' ').Append(folder))));
    }

    [GeneratedRegex(@"\bDsl\.Training\.(Metrics|Objectives|Tasks|Alignment)\b")]
    private static partial Regex Other();
}
