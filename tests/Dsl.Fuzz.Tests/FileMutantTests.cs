using System;
using System.IO;
using System.Linq;
using Dsl.Fuzz.Mutants;
using Xunit;

namespace Dsl.Fuzz.Tests;

/// <summary>A part of what <c>--files</c> reads: mutants of every format are read, or refused in a line.</summary>
public sealed class FileMutantTests
{
    // Formats whose files are large, or build models.
    private static readonly string[] Slow = ["tokenizer.json", "tokenizer.model", "tiktoken", "config.json", "merges.txt", "vocab.json"];

    public static TheoryData<string> Formats => [.. FileFormat.All("").Select(format => format.Name)];

    [Theory, MemberData(nameof(Formats))]
    public void MutantsAreReadOrRefused(string name)
    {
        string scratch = Path.Combine(Path.GetTempPath(), $"mutants-test-{Guid.NewGuid():N}");
        try
        {
            FileFormat format = FileFormat.All(scratch).Single(format => format.Name == name);
            foreach (byte[] valid in format.Valid)
            {
                // A sample that is refused itself would make every mutant one that is refused rightly.
                format.Read(valid);
            }

            int refused = 0, count = Slow.Contains(name) ? 200 : 2000;
            for (int index = 0; index < count; index++)
            {
                Mutants.Outcome outcome = FileFuzz.Read(format, FileFuzz.Make(format, 1, index));
                Assert.True(outcome.Failure is null, $"--files --only \"{name}\" --seed 1 --from {index} --count 1: {outcome.Failure}");
                refused += outcome.IsRefused ? 1 : 0;
            }

            Assert.InRange(refused, 1, count - 1);
        }
        finally
        {
            if (Directory.Exists(scratch))
            {
                Directory.Delete(scratch, recursive: true);
            }
        }
    }

    [Fact]
    public void TheSameNumbersGiveTheSameMutant()
    {
        foreach (FileFormat format in FileFormat.All(""))
        {
            Assert.Equal(FileFuzz.Make(format, 3, 5), FileFuzz.Make(format, 3, 5));
        }
    }
}
