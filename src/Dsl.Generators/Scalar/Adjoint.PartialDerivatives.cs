using System;
using System.Linq;

namespace Dsl.Generators.Scalar;

internal sealed partial class Adjoint
{
    /// <summary>Partial derivatives of each operation.</summary>
    private sealed partial class Scope
    {
        // The chain rule, operation by operation.
        private void Propagate(FlowNode node, FlowNode g)
        {
            var a = node.Arguments;
            var one = To.Constant(1);
            FlowNode X(int i) => Get(a[i]);
            FlowNode Y() => Get(node);
            void Pass(int i, FlowNode value) => Contribute(a[i], value, node.Region);
            switch (node.Op)
            {
                case Op.Add:
                    Pass(0, g);
                    Pass(1, g);
                    break;
                case Op.Subtract:
                    Pass(0, g);
                    Pass(1, To.Negate(g));
                    break;
                case Op.Negate:
                    Pass(0, To.Negate(g));
                    break;
                case Op.Multiply:
                    Pass(0, To.Times(g, X(1)));
                    Pass(1, To.Times(g, X(0)));
                    break;
                case Op.Divide:
                    var share = To.Over(g, X(1));
                    Pass(0, share);
                    Pass(1, To.Negate(To.Times(share, Y())));
                    break;
                case Op.Remainder:
                    // x % y = x - n y, where n, a whole number, jumps with them.
                    Pass(0, g);
                    Pass(1, To.Negate(To.Times(g, To.Call("Round", To.Over(To.Minus(X(0), Y()), X(1))))));
                    break;
                case Op.Constant or Op.Setting or Op.Input or Op.Length or Op.Counter or Op.Position or Op.Get or Op.ToDouble:
                    break;
                case Op.Select:
                    Pass(1, To.Select(Get(a[0]), g, To.Constant(0)));
                    Pass(2, To.Select(Get(a[0]), To.Constant(0), g));
                    break;
                case Op.Load:
                    var index = Get(a[0]);
                    g = Masked(g, node.Region);
                    if (node.Array!.Role == ArrayRole.State)
                    {
                        var bar = adjoint.BarOf(node.Array);
                        To.Store(bar, index, To.Plus(To.Load(bar, index, true), g));
                    }
                    else
                    {
                        To.Add(new AddItem(node.Array.Role == ArrayRole.Hoisted, node.Array.Index, index, g, To.Region));
                    }

                    break;
                case Op.Call:
                    Call(node.Text);
                    break;
                default:
                    throw new InvalidOperationException("An operation without a derivative: " + node.Op);
            }

            void Call(string function)
            {
                switch (function)
                {
                    case "Exp":
                        Pass(0, To.Times(g, Y()));
                        break;
                    case "ExpM1":
                        Pass(0, To.Times(g, To.Plus(Y(), one)));
                        break;
                    case "Log":
                        Pass(0, To.Over(g, X(0)));
                        break;
                    case "Log2":
                        Pass(0, To.Over(To.Times(g, To.Constant(1 / Math.Log(2))), X(0)));
                        break;
                    case "Log10":
                        Pass(0, To.Over(To.Times(g, To.Constant(1 / Math.Log(10))), X(0)));
                        break;
                    case "Log1P":
                        Pass(0, To.Over(g, To.Plus(one, X(0))));
                        break;
                    case "Sqrt":
                        Pass(0, To.Over(To.Times(To.Constant(0.5), g), Y()));
                        break;
                    case "Cbrt":
                        Pass(0, To.Over(g, To.Times(To.Constant(3), To.Times(Y(), Y()))));
                        break;
                    case "Tanh":
                        Pass(0, To.Times(g, To.Minus(one, To.Times(Y(), Y()))));
                        break;
                    case "Sigmoid":
                        Pass(0, To.Times(g, To.Times(Y(), To.Minus(one, Y()))));
                        break;
                    case "Softplus":
                        Pass(0, To.Times(g, To.Call("Sigmoid", X(0))));
                        break;
                    case "Sinh":
                        Pass(0, To.Times(g, To.Call("Cosh", X(0))));
                        break;
                    case "Cosh":
                        Pass(0, To.Times(g, To.Call("Sinh", X(0))));
                        break;
                    case "Sin":
                        Pass(0, To.Times(g, To.Call("Cos", X(0))));
                        break;
                    case "Cos":
                        Pass(0, To.Negate(To.Times(g, To.Call("Sin", X(0)))));
                        break;
                    case "Tan":
                        Pass(0, To.Times(g, To.Plus(one, To.Times(Y(), Y()))));
                        break;
                    case "Atan":
                        Pass(0, To.Over(g, To.Plus(one, To.Times(X(0), X(0)))));
                        break;
                    case "Asin":
                        Pass(0, To.Over(g, To.Call("Sqrt", To.Minus(one, To.Times(X(0), X(0))))));
                        break;
                    case "Acos":
                        Pass(0, To.Negate(To.Over(g, To.Call("Sqrt", To.Minus(one, To.Times(X(0), X(0)))))));
                        break;
                    case "Asinh":
                        Pass(0, To.Over(g, To.Call("Sqrt", To.Plus(one, To.Times(X(0), X(0))))));
                        break;
                    case "Acosh":
                        Pass(0, To.Over(g, To.Call("Sqrt", To.Minus(To.Times(X(0), X(0)), one))));
                        break;
                    case "Atanh":
                        Pass(0, To.Over(g, To.Minus(one, To.Times(X(0), X(0)))));
                        break;
                    case "Atan2":
                        var square = To.Plus(To.Times(X(0), X(0)), To.Times(X(1), X(1)));
                        Pass(0, To.Over(To.Times(g, X(1)), square));
                        Pass(1, To.Negate(To.Over(To.Times(g, X(0)), square)));
                        break;
                    case "Erf":
                        Pass(0, To.Times(g, To.Times(To.Constant(2 / Math.Sqrt(Math.PI)), To.Call("Exp", To.Negate(To.Times(X(0), X(0)))))));
                        break;
                    case "Abs":
                        var zero = To.Constant(0);
                        Pass(0, To.Select(To.Binary(Op.Less, X(0), zero), To.Negate(g), To.Select(To.Binary(Op.Greater, X(0), zero), g, zero)));
                        break;
                    case "Max":
                    case "Min":
                        // Where both are equal the left one is passed on to, but never a number that has no use for it.
                        var wins = (function == "Max", a[0].IsFixed) switch
                        {
                            (true, false) => Op.GreaterOrEqual,
                            (true, true) => Op.Greater,
                            (false, false) => Op.LessOrEqual,
                            _ => Op.Less,
                        };
                        var first = To.Binary(wins, X(0), X(1));
                        Pass(0, To.Select(first, g, To.Constant(0)));
                        Pass(1, To.Select(first, To.Constant(0), g));
                        break;
                    case "Pow":
                        if (!a[0].IsFixed)
                        {
                            // x^0 is 1 everywhere, at 0 too.
                            var slope = To.Times(X(1), To.Call("Pow", X(0), To.Minus(X(1), one)));
                            Pass(0, To.Select(To.Binary(Op.Equal, X(1), To.Constant(0)), To.Constant(0), To.Times(g, slope)));
                        }

                        if (!a[1].IsFixed)
                        {
                            // 0^y is 0 for every positive y: the logarithm has no say there.
                            var growth = To.Times(g, To.Times(Y(), To.Call("Log", X(0))));
                            Pass(1, To.Select(To.Binary(Op.Equal, X(0), To.Constant(0)), To.Constant(0), growth));
                        }

                        break;
                    case "Sign" or "Floor" or "Ceiling" or "Round" or "Truncate" or "Detach":
                        break;
                    default:
                        throw new InvalidOperationException("A function without a derivative: " + function);
                }
            }
        }
    }
}
