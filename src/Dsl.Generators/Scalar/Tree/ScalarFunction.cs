using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>What a value of a scalar function is. Text stands for strings and enumeration members of a config, which can only be compared.</summary>
internal enum ScalarKind
{
    Double,
    Int,
    Bool,
    Complex,
    Text,
    Config,
}

/// <summary>Where an argument comes from.</summary>
internal enum ScalarRole
{
    /// <summary>A tensor's element: an argument of <c>From</c>, or of a helper.</summary>
    Value,

    /// <summary>State carried from step to step: <c>ref double</c>, or a span along a bracketed axis.</summary>
    State,

    /// <summary>An index by name: layer, head, channel, query, key, position.</summary>
    Index,
    Config,
    Parameter,
    Derived,
    Table,
}

/// <summary>The attribute a function carries; a helper carries none.</summary>
internal enum ScalarForm
{
    Helper,
    Mask,
    Score,
    Pointwise,
    Recurrence,
    Transfer,
}

/// <summary>One parameter of a scalar function.</summary>
/// <param name="Axes">Axes by name, as declared at the parameter; empty: those of the function.</param>
/// <param name="Key">The checkpoint key of a <c>[Parameter]</c>.</param>
/// <param name="Start">Where a state begins.</param>
/// <param name="Type">Full C# name of a config's type.</param>
internal sealed record ScalarParameter(
    string Name, ScalarKind Kind, ScalarRole Role, bool Span = false, bool ByRef = false, string Axes = "", string Key = "",
    Number Start = default, string Type = "");

/// <summary>A scalar function, closed: it holds the helpers that it calls, and nothing of the compiler.</summary>
/// <param name="FullName">How C# calls it: <c>global::Zoo.MistralBlock.Band</c>.</param>
/// <param name="Access"><c>public</c>, <c>internal</c> or <c>private</c>: who may call it.</param>
/// <param name="Axes">Axes of the values of a recurrence, a transfer function, or a pointwise function over a token's own axes.</param>
/// <param name="State">Axes of the state, spans in brackets.</param>
/// <param name="Nodes">Of a transfer function: the key of the buffer that holds the kernel's length.</param>
/// <param name="Helpers">Every function called from here, directly or not, each without helpers of its own.</param>
internal sealed record ScalarFunction(
    string FullName, string Access, ScalarForm Form, ScalarKind Result, EquatableArray<ScalarParameter> Parameters, EquatableArray<Statement> Body,
    string Axes = "", string State = "", string Nodes = "", EquatableArray<ScalarFunction> Helpers = default)
{
    /// <summary>The method's own name.</summary>
    public string Name => FullName.Substring(FullName.LastIndexOf('.') + 1);

    /// <summary>The class that declares it.</summary>
    public string Owner => FullName.Substring(0, Math.Max(0, FullName.LastIndexOf('.')));

    /// <summary>A pointwise function of elements, which says no axes.</summary>
    public bool IsElementwise => Form == ScalarForm.Pointwise && Axes.Length == 0;

    public IEnumerable<ScalarParameter> Of(ScalarRole role) => Parameters.Where(p => p.Role == role);

    public ScalarFunction? Helper(string fullName)
    {
        foreach (var helper in Helpers)
        {
            if (helper.FullName == fullName)
            {
                return helper;
            }
        }

        return null;
    }
}

/// <summary>A double that is equal to another one with the same bits: <c>-0.0</c> is not <c>0.0</c>, and NaN equals itself.</summary>
internal readonly record struct Number(long Bits)
{
    public double Value => BitConverter.Int64BitsToDouble(Bits);

    public static implicit operator Number(double value) => new(BitConverter.DoubleToInt64Bits(value));
}

internal abstract record Expression(ScalarKind Kind)
{
    /// <summary>May be null: a config member such as <c>int? Window</c>.</summary>
    public virtual bool Nullable => false;

    public virtual IEnumerable<Expression> Children => [];
}

internal sealed record Literal(ScalarKind Kind, Number Number) : Expression(Kind)
{
    public double Value => Number.Value;

    public static Literal Of(double value) => new(ScalarKind.Double, value);

    public static Literal Of(int value) => new(ScalarKind.Int, value);

    public static Literal Of(bool value) => new(ScalarKind.Bool, value ? 1 : 0);
}

/// <summary>A string or an enumeration member, as C# text.</summary>
internal sealed record TextConstant(string Text) : Expression(ScalarKind.Text);

/// <summary>A local or a scalar parameter.</summary>
internal sealed record Variable(string Name, ScalarKind Kind) : Expression(Kind);

/// <summary>An element of a span.</summary>
internal sealed record Element(string Span, Expression Index, ScalarKind Kind) : Expression(Kind)
{
    public override IEnumerable<Expression> Children => [Index];
}

internal sealed record Length(string Span) : Expression(ScalarKind.Int);

/// <summary>An entry of a table.</summary>
internal sealed record Entry(string Table, Expression Row, Expression Column) : Expression(ScalarKind.Double)
{
    public override IEnumerable<Expression> Children => [Row, Column];
}

