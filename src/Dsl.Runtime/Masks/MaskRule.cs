using System;

namespace Dsl.Runtime;

/// <summary>Which keys a query may read, by their positions. What is known of the rule (causal, a band) decides which computation serves it.</summary>
public sealed class MaskRule
{
    private readonly Func<int, int, bool>? allows;

    private MaskRule(string name, bool causal, int? window, Func<int, int, bool>? allows)
    {
        if (window is < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(window), $"The mask '{name}' has a window of {window}: a query sees at least itself.");
        }

        Name = name;
        IsCausal = causal;
        Window = window;
        this.allows = allows;
    }

    /// <summary>Every key.</summary>
    public static MaskRule Full { get; } = new("full", false, null, null);

    /// <summary>key &lt;= query.</summary>
    public static MaskRule Causal { get; } = new("causal", true, null, null);

    /// <summary>For listings.</summary>
    public string Name { get; }

    /// <summary>No query reads a later key.</summary>
    public bool IsCausal { get; }

    /// <summary>No query reads a key <c>Window</c> or more before it; null when nothing bounds it. A cache need not keep more.</summary>
    public int? Window { get; }

    /// <summary>The rule is more than what <see cref="IsCausal"/> and <see cref="Window"/> say.</summary>
    public bool IsArbitrary => allows is not null;

    /// <summary>0 &lt;= query - key &lt; window.</summary>
    public static MaskRule Band(int window) => new($"band({window})", true, window, null);

    /// <summary>Any rule. What is claimed of it must hold: where it is causal or has a window, the rest of it is not even asked.</summary>
    public static MaskRule Rule(string name, bool causal, int? window, Func<int, int, bool> allows) => new(name, causal, window, allows);

    /// <summary>Whether the query at that position may read the key at that position.</summary>
    public bool Allows(int query, int key) => (!IsCausal || key <= query) && (Window is not { } window || query - key < window)
        && (allows is null || allows(query, key));

    /// <summary>The rule over positions 0, 1, ...</summary>
    public bool[,] Table(int queries, int keys)
    {
        var table = new bool[queries, keys];
        for (int query = 0; query < queries; query++)
        {
            for (int key = 0; key < keys; key++)
            {
                table[query, key] = Allows(query, key);
            }
        }

        return table;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>One row of the rule over given places, padding excluded; false when nothing is allowed.</summary>
    internal bool Fill(Places queries, int query, Places keys, int row, Span<byte> into)
    {
        int position = queries.At(row, query);
        bool any = false;
        for (int key = 0; key < into.Length; key++)
        {
            bool allowed = keys.IsReal(row, key) && Allows(position, keys.At(row, key));
            into[key] = allowed ? (byte)1 : (byte)0;
            any |= allowed;
        }

        return any;
    }
}
