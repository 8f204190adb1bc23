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

    public static IModel Build(string folder, ScalarType dtype) => Models.Load(folder, dtype);

    public static IModel Create(string config, ScalarType dtype, Device? device = null) => Models.Create(ConfigReader.Parse(config), dtype, device);
}
