using System;
using System.IO;
using Xunit;

namespace Dsl.Tests;

/// <summary>Published weights, which are too large for the repository: DSL_MODELS, else shared/models beside it.</summary>
internal static class RealModels
{
    internal static string? Find(string name)
    {
        if (Environment.GetEnvironmentVariable("DSL_MODELS") is { Length: > 0 } given)
        {
            return Directory.Exists(Path.Combine(given, name)) ? Path.Combine(given, name) : null;
        }

        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string folder = Path.Combine(at.FullName, "shared", "models", name);
            if (Directory.Exists(folder))
            {
                return folder;
            }
        }

        return null;
    }
}

/// <summary>A test that needs a published model; where it is missing the test is skipped and says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ModelFactAttribute : FactAttribute
{
    public ModelFactAttribute(string name) =>
        Skip = RealModels.Find(name) is null ? $"The folder {name} of published weights is missing; DSL_MODELS may name the folder that holds it." : null;
}
