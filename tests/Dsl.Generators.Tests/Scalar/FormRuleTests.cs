using System.Linq;
using Dsl.Generators.Scalar;
using Xunit;

namespace Dsl.Generators.Tests.Scalar;

/// <summary>Every kind of function with every kind of argument and result: it is compiled, or refused at the very argument with what its kind may
/// have.</summary>
public sealed class FormRuleTests
{
    private static readonly (string Form, string Attribute, string Own, string Result, string Value)[] Forms =
    [
        ("Mask", "[Mask]", "int query, int key", "bool", "key <= query"),
        ("Score", "[Score]", "double score", "double", "2 * score"),
        ("Pointwise", "[Pointwise]", "double x", "double", "2 * x"),
        ("Recurrence", "[Recurrence(\"b t d\", State = \"b d [n]\")]", "double x, [Axes(\"d n\")] ReadOnlySpan<double> w", "double", "x * w[0]"),
        ("Transfer", "[Transfer(\"d\", Nodes = \"length\")]", "Complex w", "Complex", "2 * w"),
    ];

    private static readonly (string Name, string Parameter, string Allowed)[] Parameters =
    [
        ("double", "double more", "Pointwise Recurrence Transfer"),
        ("span", "[Axes(\"b t m\")] ReadOnlySpan<double> more", "Recurrence Transfer"),
        ("Complex", "Complex more", "Recurrence Transfer"),
        ("Complex span", "[Axes(\"b t m 2\")] ReadOnlySpan<Complex> more", "Recurrence Transfer"),
        ("bool", "bool more", ""),
        ("state", "ref double more", "Recurrence"),
        ("state span", "Span<double> more", "Recurrence"),
        ("weight", "[Parameter(\"k\", \"d\")] double more", "Pointwise Recurrence Transfer"),
        ("weight span", "[Parameter(\"k\", \"d m\")] ReadOnlySpan<double> more", "Recurrence Transfer"),
        ("weight that is an int", "[Parameter(\"k\", \"d\")] int more", ""),
        ("Complex weight", "[Parameter(\"k\", \"d 2\")] Complex more", "Recurrence Transfer"),
        ("table", "[Table] Matrix more", "Score"),
        ("derived", "[Derived] double more", "Recurrence"),
        ("config", "C more", "Mask Score Pointwise Recurrence Transfer"),
        ("layer", "int layer", "Mask Score Pointwise Recurrence Transfer"),
        ("position", "int position", "Recurrence"),
        ("head", "int head", "Score"),
        ("key", "int key", "Score"),
        ("place", "int place", ""),
        ("an index of no one's", "int more", ""),
        ("text", "string more", ""),
    ];

