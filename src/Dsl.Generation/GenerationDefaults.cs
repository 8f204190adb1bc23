using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;

namespace Dsl.Generation;

/// <summary>What a published checkpoint says of writing, in <c>generation_config.json</c> or else in <c>config.json</c>.</summary>
/// <param name="Start">The first token of a pair's decoder.</param>
/// <param name="End">Tokens that end a row.</param>
/// <param name="Pad">Fills rows.</param>
/// <param name="ForcedFirst">The first token that is written, whatever the model thinks (a language, for instance).</param>
/// <param name="ForcedLast">The last one where as many tokens have been written as were asked for.</param>
public sealed record GenerationDefaults(int? Start, IReadOnlyList<int> End, int? Pad, int? ForcedFirst, int? ForcedLast)
{
    /// <summary>Reads a checkpoint's folder.</summary>
    /// <exception cref="ConfigException">A value is of another kind.</exception>
    public static GenerationDefaults Read(string folder)
    {
        ConfigReader config = ConfigReader.Open(Path.Combine(folder, "config.json"));
        string own = Path.Combine(folder, "generation_config.json");
        ConfigReader[] files = File.Exists(own) ? [ConfigReader.Open(own), config] : [config];
        int? First(string key) => files.Select(file => file.OptionalInt([key])).FirstOrDefault(value => value is not null);
        return new GenerationDefaults(
            First("decoder_start_token_id"),
            files.Select(file => Several(file, "eos_token_id")).FirstOrDefault(ids => ids.Count > 0) ?? [],
            First("pad_token_id"),
            First("forced_bos_token_id"),
            First("forced_eos_token_id"));
    }

    /// <summary>One id or a list of them.</summary>
    private static IReadOnlyList<int> Several(ConfigReader file, string key)
    {
        try
        {
            return file.OptionalInt([key]) is { } one ? [one] : [];
        }
        catch (ConfigException)
        {
            return file.OptionalInts([key]) ?? [];
        }
    }
}
