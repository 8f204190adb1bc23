using System;
using System.Diagnostics;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Threading.Tasks;
using System.Xml.Linq;
using Xunit;

namespace Dsl.Generators.Tests.Packages;

/// <summary>The packages, as a project outside of the solution consumes them: packed, restored from a folder, built and run.</summary>
[Trait("Category", "Packages")]
public sealed class SampleTests
{
    [Fact]
    public async Task A_project_outside_declares_derives_and_runs()
    {
        var folder = Directory.CreateTempSubdirectory("dsl-sample-").FullName;
        var version = "0.1.0-test." + DateTime.UtcNow.ToString("yyyyMMddHHmmssfff");
        try
        {
            var packages = Path.Combine(folder, "packages");
            var configuration = AppContext.BaseDirectory.Split(Path.DirectorySeparatorChar).Contains("Release") ? "Release" : "Debug";
            foreach (var project in new[] { "Dsl.Runtime", "Dsl.Text", "Dsl.Generation", "Dsl.Training", "Zoo" })
            {
                await Dotnet(
                    Compiling.Repository,
                    "pack",
                    Path.Combine("src", project),
                    "-c",
                    configuration,
                    "--no-restore",
                    "-o",
                    packages,
                    "-p:PackageVersion=" + version);
            }

            Assert.Equal(
                ["Dsl.Generation", "Dsl.Runtime", "Dsl.Text", "Dsl.Training", "Dsl.Zoo"],
                Directory.GetFiles(packages, "*.nupkg")
                    .Select(f => Path.GetFileName(f).Replace("." + version + ".nupkg", "", StringComparison.Ordinal))
                    .Order(StringComparer.Ordinal));

            foreach (var package in Directory.GetFiles(packages, "*.nupkg"))
            {
                Describes(package, "." + version + ".nupkg");
            }

            // Beside the sources that this machine has anyway.
            File.WriteAllText(
                Path.Combine(folder, "nuget.config"),
                $"<configuration><packageSources><add key=\"packed\" value=\"{packages}\" /></packageSources></configuration>");
            async Task<string> Run(string name)
            {
                var sample = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
                foreach (var file in Directory.GetFiles(Path.Combine(Compiling.Repository, "samples", name)))
                {
                    File.Copy(file, Path.Combine(sample, Path.GetFileName(file)));
                }

                return await Dotnet(sample, "run", "-p:DslVersion=" + version);
            }

            var recurrences = await Run("Recurrences");
            Assert.Contains("steps agree", recurrences, StringComparison.Ordinal);
            Assert.Contains("learnt by heart", recurrences, StringComparison.Ordinal);
            var output = await Run("Derived");
            Assert.Contains("Averages: 3472 weights, logits [2, 12, 50], steps agree", output, StringComparison.Ordinal);
            Assert.Contains("logits [2, 12, 60], steps agree", output, StringComparison.Ordinal);
            Assert.Contains(
                "  #.....\n  ##....\n  ###...\n  #.##..\n  #..##.\n  #...##\n", output.Replace("\r", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
            var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
                ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
            foreach (var package in new[] { "dsl.runtime", "dsl.zoo" })
            {
                if (Path.Combine(cache, package, version) is var restored && Directory.Exists(restored))
                {
                    Directory.Delete(restored, recursive: true);
                }
            }
        }
    }

    /// <summary>A package says whose it is and how it is used, brings symbols, and asks for no more than its library needs.</summary>
    private static void Describes(string path, string end)
    {
        Assert.True(File.Exists(Path.ChangeExtension(path, ".snupkg")), $"{path} has no symbols beside it");
        using var package = ZipFile.OpenRead(path);
        var name = Path.GetFileName(path).Replace(end, "", StringComparison.Ordinal);
        using var stream = package.Entries.Single(e => e.FullName == name + ".nuspec").Open();
        var spec = XDocument.Load(stream).Root!.Elements().Single();
        string Value(string element) => spec.Elements().SingleOrDefault(e => e.Name.LocalName == element)?.Value ?? "";
        Assert.Equal(("The Dsl authors", "MIT", "README.md"), (Value("authors"), Value("license"), Value("readme")));
        Assert.All(new[] { "tags", "description" }, element => Assert.NotEqual("", Value(element)));
        Assert.Contains(package.Entries, e => e.FullName == "README.md");
        var assembly = name == "Dsl.Zoo" ? "Zoo" : name;
        Assert.Contains(package.Entries, e => e.FullName == $"lib/net10.0/{assembly}.dll");
        Assert.Contains(package.Entries, e => e.FullName == $"lib/net10.0/{assembly}.xml");
        string[] needs = name switch
        {
            "Dsl.Runtime" => ["TorchSharp"],
            "Dsl.Text" => ["Microsoft.ML.Tokenizers"],
            "Dsl.Generation" => ["Dsl.Runtime", "Dsl.Text", "Microsoft.Extensions.AI.Abstractions", "YamlDotNet"],
            "Dsl.Training" => ["Dsl.Runtime", "Dsl.Text", "MathNet.Numerics"],
            _ => ["Dsl.Runtime"],
        };
        Assert.Equal(
            needs,
            spec.Descendants().Where(e => e.Name.LocalName == "dependency").Select(e => e.Attribute("id")!.Value).Order(StringComparer.Ordinal));
    }

    private static async Task<string> Dotnet(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"dotnet {string.Join(" ", arguments)} failed:\n{await output}\n{await errors}");
        return await output;
    }
}
