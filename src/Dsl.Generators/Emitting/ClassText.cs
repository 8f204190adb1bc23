using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Generators.Scalar;

namespace Dsl.Generators.Emitting;

/// <summary>The members of a generated class that scalar functions and activations become, each written when it is first asked for.</summary>
internal sealed class ClassText(Graph graph, NameTable taken) : IClassText
{
    private readonly List<string> methods = [];
    private readonly HashSet<string> copies = [];
    private readonly Dictionary<(string What, ScalarFunction Function), string> members = new();
    private readonly SortedDictionary<string, string> activations = new(StringComparer.Ordinal);

    /// <summary>Methods and types, in the order in which they were asked for.</summary>
    public IReadOnlyList<string> Methods => methods;

    /// <summary>Static fields of known activations.</summary>
    public IEnumerable<string> Activations => activations.Values;

    /// <summary>Whether kernels stand in the class, which need more of the framework.</summary>
    public bool HasKernels { get; private set; }

    /// <summary>This class, as its own code writes it.</summary>
    public string Self => IsHidden(graph.Spec.SimpleName) ? graph.Spec.Name : graph.Spec.SimpleName;

    public string Activation(ActivationSetting activation)
    {
        if (activation is ActivationSetting.Member member)
        {
            return Size.MemberCode(member.Name, member.OfLayer);
        }

        var known = ((ActivationSetting.Known)activation).Name;
        var field = Names.Pascal(known) + "Activation";
        activations[known] = $"private static readonly Activation {field} = Activation.Of({Writing.Text(known)});";
        return field;
    }

    public string Key(string key) => KeyText.ToCode(key, graph.Spec.Config);

    public string Called(Size size) => Declared.Called(size, graph.Spec.Config);

    public string TypeOf(BlockUse block) => ShortType(block.TypeName);

    /// <summary>A type as this namespace writes it.</summary>
    public string ShortType(string full)
    {
        if (IsHidden(Names.Simple(full)) || Names.Simple(full) is "State" or "Results" or "Wanted")
        {
            return full;
        }

        var prefix = "global::" + graph.Spec.Namespace + ".";
        return graph.Spec.Namespace.Length > 0 && full.StartsWith(prefix, StringComparison.Ordinal) && !full.Substring(prefix.Length).Contains('.')
            ? full.Substring(prefix.Length)
            : full;
    }

    public string Host(FunctionUse function)
    {
        if (function.Spec.Owner == graph.Spec.Name)
        {
            return IsHidden(function.Spec.Name) ? function.Called : function.Spec.Name;
        }

        if (function.Scalar is null || HostEmitter.MayCall(function.Scalar, graph.Spec.Name, graph.Spec.Functions.Contains(function.Spec)))
        {
            return function.Called;
        }

        if (copies.Add(function.Spec.Name))
        {
            methods.AddRange(HostEmitter.Methods(function.Scalar, function.Spec.Name, graph.Spec.Name));
        }

        return function.Spec.Name;
    }

    public string TensorMethod(FunctionUse function) => TensorMethod(function, function.Scalar!, "OfTensors");

    // private Tensor MixOfElements(Tensor x, Tensor mu) =>
    //     Pointwise.Pays(x, mu) ? Pointwise.Run<MixKernel>([config.Scale], x, mu) : MixOfTensors(x, mu);
    public string PointwiseMethod(FunctionUse function)
    {
        var tensors = TensorMethod(function);
        if (function.Weights.Any(w => w.View.Count > 0) || !KernelEmitter.Pays(function.Scalar!))
        {
            return tensors;
        }

        var kernel = Kernel(function);
        var operands = function.Scalar!.Parameters.Where(p => p.Role is ScalarRole.Value or ScalarRole.Parameter).Select(p => Literals.Name(p.Name)).ToList();
        string read = string.Join(", ", operands), settings = string.Join(", ", KernelEmitter.Settings(function.Scalar!));
        return Member("elements", function, name =>
            $"private Tensor {name}({string.Join(", ", operands.Select(o => "Tensor " + o))}) =>\n"
                + $"    Pointwise.Pays({read}) ? Pointwise.Run<{kernel}>([{settings}], {read}) : {tensors}({read});",
            function.Spec.Name + "OfElements");
    }