    public static TheoryData<string, string> All()
    {
        var data = new TheoryData<string, string>();
        foreach (var form in Forms)
        {
            // A mask has its own query and key already.
            foreach (var parameter in Parameters.Where(p => form.Form != "Mask" || p.Name != "key"))
            {
                data.Add(form.Form, parameter.Name);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(All))]
    public void An_argument_is_allowed_or_refused_where_it_stands(string formName, string parameterName)
    {
        var form = Forms.Single(f => f.Form == formName);
        var parameter = Parameters.Single(p => p.Name == parameterName);
        string name = parameter.Parameter.Split(' ')[^1];
        string member = $"{form.Attribute} public static {form.Result} G({form.Own}, {parameter.Parameter}) => {form.Value};";
        if (parameter.Allowed.Split(' ').Contains(formName))
        {
            var function = ScalarSource.Read(member, "G");
            if (formName == "Recurrence" && parameterName != "derived")
            {
                KernelEmitter.Emit(function, "K");
            }

            return;
        }

        var (message, token) = ScalarSource.Refusal(member, "G");
        Assert.Equal(name, token);
        Assert.Contains(parameterName == "text" ? "'more' is a string" : $"a [{formName}] function has", message);
    }

    [Theory]
    [InlineData("Mask", "double", "2.0")]
    [InlineData("Mask", "int", "2")]
    [InlineData("Score", "bool", "score > 0")]
    [InlineData("Score", "int", "2")]
    [InlineData("Pointwise", "bool", "x > 0")]
    [InlineData("Pointwise", "int", "2")]
    [InlineData("Pointwise", "Complex", "new Complex(x, 1)")]
    [InlineData("Recurrence", "bool", "x > 0")]
    [InlineData("Recurrence", "int", "2")]
    [InlineData("Recurrence", "Complex", "new Complex(x, 1)")]
    [InlineData("Transfer", "double", "w.Real")]
    public void A_result_is_refused_where_it_stands(string formName, string result, string value)
    {
        var form = Forms.Single(f => f.Form == formName);
        var (message, token) = ScalarSource.Refusal($"{form.Attribute} public static {result} G({form.Own}) => {value};", "G");
        Assert.Equal(result, token);
        Assert.Contains($"cannot return a{(result == "int" ? "n" : "")} {result}: a [{formName}] function has", message);
    }

    [Theory]
    [InlineData("[Pointwise] public static double G(double x) { double y = 0; for (int i = 0; i < 3; i++) y += x; return y; }", "for (int i = 0; i < 3; i++) y += x;", "walks no axis")]
    [InlineData("[Score] public static double G(double score) { for (int i = 0; i < 3; i++) score += 1; return score; }", "for (int i = 0; i < 3; i++) score += 1;", "walks no axis")]
    [InlineData("[Pointwise] public static double G(double x) => H(x); static double H(double x) { double y = 0; for (int i = 0; i < 3; i++) y += x; return y; }", "G", "loops")]
    [InlineData("[Score] public static double G(double x) => x;", "x", "a [Score] function has double score")]
    [InlineData("[Pointwise] public static double G(int layer) => layer;", "G", "takes no tensor")]
    [InlineData("[Pointwise] public static double G(double x, int place) => x * place;", "place", "a [Pointwise] function has")]
    [InlineData("[Recurrence(\"b t e\", State = \"b e\")] public static double G(ref double h, [Axes(\"b t d\")] double x) => h += x;", "x", "an axis 'd'")]
    [InlineData("[Recurrence(\"b t e\", State = \"b e\")] public static double G(ref double h, [Axes(\"b t\")] double x) => h += x;", "Recurrence(\"b t e\", State = \"b e\")", "has the axis 'e'")]
    [InlineData("[Recurrence(\"b t d\", State = \"b d [n]\")] public static double G(Span<double> h, double x) => h[0] += x;", "Recurrence(\"b t d\", State = \"b d [n]\")", "has the axis 'n'")]
    [InlineData("[Recurrence(\"b t d\", State = \"b d\")] public static double G(ref double h, [Parameter(\"w\", \"d\")] double w) => h += w;", "Recurrence(\"b t d\", State = \"b d\")", "has the axis 'b'")]
    public void What_the_kind_has_not_is_said_where_it_stands(string member, string token, string why)
    {
        var refusal = ScalarSource.Refusal(member, "G");
        Assert.Equal(token, refusal.Token);
        Assert.Contains(why, refusal.Message);
    }

    [Fact]
    public void The_config_is_that_of_the_declaration()
    {
        const string Declared = "} [Block<C>] public sealed partial class G1 { [Pointwise] public static double G(double x, {0} c) => x; } public static partial class Z {";
        foreach (string type in new[] { "C", "System.Text.StringBuilder" })
        {
            var compilation = ScalarSource.Compile(Declared.Replace("{0}", type));
            var method = compilation.GetTypeByMetadataName("User.G1")!.GetMembers("G").OfType<Microsoft.CodeAnalysis.IMethodSymbol>().Single();
            var reading = ScalarReader.Read(method, compilation);
            Assert.Equal(type == "C", reading.Function is not null);
            Assert.All(reading.Problems, p => Assert.StartsWith("'c' is a StringBuilder, but the config here is C: a [Pointwise] function has", p.Message));
        }
    }
}
