using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dsl.Files;
using Dsl.Text;

namespace Dsl.Generation.Evaluation;

/// <summary>The documents of a JSON-lines file: an object a line, whose members are the columns.</summary>
public sealed class TaskLines
{
    /// <param name="file">Named in messages.</param>
    /// <param name="lines">The file's lines; empty ones are passed over.</param>
    /// <exception cref="TextException">A line is no JSON object, or there is none.</exception>
    public TaskLines(string file, IEnumerable<string> lines)
    {
        File = file;
        Documents = [.. lines.Select((line, i) => (line, Number: i + 1)).Where(row => row.line.Trim().Length > 0).Select(row => Parse(row.line, row.Number))];
        if (Documents.Count == 0)
        {
            throw new TextException($"{file}: no lines, expected at least one JSON object");
        }
    }

    private const long Most = 1L << 30;

    /// <summary>The file's name.</summary>
    public string File { get; }

    /// <summary>The documents in the file's order.</summary>
    public IReadOnlyList<TaskDocument> Documents { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="TextException">It is not UTF-8, a line is no JSON object, or there is none.</exception>
    public static TaskLines Read(string path)
    {
        byte[] bytes = UserFile.ReadBytes(path, Array.MaxLength, TextException.Of);
        try
        {
            string text = new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes);
            return new TaskLines(path, text.TrimStart('\uFEFF').Split('\n'));
        }
        catch (System.Text.DecoderFallbackException e)
        {
            throw new TextException($"{path}: byte 0x{e.BytesUnknown?[0]:X2} at {e.Index} is not UTF-8, expected JSON lines");
        }
    }

    private TaskDocument Parse(string line, int number)
    {
        try
        {
            using JsonDocument parsed = JsonDocument.Parse(line);
            if (parsed.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new TextException($"{File}: line {number} is no JSON object, expected one for each document");
            }

            // Counting finds keys that stand twice.
            JsonObject columns = JsonNode.Parse(line)!.AsObject();
            _ = columns.Count;
            return new TaskDocument($"{File}: line {number}", columns);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new TextException($"{File}: line {number} is not JSON, expected an object for each document");
        }
    }
}

/// <summary>One line of a task's file.</summary>
public sealed class TaskDocument
{
    private readonly JsonObject columns;

    internal TaskDocument(string place, JsonObject columns) => (Place, this.columns) = (place, columns);

    /// <summary>File and line, for messages.</summary>
    public string Place { get; }

    /// <summary>Whether two lines say the same.</summary>
    internal bool Equals(TaskDocument other) => JsonNode.DeepEquals(columns, other.columns);

    /// <summary>The text of a column or a template: a column's name gives the column, and a name that is no column's is told.</summary>
    internal string Text(string source) => columns.ContainsKey(source) || TaskTemplate.IsName(source) ? Spell(source) : Render(source);

    /// <summary>The text of a column or a template, or the texts of a column that holds a list.</summary>
    internal IReadOnlyList<string> Texts(string source) => List(source) ?? [Text(source)];

    /// <summary>The texts of a column that holds a list.</summary>
    internal IReadOnlyList<string> Choices(string column) => List(column)
        ?? throw new TextException($"{Place}: no list in column '{column}', expected the document's choices");

    /// <summary>A template with its columns filled in.</summary>
    internal string Render(string template) => TaskTemplate.Fill(template, Spell);

    private string[]? List(string column) => columns.TryGetPropertyValue(column, out JsonNode? value) && value is JsonArray list
        ? [.. list.Select(item => Spell(item, column))] : null;

    private string Spell(string column) => columns.TryGetPropertyValue(column, out JsonNode? value) ? Spell(value, column)
        : throw new TextException($"{Place}: no column '{column}', expected "
            + (columns.Count > 0 ? string.Join(", ", columns.Select(own => own.Key)) : "columns"));

    /// <summary>As Python's str does.</summary>
    private string Spell(JsonNode? value, string column) => value?.GetValueKind() switch
    {
        JsonValueKind.String => value.GetValue<string>(),
        JsonValueKind.True => "True",
        JsonValueKind.False => "False",
        JsonValueKind.Number => Number(value.ToJsonString()),
        _ => throw new TextException($"{Place}: column '{column}' is {(value is null ? "null" : "a list or an object")}, expected a text or a number"),
    };

    private static string Number(string written)
    {
        if (written.AsSpan().IndexOfAny('.', 'e', 'E') < 0)
        {
            return written;
        }

        double value = double.Parse(written, CultureInfo.InvariantCulture);
        double size = Math.Abs(value);
        string digits = value.ToString(size is 0 or >= 1e-4 and < 1e16 ? "0.0################" : "R", CultureInfo.InvariantCulture);
        return size is 0 or >= 1e-4 and < 1e16 && double.Parse(digits, CultureInfo.InvariantCulture) == value ? digits
            : value.ToString("R", CultureInfo.InvariantCulture).ToLowerInvariant();
    }
}
