using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators;

/// <summary>
/// Names of the files that are written: the full name of what each belongs to, told apart by a number where two would be one. The compiler refuses a second
/// file of a name, and takes all output with it.
/// </summary>
/// <param name="Declarations">Full names of declarations whose file needs a number.</param>
/// <param name="Configs">Full names of configs whose file needs one.</param>
internal sealed record HintNames(EquatableArray<(string Name, int Number)> Declarations, EquatableArray<(string Name, int Number)> Configs)
{
    /// <summary>The list of the assembly's models.</summary>
    public const string Registry = "DslModels.g.cs";

    public static HintNames Of(IEnumerable<string> declarations, IEnumerable<string> configs)
    {
        var taken = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase) { [Registry] = 1 };
        List<(string, int)> Numbered(IEnumerable<string> names, Func<string, string> file) =>
            [.. names.Distinct().OrderBy(n => n, StringComparer.Ordinal)
                .Select(n => (n, taken[file(n)] = taken.TryGetValue(file(n), out var before) ? before + 1 : 1))
                .Where(n => n.Item2 > 1)];
        return new HintNames(Numbered(declarations, FileOf).ToEquatable(), Numbered(configs, FileOfConfig).ToEquatable());
    }

    public string Declaration(string name) => Told(FileOf(name), NumberOf(Declarations, name));

    public string Config(string name) => Told(FileOfConfig(name), NumberOf(Configs, name));

    private static string FileOf(string name) => Plain(name) + ".g.cs";

    private static string FileOfConfig(string name) => Plain(name) + "Json.g.cs";

    private static int NumberOf(EquatableArray<(string Name, int Number)> numbered, string name) =>
        numbered.FirstOrDefault(n => n.Name == name) is { Number: > 0 } known ? known.Number : 1;

    private static string Told(string file, int number) =>
        number == 1 ? file : $"{file.Substring(0, file.Length - ".g.cs".Length)} ({Invariant.Text(number)}).g.cs";

    /// <summary>The full name with its arity and containers, in letters that a file's name may have.</summary>
    internal static string Plain(string fullName) =>
        (fullName.StartsWith("global::", StringComparison.Ordinal) ? fullName.Substring(8) : fullName)
            .Replace("@", "")
            .Replace('<', '{')
            .Replace('>', '}')
            .Replace("global::", "")
            .Replace(", ", ",");
}
