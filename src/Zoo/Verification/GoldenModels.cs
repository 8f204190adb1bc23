using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Verification;

/// <summary>Which models the zoo can build from a published config.json.</summary>
internal static class GoldenModels
{
    /// <summary>Whether the zoo declares a folder's architecture.</summary>
    public static bool Supports(string folder) => ConfigReader.Open(folder).Architectures.Any(name => Models.Find(name) is not null);

    /// <summary>The model of a folder's config.json with the folder's weights.</summary>
    /// <exception cref="ConfigException">The config names no declared architecture or says what the model does not do.</exception>
    /// <exception cref="CheckpointException">Tensors are missing, unexpected or of another shape.</exception>
    public static IModel Build(string folder, ScalarType dtype) => Models.Load(folder, dtype);
}
