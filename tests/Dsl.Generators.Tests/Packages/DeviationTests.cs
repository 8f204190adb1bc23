using System.IO;
using System.Linq;
using System.Runtime.Loader;
using Dsl.Generators.Tests.Pipeline;
using Xunit;

namespace Dsl.Generators.Tests.Packages;

/// <summary>How widely new weights are drawn: said once, it holds for the blocks that are used too, unless they or an <c>Init</c> say otherwise.</summary>
public sealed class DeviationTests
{
    private const string Source = """
        using System;
        using System.Linq;
        using Dsl;
        using Dsl.Runtime;
        using TorchSharp;
        using static TorchSharp.torch;

        namespace User;

        public sealed partial record DrawnConfig([Key("width")] int Width, [Key("deviation")] double Deviation = 0.5, [Key("rows")] int Rows = 64);

        [Block<DrawnConfig>, Defaults(Bias = true), Init("written", 0.25)]
        [Linear("plain", nameof(DrawnConfig.Width)), LayerNorm("norm"), Apply(nameof(Times))]
        public sealed partial class Plain
        {
            [Pointwise] static double Times(double x, [Parameter("drawn", "1 d")] double a, [Parameter("written", "1 d")] double b) => x * a * b;
        }

        [Block<DrawnConfig>, Defaults(Deviation = 2)]
        [Linear("own", nameof(DrawnConfig.Width)), Use<Plain>("below")]
        public sealed partial class Own;

        [Model<DrawnConfig>("Drawn"), Defaults(Deviation = nameof(DrawnConfig.Deviation))]
        [Embedding("embed", nameof(DrawnConfig.Rows), nameof(DrawnConfig.Width)), Positions("places", nameof(DrawnConfig.Rows))]
        [Use<Plain>("plain"), Repeat<Own>("owns", 2), Output("hidden")]
        public sealed partial class Drawn;

        [Model<DrawnConfig>("DrawnFurther"), Derive<Drawn>]
        public sealed partial class DrawnFurther;

        [Model<DrawnConfig>("Untold")]
        [Embedding("embed", nameof(DrawnConfig.Rows), nameof(DrawnConfig.Width)), Use<Plain>("plain"), Output("hidden")]
        public sealed partial class Untold;

        public static class Program
        {
            public static string Deviations() => All(new Drawn(new DrawnConfig(4096, Rows: 2))) + All(new DrawnFurther(new DrawnConfig(4096, 0.125, Rows: 2)));

            public static string WithoutOne() => All(new Untold(new DrawnConfig(4096, Rows: 2)));

            public static string Refused(double deviation)
            {
                try
                {
                    new Drawn(new DrawnConfig(4, deviation)).Dispose();
                    return "";
                }
                catch (ConfigException e)
                {
                    return e.Message;
                }
            }

            private static string All(IModel model)
            {
                using (model.Module)
                {
                    using var none = no_grad();
                    return string.Concat(model.Module.named_parameters().Where(p => p.parameter.dim() > 1).Select(p =>
                    {
                        double found = Math.Sqrt(p.parameter.Square().mean().item<float>());
                        double near = new[] { 0.02, 0.125, 0.25, 0.5, 2 }.MinBy(d => Math.Abs(Math.Log(found / d)));
                        return $"{p.name} {(Math.Abs(found / near - 1) < 0.1 ? near : found)}; ";
                    }));
                }
            }
        }
        """;

    [Fact]
    public void It_reaches_what_says_nothing_itself()
    {
        var run = Compiling.Generate(Compiling.Create([new SourceFile("Drawn.cs", Source)], name: "UserOfDeviations"));
        run.AssertCompiles();
        var program = AssemblyLoadContext.Default.LoadFromStream(new MemoryStream(run.Emit())).GetType("User.Program")!;
        object? Call(string name, params object[] arguments) => program.GetMethod(name)!.Invoke(null, arguments);
        string Weights(string deviation) =>
            $"embed.weight {deviation}; places.weight {deviation}; plain.plain.weight {deviation}; plain.drawn {deviation}; plain.written 0.25; "
            + string.Concat(new[] { "0", "1" }.Select(i =>
                $"owns.{i}.own.weight 2; owns.{i}.below.plain.weight 2; owns.{i}.below.drawn 2; owns.{i}.below.written 0.25; "));
        Assert.Equal(Weights("0.5") + Weights("0.125"), Call("Deviations"));
        Assert.Equal("embed.weight 0.02; plain.plain.weight 0.02; plain.drawn 0.02; plain.written 0.25; ", Call("WithoutOne"));
        Assert.Equal("config.json: deviation -1, expected a standard deviation: a finite number, 0 or more", Call("Refused", -1.0));
        Assert.Equal("config.json: deviation NaN, expected a standard deviation: a finite number, 0 or more", Call("Refused", double.NaN));
        Assert.Equal("", Call("Refused", 0.0));
    }

    [Theory]
    [InlineData("Deviation = \"Widht\"", "DSL006")]
    [InlineData("Deviation = true", "DSL007")]
    public void It_is_a_number_or_a_member_that_holds_one(string option, string id) =>
        Assert.Contains(
            Sugar.Graphs.Problems(Compiling.Create([Declared.In("User", Declared.Config, $$"""
                [Block<TinyConfig>, Defaults({{option}})]
                [Linear("map", nameof(TinyConfig.Hidden))]
                public sealed partial class Mapped;

                """)]), "User.Mapped"),
            p => p.Id == id);
}