/// <summary>A member of the config: <c>c.Window</c>; with the layer's number, of a method or a list: <c>c.Window(layer)</c>, <c>c.Windows[layer]</c>.</summary>
internal sealed record ConfigMember(string Config, string Member, ScalarKind Kind, bool MayBeNull, Expression? Layer = null, bool IsList = false)
    : Expression(Kind)
{
    public override bool Nullable => MayBeNull;

    public override IEnumerable<Expression> Children => Layer is null ? [] : [Layer];
}

/// <summary>The config itself, handed on to a helper.</summary>
internal sealed record ConfigArgument(string Name) : Expression(ScalarKind.Config);

/// <summary><c>e is null</c>.</summary>
internal sealed record IsNull(Expression Operand) : Expression(ScalarKind.Bool)
{
    public override IEnumerable<Expression> Children => [Operand];
}

/// <summary><c>e.Value</c>, or <c>e ?? other</c> where other is given.</summary>
/// <param name="Operand">What may be null.</param>
/// <param name="Other">What stands for null.</param>
/// <param name="Matched">Whether it is the name of a pattern, <c>e is { } x</c>: it is read only where there is a value.</param>
internal sealed record Unwrap(Expression Operand, Expression? Other, bool Matched = false) : Expression(Operand.Kind)
{
    public override bool Nullable => Other?.Nullable ?? false;

    public override IEnumerable<Expression> Children => Other is null ? [Operand] : [Operand, Other];
}

internal enum UnaryOperator
{
    Negate,
    Not,
}

internal sealed record Unary(UnaryOperator Operator, Expression Operand) : Expression(Operand.Kind)
{
    public override bool Nullable => Operand.Nullable;

    public override IEnumerable<Expression> Children => [Operand];
}

internal enum BinaryOperator
{
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

/// <summary>Comparisons and arithmetic with a nullable operand are lifted as in C#: a comparison with null is false.</summary>
internal sealed record Binary(BinaryOperator Operator, Expression Left, Expression Right, ScalarKind Kind) : Expression(Kind)
{
    public override bool Nullable => Operator <= BinaryOperator.Remainder && (Left.Nullable || Right.Nullable);

    public override IEnumerable<Expression> Children => [Left, Right];
}

/// <summary>
/// A mathematical function by its C# name; Complex ones are <c>New</c>, <c>Real</c>, <c>Imaginary</c>, <c>Conj</c>, <c>Exp</c>, <c>ExpM1</c>.
/// </summary>
internal sealed record Call(string Function, EquatableArray<Expression> Arguments, ScalarKind Kind) : Expression(Kind)
{
    public override IEnumerable<Expression> Children => Arguments;
}

/// <summary>A call of another scalar function.</summary>
internal sealed record Invoke(string FullName, EquatableArray<Expression> Arguments, ScalarKind Kind) : Expression(Kind)
{
    public override IEnumerable<Expression> Children => Arguments;
}

/// <summary><c>condition ? yes : no</c>.</summary>
internal sealed record Select(Expression Condition, Expression Yes, Expression No) : Expression(Yes.Kind)
{
    public override bool Nullable => Yes.Nullable || No.Nullable;

    public override IEnumerable<Expression> Children => [Condition, Yes, No];
}

/// <summary>int to double, int or double to Complex, double to int (towards zero).</summary>
internal sealed record ConvertTo(ScalarKind Kind, Expression Operand) : Expression(Kind)
{
    public override bool Nullable => Operand.Nullable;

    public override IEnumerable<Expression> Children => [Operand];
}

internal abstract record Statement
{
    /// <summary>The statements and those within them, at any depth, in the order of the text.</summary>
    public static IEnumerable<Statement> All(IEnumerable<Statement> statements) => statements.SelectMany(s => s switch
    {
        If i => All(i.Then).Concat(All(i.Else)).Prepend(s),
        Loop l => All(l.Body).Prepend(s),
        _ => [s],
    });

    /// <summary>The expressions of the statements and of those within them.</summary>
    public static IEnumerable<Expression> Expressions(IEnumerable<Statement> statements) => All(statements).SelectMany(s => (IEnumerable<Expression>)(s switch
    {
        Declare { Value: { } value } => [value],
        Assign a => [a.Value],
        Store t => [t.Index, t.Value],
        If i => [i.Condition],
        Loop l => [l.From, l.To],
        Return r => [r.Value],
        _ => [],
    }));
}

/// <summary>A local comes into being.</summary>
internal sealed record Declare(string Name, ScalarKind Kind, Expression? Value) : Statement;

/// <summary>A local, a state by reference or an argument gets a new value.</summary>
internal sealed record Assign(string Name, Expression Value) : Statement;

/// <summary>An element of a state's span gets a new value.</summary>
internal sealed record Store(string Span, Expression Index, Expression Value) : Statement;

internal sealed record If(Expression Condition, EquatableArray<Statement> Then, EquatableArray<Statement> Else) : Statement;

/// <summary><c>for (int v = From; v &lt; To; v += Step)</c>; To is exclusive, Step is 1 or -1.</summary>
internal sealed record Loop(string Name, Expression From, Expression To, int Step, EquatableArray<Statement> Body) : Statement;

/// <summary>Stands last in its block.</summary>
internal sealed record Return(Expression Value) : Statement;
