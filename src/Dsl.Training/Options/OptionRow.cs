using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;

namespace Dsl.Training;

/// <summary>
/// One option of an options record: a value that can be read, written as text and set. Values are whole numbers, numbers, switches, texts, lists of texts, or
/// the names of an enumeration, which are written as words with dashes.
/// </summary>
/// <param name="Option">Its word and help.</param>
/// <param name="Property">The record's member.</param>
public sealed record OptionRow(OptionAttribute Option, PropertyInfo Property)
{
    /// <summary>The word, without dashes.</summary>
    public string Name => Option.Name;

    /// <summary>What values it takes, where these are words.</summary>
    public IReadOnlyList<string> Words => Property.PropertyType.IsEnum ? [.. Enum.GetNames(Property.PropertyType).Select(Dashed)] : [];

    /// <summary>All options of a record, those of what it derives from first.</summary>
    public static IReadOnlyList<OptionRow> Of(Type record)
    {
        var rows = new List<OptionRow>();
        for (Type? type = record; type is not null && type != typeof(object); type = type.BaseType)
        {
            rows.InsertRange(0, type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
                .Select(property => (property, option: property.GetCustomAttribute<OptionAttribute>(inherit: false)))
                .Where(found => found.option is not null).Select(found => new OptionRow(found.option!, found.property)));
        }

        return rows;
    }

    /// <summary>The value in a record, as a text that <see cref="Parse"/> reads.</summary>
    public string Text(object record) => Property.GetValue(record) switch
    {
        IReadOnlyList<string> texts => string.Join('\n', texts),
        bool on => on ? "true" : "false",
        Enum word => Dashed(word.ToString()),
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        string text => text,
        _ => throw Unknown(),
    };

    /// <summary>A text as the option's value.</summary>
    /// <exception cref="ArgumentException">It is none; the message is one sentence.</exception>
    public object Parse(string text)
    {
        Type type = Property.PropertyType;
        if (type.IsEnum)
        {
            string? word = Enum.GetNames(type).FirstOrDefault(name => Dashed(name) == text);
            return word is not null ? Enum.Parse(type, word) : throw Wrong(text, string.Join(", ", Words));
        }

        if (type == typeof(bool))
        {
            return bool.TryParse(text, out bool on) ? on : throw Wrong(text, "true or false");
        }

        if (type == typeof(int))
        {
            return int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int whole) ? whole : throw Wrong(text, "a whole number");
        }

        if (type == typeof(long))
        {
            return long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long whole) ? whole : throw Wrong(text, "a whole number");
        }

        if (type == typeof(double))
        {
            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : throw Wrong(text, "a number");
        }

        return type == typeof(string) ? text
            : type == typeof(IReadOnlyList<string>) ? text.Length == 0 ? Array.Empty<string>() : text.Split('\n')
            : throw Unknown();
    }

    private static string Dashed(string name) =>
        string.Concat(name.Select((letter, i) => (i > 0 && char.IsUpper(letter) ? "-" : "") + char.ToLowerInvariant(letter)));

    private NotSupportedException Unknown() =>
        new($"--{Name} is a {Property.PropertyType.Name}, expected a number, a switch, a text or a list of texts");

    private ArgumentException Wrong(string text, string expected) => new($"--{Name} '{text}', expected {expected}");
}
