using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Dsl.Files;
using Dsl.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dsl.Generation.Evaluation;

/// <summary>A place in a YAML file; whatever it lacks is said in a sentence that names the file, the line and the key.</summary>
internal sealed class YamlField
{
    private readonly string file;
    private readonly string path;
    private readonly YamlNode node;

    private YamlField(string file, string path, YamlNode node)
    {
        (this.file, this.path, this.node) = (file, path, node);
        if (!node.Tag.IsEmpty && !node.Tag.Value.StartsWith("tag:yaml.org,2002:", StringComparison.Ordinal))
        {
            throw Error($"has the tag {node.Tag.Value}", "plain YAML");
        }
    }

    /// <summary>Whether it is null or empty, as YAML writes it.</summary>
    internal bool IsNull => node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" or "Null" or "NULL" };

    internal bool IsList => node is YamlSequenceNode;

    /// <summary>Reads a file that holds one mapping.</summary>
    /// <exception cref="TextException">It is none.</exception>
    internal static YamlField Read(string path)
    {
        var stream = new YamlStream();
        try
        {
            using var text = new StringReader(UserFile.ReadText(path, UserFile.MostOfText, TextException.Of));
            stream.Load(text);
        }
        catch (YamlException e)
        {
            throw new TextException($"{path}: line {e.Start.Line} is not YAML: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}");
        }
        catch (InvalidOperationException)
        {
            // What the reader says of a list that nothing closes.
            throw new TextException($"{path}: is not YAML: it ends within a value");
        }

        return stream.Documents is [{ RootNode: YamlMappingNode root }] ? new YamlField(path, "", root)
            : throw new TextException($"{path}: expected one YAML mapping, the description of a task");
    }

    /// <summary>The members; a key that is not among the known ones is an error.</summary>
    internal IReadOnlyDictionary<string, YamlField> Members(params string[] known)
    {
        if (node is not YamlMappingNode mapping)
        {
            throw Error("is no mapping", string.Join(", ", known));
        }

        var members = new Dictionary<string, YamlField>();
        foreach ((YamlNode key, YamlNode value) in mapping.Children)
        {
            string name = (key as YamlScalarNode)?.Value ?? key.ToString();
            string place = path.Length == 0 ? name : $"{path}.{name}";
            if (known.Length > 0 && !known.Contains(name))
            {
                throw new TextException($"{file}: line {key.Start.Line}: the key '{place}' is not read, expected one of {string.Join(", ", known)}");
            }

            members.Add(name, new YamlField(file, place, value));
        }

        return members;
    }

    internal IReadOnlyList<YamlField> Items() => node is YamlSequenceNode list
        ? [.. list.Select((item, i) => new YamlField(file, FormattableString.Invariant($"{path}[{i}]"), item))] : throw Error("is no list", "a list");

    internal string Text() => node is YamlScalarNode { Value: { } text } && !IsNull ? text : throw Error("is no text", "a text");

    /// <summary>A text; empty where it is null.</summary>
    internal string TextOrNone() => IsNull ? "" : Text();

    internal int Whole() => int.TryParse(Text(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int whole) ? whole
        : throw Error($"'{Text()}'", "a whole number");

    internal double Number() => double.TryParse(Text(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number
        : throw Error($"'{Text()}'", "a number");

    internal bool Switch() => Text() switch
    {
        "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" => true,
        "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF" => false,
        var other => throw Error($"'{other}'", "true or false"),
    };

    /// <summary>One of some words.</summary>
    internal T Word<T>(IReadOnlyDictionary<string, T> words) => words.TryGetValue(Text(), out T? value) ? value
        : throw Error($"'{Text()}'", string.Join(", ", words.Keys));

    internal TextException Error(string what, string expected) =>
        new($"{file}: line {node.Start.Line}: {(path.Length == 0 ? "the file" : path)} {what}, expected {expected}");
}
