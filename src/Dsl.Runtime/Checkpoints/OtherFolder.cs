using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Dsl.Runtime;

/// <summary>A folder of another model, whose tensors are read as if they lay in this one.</summary>
/// <param name="Path">The key of <c>config.json</c> that names it, a dotted path.</param>
/// <param name="Prefix">What stands before its tensors' names, with a dot; empty: nothing.</param>
public sealed record OtherFolder(string Path, string Prefix)
{
    private static readonly char[] separators = ['/', '\\'];

    private static readonly string[] endings = [".pth", ".pt", ".bin", ".safetensors"];

    /// <summary>What a tensor of the folder is called here.</summary>
    public string NameOf(string tensor) => Prefix.Length == 0 ? tensor : $"{Prefix}.{tensor}";

    /// <summary>
    /// Where the folder (or the safetensors file) of that name lies: in a folder or beside it, under its whole name or the last part of it; null where it is
    /// not. What the name says of other places is passed over: it comes from a file.
    /// </summary>
    /// <param name="folder">The folder whose config names it.</param>
    /// <param name="name">As the config names it: <c>openai/clip-vit-large-patch14-336</c>, a path, a URL.</param>
    public static string? Find(string folder, string name)
    {
        string[] parts = name.Split(separators, StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0 || parts.Contains(".."))
        {
            return null;
        }

        string last = parts[^1];
        string bare = endings.Contains(System.IO.Path.GetExtension(last)) ? System.IO.Path.GetFileNameWithoutExtension(last) : last;
        string beside = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(folder).TrimEnd(separators)) ?? folder;
        string[] names = [.. new[] { System.IO.Path.Combine(parts), last, bare }.Distinct(StringComparer.Ordinal).Where(part => part.Length > 0)];
        foreach (string place in names.SelectMany(part => new[] { System.IO.Path.Combine(folder, part), System.IO.Path.Combine(beside, part) }))
        {
            if (Directory.Exists(place))
            {
                return place;
            }

            if (File.Exists(place + ".safetensors"))
            {
                return place + ".safetensors";
            }
        }

        return null;
    }
}

/// <summary>The folders of other models that a config names.</summary>
internal sealed class OtherFolders
{
    private OtherFolders(IReadOnlyList<(OtherFolder Rule, string Place)> found, IReadOnlyList<string> absent) => (Found, Absent) = (found, absent);

    /// <summary>Those that are there.</summary>
    public IReadOnlyList<(OtherFolder Rule, string Place)> Found { get; }

    /// <summary>Those that are not, a sentence each.</summary>
    public IReadOnlyList<string> Absent { get; }

    /// <summary>Looks for those of a folder.</summary>
    /// <param name="rules">Which there may be.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="reader">Its config.</param>
    public static OtherFolders Of(KeyRules rules, string folder, ConfigReader reader)
    {
        var found = new List<(OtherFolder, string)>();
        var absent = new List<string>();
        foreach (OtherFolder rule in rules.Folders)
        {
            if (reader.OptionalString([rule.Path]) is not { Length: > 0 } name)
            {
                continue;
            }

            if (OtherFolder.Find(folder, name) is { } place)
            {
                found.Add((rule, place));
            }
            else
            {
                absent.Add($"{SafeTensorsHeader.Quote(name)} ({rule.Path}) is a folder of its own, found neither in {CheckpointException.NameOf(folder)} "
                    + "nor beside it");
            }
        }

        return new OtherFolders(found, absent);
    }

    /// <summary>Adds what is asked for of the folders that are there, under its names here; what is there already goes before.</summary>
    /// <param name="tensors">By name.</param>
    /// <param name="asked">Which names are asked for.</param>
    /// <param name="open">What a folder holds, by its own names.</param>
    public void Join<T>(Dictionary<string, T> tensors, Func<IReadOnlySet<string>> asked, Func<string, IReadOnlyDictionary<string, T>> open)
    {
        // Most models name no other folder: nobody then asks for all names.
        var names = new Lazy<IReadOnlySet<string>>(asked);
        foreach (var (rule, place) in Found)
        {
            foreach (var (tensor, held) in open(place))
            {
                if (rule.NameOf(tensor) is var name && names.Value.Contains(name))
                {
                    tensors.TryAdd(name, held);
                }
            }
        }
    }
}
