using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;

namespace Dsl.Runtime;

/// <summary>
/// Typed access to a <c>config.json</c>. A value is asked for by one or several dotted paths (<c>rope_parameters.rope_theta</c>): the first that is there
/// and not null is taken, and all of them count as handled. <see cref="Finish"/> refuses what nobody asked for, so that no key is
/// ignored that would change the result.
/// </summary>
public sealed class ConfigReader
{
    private const int Named = 20;

    /// <summary>The path of the object that is read itself.</summary>
    private const string Self = ".";

    private readonly ConfigNode root;
    private readonly string prefix;
    private readonly HashSet<string> handled;
    private readonly HashSet<string> readWhole;
    private readonly HashSet<string> ignored;

    private ConfigReader(string file, ConfigNode root, string prefix, HashSet<string> handled, HashSet<string> readWhole, HashSet<string> ignored)
    {
        File = file;
        this.root = root;
        this.prefix = prefix;
        this.handled = handled;
        this.readWhole = readWhole;
        this.ignored = ignored;
    }

    private ConfigReader(string file, ConfigNode root)
        : this(file, root, "", new(StringComparer.Ordinal), new(StringComparer.Ordinal), new(StringComparer.Ordinal))
    {
    }

    /// <summary>The file, as it was given.</summary>
    public string File { get; }

    /// <summary>Opens a config, or the <c>config.json</c> of a folder.</summary>
    /// <exception cref="ConfigException">The file cannot be read, is larger than 16 MB or nested deeper than 64 levels, or is no JSON object.</exception>
    public static ConfigReader Open(string fileOrFolder)
    {
        string path = Directory.Exists(fileOrFolder) ? Path.Combine(fileOrFolder, "config.json") : fileOrFolder;
        return new ConfigReader(path, ConfigNode.ReadFile(path));
    }

    /// <summary>Reads a config from text; <paramref name="file"/> is named in messages.</summary>
    /// <exception cref="ConfigException">The text is too large or too deep, or is no JSON object.</exception>
    public static ConfigReader Parse(string json, string file = "config.json") => Parse(Encoding.UTF8.GetBytes(json), file);

    /// <summary>Reads a config from UTF-8 bytes; <paramref name="file"/> is named in messages.</summary>
    /// <exception cref="ConfigException">The text is too large or too deep, or is no JSON object.</exception>
    public static ConfigReader Parse(ReadOnlySpan<byte> json, string file = "config.json") =>
        new(file, ConfigNode.Parse(file, json));

    /// <summary>All that the file holds, as it stands there.</summary>
    internal ConfigNode Root => root;

    /// <summary>Keys that nobody knows and that cannot change a result by what they are called; known after <see cref="Finish"/>.</summary>
    public IReadOnlyList<string> Unknown { get; private set; } = [];

    /// <summary>From now on these keys, dotted paths, are as if they were not there.</summary>
    public void Ignore(IEnumerable<string> paths) => ignored.UnionWith(paths.Select(path => prefix + path));

    /// <summary><c>architectures</c>, the classes of the published library that the files belong to; empty where the key is missing.</summary>
    /// <exception cref="ConfigException">It is no list of strings.</exception>
    public IReadOnlyList<string> Architectures => OptionalStrings(["architectures"]) ?? [];

    /// <summary><c>model_type</c>; null where the key is missing.</summary>
    /// <exception cref="ConfigException">It is no string.</exception>
    public string? ModelType => OptionalString(["model_type"]);

    /// <summary>Whether somebody has asked for a key.</summary>
    internal bool Asked(string path) => handled.Contains(prefix + path);

    /// <summary>A text as it stands in the file; null where there is none. Asks for nothing.</summary>
    internal string? Text(string path) => Walk(path) is { Kind: JsonTokenType.String } node ? node.Text : null;

    /// <summary>Whether a value other than null is there. The path counts as handled.</summary>
    public bool Has(string path) => Find([path]) is not null;

    /// <summary>Whether none of the paths is there, not even with null: then a default stands for the value. They count as handled.</summary>
    public bool IsAbsent(string[] paths) => Find(paths) is null && Array.TrueForAll(paths, path => Walk(path) is null);

    /// <summary>An error of this file: for checks that generated constructors make.</summary>
    public ConfigException Error(string problem) => new(File, problem);

    /// <summary>An error of one key: its whole path, then the problem.</summary>
    public ConfigException Fault(string path, string problem) => new(File, $"{prefix}{path} {problem}");

    // Each getter comes as: must be there; null where missing or null; a default where missing or null.

