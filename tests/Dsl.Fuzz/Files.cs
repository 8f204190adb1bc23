using System;
using System.IO;
using System.Linq;
using Dsl.Fuzz.Judging;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz;

/// <summary>Failing programs as C# files, a folder a kind.</summary>
internal static class Files
{
    /// <summary>Whether there are fewer than so many files of a kind.</summary>
    public static bool Missing(string folder, string kind, int most) =>
        !Directory.Exists(Path.Combine(folder, NameOf(kind))) || Directory.GetFiles(Path.Combine(folder, NameOf(kind)), "*.cs").Length < most;

    public static void Write(string folder, int seed, int index, Program program, Verdict verdict, Program shrunk)
    {
        string place = Directory.CreateDirectory(Path.Combine(folder, NameOf(verdict.Kind))).FullName;
        string head = $"// --seed {seed} --from {index} --count 1\n// {verdict.Kind}\n"
            + (program.Mutation is { } mutation ? $"// mutated: {mutation}\n" : "// valid by construction\n")
            + string.Concat(verdict.Detail.Split('\n').Take(12).Select(line => $"//   {line.TrimEnd()}\n"));
        File.WriteAllText(Path.Combine(place, $"{seed}-{index}.cs"), head + Printer.Print(shrunk));
        if (!ReferenceEquals(shrunk, program))
        {
            File.WriteAllText(Path.Combine(place, $"{seed}-{index}.whole.txt"), Printer.Print(program));
        }
    }

    private static string NameOf(string kind)
    {
        string name = string.Concat(kind.Select(c => char.IsLetterOrDigit(c) ? c : '-'));
        while (name.Contains("--", StringComparison.Ordinal))
        {
            name = name.Replace("--", "-", StringComparison.Ordinal);
        }

        return name.Length > 80 ? name[..80] : name.Trim('-');
    }
}
