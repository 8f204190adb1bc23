using System.Collections.Generic;
using System.Linq;

namespace Dsl.Fuzz.Tree;

/// <summary>A named option of a part: <c>Bias = true</c>. The value is C#.</summary>
internal sealed record Option(string Name, string Value);

/// <summary>One attribute: a part of a bracket, or a header attribute. Arguments are C#; types are the names between angle brackets.</summary>
internal sealed record Part(string Word, IReadOnlyList<string> Types, IReadOnlyList<string> Arguments, IReadOnlyList<Option> Options)
{
    public static Part Of(string word, params string[] arguments) => new(word, [], arguments, []);

    public static Part Of(string word, string[] types, params string[] arguments) => new(word, types, arguments, []);

    public Part With(string name, string? value) => value is null ? this : this with { Options = [.. Options, new Option(name, value)] };
}

/// <summary>One line of dataflow.</summary>
internal sealed record Bracket(IReadOnlyList<Part> Parts)
{
    public static Bracket Of(params IEnumerable<Part> parts) => new(parts.ToArray());
}

/// <summary>
/// An expression of a scalar function: text with a place <c>{0}</c>, <c>{1}</c>, ... for each operand. A truth is a condition; its operands may be numbers.
/// </summary>
internal sealed record Expression(string Format, IReadOnlyList<Expression> Operands, bool Truth = false)
{
    public static Expression Of(string text, params Expression[] operands) => new(text, operands);

    public static Expression If(string text, params Expression[] operands) => new(text, operands, true);
}

/// <summary>A statement; the head is text with places for its expressions. Body and else are blocks, null where it has none.</summary>
internal sealed record Statement(string Head, IReadOnlyList<Expression> Expressions,
    IReadOnlyList<Statement>? Body = null, IReadOnlyList<Statement>? Else = null);

/// <summary>A static method of a declaration.</summary>
/// <param name="Attribute">In brackets before it, or empty for a helper.</param>
/// <param name="Result">Its type.</param>
/// <param name="Name">Its name.</param>
/// <param name="Parameters">Each with its attributes, as C#.</param>
/// <param name="Body">Its statements; the last one returns.</param>
internal sealed record Function(string Attribute, string Result, string Name, IReadOnlyList<string> Parameters, IReadOnlyList<Statement> Body);

/// <summary>A class: header attributes (the first is <c>Block</c> or <c>Model</c>), brackets, functions.</summary>
internal sealed record Declaration(string Name, IReadOnlyList<Part> Header, IReadOnlyList<Bracket> Brackets, IReadOnlyList<Function> Functions)
{
    public bool IsModel => Header[0].Word == "Model";
}

/// <summary>A member of the config.</summary>
/// <param name="Type">Its C# type.</param>
/// <param name="Name">Its name.</param>
/// <param name="Key">Where it stands in <c>config.json</c>; null for a derived one.</param>
/// <param name="Values">What the samples give it, as C#; of a derived member its one body.</param>
/// <param name="Parameters">Of a function of the layer: its parameter list.</param>
internal sealed record Member(string Type, string Name, string? Key, IReadOnlyList<string> Values, string Parameters = "")
{
    /// <summary>A size that shrinking may halve.</summary>
    public bool IsSize => Key is not null && Type == "int";
}

/// <summary>What one index of a seed makes: a config, blocks and one model (the last declaration), as data.</summary>
/// <param name="Space">The namespace that it stands in.</param>
/// <param name="Index">Of its seed.</param>
/// <param name="Mutation">What was done to a valid one; null where it is valid by construction.</param>
/// <param name="Samples">How many values each member of the config has.</param>
/// <param name="Members">Of the config.</param>
/// <param name="Declarations">Blocks before their users, the model last.</param>
internal sealed record Program(string Space, int Index, string? Mutation, int Samples, IReadOnlyList<Member> Members, IReadOnlyList<Declaration> Declarations);