    /// <exception cref="ConfigException">Missing, or no whole number of 32 bits.</exception>
    public int Int(string[] paths) => OptionalInt(paths) ?? throw Missing(paths, "a whole number");

    /// <exception cref="ConfigException">No whole number of 32 bits.</exception>
    public int Int(string[] paths, int @default) => OptionalInt(paths) ?? @default;

    /// <exception cref="ConfigException">No whole number of 32 bits.</exception>
    public int? OptionalInt(string[] paths) => Find(paths) is { } found ? AsInt(found.Path, found.Node) : null;

    /// <exception cref="ConfigException">Missing, or no whole number of 64 bits.</exception>
    public long Long(string[] paths) => OptionalLong(paths) ?? throw Missing(paths, "a whole number");

    /// <exception cref="ConfigException">No whole number of 64 bits.</exception>
    public long Long(string[] paths, long @default) => OptionalLong(paths) ?? @default;

    /// <exception cref="ConfigException">No whole number of 64 bits.</exception>
    public long? OptionalLong(string[] paths) => Find(paths) is { } found ? AsLong(found.Path, found.Node) : null;

    /// <exception cref="ConfigException">Missing, or no number.</exception>
    public double Double(string[] paths) => OptionalDouble(paths) ?? throw Missing(paths, "a number");

    /// <exception cref="ConfigException">No number.</exception>
    public double Double(string[] paths, double @default) => OptionalDouble(paths) ?? @default;

    /// <exception cref="ConfigException">No number.</exception>
    public double? OptionalDouble(string[] paths) => Find(paths) is { } found ? AsDouble(found.Path, found.Node) : null;

    /// <exception cref="ConfigException">Missing, or neither true nor false.</exception>
    public bool Bool(string[] paths) => OptionalBool(paths) ?? throw Missing(paths, "true or false");

    /// <exception cref="ConfigException">Neither true nor false.</exception>
    public bool Bool(string[] paths, bool @default) => OptionalBool(paths) ?? @default;

    /// <exception cref="ConfigException">Neither true nor false.</exception>
    public bool? OptionalBool(string[] paths) => Find(paths) is not { } found ? null
        : found.Node.Kind is JsonTokenType.True or JsonTokenType.False ? found.Node.Kind == JsonTokenType.True
        : throw Wrong(found.Path, found.Node, "true or false");

    /// <exception cref="ConfigException">Missing, or no string.</exception>
    public string String(string[] paths) => OptionalString(paths) ?? throw Missing(paths, "a string");

    /// <exception cref="ConfigException">No string.</exception>
    public string String(string[] paths, string @default) => OptionalString(paths) ?? @default;

    /// <exception cref="ConfigException">No string.</exception>
    public string? OptionalString(string[] paths) => Find(paths) is { } found ? AsString(found.Path, found.Node) : null;

    /// <exception cref="ConfigException">Missing, or no list of whole numbers of 32 bits.</exception>
    public int[] Ints(string[] paths) => OptionalInts(paths) ?? throw Missing(paths, "a list of whole numbers");

    /// <exception cref="ConfigException">No list of whole numbers of 32 bits.</exception>
    public int[]? OptionalInts(string[] paths) => List(paths, AsInt, "a list of whole numbers");

    /// <exception cref="ConfigException">Missing, or no list of numbers.</exception>
    public double[] Doubles(string[] paths) => OptionalDoubles(paths) ?? throw Missing(paths, "a list of numbers");

    /// <exception cref="ConfigException">No list of numbers.</exception>
    public double[]? OptionalDoubles(string[] paths) => List(paths, AsDouble, "a list of numbers");

    /// <summary>Strings; one by itself is a list of one.</summary>
    /// <exception cref="ConfigException">Missing, or no list of strings.</exception>
    public string[] Strings(string[] paths) => OptionalStrings(paths) ?? throw Missing(paths, "a list of strings");

    /// <summary>Strings; one by itself is a list of one.</summary>
    /// <exception cref="ConfigException">No list of strings.</exception>
    public string[]? OptionalStrings(string[] paths) =>
        Find(paths) is { Node.Kind: JsonTokenType.String } one ? [one.Node.Text] : List(paths, AsString, "a list of strings");

    /// <summary>The value that a published name stands for: an activation, a kind of layer.</summary>
    /// <exception cref="ConfigException">Missing, no string, or a name that is not known; the message lists what is.</exception>
    public T Enum<T>(string[] paths, IReadOnlyList<(string Name, T Value)> known) =>
        Find(paths) is { } found ? Known(found.Path, found.Node, known) : throw Missing(paths, OneOf(known));

