using System;
using System.IO;
using System.Linq;
using Snapshooter;
using Snapshooter.Xunit;
using Xunit;

namespace Dsl.Generators.Tests.Snapshots;

/// <summary>Approved text. The one place that knows the library: with <c>DSL_APPROVE=1</c> in the environment texts are written instead of compared.</summary>
internal static class Approved
{
    public static string Folder { get; } = Path.Combine(Compiling.Repository, "tests", "Dsl.Generators.Tests", "Snapshots", "__snapshots__");

    internal static bool Approving => Environment.GetEnvironmentVariable("DSL_APPROVE") == "1";

    /// <summary>No approved text with this prefix is left over.</summary>
    public static void Only(string prefix, Func<string, bool> known)
    {
        var left = Directory.GetFiles(Folder, prefix + "*.snap").Where(f => !known(Path.GetFileNameWithoutExtension(f))).ToList();
        if (Approving)
        {
            left.ForEach(File.Delete);
            return;
        }

        Assert.Equal([], left.Select(Path.GetFileName));
    }

    public static void Match(string name, string text)
    {
        var path = Path.Combine(Folder, name + ".snap");
        if (Approving)
        {
            Directory.CreateDirectory(Folder);
            File.WriteAllText(path, text.EndsWith('\n') ? text : text + "\n");
            return;
        }

        Assert.True(File.Exists(path), $"{path} is not there: read the new text, then approve it by running the test with DSL_APPROVE=1");
        Snapshot.Match(text, new SnapshotFullName(name + ".snap", Path.GetDirectoryName(Folder)!));
    }
}
