using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Generators.Scalar;

/// <summary>Expressions.</summary>
internal abstract partial class KernelBody
{
    // A value where vectors are wanted: a number that C# knows becomes one.
    protected string Operand(FlowNode node, bool lanes) =>
        lanes && Host(node) && node.Kind == ScalarKind.Double ? style.Constant(Read(node).Code) : Read(node).Code;

    // One number in C#: vectors are of one row, tensors of all.
    private bool Host(FlowNode node) => node.Uniform || (style is VectorStyle && node.PerRow);

    private string Lane(FlowNode node, int outer) => node.Kind == ScalarKind.Int && style is TensorStyle ? Whole(node, outer)
        : Host(node) && node.Kind == ScalarKind.Double ? style.Constant(Read(node).Code) : Read(node).Tight(outer);

    protected KernelText Read(FlowNode node)
    {
        if (locals.TryGetValue(node, out var local))
        {
            return new KernelText(local, 10);
        }

        return Print(node);
    }

    private KernelText Print(FlowNode node)
    {
        var a = node.Arguments;
        switch (node.Op)
        {
            case Op.Constant:
                return node.Kind switch
                {
                    ScalarKind.Double => Number(Literals.Double(node.Number)),
                    ScalarKind.Int => new KernelText(Literals.Int((int)node.Number), node.Number < 0 ? 9 : 10),
                    _ => new KernelText(node.Number != 0 ? "true" : "false", 10),
                };
            case Op.Setting:
                return node.Kind == ScalarKind.Int ? new KernelText($"(int)pass.Setting({node.Text})", 9) : new KernelText($"pass.Setting({node.Text})", 10);
            case Op.Input:
                return new KernelText(named[new KernelSymbol.Number(node.Input!.Value)], 10);
            case Op.Position:
                return new KernelText(style.Position, 10);
            case Op.Length:
                return new KernelText(LengthOf(node.Array!), 10);
            case Op.Get:
                return new KernelText(cells[node.Cell!], 10);
            case Op.Load:
                var at = Read(a[0]).Code;
                var array = node.Array!;
                string read;
                if (array.Role == ArrayRole.Operand)
                {
                    var name = named[Of(array)];
                    read = style.Element(flow.Operands[array.Index], name, LoopItem.StaysWithin(a[0], array) ? at : $"pass.Checked({at}, {array.Index})");
                }
                else
                {
                    read = $"{named[Of(array)]}[{at}]";
                }

                var guard = Guard(node.Region);
                return guard.Length == 0 ? Inside(node, new KernelText(read, 10)) : new KernelText($"{guard} ? {read} : {style.Zero}", 1);
            case Op.Negate:
                return new KernelText("-" + Argument(node, 0, 10), 9);
            case Op.Not:
                return Host(node) ? new KernelText("!" + Read(a[0]).Tight(9), 9) : new KernelText(style.Not(Argument(node, 0, 10)), 9);
            case Op.Add:
                if (!Host(node) && !style.SumsByOperator)
                {
                    return new KernelText($"{Argument(node, 0, 10)}.Plus({Argument(node, 1, 0)})", 10);
                }

                return Fused(a[1], a[0], "") ?? Fused(a[0], a[1], "") ?? new KernelText($"{Argument(node, 0, 7)} + {Argument(node, 1, 8)}", 7);
            case Op.Subtract:
                return Fused(a[1], a[0], "-") ?? new KernelText($"{Argument(node, 0, 7)} - {Argument(node, 1, 8)}", 7);
            case Op.Multiply:
                return new KernelText($"{Argument(node, 0, 8)} * {Argument(node, 1, 9)}", 8);
            case Op.Divide when node.Kind == ScalarKind.Int && !Host(node):
                return new KernelText($"TensorScalar.Quotient({Argument(node, 0, 0)}, {Argument(node, 1, 0)})", 10);
            case Op.Divide:
                return new KernelText($"{Argument(node, 0, 8)} / {Argument(node, 1, 9)}", 8);
            case Op.Remainder:
                return Host(node)
                    ? new KernelText($"{Argument(node, 0, 8)} % {Argument(node, 1, 9)}", 8)
                    : new KernelText(style.Call(ScalarOperations.Of(node)!, [Argument(node, 0, 0), Argument(node, 1, 0)]), 10);
            case Op.Less or Op.LessOrEqual or Op.Greater or Op.GreaterOrEqual or Op.Equal or Op.NotEqual:
                var comparison = ScalarOperations.Of(node)!;
                return Host(node)
                    ? new KernelText(
                        $"{Read(a[0]).Tight(comparison.Binds)} {comparison.Host} {Read(a[1]).Tight(comparison.Binds + 1)}", comparison.Binds)
                    : new KernelText(style.Call(comparison, [Argument(node, 0, 10), Argument(node, 1, 0)]), 10);
            case Op.And or Op.Or:
                if (Host(node))
                {
                    return node.Op == Op.And
                        ? new KernelText($"{Read(a[0]).Tight(4)} && {Read(a[1]).Tight(5)}", 4)
                        : new KernelText($"{Read(a[0]).Tight(3)} || {Read(a[1]).Tight(4)}", 3);
                }

                return new KernelText(style.Logic(node.Op, Mask(a[0]), Mask(a[1])), style is VectorStyle ? 2 : 10);
            case Op.Select:
                if (Host(node))
                {
                    return new KernelText($"{Read(a[0]).Tight(2)} ? {Read(a[1]).Tight(1)} : {Read(a[2]).Tight(1)}", 1);
                }

                return Host(a[0])
                    ? new KernelText($"{Read(a[0]).Tight(2)} ? {Lane(a[1], 1)} : {Lane(a[2], 1)}", 1)
                    : new KernelText(style.Select(Read(a[0]).Code, Lane(a[1], 0), Lane(a[2], 0)), 10);
            case Op.ToDouble when !Host(node):
                return new KernelText($"pass.Real({Read(a[0]).Code})", 10);
            case Op.ToDouble:
                return new KernelText("(double)" + Read(a[0]).Tight(10), 9);
            case Op.ToInt:
                return new KernelText("(int)" + Read(a[0]).Tight(10), 9);
            case Op.Call when Host(node):
                return new KernelText(ScalarOperations.Of(node)!.HostCall(string.Join(", ", a.Select(x => Read(x).Code)), isComplex: false), 10);
            case Op.Call:
                return new KernelText(style.Call(ScalarOperations.Of(node)!, [.. a.Select((_, i) => Argument(node, i, style is TensorStyle ? 10 : 0))]), 10);
            default:
                throw new InvalidOperationException("A node that kernels do not know: " + node.Op);
        }
    }