    /// <summary>The value that a published name stands for, or a default where the key is missing.</summary>
    /// <exception cref="ConfigException">No string, or a name that is not known; the message lists what is.</exception>
    public T Enum<T>(string[] paths, IReadOnlyList<(string Name, T Value)> known, T @default) =>
        Find(paths) is { } found ? Known(found.Path, found.Node, known) : @default;

    /// <summary>
    /// Number of members of an object or items of a list (<c>id2label</c>: the number of classes); null where missing or empty. Its content counts as
    /// handled.
    /// </summary>
    /// <exception cref="ConfigException">Neither an object nor a list.</exception>
    public int? OptionalCount(string[] paths)
    {
        foreach (string path in paths)
            readWhole.Add(prefix + path);
        int? count = Find(paths) is not { } found ? null
            : found.Node.Kind == JsonTokenType.StartObject ? found.Node.Members.Count
            : found.Node.Kind == JsonTokenType.StartArray ? found.Node.Items.Count
            : throw Wrong(found.Path, found.Node, "an object or a list");
        return count == 0 ? null : count;
    }

    /// <summary>
    /// A reader of an object within (<c>.</c> is this one itself); null where missing. What it does not ask for is refused by this reader's
    /// <see cref="Finish"/>.
    /// </summary>
    /// <exception cref="ConfigException">No object.</exception>
    public ConfigReader? Object(string[] paths) => Find(paths) is not { } found ? null
        : found.Path == Self ? this
        : found.Node.Kind == JsonTokenType.StartObject ? new ConfigReader(File, found.Node, prefix + found.Path + ".", handled, readWhole, ignored)
        : throw Wrong(found.Path, found.Node, "an object");

    /// <summary>A reader of an object within, of an empty one where it is missing: then defaults stand, and what has none is said to be missing.</summary>
    /// <exception cref="ConfigException">No object.</exception>
    public ConfigReader ObjectOrEmpty(string[] paths) =>
        Object(paths) ?? new ConfigReader(File, ConfigNode.Empty, prefix + paths[0] + ".", handled, readWhole, ignored);

    /// <summary>The one value that is supported; numbers are equal by value, however they are written. A missing key and null pass: a published default
    /// is the declaration's business.</summary>
    /// <param name="path">The key.</param>
    /// <param name="value">A string, a bool, an int, a long (or unsigned), a double, or null for "must not be set".</param>
    /// <exception cref="ConfigException">Another value; the message names it and the one expected.</exception>
    public void Only(string path, object? value)
    {
        if (Find([path]) is not { } found)
            return;
        bool equal = value switch
        {
            null => false,
            string text => found.Node.Kind == JsonTokenType.String && found.Node.Text == text,
            bool flag => found.Node.Kind == (flag ? JsonTokenType.True : JsonTokenType.False),
            int or long or uint or ulong => found.Node.WholeDigits() == Plain(value),
            double number => found.Node.AsDouble() is { } own && own.Equals(number),
            _ => throw new ArgumentException($"{value.GetType().Name} is no value of a config, expected a string, a bool or a number", nameof(value)),
        };
        if (!equal)
            throw Wrong(found.Path, found.Node, value is null ? "no value" : value is string text ? $"'{text}'" : Plain(value));
    }

    /// <summary>Declares that a key, with all that it holds, does not change this model's result.</summary>
    public void NoEffect(string path)
    {
        handled.Add(prefix + path);
        readWhole.Add(prefix + path);
    }

    /// <summary>
    /// Refuses every key that nobody asked for and that could change the result, in one error: one that is not in <see cref="KeysWithoutEffect"/>, says
    /// something (null, false and what is empty say nothing) and is called by a word of the arithmetic. Others that nobody knows are
    /// in <see cref="Unknown"/> afterwards. Ids of special tokens must be whole numbers from 0 on.
    /// </summary>
    /// <exception cref="ConfigException">There are such keys; the message names them.</exception>
    public void Finish()
    {
        CheckIds();
        var unread = new List<string>();
        var unknown = new List<string>();
        Collect(root, prefix, unread, unknown);
        Unknown = unknown;
        if (unread.Count == 0)
            return;
        string names = string.Join(", ", unread.Take(Named).Select(SafeTensorsHeader.Printable));
        string more = unread.Count > Named ? $" and {unread.Count - Named} more" : "";
        throw Error($"{names}{more} not supported by this model, expected only keys that it handles (--ignore-key passes over one)");
    }

