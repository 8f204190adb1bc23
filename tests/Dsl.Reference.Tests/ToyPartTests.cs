using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Dsl.Reference.Parts;
using Xunit;

namespace Dsl.Reference.Tests;

/// <summary>
/// Two parts that the compiler has never heard of, defined here: one that looks at a token alone, and one that looks across time. They join the language,
/// are checked, lowered, fused and emitted, and agree with their references in every form, without a line of the compiler changed.
/// </summary>
public sealed class ToyPartTests
{
    private static readonly Pipeline Extended = new(Generators.Parts.Core.Language.With(new ClampPart()).With(new HighestPart()));

    /// <summary>What a part has outside of the compiler: its attribute, and what generated code calls.</summary>
    private const string Runtime = """
        namespace Dsl
        {
            [System.AttributeUsage(System.AttributeTargets.Class, AllowMultiple = true)]
            public sealed class ClampAttribute(object most) : System.Attribute { public object Most { get; } = most; }

            [System.AttributeUsage(System.AttributeTargets.Class, AllowMultiple = true)]
            public sealed class HighestAttribute : System.Attribute;
        }

        namespace Dsl.Runtime
        {
            using System;
            using static TorchSharp.torch;

            public static class Toys
            {
                public static Tensor Clamp(Tensor x, double most) => x.clamp(Scalars.Of(-most), Scalars.Of(most));

                /// <summary>The highest of each channel over the row's real tokens so far; a padded token gets the highest before it, or 0.</summary>
                public static Tensor Highest(Tensor x, Pass pass, HighestState? state)
                {
                    using var low = pass.Padded ? x.masked_fill(Padding(x, pass), Scalars.Of(-1e30)) : x.alias();
                    using var all = state?.Value is { } before ? cat([before, low], 1) : low.alias();
                    using var highest = all.cummax(1).values;
                    state?.Keep(highest, pass);
                    using var own = highest.narrow(1, all.shape[1] - x.shape[1], x.shape[1]);
                    return own.masked_fill(own.lt(Scalars.Of(-1e29)), Scalars.Of(0));
                }

                private static Tensor Padding(Tensor x, Pass pass) => pass.Queries.Real!.to(x.device).to(ScalarType.Bool).logical_not().unsqueeze(-1);
            }

            public sealed class HighestState : IStatePart
            {
                public Tensor? Value { get; private set; }

                public long Bytes => Value is null ? 0 : Value.numel() * Value.element_size();

                public void Keep(Tensor highest, Pass pass)
                {
                    var last = highest.narrow(1, highest.shape[1] - 1, 1).detach().clone().DetachFromDisposeScope();
                    Value?.Dispose();
                    Value = last;
                }

                public void Select(Tensor rows) => Value = Value?.index_select(0, rows).DetachFromDisposeScope();

                public void CopyFrom(IStatePart other) => Value = ((HighestState)other).Value?.clone().DetachFromDisposeScope();

                public void CheckTruncate(Timeline timeline, int slots)
                {
                    if (slots != 0)
                    {
                        throw new InvalidOperationException("the highest before is not known any more");
                    }
                }

                public void Truncate(int slots) => Reset();

                public void Reset()
                {
                    Value?.Dispose();
                    Value = null;
                }

                public void Dispose() => Reset();
            }
        }

        """;