    public string? BiasMethod(FunctionUse function) =>
        AdditiveScore.Added(function.Scalar!) is { } added ? TensorMethod(function, added, "Bias") : null;

    public string SlopeMethod(FunctionUse function, string value) => Member("slope " + value, function, name =>
        $"/// <summary>The derivative of {function.Spec.Name} by {value}.</summary>\n" + KernelEmitter.Slope(function.Scalar!, name, value).TrimEnd('\n'),
        function.Spec.Name + "Slope" + (function.Scalar!.Of(ScalarRole.Value).First().Name == value ? "" : "By" + Names.Pascal(value)));

    public string Kernel(FunctionUse function)
    {
        HasKernels = true;
        return Member("kernel", function, name => KernelEmitter.Emit(function.Scalar!, name, "internal").TrimEnd('\n'), function.Spec.Name + "Kernel");
    }

    public string TransferKernel(FunctionUse function)
    {
        HasKernels = true;
        return Member(
            "transfer", function, name => KernelEmitter.EmitTransfer(function.Scalar!, name, "private").TrimEnd('\n'), function.Spec.Name + "Transfer");
    }

    private string Member(string what, FunctionUse function, Func<string, string> write, string wanted)
    {
        if (!members.TryGetValue((what, function.Scalar!), out var name))
        {
            members[(what, function.Scalar!)] = name = taken.Take(wanted);
            methods.Add(write(name));
        }

        return name;
    }

    /// <summary>A scalar function over whole tensors: values, weights and tables are arguments, and of a score the place of what it scores.</summary>
    private string TensorMethod(FunctionUse function, ScalarFunction scalar, string suffix)
    {
        if (members.TryGetValue((suffix, function.Scalar!), out var known))
        {
            return known;
        }

        var score = function.Spec.Kind == FunctionKind.Score;
        var arguments = new Dictionary<string, string>();
        var parameters = new List<string>();
        foreach (var parameter in scalar.Parameters)
        {
            switch (parameter.Name)
            {
                case "score" when suffix == "Bias":
                    parameters.Add("Tensor like");
                    arguments["score"] = "like";
                    break;
                case "query" or "key" or "head" when score:
                    arguments[parameter.Name] = "place." + Names.Pascal(parameter.Name);
                    break;
                case "place" when parameter.Role == ScalarRole.Index:
                    parameters.Add("Tensor place");
                    arguments["place"] = "place";
                    break;
                default:
                    if (parameter.Role is ScalarRole.Value or ScalarRole.Parameter or ScalarRole.Table)
                    {
                        parameters.Add("Tensor " + Literals.Name(parameter.Name));
                        arguments[parameter.Name] = Literals.Name(parameter.Name);
                    }

                    break;
            }
        }

        if (score)
        {
            parameters.Insert(1, "ScorePlace place");
        }

        var emitted = TensorEmitter.Emit(scalar, arguments, "config", graph.Spec.Name);
        var name = taken.Take(function.Spec.Name + suffix);
        members[(suffix, function.Scalar!)] = name;
        methods.Add($"private Tensor {name}({string.Join(", ", parameters)})\n{{\n"
            + $"{string.Join("\n", emitted.Body.TrimEnd().Split('\n').Select(l => l.Length == 0 ? l : "    " + l))}\n}}");
        methods.AddRange(emitted.Methods);
        return name;
    }

    /// <summary>Whether the name alone would be taken for the runtime's.</summary>
    private bool IsHidden(string name) => graph.Spec.Hidden.Any(h => h.Name == name);
}
