using System;
using System.Collections.Generic;
using System.IO;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Verification;

/// <summary>Which models the zoo can build from a published config.json.</summary>
internal static class GoldenModels
{
    /// <summary>Whether the zoo declares a folder's architecture.</summary>
    public static bool Supports(string folder) => false;

    public static IModel Build(string folder, ScalarType dtype) => throw new NotSupportedException($"The zoo declares no {GoldenCase.ArchitectureOf(folder)}.");

    public static IModel Create(string config, ScalarType dtype, Device? device = null) => throw new NotSupportedException("The zoo declares nothing.");
}
