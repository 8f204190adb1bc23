using System;
using System.Collections.Generic;
using System.IO.Enumeration;

namespace Dsl.Runtime;

/// <summary>
/// How weights begin, by patterns of their keys. Both are found by the part of a pattern before its first wildcard, up to a dot: a model of a thousand layers
/// with a rule each is built in time that grows with its layers.
/// </summary>
internal sealed class InitialRules
{
    private readonly Dictionary<string, List<(int Place, string Glob, Func<string, Initializer> Init)>> rules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Weight>> weights = new(StringComparer.Ordinal);
    private int count, indexed;

    /// <summary>A rule; of two for one weight the later one counts.</summary>
    internal void Add(string glob, Func<string, Initializer> rule)
    {
        string folder = FolderOf(glob);
        if (!rules.TryGetValue(folder, out var known))
        {
            rules.Add(folder, known = []);
        }

        known.Add((count++, glob, rule));
    }

    /// <summary>How a weight begins by these rules; null where none is about it.</summary>
    internal Initializer? Of(string key)
    {
        (int Place, Func<string, Initializer> Init)? last = null;
        foreach (string folder in count == 0 ? [] : Folders(key))
        {
            foreach ((int place, string glob, Func<string, Initializer> init) in rules.GetValueOrDefault(folder, []))
            {
                if (!(place < last?.Place) && FileSystemName.MatchesSimpleExpression(glob, key, ignoreCase: false))
                {
                    last = (place, init);
                }
            }
        }

        return last?.Init(key);
    }

    /// <summary>The weights that a pattern is about.</summary>
    /// <param name="glob">The pattern.</param>
    /// <param name="all">The weights of the model; they are only added to between two calls, unless <see cref="Forget"/> is called.</param>
    internal IReadOnlyList<Weight> Matching(string glob, List<Weight> all)
    {
        for (; indexed < all.Count; indexed++)
        {
            foreach (string folder in Folders(all[indexed].Key))
            {
                if (!weights.TryGetValue(folder, out var known))
                {
                    weights.Add(folder, known = []);
                }

                known.Add(all[indexed]);
            }
        }

        return weights.GetValueOrDefault(FolderOf(glob), []).FindAll(weight => FileSystemName.MatchesSimpleExpression(glob, weight.Key, ignoreCase: false));
    }

    /// <summary>A weight was taken away.</summary>
    internal void Forget()
    {
        weights.Clear();
        indexed = 0;
    }

    /// <summary>What all keys begin with that a pattern is about, up to a dot.</summary>
    private static string FolderOf(string glob)
    {
        int wild = glob.AsSpan().IndexOfAny('*', '?', '\\');
        return glob[..Math.Max(0, glob.AsSpan(0, wild < 0 ? glob.Length : wild).LastIndexOf('.'))];
    }

    /// <summary>The parts of a key before its dots, the empty one first.</summary>
    private static IEnumerable<string> Folders(string key)
    {
        yield return "";
        for (int at = key.IndexOf('.', StringComparison.Ordinal); at >= 0; at = key.IndexOf('.', at + 1))
        {
            yield return key[..at];
        }
    }
}
