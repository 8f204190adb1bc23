using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Dsl.Text.Templates;

/// <summary>Values as texts: what a template prints, as Python's <c>str</c>, and JSON, as its <c>json.dumps</c>.</summary>
internal sealed class TemplateWriter
{
    private readonly TemplateRun run;
    private readonly StringBuilder text = new();
    private readonly HashSet<object> open = new(ReferenceEqualityComparer.Instance);
    private readonly JsonForm? json;
    private int counted;

    private TemplateWriter(TemplateRun run, JsonForm? json) => (this.run, this.json) = (run, json);

    /// <summary>How JSON is laid out.</summary>
    /// <param name="Indent">Before each level; null: all on one line.</param>
    /// <param name="Item">Between elements.</param>
    /// <param name="Key">Between a key and its value.</param>
    /// <param name="Sorted">Keys in order.</param>
    /// <param name="Ascii">Other characters as escapes.</param>
    internal sealed record JsonForm(string? Indent, string Item, string Key, bool Sorted, bool Ascii);

    /// <summary>As <c>{{ }}</c> prints it.</summary>
    internal static string Text(TemplateRun run, object? value)
    {
        switch (value)
        {
            case string own:
                return own;
            case SafeText safe:
                return safe.Text;
            case Undefined:
                return "";
            case long whole:
                run.Work(1);
                return whole.ToString(CultureInfo.InvariantCulture);
            default:
                var writer = new TemplateWriter(run, null);
                writer.Spell(value);
                return run.Made(writer.text.ToString());
        }
    }

    internal static string Json(TemplateRun run, object? value, JsonForm form)
    {
        var writer = new TemplateWriter(run, form);
        writer.Value(value, 0);
        return run.Made(writer.text.ToString());
    }

    private void Count()
    {
        run.Take(16 + (2L * (text.Length - counted)));
        counted = text.Length;
        if (open.Count > TemplateRun.MostDepth)
        {
            throw new TemplateException($"values nested more than {TemplateRun.MostDepth} deep");
        }
    }

    private void Spell(object? value)
    {
        Count();
        switch (value)
        {
            case null:
                text.Append("None");
                break;
            case bool truth:
                text.Append(truth ? "True" : "False");
                break;
            case long whole:
                text.Append(whole.ToString(CultureInfo.InvariantCulture));
                break;
            case double real:
                text.Append(PythonText.Spell(real));
                break;
            case string own:
                run.Take(own.Length);
                PythonText.Quote(text, own);
                break;
            case Undefined:
                text.Append("Undefined");
                break;
            case List<object?> list:
                Within(list, "[...]", () => Each("[", list, Spell, "]"));
                break;
            case TupleValue tuple:
                Within(tuple, "(...)", () => Each("(", tuple.Items, Spell, tuple.Items.Count == 1 ? ",)" : ")"));
                break;
            case MapValue map:
                Within(map, "{...}", () => Members(map.Entries));
                break;
            case SpaceValue space:
                text.Append("<Namespace ");
                Within(space, "{...}", () => Members(space.Members.Select(entry => KeyValuePair.Create((object?)entry.Key, entry.Value))));
                text.Append('>');
                break;
            case ViewValue { Name: "range" } range:
                long end = range.Items.Count == 0 ? 0 : (long)range.Items[^1]! + 1;
                text.Append(CultureInfo.InvariantCulture, $"range({range.Items.FirstOrDefault() ?? 0L}, {end})");
                break;
            case ViewValue { Name: { } name } view:
                text.Append(name).Append('(');
                Within(view, "...", () => Each("[", view.Items, Spell, "]"));
                text.Append(')');
                break;
            default:
                throw new TemplateException($"{TemplateValues.Kind(value)} cannot be printed");
        }
    }

    private void Members(IEnumerable<KeyValuePair<object?, object?>> entries) => Each(
        "{",
        entries,
        entry =>
        {
            Spell(entry.Key);
            text.Append(": ");
            Spell(entry.Value);
        },
        "}");

    private void Value(object? value, int level)
    {
        Count();
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case bool truth:
                text.Append(truth ? "true" : "false");
                break;
            case long whole:
                text.Append(whole.ToString(CultureInfo.InvariantCulture));
                break;
            case double real:
                text.Append(double.IsNaN(real) ? "NaN" : double.IsInfinity(real) ? real > 0 ? "Infinity" : "-Infinity" : PythonText.Spell(real));
                break;
            case string own:
                Quote(own);
                break;
            case List<object?> list:
                Within(list, null, () => Lines('[', list, item => Value(item, level + 1), ']', level));
                break;
            case TupleValue tuple:
                Within(tuple, null, () => Lines('[', tuple.Items, item => Value(item, level + 1), ']', level));
                break;
            case MapValue map:
                IEnumerable<KeyValuePair<object?, object?>> entries = map.Entries;
                if (json!.Sorted)
                {
                    entries = TemplateFilters.Sorted(run, entries, entry => entry.Key, reverse: false);
                }

                List<object?> members = [.. entries.Select(entry => (object?)entry)];
                Within(map, null, () => Lines('{', members, entry => Entry((KeyValuePair<object?, object?>)entry!, level), '}', level));
                break;
            default:
                throw new TemplateException($"{TemplateValues.Kind(value)} is no JSON");
        }
    }

    private void Entry(KeyValuePair<object?, object?> entry, int level)
    {
        Quote(entry.Key switch
        {
            string key => key,
            null => "null",
            bool truth => truth ? "true" : "false",
            _ => Text(run, entry.Key),
        });
        text.Append(json!.Key);
        Value(entry.Value, level + 1);
    }

    private void Quote(string own)
    {
        run.Take(own.Length);
        text.Append('"');
        foreach (char unit in own)
        {
            _ = unit switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\f' => text.Append("\\f"),
                '\b' => text.Append("\\b"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}"),
                > '~' when json!.Ascii => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}"),
                _ => text.Append(unit),
            };
        }

        text.Append('"');
    }

    private void Lines(char begin, List<object?> items, Action<object?> write, char end, int level)
    {
        text.Append(begin);
        for (int i = 0; i < items.Count; i++)
        {
            text.Append(i > 0 ? json!.Item : "");
            NewLine(level + 1);
            write(items[i]);
        }

        if (items.Count > 0)
        {
            NewLine(level);
        }

        text.Append(end);
    }

    private void NewLine(int level)
    {
        if (json!.Indent is { } indent)
        {
            run.Take(2L * indent.Length * level);
            text.Append('\n').Insert(text.Length, indent, level);
        }
    }

    private void Each<T>(string begin, IEnumerable<T> items, Action<T> write, string end)
    {
        text.Append(begin);
        bool first = true;
        foreach (T item in items)
        {
            text.Append(first ? "" : ", ");
            write(item);
            first = false;
        }

        text.Append(end);
    }

    /// <summary>A value that holds itself is spelt once.</summary>
    private void Within(object value, string? again, Action write)
    {
        if (!open.Add(value))
        {
            text.Append(again ?? throw new TemplateException("a value that holds itself is no JSON"));
            return;
        }

        write();
        open.Remove(value);
    }
}
