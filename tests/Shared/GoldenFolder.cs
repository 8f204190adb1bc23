using System;
using System.IO;

namespace Dsl.Tests;

/// <summary>Where the cases lie: DSL_GOLDENS, else tests/goldens of the repository that the tests were built in.</summary>
internal static class GoldenFolder
{
    public static string Path { get; } = Environment.GetEnvironmentVariable("DSL_GOLDENS") is { Length: > 0 } given ? given : InRepository();

    public static string Case(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>tests/goldens of the repository.</summary>
    public static string InRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string goldens = System.IO.Path.Combine(folder.FullName, "tests", "goldens");
            if (Directory.Exists(goldens))
            {
                return goldens;
            }
        }

        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds tests/goldens; DSL_GOLDENS can name another.");
    }
}
