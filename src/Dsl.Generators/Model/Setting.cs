using System;

namespace Dsl.Generators.Model;

/// <summary>The value of an option: as the declaration gives it, not as text.</summary>
internal abstract record Setting
{
    public static readonly Setting True = new Literal(Constant.Of(true));
    public static readonly Setting False = new Literal(Constant.Of(false));

    public bool IsTrue => this == True;

    public bool IsFalse => this == False;

    /// <summary>A number in the spelling that generated code shall have.</summary>
    public static Setting Number(string text) => new Literal(new Constant(text.IndexOfAny(['.', 'e']) < 0 ? ConstantKind.Integer : ConstantKind.Number, text));

    /// <summary>The value as C# over <c>config</c> (and <c>layer</c>).</summary>
    public abstract string ToCode();

    /// <summary>The same with other sizes in it.</summary>
    public abstract Setting MapSizes(Func<Size, Size> map);

    internal sealed record Literal(Constant Value) : Setting
    {
        public override string ToCode() => Value.ToSource();

        public override Setting MapSizes(Func<Size, Size> map) => this;
    }

    /// <summary>A member of the config, perhaps a function of the layer.</summary>
    internal sealed record Member(string Name, bool OfLayer) : Setting
    {
        public override string ToCode() => Size.MemberCode(Name, OfLayer);

        public override Setting MapSizes(Func<Size, Size> map) => this;
    }

    /// <summary>A size as a number.</summary>
    internal sealed record OfSize(Size Size) : Setting
    {
        public override string ToCode() => Size.ToCode();

        public override Setting MapSizes(Func<Size, Size> map) => new OfSize(map(Size));
    }

    /// <summary>One over the root of a size: the usual scale of attention.</summary>
    internal sealed record InverseRoot(Size Size) : Setting
    {
        public override string ToCode() => $"1 / Math.Sqrt({Size.ToCode()})";

        public override Setting MapSizes(Func<Size, Size> map) => new InverseRoot(map(Size));
    }
}

/// <summary>An activation: one of the known ones, or the one that the config names.</summary>
internal abstract record ActivationSetting
{
    /// <summary>In words, for comments and notes.</summary>
    public abstract string Spell();

    /// <summary>As configs spell it.</summary>
    internal sealed record Known(string Name) : ActivationSetting
    {
        public override string Spell() => Name;
    }

    internal sealed record Member(string Name, bool OfLayer) : ActivationSetting
    {
        public override string Spell() => "config." + Name;
    }
}
