using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using Dsl.Runtime;
using Dsl.Tests;
using Xunit;

namespace Zoo.Tests.Models;

/// <summary>Configs with one or two values changed: each builds, or is refused in a sentence that names the file.</summary>
public sealed class ConfigMutantTests
{
    // Sizes stay small enough to be built, or are so large that nobody builds them.
    private static readonly string[] Values =
    [
        "0", "-1", "1", "2", "3", "5", "7", "17", "0.5", "-0.5", "1e999", "1e-320", "2147483648", "2147483647", "9223372036854775808", "true", "false", "null",
        "\"\"", "\"gelu\"", "\"\\u001b[2J\"", "\"linear\"", "[]", "[0]", "[1,2]", "[\"local\"]", "{}", "{\"a\":1}", "{\"rope_type\":\"yarn\"}",
    ];

    public static TheoryData<string> Bases => [.. TinyConfigs.All.Values.Where(tiny => tiny.Entry.Type.Assembly == typeof(global::Zoo.Models).Assembly
        && tiny.Entry.Architectures.Count > 0).Select(tiny => tiny.Entry.Architectures[0]).Distinct().Order()];

    [Theory]
    [MemberData(nameof(Bases))]
    public void A_mutant_builds_or_is_refused_in_one_line_that_names_the_file(string architecture)
    {
        TinyCase tiny = TinyConfigs.All.Values.First(tiny => tiny.Entry.Architectures.FirstOrDefault() == architecture);
        using var folder = new ScratchFolder();
        var model = (GeneratedModel)tiny.Entry.Build(tiny.Config, new Weights(TorchSharp.torch.ScalarType.Float32, TorchSharp.torch.META));
        model.WriteConfig(folder.Path);
        string text = File.ReadAllText(folder["config.json"]).Replace("-Infinity", "-1e999").Replace("Infinity", "1e999");
        JsonObject whole = JsonNode.Parse(text)!.AsObject();
        string[] keys = [.. whole.Select(member => member.Key).Where(key => key is not ("architectures" or "model_type")), "rope_scaling", "eos_token_id"];
        var random = new Random(7);
        int builds = 0;
        for (int i = 0; i < 60; i++)
        {
            var changed = keys.OrderBy(_ => random.Next()).Take(1 + i % 2).ToDictionary(key => key, _ => Values[random.Next(Values.Length)]);
            IEnumerable<string> members = whole.Where(member => !changed.ContainsKey(member.Key))
                .Select(member => $"\"{member.Key}\": {member.Value?.ToJsonString() ?? "null"}")
                .Concat(changed.Select(pair => $"\"{pair.Key}\": {pair.Value}"));
            string mutant = "{" + string.Join(", ", members) + "}";
            File.WriteAllText(folder["config.json"], mutant);
            try
            {
                // Any exception but the documented ones is not caught there.
                ModelCheck check = ModelCheck.Of(global::Zoo.Models.Registry, folder.Path);
                builds += check.Error is null ? 1 : 0;
                if (check.Error is { } error)
                {
                    Assert.StartsWith("config.json: ", error, StringComparison.Ordinal);
                    Assert.DoesNotContain(error, char.IsControl);
                    Assert.False(error.Contains("no model can be built from it", StringComparison.Ordinal), $"{error} from {mutant}");
                }
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"{e.GetType().Name}: {e.Message} from {mutant}");
            }
        }

        Assert.InRange(builds, 1, 59);
    }
}
