using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Model;

/// <summary>Where a part stands in its class's syntax: the attribute list, the attribute in it, the argument (-1: all of it). Never a line.</summary>
internal readonly record struct Place(int List, int Index, int Argument = -1)
{
    /// <summary>The class itself.</summary>
    public static readonly Place Class = new(-1, -1);

    /// <summary>
    /// Whether the part was not written there itself (sugar stands for it, or a base has it): then none of the attribute's arguments is its own.
    /// </summary>
    public bool Whole { get; init; }

    public Place At(int argument) => Whole ? this : this with { Argument = argument };
}

/// <summary>A named argument of an attribute.</summary>
internal sealed record Option(string Name, Constant Value, int Argument);

/// <summary>One attribute: a word of a bracket.</summary>
internal sealed record PartSpec(string Name, EquatableArray<string> Types, EquatableArray<Constant> Arguments, EquatableArray<Option> Options, Place Place)
{
    /// <summary>
    /// Of a sugar part: changes of what it stands for, each <c>[Replace(address), ...]</c>, or <c>Set</c> or <c>Remove</c> alone, in their order.
    /// </summary>
    public EquatableArray<BracketSpec> Inside { get; init; } = EquatableArray<BracketSpec>.Empty;

    public Constant this[int index] => index < Arguments.Count ? Arguments[index] : Constant.Null;

    public Constant this[string option] => Options.FirstOrDefault(o => o.Name == option)?.Value ?? Constant.Null;

    public string? Text(int index) => this[index] is { IsName: true } c ? c.Text : null;

    public string? Text(string option) => this[option] is { IsName: true } c ? c.Text : null;

    /// <summary>The place of an option's syntax, for problems.</summary>
    public Place PlaceOf(string option) => Options.FirstOrDefault(o => o.Name == option) is { } found ? Place with { Argument = found.Argument } : Place;

    /// <param name="option">Its name.</param>
    /// <param name="value">Its value.</param>
    /// <param name="argument">Which argument of the attribute at the part's place says so; -1: none.</param>
    public PartSpec With(string option, Constant value, int argument = -1) =>
        this with { Options = Options.Where(o => o.Name != option).Append(new Option(option, value, argument)).ToEquatable() };

    /// <summary>The same part, told of at an attribute that is not its own.</summary>
    public PartSpec StandingAt(Place place) =>
        this with
        {
            Place = place with { Argument = -1, Whole = true },
            Options = Options.Select(o => o with { Argument = -1 }).ToEquatable(),
            Inside = Inside.Select(c => new BracketSpec(c.Parts.Select(p => p.StandingAt(place)).ToEquatable())).ToEquatable(),
        };

    /// <summary>What <c>With</c> binds: inputs of the used block to names here.</summary>
    public IReadOnlyDictionary<string, string> Bindings() =>
        (Text("With") ?? "")
            .Split([','], System.StringSplitOptions.RemoveEmptyEntries)
            .Select(w => w.Split('='))
            .Where(w => w.Length == 2)
            .GroupBy(w => w[0].Trim(), w => w[1].Trim())
            .ToDictionary(g => g.Key, g => g.First());

    /// <summary>The attribute as a person would write it.</summary>
    public string ToSource()
    {
        var types = Types.Count == 0 ? "" : "<" + string.Join(", ", Types.Select(Names.Simple)) + ">";
        var arguments = Arguments.Select(a => a.ToSource()).Concat(Options.Select(o => $"{o.Name} = {o.Value.ToSource()}")).ToList();
        return Name + types + (arguments.Count == 0 ? "" : "(" + string.Join(", ", arguments) + ")")
            + string.Concat(Inside.Select(change => " with " + change.ToSource()));
    }
}

/// <summary>One pair of square brackets: one line of dataflow.</summary>
internal sealed record BracketSpec(EquatableArray<PartSpec> Parts)
{
    public string ToSource() => "[" + string.Join(", ", Parts.Select(p => p.ToSource())) + "]";
}

internal enum FunctionKind
{
    Host,
    Mask,
    Score,
    Pointwise,
    Recurrence,
    Transfer,
}

internal sealed record FunctionParameter(string Name, string Type);

/// <summary>A static function that parts may name.</summary>
/// <param name="Owner">Full name of its class, as C# writes it.</param>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What its attribute says it is.</param>
/// <param name="Parameters">Names and types of its parameters.</param>
/// <param name="Returns">Its return type.</param>
/// <param name="Scalar">Its expression tree as text, where it is a scalar function that could be read; else empty.</param>
internal sealed record FunctionSpec(string Owner, string Name, FunctionKind Kind, EquatableArray<FunctionParameter> Parameters, string Returns, string Scalar);

internal enum MemberKind
{
    Integer,
    Number,
    Truth,
    Text,
    Activation,
    Scaling,
    Type,
    List,
    Other,

    /// <summary>A config inside a config.</summary>
    Config,
}

