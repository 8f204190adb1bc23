using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;

namespace Dsl.Generators.Emitting;

/// <summary>What blocks and models have alike: fields, checks, the methods of scalar functions, masks in use, what was fused.</summary>
internal static class ClassMembers
{
    public static void Fields(CodeWriter code, Forms forms, Fields fields)
    {
        foreach (var activation in fields.Text.Activations)
        {
            code.Line(activation);
        }

        if (!forms.Source.Spec.IsModel)
        {
            code.Line($"private readonly {fields.Text.ShortType(forms.Source.Spec.Config.Name)} config;");
        }

        if (forms.Source.ReadsLayer)
        {
            code.Line(forms.Source.Spec.IsModel ? "private readonly int layer = 0;  // what no layer holds" : "private readonly int layer;");
        }

        foreach (var field in fields.Declarations)
        {
            code.Line(field);
        }

        code.Line();
    }

    /// <summary>What only a config can decide.</summary>
    public static void Checks(CodeWriter code, Graph graph)
    {
        if (graph.Deviation is var (deviation, name))
        {
            var called = graph.Spec.Config.Member(name) is null ? "Deviation" : Declared.MemberName(graph.Spec.Config, name);
            code.Line($"weights.Deviation = Require.Deviation({deviation.ToCode()}, {Writing.Text(called)});");
        }

        foreach (var check in graph.Checks)
        {
            code.Line(check.Left is Size.Binary { Operator: '*', Left: Size.Binary { Operator: '/' } quotient } product && product.Right == quotient.Right
                ? $"Require.Divides({quotient.Right.ToCode()}, {Name(quotient.Right)}, {quotient.Left.ToCode()}, {Name(quotient.Left)});  // {check.What}"
                : $"Require.Equal({check.Left.ToCode()}, {Name(check.Left)}, {check.Right.ToCode()}, {Name(check.Right)});  // {check.What}");
        }

        foreach (var (divisor, dividend) in graph.AllNodes.SelectMany(n => n.Operation.Divisions).Where(d => d is not (Size.Number, Size.Number)))
        {
            code.Line($"Require.Divides({divisor.ToCode()}, {Name(divisor)}, {dividend.ToCode()}, {Name(dividend)});");
        }

        string Name(Size size) => Declared.Called(size, graph.Spec.Config);
    }

    /// <summary>Methods of scalar functions, and masks in use.</summary>
    public static void Shared(CodeWriter code, Forms forms, Fields fields)
    {
        foreach (var method in fields.Text.Methods)
        {
            code.Line();
            code.Lines(method.Trim('\n'));
        }

        var masks = forms.Parallel.AllNodes.SelectMany(n => n.Operation.Masks(fields.At(n))).ToList();
        if (masks.Count > 0)
        {
            code.Line();
            code.Line("/// <inheritdoc/>");
            code.List("public override IEnumerable<(string Place, MaskRule Mask)> Masks() =>", masks, ";");
        }
    }

    /// <summary>What was fused, here and in the blocks, as elements of a list.</summary>
    public static IReadOnlyList<string> Fusions(Forms forms, Fields fields) =>
    [
        .. forms.Notes.GroupBy(note => note.Was, note => note.What)
            .Select(g => Writing.Text($"{forms.Source.Spec.SimpleName}: {g.Key}: {string.Join("; ", g)}")),
        .. BlocksOf(forms.Parallel).Where(b => b.Graph is not null).Select(fields.Text.TypeOf).Distinct().Select(block => $".. {block}.Fusions"),
    ];

    private static IEnumerable<BlockUse> BlocksOf(Graph graph) => graph.AllNodes.SelectMany(n => n.Operation.Blocks);
}
