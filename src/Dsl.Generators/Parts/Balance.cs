using System;
using System.Collections.Generic;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Balance(2)</c>: of the probabilities of a token's experts, the loss that is least where all have as much to do.</summary>
internal sealed class BalancePart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Balance")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Channels(part) is not { Last: { } among } x
            || !at.HasTime(part, x)
            || at.SizeOf(part[0], part.Place.At(0)) is not { } count
            || !at.Reaches(count, among, part.Place.At(0), "how many are chosen", "how many there are"))
        {
            return;
        }

        at.Current = [at.Add(part, new Balance(count, among), [x], "balance", [])];
    }
}

/// <summary>A number for the whole batch.</summary>
/// <param name="Count">How many experts a token has.</param>
/// <param name="Among">How many there are.</param>
internal sealed record Balance(Size Count, Size Among) : SummaryOperation
{
    public override string Called => "a balance";

    public override string Describe(Func<Size, string> spell) => $"balance of {spell(Count)}";

    public override Operation MapSizes(Func<Size, Size> map) => new Balance(map(Count), map(Among));

    public override void Build(Construction at) => at.AtMost(Count, Among);

    protected override string Reason => "its result is a balance over the whole sequence";

    public override void Call(Calling at) => at.Result($"Routing.Balance({at.In()}, {at.Code(Count)}, {at.Pass()})");
}
