using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Rotary</c>: turns pairs of a head's channels by an angle that grows with the position.</summary>
internal sealed class RotaryPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Rotary", false, "Width", "Pairs", "Theta", "Frequency", "Position", "Context")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Single(part) is not { } x)
        {
            return;
        }

        if (!Attend.IsHeads(x))
        {
            at.Report(Problems.AxesWrong, part.Place, "the value", at.Shape(x), "[b, t, h, d]: rotate after Heads");
            return;
        }

        Setting? width = null;
        if (at.OptionOr(part, "Width") is { IsNull: false } said)
        {
            if (at.SizeOf(said, part.PlaceOf("Width")) is { } size)
            {
                width = new Setting.OfSize(size);
                if (at.Number(size) is { } turned)
                {
                    at.Reaches(
                        Size.Of(turned + (turned % 2)), x.Last!, part.PlaceOf("Width"), "the channels that are rotated, in pairs,", "the width of a head");
                }
            }
        }
        else if (at.Resolve(x.Last!) is Size.Number { Value: var odd } && odd % 2 != 0)
        {
            at.Report(Problems.WidthOdd, part.Place, Constant.Of(odd).Text);
        }

        var rotary = new Rotary(
            width,
            at.WordOf(at.OptionOr(part, "Pairs"), part.PlaceOf("Pairs"), "way to pair channels", "halves", "neighbours"),
            at.NumberOf(at.OptionOr(part, "Theta"), part.PlaceOf("Theta"), "10000.0"),
            FrequencyOf(part, at),
            at.OptionOr(part, "Context") is { IsNull: false } length ? at.NumberOf(length, part.PlaceOf("Context"), "0") : null,
            part["Position"].IsNull ? null : PlaceOf(part, at),
            x.Last!);
        at.Current = [at.Add(part, rotary, [x], "rotated", x.Axes)];
    }

    private static FunctionUse? PlaceOf(PartSpec part, Elaborator at)
    {
        if (at.FunctionOf(part["Position"], part.PlaceOf("Position"), FunctionKind.Host) is not { } place)
        {
            return null;
        }

        var parameters = place.Spec.Parameters;
        if (place.Spec.Returns == "int" && parameters.Count is 1 or 2 && parameters[0].Type == "int"
            && (parameters.Count == 1 || at.IsConfig(parameters[1].Type)))
        {
            return place;
        }

        at.Report(Problems.FunctionSignature, part.PlaceOf("Position"), place.Spec.Name, Elaborator.Signature(place.Spec), "int (int position, C c)");
        return null;
    }

    private static Setting? FrequencyOf(PartSpec part, Elaborator at)
    {
        if (at.OptionOr(part, "Frequency") is not { IsNull: false } rule || at.MemberOf(rule, part.PlaceOf("Frequency")) is not { } member)
        {
            return null;
        }

        if (member.Kind == MemberKind.Scaling)
        {
            return at.SettingOf(member);
        }

        at.Report(Problems.MemberKindWrong, part.PlaceOf("Frequency"), member.Name, Names.Simple(member.Type), "a RopeScaling");
        return null;
    }
}

/// <param name="Width">How many channels are turned; null: all.</param>
/// <param name="Pairs">Which channels are a pair: halves or neighbours.</param>
/// <param name="Theta">The base of the frequencies.</param>
/// <param name="Frequency">What scales them; it may read the length of the sequence.</param>
/// <param name="Context">The trained length that such a rule starts from.</param>
/// <param name="Position">What a position counts for; null: itself.</param>
/// <param name="HeadWidth">Channels of a head.</param>
internal sealed record Rotary(Setting? Width, string Pairs, Setting Theta, Setting? Frequency, Setting? Context, FunctionUse? Position, Size HeadWidth)
    : TokenOperation
{
    public override string Called => "the width of heads that are rotated";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) =>
        $"rotary {Width?.ToCode() ?? spell(HeadWidth)} {Pairs} theta {Theta.ToCode()} frequency {Frequency?.ToCode()} context {Context?.ToCode()} position "
            + $"{Position?.Spec.Name}";

    public override Operation MapSizes(Func<Size, Size> map) => this with
    {
        Width = Width?.MapSizes(map),
        Theta = Theta.MapSizes(map),
        Frequency = Frequency?.MapSizes(map),
        Context = Context?.MapSizes(map),
        HeadWidth = map(HeadWidth),
    };

    public override InTime InTime(Node node, string? stepping) => Model.InTime.PerPosition;

    public override void Build(Construction at) => Table(at, "");

    /// <summary>The table of angles, built once for all that turn alike.</summary>
    public FieldReference Table(Construction at, string slot)
    {
        var arguments = new List<string> { Width?.ToCode() ?? at.Code(HeadWidth), $"Theta: {Theta.ToCode()}" };
        if (Pairs == "neighbours")
        {
            arguments.Add("Pairs: RotaryPairs.Neighbours");
        }

        if (Frequency is { } frequency)
        {
            arguments.Add($"Scaling: {frequency.ToCode()}");
        }

        if (Context is { } context)
        {
            arguments.Add($"MaxPositions: {context.ToCode()}");
        }

        if (Position is { } position)
        {
            var call = position.Spec.Parameters.Count > 1 ? "position => " + at.Host(position) + "(position, config)" : at.Host(position);
            arguments.Add($"Position: {call}, PositionRule: {position.Identity(position.Spec.Parameters.Count > 1)}");
        }

        return at.Shared("Rotary", "rotary", $"weights.Rotary(new RotarySpec({string.Join(", ", arguments)}))", slot);
    }

    public override void Call(Calling at) => at.Result($"{at.Field().ToCode()}.Apply({at.In()}, {at.Pass()})");
}