    [Fact]
    public void Every_operation_has_a_reference_but_the_one_that_a_pass_makes()
    {
        IEnumerable<Type> operations = typeof(Operation).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Operation)) && !t.IsAbstract);
        Assert.Equal(["PackedLinear"], operations.Where(n => !PartReferences.Types.Contains(n)).Select(n => n.Name));
    }

    [Fact]
    public void Parts_of_this_assembly_join_the_compiler_and_are_right_in_every_form()
    {
        using IDisposable clamp = PartReferences.With<Clamp>(new ClampReference()), highest = PartReferences.With<Highest>(new HighestReference());
        using CompiledDeclarations compiled = Compile("""
            [Residual, RmsNorm("norm"), Linear("in", nameof(C.Hidden)), Clamp(0.75), Linear("out", nameof(C.Hidden))]
            [Residual, Highest, Clamp(nameof(C.Cap)), Linear("after", nameof(C.Hidden))]
            """);
        Assert.Empty(compiled.Diagnostics.Select(d => d.ToString()));
        Agreed.Compare(compiled, "Toy", Sources.Config(compiled), seed: 7);
    }

    [Fact]
    public void What_their_rules_refuse_is_told_of_at_their_tokens()
    {
        using CompiledDeclarations compiled = Compile("""[Linear("in", nameof(C.Hidden)), Clamp("much")]""");
        var problem = Assert.Single(compiled.Diagnostics, d => d.Id.StartsWith("DSL", StringComparison.Ordinal));
        Assert.Equal("\"much\"", problem.Location.SourceTree!.ToString().Substring(problem.Location.SourceSpan.Start, problem.Location.SourceSpan.Length));
    }

    private static CompiledDeclarations Compile(string brackets) => CompiledDeclarations.Compile(
        [
            ("Toys.cs", Runtime),
            ("User.cs", $"""
                {Sources.Prelude}
                [Block<C>]
                {brackets}
                public sealed partial class ToyBlock;

                [Model<C>("Toy")]
                [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Repeat<ToyBlock>("layers", nameof(C.Layers))]
                [Head("head", nameof(C.Vocab)), Output("logits")]
                public sealed partial class Toy;
                """),
        ],
        Extended);

    private sealed class ClampPart : Part
    {
        public override IReadOnlyList<Word> Words { get; } = [new("Clamp")];

        public override void Check(PartSpec part, Elaborator at)
        {
            if (at.Channels(part) is { } x)
            {
                at.Current = [at.Add(part, new Clamp(at.NumberOf(part[0], part.Place.At(0), "1.0")), [x], "clamped", x.Axes)];
            }
        }
    }

    private sealed record Clamp(Setting Most) : TokenOperation
    {
        public override string Called => "a clamp";

        public override WayBack? WayBack => null;

        public override string Describe(Func<Size, string> spell) => "clamp " + Most.ToCode();

        public override Operation MapSizes(Func<Size, Size> map) => new Clamp(Most.MapSizes(map));

        public override void Build(Construction at)
        {
        }

        public override void Call(Calling at) => at.Result($"Toys.Clamp({at.In()}, {Most.ToCode()})");
    }

    private sealed class HighestPart : Part
    {
        public override IReadOnlyList<Word> Words { get; } = [new("Highest")];

        public override void Check(PartSpec part, Elaborator at)
        {
            if (at.Channels(part) is { } x && at.HasTime(part, x))
            {
                at.Current = [at.Add(part, new Highest(), [x], "highest", x.Axes)];
            }
        }
    }

    private sealed record Highest : MemoryOperation
    {
        public override string Called => "a highest so far";

        public override WayBack? WayBack => null;

        public override string Describe(Func<Size, string> spell) => "highest so far";

        public override Operation MapSizes(Func<Size, Size> map) => this;

        public override InTime InTime(Node node, string? stepping) =>
            node.TimeAxis == stepping ? Generators.Model.InTime.Accumulating : Generators.Model.InTime.PerPosition;

        public override void Build(Construction at)
        {
        }

        public override void Call(Calling at) => at.Result($"Toys.Highest({at.In()}, {at.Pass()}, {at.State})");

        public override StateField State(Construction at) => new("Highest", "HighestState", (owner, _) => $"{owner}.Own(new HighestState())");
    }

    private sealed class ClampReference : PartReference<Clamp>
    {
        protected override void Compute(Node node, Clamp operation, Frame frame)
        {
            double most = frame.Number(operation.Most);
            frame.Set(node.Output, frame.Get(node.Inputs[0]).Map(x => Math.Min(Math.Max(x, -most), most)));
        }
    }

    private sealed class HighestReference : PartReference<Highest>
    {
        protected override void Compute(Node node, Highest operation, Frame frame)
        {
            NumberArray x = frame.Get(node.Inputs[0]), y = NumberArray.Zeros(x.Shape);
            TimeAxis time = frame.TimeOf(node.Inputs[0]);
            for (int row = 0; row < time.Rows; row++)
            {
                for (int i = 0; i < x.Last; i++)
                {
                    double highest = double.NegativeInfinity;
                    for (int token = 0; token < time.Length; token++)
                    {
                        highest = time.IsReal(row, token) ? Math.Max(highest, x[row, token, i]) : highest;
                        y[row, token, i] = double.IsNegativeInfinity(highest) ? 0 : highest;
                    }
                }
            }

            frame.Set(node.Output, y);
        }
    }
}
