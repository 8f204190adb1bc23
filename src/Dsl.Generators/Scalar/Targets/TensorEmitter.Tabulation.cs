using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>Integer functions of positions are computed once on the host and looked up.</summary>
internal sealed partial class TensorEmitter
{
    // Integer and truth-valued helpers are small and exact on the host: they are called there, once for each value that their argument can take.
    private static bool Tabulated(Invoke invoke) => invoke.Kind is ScalarKind.Int or ScalarKind.Bool
        && invoke.Arguments.All(a => a.Kind is not (ScalarKind.Double or ScalarKind.Complex));

    private Value Tabulate(Invoke invoke, Func<Expression, Value> read, List<string> masks)
    {
        var helper = function.Helper(invoke.FullName) ?? throw new NotATensorFunctionException($"'{invoke.FullName}' is unknown.");
        var name = invoke.FullName;
        if (!HostEmitter.MayCall(helper, owner, sameAssembly))
        {
            if (!copies.TryGetValue(name, out var copy))
            {
                copy = Fresh(helper.Name);
                copies.Add(name, copy);
            }

            name = copy;
        }

        var varying = new List<Value>();
        var texts = new List<string>();
        for (var i = 0; i < invoke.Arguments.Count; i++)
        {
            if (invoke.Arguments[i] is ConfigArgument)
            {
                texts.Add(config);
                continue;
            }

            var value = read(invoke.Arguments[i]);
            switch (value.Carrier)
            {
                case Carrier.Host:
                    texts.Add(value.Text);
                    break;
                case Carrier.Grid when value.Kind == ScalarKind.Int:
                    texts.Add(varying.Count == 0 ? "i" : "j");
                    varying.Add(value);
                    break;
                default:
                    throw new NotATensorFunctionException($"'{helper.Name}' reads tensors: only ints, truth values and the config can be tabulated.");
            }
        }

        var call = name + "(" + string.Join(", ", texts) + ")";
        return varying.Count switch
        {
            0 => new Value(Carrier.Host, call, 10, invoke.Kind),
            1 => new Value(Carrier.Grid, $"TensorScalar.Tabulate({varying[0].Text}, i => {call}{Where(masks)})", 10, invoke.Kind),
            2 => new Value(Carrier.Grid, $"TensorScalar.Tabulate({varying[0].Text}, {varying[1].Text}, (i, j) => {call}{Where(masks)})", 10, invoke.Kind),
            _ => throw new NotATensorFunctionException($"'{helper.Name}' depends on more than two indices."),
        };
    }
}
