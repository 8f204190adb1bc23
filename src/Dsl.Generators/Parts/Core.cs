using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary>The core language. A part that stands here is all that a new one needs beside its own file.</summary>
internal static class Core
{
    public static readonly Language Language = new(
        [
            new SumPart(), new ConcatPart(), new SlicePart(), new SplitPart(), new GatePart(),
                new UsePart(), new ExpertsPart(), new ExpandPart(), new TakePart(), new SplicePart(),
            new EmbeddingPart(), new LinearPart(), new HeadPart(), new ConvPart(), new NormPart(), new ParameterPart(),
            new RearrangePart(), new ShiftPart(), new PoolPart(),
            new RotaryPart(), new PositionsPart(),
            new AttendPart(), new ProductPart(),
            new ApplyPart(), new ActivatePart(), new SoftmaxPart(), new RoutePart(), new CollectPart(), new BalancePart(), new LearnPart(),
            new DropoutPart(), new SamplePart(),
        ],
        new Sum(),
        (condition, id, then, otherwise) => new Choice(condition, id, then, otherwise));
}
