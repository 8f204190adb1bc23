using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Testing;
using Dsl.Tests;
using Spectre.Console;
using TorchSharp;
using Xunit;
using Zoo.Cli;
using Zoo.Cli.Verification;
using static TorchSharp.torch;

namespace Zoo.Tests.Goldens;

/// <summary>The repository's cases that are no forward pass of a model: of kinds, and those with a base and an adapter.</summary>
internal static class FormulaCases
{
    internal const string Tensors = "io.safetensors", Data = "io.json", Description = "case.json";

    internal static GoldenVerifier Verifier => ZooGoldens.Verifier;

    private static string[] Folders { get; } = [.. Verifier.Find(GoldenFolder.InRepository()).Except(GoldenCase.Find(GoldenFolder.InRepository()))];

    internal static TheoryData<string> All => Names(_ => true);

    internal static TheoryData<string> OfTensors => Names(folder => File.Exists(Path.Combine(folder, Tensors)) && !IsOfModel(folder));

    internal static TheoryData<string> OfJson => Names(folder => File.Exists(Path.Combine(folder, Data)) && !IsOfModel(folder));

    private static TheoryData<string> Names(Func<string, bool> which) => [.. Folders.Where(which).Select(folder => Path.GetFileName(folder)!)];

    private static bool IsOfModel(string folder) => Directory.Exists(Path.Combine(folder, "base"));

    internal static string FolderOf(string name) => Path.Combine(GoldenFolder.InRepository(), name);

    internal static ChangedCase Of(string kind) =>
        new(Verifier.Find(GoldenFolder.InRepository()).First(folder => Path.GetFileName(folder).StartsWith(kind, StringComparison.Ordinal)));

    /// <summary>Names of the answers that are compared, in order.</summary>
    internal static string[] Answers(string folder, IReadOnlyList<GoldenOmission> omitted)
    {
        Dictionary<string, Tensor> all = GoldenCase.Read(Path.Combine(folder, Tensors));
        all.Values.ToList().ForEach(tensor => tensor.Dispose());
        return [.. all.Keys.Where(name => name.StartsWith("out.", StringComparison.Ordinal) || name.StartsWith("grad.", StringComparison.Ordinal))
            .Where(name => !omitted.Any(each => name.StartsWith(each.Names.TrimEnd('*'), StringComparison.Ordinal))).Order(StringComparer.Ordinal)];
    }

    internal static (int Exit, string Text) Print(string folder)
    {
        using var text = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(
            new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = 400;
        return (GoldenTables.Print(Verifier, [folder], console), text.ToString());
    }
}
