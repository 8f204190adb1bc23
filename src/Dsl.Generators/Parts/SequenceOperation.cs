using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary>An operation that looks at all of the tokens, draws nothing, keeps nothing, has nothing inside it and no way back of its own.</summary>
internal abstract record WholeOperation : LeafOperation
{
    /// <summary>Why it cannot step, as the rest of a sentence.</summary>
    protected abstract string Reason { get; }

    public sealed override bool IsRandom => false;

    public sealed override FastMap? Fast(Node node) => null;

    public sealed override bool IsHead => false;

    public sealed override WayBack? WayBack => null;

    public sealed override StateField? State(Construction at) => null;
}

/// <summary>A number or a value of the whole of a sequence, which has no step at all.</summary>
internal abstract record SummaryOperation : WholeOperation
{
    public sealed override InTime InTime(Node node, string? stepping) => Model.InTime.PerPosition;

    public sealed override string? WhyNotStateful(Node node, string? stepping) => Reason;
}

/// <summary>An operation that makes a time axis of others.</summary>
internal abstract record SequenceOperation : WholeOperation, IPassMaker
{
    /// <inheritdoc/>
    public abstract string? PassOf(Calling at);

    public sealed override InTime InTime(Node node, string? stepping) =>
        stepping is not null && Across(node).Contains(stepping) ? Model.InTime.WholeSequence : Model.InTime.PerPosition;

    public sealed override string? WhyNotStateful(Node node, string? stepping) =>
        InTime(node, stepping) == Model.InTime.WholeSequence ? Reason : null;

    /// <summary>The time axes that it looks across.</summary>
    protected virtual IEnumerable<string> Across(Node node) => node.Inputs.SelectMany(i => i.Axes).Where(a => a.IsTime).Select(a => a.Name);
}
