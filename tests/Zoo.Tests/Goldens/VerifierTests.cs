using System;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using Dsl.Testing;
using Dsl.Tests;
using Spectre.Console;
using TorchSharp;
using Xunit;
using Zoo.Cli;
using Zoo.Cli.Verification;
using static TorchSharp.torch;

namespace Zoo.Tests.Goldens;

/// <summary>The verifier passes what is right and finds what is wrong: cases whose files were changed in one place.</summary>
[Trait("Category", "Goldens")]
public sealed class VerifierTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("goldens").FullName;

    /// <summary>A case with everything in it: a gradient, left padding, greedy tokens.</summary>
    private static string Whole => GoldenCase.Find(GoldenFolder.InRepository()).First(f =>
    {
        using var golden = GoldenCase.Open(f);
        return ZooGoldens.Verifier.Supports(f) && golden.Gradients.Count > 0 && golden.Outputs.ContainsKey("left_padded_logits")
            && golden.Outputs.ContainsKey("greedy");
    });

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void A_changed_output_is_the_only_miss()
    {
        string folder = Changed("io.safetensors", (name, t) =>
            name == "out.logits" ? t.index_put_(t.max() * Scalars.Of(1.001), TensorIndex.Single(0), TensorIndex.Single(1), TensorIndex.Single(2)) : t);
        Assert.Equal(["out.logits"], Misses(folder));
    }

    [Theory]
    [InlineData("{\"what\": ", "case.json is not JSON (line 1), expected an object")]
    [InlineData("[]", "case.json is array, expected an object")]
    [InlineData("{\"tied\": 3}", "tied in case.json is no object, expected an object of keys, each once and with another key")]
    [InlineData("{\"tied\": {\"a\": 1}}", "tied in case.json is an object of something else, expected an object of keys, each once and with another key")]
    public void A_broken_description_is_named(string text, string problem)
    {
        string folder = Changed("io.safetensors", (_, t) => t);
        File.WriteAllText(Path.Combine(folder, "case.json"), text);
        string name = Path.GetFileName(folder);
        Assert.Equal($"{name}: {problem}", Assert.Throws<FormatException>(() => GoldenCase.Open(folder)).Message);
    }

    [Fact]
    public void A_changed_gradient_is_the_only_miss()
    {
        string key = "";
        string folder = Changed("io.safetensors", (name, t) => name.StartsWith("grad.", StringComparison.Ordinal)
            && name.EndsWith(".weight", StringComparison.Ordinal) && key.Length == 0 ? (key = name, t.mul_(Scalars.Of(1.001))).Item2 : t);
        Assert.Equal([key], Misses(folder));
    }

    [Fact]
    public void A_changed_token_is_a_miss()
    {
        // The last one alone: a model that repeats its last token would repeat another one, too.
        string folder = Changed("io.safetensors", (name, t) =>
            name == "out.greedy" ? (t.narrow(1, t.shape[1] - 1, 1).add_(Scalars.Of(1), Scalars.Of(1)), t).Item2 : t);
        Assert.Equal(["out.greedy"], Misses(folder));
    }

    [Fact]
    public void A_changed_weight_misses_every_output_but_leaves_the_forms_equal()
    {
        bool done = false;
        string folder = Changed("model.safetensors", (_, t) => t.dim() == 2 && !done ? (done = true, t.mul_(Scalars.Of(1.01))).Item2 : t);
        string[] misses = Misses(folder);
        Assert.All(new[] { "out.logits", "out.hidden", "out.loss", "out.left_padded_logits" }, check => Assert.Contains(check, misses));
        Assert.DoesNotContain("advance by 1", misses);
    }

    [Fact]
    public void A_missing_weight_is_a_miss_that_names_it()
    {
        string dropped = "";
        string folder = Changed("model.safetensors", (name, t) => dropped.Length == 0 ? (dropped = name, (Tensor?)null).Item2 : t);
        var row = Assert.Single(ZooGoldens.Verifier.Verify(folder, ScalarType.Float32).Rows);
        Assert.False(row.Passed);
        Assert.Contains(dropped, row.Note);
    }

    [Fact]
    public void Exit_codes_say_what_happened()
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(
            new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        string wrong = Changed("io.safetensors", (name, t) => name == "out.loss" ? t.mul_(Scalars.Of(1.001)) : t);
        Assert.Equal(0, GoldenTables.Print(ZooGoldens.Verifier, [Whole], console));
        Assert.DoesNotContain("missed", text.ToString());
        Assert.Equal(1, GoldenTables.Print(ZooGoldens.Verifier, [wrong], console));
        Assert.Contains("missed out.loss", text.ToString());
        Assert.Equal(2, GoldenTables.Print(ZooGoldens.Verifier, [root + "/nothing"], console));
    }

    [Theory]
    [InlineData(1.0, 1.0, 0)]
    [InlineData(1.0, 1.5, 1.0 / 3)]
    [InlineData(double.NaN, 1.0, double.NaN)]
    public void Errors_are_relative_to_the_largest_reference(double ours, double reference, double expected)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected, GoldenTolerance.Error(tensor(new[] { 0.5, ours }), tensor(new[] { 0.5, reference })), 12);
        Assert.False(new GoldenRow("x", ScalarType.Float64, double.NaN, 1).Passed);
    }

    [Fact]
    public void Half_a_unit_of_the_stored_float_is_no_error_of_a_double()
    {
        using var scope = NewDisposeScope();
        double third = 1.0 / 3;
        Assert.Equal(0, GoldenTolerance.Error(tensor(new[] { third }), tensor(new[] { (float)third })));
        Assert.InRange(GoldenTolerance.Error(tensor(new[] { third + 1e-6 }), tensor(new[] { (float)third })), 2e-6, 4e-6);
    }

    /// <summary>A copy of a whole case in which one file's tensors were passed through a function; null drops one.</summary>
    private string Changed(string file, Func<string, Tensor, Tensor?> change)
    {
        string folder = Path.Combine(root, Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(folder);
        foreach (string source in Directory.GetFiles(Whole))
        {
            File.Copy(source, Path.Combine(folder, Path.GetFileName(source)));
        }

        using var scope = NewDisposeScope();
        string path = Path.Combine(folder, file);
        var tensors = GoldenCase.Read(path).Select(t => (t.Key, Value: change(t.Key, t.Value))).Where(t => t.Value is not null).ToList();
        SafeTensorsWriter.Write(path, [.. tensors.Select(t => TensorSource.From(t.Key, t.Value!))]);
        return folder;
    }

    private static string[] Misses(string folder) => [.. ZooGoldens.Verifier.Verify(folder, ScalarType.Float32).Misses.Select(r => r.Check)];
}