/// <summary>A member of a config record.</summary>
/// <param name="Name">Its C# name.</param>
/// <param name="Type">Its C# type, fully qualified.</param>
/// <param name="Kind">What the compiler takes it for.</param>
/// <param name="Nullable">Whether it may be absent.</param>
/// <param name="Paths">Where it stands in the file; none for derived members.</param>
/// <param name="Default">C# text of its default, or empty.</param>
/// <param name="Positional">Whether it is a parameter of the record's constructor.</param>
/// <param name="OfLayer">Whether it is a function of the layer.</param>
/// <param name="Body">C# text of its expression, where it has one; else empty.</param>
internal sealed record MemberSpec(
    string Name, string Type, MemberKind Kind, bool Nullable, EquatableArray<string> Paths, string Default, bool Positional, bool OfLayer, string Body)
{
    /// <summary>Whether its expression names what a record elsewhere cannot name: one that extends this asks this.</summary>
    public bool ReadsPrivate { get; init; }

    /// <summary>What it may be, as the arguments of the check; empty where it says nothing.</summary>
    public string Range { get; init; } = "";

    /// <summary>Where it is a config: the records that this one extends.</summary>
    public EquatableArray<string> Extends { get; init; } = EquatableArray<string>.Empty;

    /// <summary>Read from the file, not derived.</summary>
    public bool Stored => Body.Length == 0;
}

internal sealed record PresetSpec(string Name, string Property, string Model, EquatableArray<Option> Values);

/// <summary>A config record.</summary>
/// <param name="Name">Full name, as C# writes it (with <c>global::</c>).</param>
/// <param name="Base">The record it extends, or empty.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Partial">Whether its declaration says <c>partial</c>.</param>
/// <param name="Public">Whether it is public.</param>
/// <param name="Members">Members, those of the base first.</param>
/// <param name="Inherited">How many of the members are the base's.</param>
/// <param name="Only">Paths with the one value that is supported.</param>
/// <param name="NoEffect">Paths that change nothing.</param>
/// <param name="Presets">Published sizes.</param>
/// <param name="FromSource">Whether this compilation declares it (so its reader is emitted here).</param>
/// <param name="Overridden">Stored members of the base that this record declares anew, as the base has them.</param>
/// <param name="Hidden">Names of the runtime that its generated code must write in full.</param>
/// <param name="Containers">The heads of the types around it, outermost first.</param>
/// <param name="Ancestors">The records that it extends: the first of them, ..., its base.</param>
internal sealed record ConfigSpec(
    string Name, string Base, string Namespace, bool Partial, bool Public, EquatableArray<MemberSpec> Members, int Inherited, EquatableArray<Option> Only,
    EquatableArray<string> NoEffect, EquatableArray<PresetSpec> Presets, bool FromSource, EquatableArray<MemberSpec> Overridden = default,
    EquatableArray<HiddenName> Hidden = default, EquatableArray<string> Containers = default, EquatableArray<string> Ancestors = default)
{
    public MemberSpec? Member(string name) => Members.FirstOrDefault(m => m.Name == name);

    public string SimpleName => Names.Simple(Name);

    /// <summary>The record that it extends, where this compilation declares it: its members must be written whether a declaration names it or not.</summary>
    public ConfigSpec? Extended { get; init; }

    /// <summary>Configs inside it that this compilation declares: they must be read whether a declaration names them or not.</summary>
    public EquatableArray<ConfigSpec> Inside { get; init; } = EquatableArray<ConfigSpec>.Empty;

    /// <summary>Whether only the types around it see it.</summary>
    public bool IsPrivate { get; init; }

    /// <summary><c>model_type</c> in its files; empty where it has none.</summary>
    public string ModelType { get; init; } = "";

    /// <summary>The class that files of its models name where these answer to none; empty where it has none.</summary>
    public string SavedAs { get; init; } = "";
    /// <summary>Ids of warnings that naming it or a member of it raises: <c>Obsolete</c> and <c>Experimental</c> with an id of their own.</summary>
    public EquatableArray<string> Silenced { get; init; }

    /// <summary>Why nothing of it can be read from a file.</summary>
    public EquatableArray<Fault> Faults { get; init; }

    /// <summary>Whether its reader would not compile.</summary>
    public bool IsBroken => Faults.Count > 0 || Members.Any(m => m is { Stored: true, OfLayer: false, Paths.Count: 0 });
}

