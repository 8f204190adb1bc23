using System;
using System.IO;

namespace Dsl.Tests;

/// <summary>Where the tests were built.</summary>
internal static class Repository
{
    /// <summary>The folder that holds Dsl.sln.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Dsl.sln")))
            {
                return at.FullName;
            }
        }

        throw new DirectoryNotFoundException($"no folder above {AppContext.BaseDirectory} holds Dsl.sln");
    }
}
