using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Dsl.Runtime;
using Dsl.Training;
using Zoo.Cli.Drawing;

namespace Zoo.Cli;

/// <summary>The documentation's page of each family, as text: one for each model that has published sizes, and one that lists them.</summary>
internal static partial class FamilyPages
{
    private const int MaskSize = 8;

    /// <summary>File names and texts, the list first.</summary>
    internal static IReadOnlyList<(string File, string Text)> All(IZoo zoo)
    {
        IGrouping<string, ZooPreset>[] families =
            [.. zoo.Presets.GroupBy(preset => preset.Model).OrderBy(family => family.Key, StringComparer.OrdinalIgnoreCase)];
        IReadOnlyDictionary<string, string> summaries = Summaries();
        Dictionary<string, string> about = families.ToDictionary(family => family.Key, family => About(family.First(), summaries));
        return [("README.md", Index(families, about)), .. families.Select(family => (family.Key + ".md", Page(family, about[family.Key])))];
    }

    private static string Index(IGrouping<string, ZooPreset>[] families, IReadOnlyDictionary<string, string> about)
    {
        var text = new StringBuilder("# Families\n\nWritten by `dotnet run -c Release --project src/Zoo.Cli -- pages --overwrite`.\n\n"
            + "| model | what it is | presets |\n|---|---|---|\n");
        foreach (IGrouping<string, ZooPreset> family in families)
        {
            string names = string.Join(", ", family.Select(preset => $"`{preset.Name}`"));
            text.Append($"| [{family.Key}]({family.Key}.md) | {about[family.Key]} | {names} |\n");
        }

        return text.ToString();
    }

    private static string Page(IGrouping<string, ZooPreset> family, string about)
    {
        ZooPreset first = family.First();
        var text = new StringBuilder($"# {family.Key}\n\n{about}\n\n");
        text.Append($"## Declaration\n\n```text\n{first.Declaration.Trim()}\n```\n\n## Picture\n\n");
        using (IModel model = first.Outline())
        {
            Diagram diagram = DiagramReader.Read($"{first.Name}, {Words.Count(model.Weights.Count)} parameters", first.Declaration, model);
            text.Append($"Of `{first.Name}`; widths stand at the arrows.\n\n```mermaid\n{Mermaid.Write(diagram).Trim()}\n```\n\n");
        }

        text.Append("## Masks\n\n");
        IReadOnlyList<(string Name, MaskRule Rule)> masks = first.Masks();
        text.Append(masks.Count == 0 ? "It attends to nothing.\n\n" : "A row is a query, a column a key.\n\n");
        foreach ((string name, MaskRule rule) in masks)
        {
            text.Append($"{name}:\n\n```text\n");
            for (int query = 0; query < MaskSize; query++)
            {
                text.AppendJoin(' ', Enumerable.Range(0, MaskSize).Select(key => rule.Allows(query, key) ? '■' : '·')).Append('\n');
            }

            text.Append("```\n\n");
        }

        text.Append("## Presets\n\n| preset | parameters |\n|---|---|\n");
        foreach (ZooPreset preset in family)
        {
            using IModel model = preset.Outline();
            text.Append($"| `{preset.Name}` | {Words.Count(model.Weights.Count)} |\n");
        }

        return text.ToString();
    }

    /// <summary>What the comments of a config and of its model say; the compiler's own, which every model has, says nothing.</summary>
    private static string About(ZooPreset preset, IReadOnlyDictionary<string, string> summaries)
    {
        using IModel model = preset.Outline();
        string[] said = [.. new[] { ((GeneratedModel)model).Config.GetType().Name, preset.Model }.Select(name => summaries.GetValueOrDefault(name) ?? "")];
        return string.Join(' ', said.Where(part => part.Length > 0 && !part.EndsWith("written from its declaration.", StringComparison.Ordinal)));
    }

    /// <summary>Comments of the zoo's classes by simple name, a line each.</summary>
    private static Dictionary<string, string> Summaries()
    {
        XDocument comments = XDocument.Load(Path.Combine(AppContext.BaseDirectory, "Zoo.xml"));
        return comments.Descendants("member")
            .Select(member => (Name: (string)member.Attribute("name")!, Summary: member.Element("summary")?.Value))
            .Where(member => member.Name.StartsWith("T:Zoo.", StringComparison.Ordinal) && !string.IsNullOrWhiteSpace(member.Summary))
            .GroupBy(member => member.Name[(member.Name.LastIndexOf('.') + 1)..], StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => Spaces().Replace(group.First().Summary!, " ").Trim(), StringComparer.Ordinal);
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