/// <summary>A declared block or model, as its own syntax says it; what it uses is named, not contained.</summary>
/// <param name="Name">Full name, as C# writes it (with <c>global::</c>).</param>
/// <param name="Namespace">Its namespace, or empty.</param>
/// <param name="Containers">The heads of the types around it, outermost first.</param>
/// <param name="IsModel">Model or block.</param>
/// <param name="IsPartial">Whether its declaration says <c>partial</c>.</param>
/// <param name="IsPublic">Whether other assemblies see it.</param>
/// <param name="IsSealed">Whether it says sealed.</param>
/// <param name="Config">Its config record.</param>
/// <param name="Architectures">Names in <c>config.json</c> that it answers to.</param>
/// <param name="Base">The declaration it derives from, or empty.</param>
/// <param name="Header">Attributes that are no dataflow.</param>
/// <param name="Brackets">The dataflow.</param>
/// <param name="Functions">Its static functions, and those that its parts name elsewhere.</param>
/// <param name="Uses">Full names of the blocks it uses.</param>
/// <param name="FromSource">Whether this compilation declares it.</param>
/// <param name="Hidden">Names of the runtime that its generated code must write in full.</param>
internal sealed record DeclarationSpec(
    string Name, string Namespace, EquatableArray<string> Containers, bool IsModel, bool IsPartial, bool IsPublic, bool IsSealed, ConfigSpec Config,
    EquatableArray<string> Architectures, string Base, EquatableArray<PartSpec> Header, EquatableArray<BracketSpec> Brackets,
    EquatableArray<FunctionSpec> Functions,
    EquatableArray<string> Uses, bool FromSource, EquatableArray<HiddenName> Hidden = default)
{
    public string SimpleName => Names.Simple(Name);

    /// <summary>Whether another part of the class has attributes of dataflow too: their order would be nobody's.</summary>
    public bool IsSpread { get; init; }

    /// <summary>Ids of warnings that naming it, its functions or what it uses raises.</summary>
    public EquatableArray<string> Silenced { get; init; }

    /// <summary>Why code cannot be written for it.</summary>
    public EquatableArray<Fault> Faults { get; init; }

    /// <summary>Whether its file is read as too old a C#.</summary>
    public bool IsTooOld { get; init; }

    /// <summary>Whether the assembly's list cannot name it: it is private to a type, or inside a generic one.</summary>
    public bool IsUnlisted { get; init; }

    /// <summary>Names of the members that its own parts of the class have.</summary>
    public EquatableArray<string> OwnMembers { get; init; }

    public IEnumerable<PartSpec> HeaderParts(string name) => Header.Where(p => p.Name == name);

    /// <summary>A default that the declaration sets for all of its parts.</summary>
    public Constant Default(string option) => HeaderParts("Defaults").Select(p => p[option]).FirstOrDefault(c => !c.IsNull) ?? Constant.Null;
}

/// <summary>An ordinary class that <c>Use</c> names: the user wrote its forward.</summary>
/// <param name="Name">Full name.</param>
/// <param name="Config">Its config record's full name, or empty where it is no layer at all.</param>
/// <param name="Width">The config member with its output's width; null: as its input.</param>
/// <param name="Steps">Whether it has a stateful form.</param>
internal sealed record OwnLayerSpec(string Name, string Config, Constant Width, bool Steps)
{
    /// <summary>The axes of its result; empty: its input's, with its width.</summary>
    public string Gives { get; init; } = "";

    /// <summary>What it reads, in the order of its arguments; <c>x</c> may be left out.</summary>
    public EquatableArray<OwnInput> Inputs { get; init; }

    /// <summary>Sizes of axes.</summary>
    public EquatableArray<OwnAxis> Axes { get; init; }

    /// <summary>How it can be called: <c>Forward(Tensor, Tensor memory, Pass, Pass)</c>.</summary>
    public EquatableArray<string> Methods { get; init; }

    /// <summary>An option of one of its inputs that only a model's input has; empty: there is none.</summary>
    public string ModelWord { get; init; } = "";

    /// <summary>Whether it has the method that builds it.</summary>
    public bool IsBuilt { get; init; }
}

/// <summary>A value that a layer written by hand reads.</summary>
/// <param name="Name">Its name, which is its argument's too.</param>
/// <param name="Axes">Its axes; empty: those of what flows.</param>
internal sealed record OwnInput(string Name, string Axes);

/// <summary>An axis that a layer written by hand names.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Size">A constant or a config member; null: known when the program runs.</param>
internal sealed record OwnAxis(string Name, Constant Size);

/// <summary>A declaration with everything its code depends on: equal closed specs give equal code.</summary>
internal sealed record ClosedSpec(DeclarationSpec Main, EquatableArray<DeclarationSpec> Others, EquatableArray<OwnLayerSpec> Own)
{
    public DeclarationSpec? Find(string name) => Main.Name == name ? Main : Others.FirstOrDefault(o => o.Name == name);
}

/// <summary>Why code cannot be written for a type, though its attributes may be right.</summary>
/// <param name="Id">A constant of <see cref="Problems"/>.</param>
/// <param name="Subject">The type or member at fault.</param>
/// <param name="Reason">The rest of the sentence.</param>
/// <param name="Member">The member to underline, or empty for the type.</param>
internal sealed record Fault(string Id, string Subject, string Reason, string Member);

/// <summary>A name of the runtime that means something else where the declaration stands.</summary>
internal sealed record HiddenName(string Name, string FullName);
