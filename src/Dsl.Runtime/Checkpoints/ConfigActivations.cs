using System;

namespace Dsl.Runtime;

/// <summary>Reads activations by their published names.</summary>
public static class ConfigActivations
{
    /// <exception cref="ConfigException">The key is missing or the name unknown.</exception>
    public static Activation Activation(this ConfigReader reader, string[] paths) => Known(reader, paths[0], reader.String(paths));

    /// <exception cref="ConfigException">The name is unknown.</exception>
    public static Activation Activation(this ConfigReader reader, string[] paths, Activation @default) => reader.OptionalActivation(paths) ?? @default;

    /// <exception cref="ConfigException">The name is unknown.</exception>
    public static Activation? OptionalActivation(this ConfigReader reader, string[] paths) =>
        reader.OptionalString(paths) is { } name ? Known(reader, paths[0], name) : (Activation?)null;

    private static Activation Known(ConfigReader reader, string path, string name)
    {
        try
        {
            return Dsl.Activation.Of(name);
        }
        catch (ArgumentException)
        {
            throw reader.Fault(path, $"'{name}' unknown, expected one of {string.Join(", ", Dsl.Activation.Known)}");
        }
    }
}
