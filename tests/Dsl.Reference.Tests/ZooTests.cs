using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using Xunit;

namespace Dsl.Reference.Tests;

/// <summary>Every model of the zoo, at the small configs of the goldens, agrees with what its declaration means.</summary>
public sealed class ZooTests(ZooTests.Compiled zoo) : IClassFixture<ZooTests.Compiled>
{
    /// <summary>The zoo's families, compiled once.</summary>
    public sealed class Compiled : IDisposable
    {
        /// <summary>With the generator's code.</summary>
        public CompiledDeclarations Declarations { get; } = CompiledDeclarations.Compile(Sources.Zoo(), areValid: true);

        /// <inheritdoc/>
        public void Dispose() => Declarations.Dispose();
    }

    /// <summary>A difference costs two runs of the whole model.</summary>
    private static readonly GradientSample Sampled = new(Weights: 4, Elements: 1);

    /// <summary>Folders of goldens with a config.</summary>
    public static TheoryData<string> Folders => [.. Directory.GetDirectories(Path.Combine(Sources.Repository, "tests", "goldens"))
        .Where(folder => File.Exists(Path.Combine(folder, "config.json")) && !SeesPictures(folder)).Select(folder => Path.GetFileName(folder)).Order()];

    /// <summary>Pictures come in the one size that the file says, which the comparison does not draw; ImageWordTests hold their parts.</summary>
    private static bool SeesPictures(string folder) =>
        File.ReadAllText(Path.Combine(folder, "config.json")).Contains("\"image_size\"", StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Folders))]
    public void Golden_configs_agree(string folder)
    {
        ConfigReader file = ConfigReader.Open(Path.Combine(Sources.Repository, "tests", "goldens", folder, "config.json"));
        Assert.True(zoo.Declarations.IsLoaded, string.Join(Environment.NewLine, zoo.Declarations.Diagnostics.Where(d => d.DefaultSeverity > 0).Take(5)));

        // mT5 derives HeadScale another way than T5, whose compiled function reads it: the reference cannot call that with an mT5 config.
        List<ModelEntry> entries = [.. zoo.Declarations.Models.Where(m => m.Architectures.Intersect(file.Architectures).Any() && m.Name != "MT5")];
        foreach (ModelEntry entry in entries)
        {
            Agreed.Compare(zoo.Declarations, entry.Name, entry.ReadConfig(file), sample: Sampled);
        }
    }

    [Fact]
    public void The_recurrences_of_the_samples_agree()
    {
        ConfigReader file = ConfigReader.Parse("""{"vocab_size": 31, "hidden_size": 16, "num_heads": 2, "num_layers": 1}""");
        Agreed.Compare(zoo.Declarations, "Mixed", zoo.Declarations.Models.Single(m => m.Name == "Mixed").ReadConfig(file));
    }
}