    // A product that is only added to something is one instruction with it.
    private KernelText? Fused(FlowNode product, FlowNode addend, string sign)
    {
        if (style is not VectorStyle || product.Op != Op.Multiply || Host(product) || product.Kind != ScalarKind.Double || locals.ContainsKey(product))
        {
            return null;
        }

        return new KernelText($"Lanes.MultiplyAdd({sign}{Argument(product, 0, sign.Length > 0 ? 10 : 0)}, {Argument(product, 1, 0)}, {Lane(addend, 0)})", 10);
    }

    // A minus in front binds as one, that of -0.0 too.
    private static KernelText Number(string literal) => new(literal, literal[0] == '-' ? 9 : 10);

    private string Mask(FlowNode node) => Host(node) && style is VectorStyle ? $"Lanes.All<T>({Read(node).Code})" : Read(node).Tight(5);

    private string Argument(FlowNode node, int index, int outer)
    {
        var argument = node.Arguments[index];
        if (Host(node) || argument.Kind == ScalarKind.Bool)
        {
            return Read(argument).Tight(outer);
        }

        if (argument.Kind == ScalarKind.Int)
        {
            return Whole(argument, outer);
        }

        return style.Enters && !Host(argument) ? Entered(node, argument, outer) : Lane(argument, outer);
    }

    private string Whole(FlowNode node, int outer) => Host(node) ? $"pass.Whole({Read(node).Code})" : Read(node).Tight(outer);

    // What a branch reads from outside comes in through its condition.
    private string Entered(FlowNode node, FlowNode argument, int outer)
    {
        var code = Read(argument).Tight(outer);
        for (var region = node.Region; !argument.Region.IsWithin(region); region = region.Parent!)
        {
            if (!Host(region.Condition!))
            {
                code = style.Within(Read(region.Condition!).Code, region.Negated, code);
            }
        }

        return code;
    }

    private KernelText Inside(FlowNode node, KernelText value)
    {
        if (!style.Enters)
        {
            return value;
        }

        var code = value.Code;
        for (var region = node.Region; region.Condition is not null; region = region.Parent!)
        {
            if (!Host(region.Condition!))
            {
                code = style.Within(Read(region.Condition).Code, region.Negated, code);
            }
        }

        return new KernelText(code, 10);
    }

    private string LengthOf(FlowArray array)
    {
        // A state's span is at hand in every form.
        if (array.Role == ArrayRole.State)
        {
            return (named.TryGetValue(Of(ArrayRole.Bar, array.Index), out var span) ? span : named[Of(ArrayRole.State, array.Index)]) + ".Length";
        }

        return $"pass.Count({array.Index})";
    }
}
