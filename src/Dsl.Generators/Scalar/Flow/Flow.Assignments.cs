using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

internal sealed partial class Flow
{
    private sealed record Pair(FlowNode Re, FlowNode? Im);

    /// <summary>Statements and expressions to single assignments.</summary>
    private sealed partial class Builder(Flow flow, FlowWriter to)
    {
        private readonly Dictionary<string, Pair> environment = [];
        private readonly Dictionary<string, ScalarKind> kinds = [];
        private readonly Dictionary<string, FlowArray[]> arrays = [];

        public void Run()
        {
            foreach (var p in flow.Function.Parameters)
            {
                kinds[p.Name] = p.Kind;
                if (p.Role == ScalarRole.Index)
                {
                    environment[p.Name] = (p.Name, flow.Function.Form) switch
                    {
                        ("layer", _) => new Pair(Configured("layer", ScalarKind.Int), null),
                        ("position", ScalarForm.Recurrence) => new Pair(to.Position(), null),
                        _ => throw new NotAKernelException($"'{p.Name}' is no index of '{flow.Function.Name}': its indices are "
                            + (flow.Function.Form == ScalarForm.Recurrence ? "layer and position." : "layer."), p.Name),
                    };
                }
                else if (p.Role == ScalarRole.State)
                {
                    var states = flow.States.Where(s => s.Parameter == p.Name).ToList();
                    if (p.Span)
                    {
                        arrays[p.Name] = [.. states.Select(s => new FlowArray(s.Name, ArrayRole.State, s.Index, s.Span))];
                    }
                    else
                    {
                        var nodes = states.Select(s => to.Input(InputRole.State, s.Index, s.Name, time: true)).ToList();
                        environment[p.Name] = new Pair(nodes[0], nodes.Count > 1 ? nodes[1] : null);
                    }
                }
                else if (p.Role is not ScalarRole.Config)
                {
                    var operands = flow.Operands.Where(o => o.Parameter == p.Name).ToList();
                    if (p.Span)
                    {
                        arrays[p.Name] = [.. operands.Select(o => new FlowArray(o.Name, ArrayRole.Operand, o.Index, o.Span))];
                    }
                    else
                    {
                        var nodes = operands.Select(o => to.Input(InputRole.Operand, o.Index, o.Name, o.Time)).ToList();
                        environment[p.Name] = new Pair(nodes[0], nodes.Count > 1 ? nodes[1] : null);
                    }
                }
            }

            var result = Block(Inliner.Inline(flow.Function)) ?? throw new NotAKernelException($"'{flow.Function.Name}' returns nothing on some way.");
            flow.Imaginary = flow.Function.Form == ScalarForm.Transfer ? result.Im ?? to.Constant(0) : null;
            flow.Result = result.Im is null || flow.Imaginary is not null
                ? result.Re
                : throw new NotAKernelException($"'{flow.Function.Name}' returns a Complex: a kernel returns a double.");
            foreach (var state in flow.States)
            {
                var p = flow.Function.Parameters.First(q => q.Name == state.Parameter);
                flow.Next.Add(p.Span ? null : state.Part == 1 ? environment[p.Name].Im ?? to.Constant(0) : environment[p.Name].Re);
            }
        }

        private FlowNode Configured(string text, ScalarKind kind)
        {
            var at = flow.Settings.IndexOf(text);
            if (at < 0)
            {
                at = flow.Settings.Count;
                flow.Settings.Add(text);
            }

            return to.Setting(at.ToString(System.Globalization.CultureInfo.InvariantCulture), kind);
        }

        private Pair? Block(IEnumerable<Statement> statements)
        {
            foreach (var statement in statements)
            {
                switch (statement)
                {
                    case Return r:
                        return Read(r.Value);
                    case Declare d:
                        kinds[d.Name] = d.Kind;
                        if (d.Value is null)
                        {
                            environment.Remove(d.Name);
                        }
                        else
                        {
                            environment[d.Name] = Named(As(Read(d.Value), d.Kind), d.Name);
                        }

                        break;
                    case Assign a:
                        environment[a.Name] = Named(As(Read(a.Value), kinds[a.Name]), a.Name);
                        break;
                    case Store s:
                        var index = Read(s.Index).Re;
                        CheckIndex(index, s.Span);
                        var value = Read(s.Value);
                        Write(arrays[s.Span][0], index, value.Re);
                        if (arrays[s.Span].Length > 1)
                        {
                            Write(arrays[s.Span][1], index, value.Im ?? to.Constant(0));
                        }

                        break;
                    case If i:
                        if (Branch(i) is { } returned)
                        {
                            return returned;
                        }

                        break;
                    case Loop l:
                        ReadLoop(l);
                        break;
                }
            }

            return null;
        }

        private static Pair As(Pair value, ScalarKind kind) => kind == ScalarKind.Complex ? value : value with { Im = null };

