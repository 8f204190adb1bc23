using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Files;
using Dsl.Training.Scaling;

namespace Zoo.Cli;

/// <summary>Laws by name or as a JSON file that <c>scaling fit</c> and <c>scaling sweep</c> write.</summary>
internal static class LawFile
{
    /// <summary>The law of Kaplan et al., whose tables are no <see cref="ChinchillaLaw"/>.</summary>
    internal const string Kaplan = "kaplan";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>What <c>--law</c> takes.</summary>
    internal static string Names => $"{string.Join(", ", ChinchillaLaw.Published.Keys)} or {Kaplan}";

    /// <summary>A law by its name or file.</summary>
    internal static ChinchillaLaw Read(string name)
    {
        if (ChinchillaLaw.Published.TryGetValue(name, out ChinchillaLaw? published))
        {
            return published;
        }

        if (!File.Exists(name))
        {
            throw new CommandException($"--law '{name}', expected {Names}, or a file that scaling fit wrote", 2);
        }

        try
        {
            ChinchillaLaw? law = JsonSerializer.Deserialize<ChinchillaLaw>(UserFile.ReadText(name, UserFile.MostOfText, FileErrors.Plain), Json);
            double[] numbers = law is null ? [] : [law.Entropy, law.SizeFactor, law.DataFactor, law.SizeExponent, law.DataExponent];
            if (numbers.Length > 0 && numbers.All(number => number > 0 && double.IsFinite(number)))
            {
                return law!;
            }
        }
        catch (JsonException)
        {
            // Told below.
        }

        throw new CommandException($"{name}: no law, expected entropy, size_factor, data_factor, size_exponent and data_exponent, each above 0");
    }

    internal static void Write(string path, ChinchillaLaw law) => AtomicFiles.WriteBytes(path, JsonSerializer.SerializeToUtf8Bytes(
        new Dictionary<string, double>
        {
            ["entropy"] = law.Entropy,
            ["size_factor"] = law.SizeFactor,
            ["data_factor"] = law.DataFactor,
            ["size_exponent"] = law.SizeExponent,
            ["data_exponent"] = law.DataExponent,
        },
        Json), FileErrors.Plain);
}
