using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Checking;

/// <summary>Which blocks stand inside which, below one declaration: found by taking away blocks that hold none, in a time linear in the uses.</summary>
internal sealed class Nesting
{
    /// <summary>More than any model has; every stage walks blocks inside blocks.</summary>
    public const int Deepest = 64;

    private readonly string main;
    private readonly Dictionary<string, IReadOnlyList<string>> uses = new();
    private readonly Dictionary<string, List<string>> users = new();
    private readonly Dictionary<string, int> depths = new();
    private readonly HashSet<string> usersOfMain;

    /// <param name="main">The declaration.</param>
    /// <param name="usesOf">The declared blocks that one uses.</param>
    public Nesting(string main, Func<string, IReadOnlyList<string>> usesOf)
    {
        this.main = main;
        var open = new Stack<string>([main]);
        while (open.Count > 0)
        {
            var block = open.Pop();
            if (uses.ContainsKey(block))
            {
                continue;
            }

            uses[block] = usesOf(block);
            foreach (var used in uses[block])
            {
                (users.TryGetValue(used, out var known) ? known : users[used] = []).Add(block);
                open.Push(used);
            }
        }

        var left = uses.ToDictionary(u => u.Key, u => u.Value.Count);
        foreach (var block in left.Where(l => l.Value == 0).Select(l => l.Key))
        {
            open.Push(block);
        }

        while (open.Count > 0)
        {
            var block = open.Pop();
            depths[block] = 1 + uses[block].Select(u => depths[u]).DefaultIfEmpty(0).Max();
            foreach (var user in users.TryGetValue(block, out var known) ? known : [])
            {
                if (--left[user] == 0)
                {
                    open.Push(user);
                }
            }
        }

        usersOfMain = Above(main);
    }

    /// <summary>Whether there is no end to the blocks in the declaration: it stands in a cycle, or one is below it.</summary>
    public bool IsEndless => !depths.ContainsKey(main);

    /// <summary>Whether a block has the declaration in it.</summary>
    public bool Holds(string block) => block == main || usersOfMain.Contains(block);

    /// <summary>How many blocks stand inside each other, this one counted.</summary>
    public int DepthOf(string block) => depths.TryGetValue(block, out var depth) ? depth : 0;

    private HashSet<string> Above(string block)
    {
        var found = new HashSet<string>();
        var open = new Stack<string>([block]);
        while (open.Count > 0)
        {
            foreach (var user in users.TryGetValue(open.Pop(), out var known) ? known : [])
            {
                if (found.Add(user))
                {
                    open.Push(user);
                }
            }
        }

        return found;
    }
}
