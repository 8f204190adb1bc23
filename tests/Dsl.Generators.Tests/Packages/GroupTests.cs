using System.IO;
using System.Runtime.Loader;
using Dsl.Generators.Tests.Pipeline;
using Xunit;

namespace Dsl.Generators.Tests.Packages;

/// <summary>What <c>Group</c> says in a block holds below each place of its use, until who uses it says otherwise.</summary>
public sealed class GroupTests
{
    private const string Source = """
        using System.Linq;
        using Dsl;
        using Dsl.Runtime;
        using TorchSharp;
        using static TorchSharp.torch;

        namespace User;

        public sealed partial record GroupedConfig([Key("width")] int Width = 4);

        [Block<GroupedConfig>, Group("frozen.*", Rate = 0), Group("slow.*", Rate = 0.5, Decay = 0)]
        [Linear("frozen", nameof(GroupedConfig.Width)), Linear("slow", nameof(GroupedConfig.Width)), Linear("plain", nameof(GroupedConfig.Width))]
        public sealed partial class Inner;

        [Block<GroupedConfig>, Group("in.plain.weight", Rate = 0), Group("in.plain.weight", Rate = 2)]
        [Use<Inner>("in"), Linear("frozen", nameof(GroupedConfig.Width))]
        public sealed partial class Outer;

        [Model<GroupedConfig>("Grouped"), Group("*.1.in.frozen.weight", Decay = 0)]
        [Embedding("embed", 8, nameof(GroupedConfig.Width)), Repeat<Outer>("layers", 2), Output("hidden")]
        public sealed partial class Grouped;

        [Model<GroupedConfig>("GroupedFurther"), Derive<Grouped>]
        public sealed partial class GroupedFurther;

        public static class Program
        {
            public static string Said() => All(new Grouped(new GroupedConfig())) + All(new GroupedFurther(new GroupedConfig()));

            private static string All(IModel model)
            {
                using (model.Module)
                {
                    return string.Concat(model.Weights.All.Skip(1).Select(w => System.FormattableString.Invariant(
                        $"{w.Key} {(w.Trainable ? "" : "frozen ")}{w.RateFactor} {w.DecayFactor}; ")));
                }
            }
        }
        """;

    [Fact]
    public void A_block_says_it_for_its_own_weights()
    {
        var run = Compiling.Generate(Compiling.Create([new SourceFile("Grouped.cs", Source)], name: "UserOfGroups"));
        run.AssertCompiles();
        var program = AssemblyLoadContext.Default.LoadFromStream(new MemoryStream(run.Emit())).GetType("User.Program")!;
        string Layer(int i) => $"layers.{i}.in.frozen.weight {(i == 1 ? "1 0" : "frozen 0 1")}; layers.{i}.in.slow.weight 0.5 0; "
            + $"layers.{i}.in.plain.weight 2 1; layers.{i}.frozen.weight 1 1; ";
        var all = Layer(0) + Layer(1);
        Assert.Equal(all + all, program.GetMethod("Said")!.Invoke(null, []));
    }

    [Fact]
    public void A_pattern_that_means_no_weight_is_reported() => Assert.Contains(
        Sugar.Graphs.Problems(Compiling.Create([Declared.In("User", Declared.Config, """
            [Block<TinyConfig>, Group("mop.*", Rate = 0)]
            [Linear("map", nameof(TinyConfig.Hidden))]
            public sealed partial class Mapped;

            """)]), "User.Mapped"),
        p => p.Id == Problems.KeyUnknown);
}