    /// <summary>Tokens that begin and end a text: one id, or several. (A padding token counts from the vocabulary's end where it is negative.)</summary>
    private void CheckIds()
    {
        foreach (string key in (string[])["bos_token_id", "eos_token_id", "decoder_start_token_id", "pad_token_id"])
        {
            if (prefix.Length > 0 || Walk(key) is not { Kind: not JsonTokenType.Null } node)
                continue;
            long least = key == "pad_token_id" ? -Math.Max(1, Walk("vocab_size")?.AsLong() ?? 1) : 0;
            foreach (var id in node.Kind == JsonTokenType.StartArray ? node.Items : [node])
                if (id.AsLong() is not { } value || value < least || value > int.MaxValue)
                    throw Wrong(key, id, string.Create(CultureInfo.InvariantCulture, $"the id of a token: a whole number, {least} or more"));
        }
    }

    private void Collect(ConfigNode node, string at, List<string> unread, List<string> unknown)
    {
        foreach (var (key, value) in node.Members)
        {
            string path = at + key;
            if (value.SaysNothing || ignored.Contains(path))
                continue;
            if (readWhole.Contains(path) || (handled.Contains(path) && value.Kind != JsonTokenType.StartObject))
                continue;
            if (value.Kind == JsonTokenType.StartObject && handled.Any(name => name == path || name.StartsWith(path + ".", StringComparison.Ordinal)))
                Collect(value, path + ".", unread, unknown);
            else if (KeysWithoutEffect.OnlyValue(key) is { } only)
                AddUnless(value.Describe() == only, $"{path} {value.Describe()}", unread);
            else if (!KeysWithoutEffect.Contains(key))
                (KeysWithoutEffect.CouldMatter(path) ? unread : unknown).Add(path);
        }
    }

    private static void AddUnless(bool passes, string path, List<string> unread)
    {
        if (!passes)
            unread.Add(path);
    }

    private (string Path, ConfigNode Node)? Find(string[] paths)
    {
        (string Path, ConfigNode Node)? first = null;
        foreach (string path in paths)
        {
            handled.Add(prefix + path);
            if (first is null && Walk(path) is { Kind: not JsonTokenType.Null } node)
                first = (path, node);
        }
        return first;
    }

    private ConfigNode? Walk(string path)
    {
        if (ignored.Contains(prefix + path))
            return null;
        var node = root;
        foreach (string key in path == Self ? [] : path.Split('.'))
            if (node.Kind != JsonTokenType.StartObject || !node.Members.TryGetValue(key, out node))
                return null;
        return node;
    }

    private T[]? List<T>(string[] paths, Func<string, ConfigNode, T> read, string expected)
    {
        if (Find(paths) is not { } found)
            return null;
        if (found.Node.Kind != JsonTokenType.StartArray)
            throw Wrong(found.Path, found.Node, expected);
        var values = new T[found.Node.Items.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = read(string.Create(CultureInfo.InvariantCulture, $"{found.Path}[{i}]"), found.Node.Items[i]);
        return values;
    }

    private int AsInt(string path, ConfigNode node) => AsLong(path, node) is var value and >= int.MinValue and <= int.MaxValue
        ? (int)value
        : throw Wrong(path, node, "a whole number of 32 bits");

    private long AsLong(string path, ConfigNode node) => node.AsLong()
        ?? throw Wrong(path, node, node.WholeDigits() is not null ? "a whole number of 64 bits" : "a whole number");

    private double AsDouble(string path, ConfigNode node) => node.AsDouble() ?? throw Wrong(path, node, "a number");

    private string AsString(string path, ConfigNode node) => node.Kind == JsonTokenType.String ? node.Text : throw Wrong(path, node, "a string");

    private T Known<T>(string path, ConfigNode node, IReadOnlyList<(string Name, T Value)> known)
    {
        string name = AsString(path, node);
        foreach (var (candidate, value) in known)
            if (candidate == name)
                return value;
        throw Error($"{prefix}{path} {SafeTensorsHeader.Quote(name)} unknown, expected {OneOf(known)}");
    }

    private static string OneOf<T>(IReadOnlyList<(string Name, T Value)> known) => "one of " + string.Join(", ", known.Select(pair => pair.Name));

    private static string Plain(object value) => value is bool flag ? (flag ? "true" : "false") : System.Convert.ToString(value, CultureInfo.InvariantCulture)!;

    private ConfigException Missing(string[] paths, string expected) =>
        Error($"{string.Join(" (or ", paths.Select(path => prefix + path))}{new string(')', paths.Length - 1)} missing, expected {expected}");

    private ConfigException Wrong(string path, ConfigNode node, string expected) => Error($"{prefix}{path} is {node.Describe()}, expected {expected}");
}