        private static Pair Named(Pair pair, string name)
        {
            if (pair.Im is null)
            {
                Name(pair.Re, name);
            }
            else
            {
                Name(pair.Re, name + "Re");
                Name(pair.Im, name + "Im");
            }

            return pair;

            static void Name(FlowNode node, string name)
            {
                if (node.Name.Length == 0 && node.Op is not (Op.Constant or Op.Setting or Op.Input or Op.Length))
                {
                    node.Name = name;
                }
            }
        }

        private Pair Read(Expression e)
        {
            switch (e)
            {
                case Literal c:
                    return new Pair(to.Constant(c.Value, c.Kind), null);
                case Variable v:
                    return environment.TryGetValue(v.Name, out var known) ? known : throw new NotAKernelException($"'{v.Name}' has no value on some way.");
                case Element x:
                    var index = Read(x.Index).Re;
                    CheckIndex(index, x.Span);
                    var from = to.Region;
                    to.Region = Reaching(arrays[x.Span][0], index);
                    var nodes = arrays[x.Span].Select(a => to.Load(a, index, a.Role == ArrayRole.State || flow.Operands[a.Index].Time)).ToList();
                    to.Region = from;
                    return new Pair(nodes[0], nodes.Count > 1 ? nodes[1] : null);
                case Length l:
                    return new Pair(to.Length(arrays[l.Span][0]), null);
                case ConfigMember or IsNull or Unwrap:
                    return new Pair(Host(e), null);
                case Unary { Operator: UnaryOperator.Not } u:
                    return new Pair(to.Make(Op.Not, ScalarKind.Bool, [Read(u.Operand).Re]), null);
                case Unary u:
                    var negated = Read(u.Operand);
                    return new Pair(to.Negate(negated.Re), negated.Im is null ? null : to.Negate(negated.Im));
                case ConvertTo { Kind: ScalarKind.Complex } c:
                    return Read(c.Operand);
                case ConvertTo { Kind: ScalarKind.Double } c:
                    return new Pair(to.Make(Op.ToDouble, ScalarKind.Double, [Read(c.Operand).Re]), null);
                case ConvertTo c:
                    var whole = Read(c.Operand).Re;
                    return whole.Uniform
                        ? new Pair(to.Make(Op.ToInt, ScalarKind.Int, [whole]), null)
                        : throw new NotAKernelException("A kernel cannot make an int of a value.");
                case Binary b when b.Left.Kind is ScalarKind.Text || Nullable(b):
                    return new Pair(Host(e), null);
                case Binary b:
                    return Operate(b.Operator, b.Left, b.Right);
                case Select s:
                    var condition = Read(s.Condition).Re;
                    var outer = to.Region;
                    to.Region = new PathCondition(outer, condition, false);
                    var yes = Read(s.Yes);
                    to.Region = new PathCondition(outer, condition, true);
                    var no = Read(s.No);
                    to.Region = outer;
                    return Choose(condition, yes, no);
                case Call c:
                    return Apply(c);
                default:
                    throw new NotAKernelException($"A kernel cannot hold a {e.GetType().Name}.");
            }
        }

        private static void CheckIndex(FlowNode index, string span)
        {
            if (!index.Uniform)
            {
                throw new NotAKernelException(
                    $"'{span}' is read or written at an index that depends on values or on the position: it may count with constants, lengths and loops.",
                    span);
            }
        }

        private static bool Nullable(Binary b) => b.Left.Nullable || b.Right.Nullable;

        // An expression of the config alone, computed by the caller.
        private FlowNode Host(Expression e)
        {
            if (Mapping.Any(e, x => x is Variable { Name: not "layer" } or Element or Length or Entry or Invoke))
            {
                throw new NotAKernelException("A kernel reads a config member that may be null only against constants.");
            }

            if (Mapping.Any(e, x => x is Variable) && Inliner.Assigned(flow.Function.Body).Contains("layer"))
            {
                throw new NotAKernelException("'layer' gets another value, and the config is read at it: what is known when the model is built.", "layer");
            }

            if (e is Unwrap { Other: null } unwrapped)
            {
                // Both sides of a condition are computed: where a pattern did not match, any number will do that has a logarithm and an inverse.
                e = unwrapped.Matched
                    ? new Unwrap(unwrapped.Operand, new Literal(e.Kind, 1))
                    : throw new NotAKernelException(
                        "A kernel reads a config member that may be null by a pattern, 'c.Cap is { } cap ? ... : ...', or with '??' and what stands for it.");
            }

            string? Own(Expression x) => x is ConfigMember s ? HostEmitter.Member(s, "config", layer => HostEmitter.Text(layer, Own)) : null;
            var text = HostEmitter.Text(e, Own);
            return e.Kind switch
            {
                ScalarKind.Bool => to.Make(Op.NotEqual, ScalarKind.Bool, [Configured($"({text}) ? 1 : 0", ScalarKind.Double), to.Constant(0)]),
                _ => Configured(text, e.Kind),
            };
        }
    }
}
