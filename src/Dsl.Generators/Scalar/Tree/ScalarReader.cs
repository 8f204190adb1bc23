using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace Dsl.Generators.Scalar;

/// <summary>Why a function is no scalar function: what stands there, and what is allowed.</summary>
internal readonly record struct ScalarProblem(string Message, Location Location);

/// <summary>What reading gave: the function, or null and why.</summary>
internal sealed record ScalarReading(ScalarFunction? Function, ImmutableArray<ScalarProblem> Problems);

/// <summary>
/// Reads a static method over doubles into the closed form. What it does not know becomes a problem at the very token; it throws nothing on
/// half-typed code.
/// </summary>
internal sealed partial class ScalarReader
{
    private const string Allowed = "allowed are locals, arithmetic, Math functions, comparisons, ?: and if, for-loops that count by one, writes to a "
        + "state's elements, Complex, "
        + "members of the config and calls of other such functions";

    private const int DeepestCall = 50;

    private readonly Compilation compilation;
    private readonly Func<IMethodSymbol, ScalarFunction?>? compiled;
    private readonly CancellationToken cancellation;
    private readonly List<ScalarProblem> problems = [];
    private readonly Dictionary<IMethodSymbol, ScalarFunction?> helpers = new(SymbolEqualityComparer.Default);
    private readonly List<ScalarFunction> helperOrder = [];
    private readonly Dictionary<string, Extent> extents = new();
    private readonly HashSet<IMethodSymbol> open = new(SymbolEqualityComparer.Default);

    /// <summary>How often what follows a branch was looked at for returns: a branch that returns at times has it twice.</summary>
    private int structured;

    private ScalarReader(Compilation compilation, Func<IMethodSymbol, ScalarFunction?>? compiled, CancellationToken cancellation)
    {
        this.compilation = compilation;
        this.compiled = compiled;
        this.cancellation = cancellation;
    }

    /// <param name="compiled">Where a called method has no source (it stands in a referenced assembly): its embedded function, or null.</param>
    public static ScalarReading Read(
        IMethodSymbol method, Compilation compilation, Func<IMethodSymbol, ScalarFunction?>? compiled = null, CancellationToken cancellation = default)
    {
        var reader = new ScalarReader(compilation, compiled, cancellation);
        var function = reader.ReadMethod(method, helper: false);
        if (function is null || reader.problems.Count > 0)
        {
            return new ScalarReading(null, reader.problems.ToImmutableArray());
        }

        if (Extent.Of(function, reader.extents).Excess is { } excess)
        {
            var place = method.Locations.FirstOrDefault() ?? Location.None;
            return new ScalarReading(null, ImmutableArray.Create(new ScalarProblem($"'{method.Name}' {excess}.", place)));
        }

        function = function with { Helpers = reader.helperOrder.ToEquatable() };
        reader.Hold(method, function);
        return reader.problems.Count > 0
            ? new ScalarReading(null, reader.problems.ToImmutableArray())
            : new ScalarReading(function, ImmutableArray<ScalarProblem>.Empty);
    }

    // What a function of this kind may have, and whether every form of it can be written: said here, at the argument, never by generated code.
    private void Hold(IMethodSymbol method, ScalarFunction function)
    {
        if (FormRule.Of(function.Form, function.Axes) is not { } rule)
        {
            return;
        }

        var syntax = method.DeclaringSyntaxReferences.Select(r => r.GetSyntax(cancellation)).FirstOrDefault();
        var name = method.Locations.FirstOrDefault() ?? Location.None;
        Location Of(string parameter) => method.Parameters.FirstOrDefault(p => p.Name == parameter)?.Locations.FirstOrDefault() ?? name;
        foreach (var (parameter, message) in rule.Problems(function))
        {
            problems.Add(new ScalarProblem(
                message, parameter.Length > 0 ? Of(parameter) : (syntax as MethodDeclarationSyntax)?.ReturnType.GetLocation() ?? name));
        }

        foreach (var config in method.Parameters.Where(p => function.Parameters.Any(q => q.Name == p.Name && q.Role == ScalarRole.Config)))
        {
            if (ConfigOf(method.ContainingType) is { } own && !SymbolEqualityComparer.Default.Equals(own, config.Type))
            {
                problems.Add(new ScalarProblem(
                    $"'{config.Name}' is a {config.Type.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat)}, but the config here is "
                        + $"{own.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat)}: a [{function.Form}] function has {rule.Has}.",
                    Of(config.Name)));
            }
        }

        if (problems.Count > 0)
        {
            return;
        }

        if (WhyNot(function) is { } refusal)
        {
            var attribute = method.GetAttributes().FirstOrDefault(a => FullName(a.AttributeClass) == $"Dsl.{function.Form}Attribute");
            problems.Add(new ScalarProblem(
                refusal.Message,
                refusal.Parameter == NotAKernelException.Axes
                    ? attribute?.ApplicationSyntaxReference?.GetSyntax(cancellation).GetLocation() ?? name
                    : Of(refusal.Parameter)));
        }
    }

    /// <summary>Why some form of the function cannot be written, and the parameter that it is about.</summary>
    private static (string Message, string Parameter)? WhyNot(ScalarFunction function)
    {
        try
        {
            switch (function.Form)
            {
                // A step that reads what its transfer function stores is complete only together with that.
                case ScalarForm.Recurrence when !function.Of(ScalarRole.Derived).Any():
                    KernelEmitter.Emit(function, "Kernel");
                    break;
                case ScalarForm.Pointwise when !function.IsElementwise:
                    KernelEmitter.Emit(function, "Kernel");
                    break;
                case ScalarForm.Score or ScalarForm.Pointwise:
                    TensorEmitter.Emit(function, new Dictionary<string, string>());
                    break;
            }

            return null;
        }
        catch (NotAKernelException e)
        {
            return (e.Message, e.Parameter);
        }
        catch (NotATensorFunctionException e)
        {
            return ($"'{function.Name}' is no [{function.Form}] function: {char.ToLowerInvariant(e.Message[0])}{e.Message.Substring(1)}", "");
        }
    }

    private static ITypeSymbol? ConfigOf(INamedTypeSymbol? type) => type?.GetAttributes()
        .Select(a => a.AttributeClass)
        .FirstOrDefault(a => a is { Name: "BlockAttribute" or "ModelAttribute", TypeArguments.Length: 1 } && FullName(a.ContainingNamespace) == "Dsl")?
        .TypeArguments[0];

    /// <summary>Whether a method carries the attribute of a scalar function, and which.</summary>
    public static ScalarForm FormOf(IMethodSymbol method)
    {
        foreach (var attribute in method.GetAttributes())
        {
            switch (FullName(attribute.AttributeClass))
            {
                case "Dsl.MaskAttribute":
                    return ScalarForm.Mask;
                case "Dsl.ScoreAttribute":
                    return ScalarForm.Score;
                case "Dsl.PointwiseAttribute":
                    return ScalarForm.Pointwise;
                case "Dsl.RecurrenceAttribute":
                    return ScalarForm.Recurrence;
                case "Dsl.TransferAttribute":
                    return ScalarForm.Transfer;
            }
        }

        return ScalarForm.Helper;
    }

    private static string FullName(ISymbol? symbol) => symbol?.ToDisplayString() ?? "";

    private static string CSharpName(IMethodSymbol method) =>
        method.ContainingType.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat) + "." + method.Name;

    private static string Access(IMethodSymbol method)
    {
        var access = "public";
        for (ISymbol symbol = method; symbol is IMethodSymbol or INamedTypeSymbol; symbol = symbol.ContainingType)
        {
            switch (symbol.DeclaredAccessibility)
            {
                case Accessibility.Public:
                    break;
                case Accessibility.Internal:
                case Accessibility.ProtectedOrInternal:
                case Accessibility.NotApplicable:
                    access = "internal";
                    break;
                default:
                    return "private";
            }

            if (symbol.ContainingType is null)
            {
                break;
            }
        }

        return access;
    }

    private ScalarFunction? ReadMethod(IMethodSymbol method, bool helper)
    {
        cancellation.ThrowIfCancellationRequested();
        var syntax = method.DeclaringSyntaxReferences.Select(r => r.GetSyntax(cancellation)).FirstOrDefault();
        if (syntax is null)
        {
            return compiled?.Invoke(method);
        }

        var location = method.Locations.FirstOrDefault() ?? syntax.GetLocation();
        if (!method.IsStatic || method.IsGenericMethod || method.IsAsync)
        {
            problems.Add(new ScalarProblem($"A scalar function is a plain static method: '{method.Name}' is not.", location));
            return null;
        }

#pragma warning disable RS1030 // Called from the analyzer too, which holds the compilation already; the model of a tree is cached by it.
        var model = compilation.GetSemanticModel(syntax.SyntaxTree);
#pragma warning restore RS1030
        if (model.GetOperation(syntax, cancellation) is not IMethodBodyOperation written)
        {
            problems.Add(new ScalarProblem($"'{method.Name}' has no body to read.", location));
            return null;
        }

        var form = helper ? ScalarForm.Helper : FormOf(method);
        var parameters = new List<ScalarParameter>();
        foreach (var parameter in method.Parameters)
        {
            var read = ReadParameter(parameter, helper);
            if (read is null)
            {
                var passed = parameter.RefKind switch { RefKind.Out => "an out ", RefKind.Ref or RefKind.RefReadOnlyParameter => "a ref ", _ => "a " };
                problems.Add(new ScalarProblem(
                    $"'{parameter.Name}' is {passed}{parameter.Type.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat)}: an argument of a scalar "
                        + $"function is a double, an int, a bool, a Complex, "
                    + (helper ? "or the config."
                        : "a span of double or Complex, a [Table] (Matrix, or a span with axes), the config, or by ref a state of a recurrence."),
                    parameter.Locations.FirstOrDefault() ?? location));
                return null;
            }

            parameters.Add(read);
        }

        if (KindOf(method.ReturnType, out _) is not { } result || result is ScalarKind.Text)
        {
            problems.Add(
                new ScalarProblem(
                    $"'{method.Name}' returns a {method.ReturnType.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat)}: a scalar function "
                        + $"returns a double, an int, a bool or a Complex.",
                    location));
            return null;
        }

        var axes = "";
        var state = "";
        var nodes = "";
        foreach (var attribute in method.GetAttributes())
        {
            if (FullName(attribute.AttributeClass) is "Dsl.RecurrenceAttribute" or "Dsl.TransferAttribute" or "Dsl.PointwiseAttribute")
            {
                axes = attribute.ConstructorArguments.FirstOrDefault().Value as string ?? "";
                state = Named(attribute, "State");
                nodes = Named(attribute, "Nodes");
            }
        }

        var before = problems.Count;
        var statements = new List<Statement>();
        var reading = new BodyReader(this, parameters, form, FormRule.Of(form, axes));
        if (written.BlockBody is { } block)
        {
            reading.Block(block.Operations, statements);
        }
        else if (written.ExpressionBody is { } expression)
        {
            reading.Block(expression.Operations, statements);
        }

        if (problems.Count > before)
        {
            return null;
        }

        structured = 0;
        var body = Structure(statements, location, 0);
        if (body is null || problems.Count > before)
        {
            return null;
        }

        return new ScalarFunction(CSharpName(method), Access(method), form, result, parameters.ToEquatable(), body.ToEquatable(), axes, state, nodes);
    }

    private static string Named(AttributeData attribute, string name) =>
        attribute.NamedArguments.FirstOrDefault(a => a.Key == name).Value.Value as string ?? "";

    private static ScalarParameter? ReadParameter(IParameterSymbol parameter, bool helper)
    {
        var byRef = parameter.RefKind == RefKind.Ref;
        if (parameter.RefKind is not (RefKind.None or RefKind.Ref or RefKind.In) || (byRef && helper))
        {
            return null;
        }

        var role = ScalarRole.Value;
        var axes = "";
        var key = "";
        var start = 0.0;
        foreach (var attribute in parameter.GetAttributes())
        {
            var first = attribute.ConstructorArguments.Length > 0 ? attribute.ConstructorArguments[0].Value : null;
            var second = attribute.ConstructorArguments.Length > 1 ? attribute.ConstructorArguments[1].Value : null;
            switch (FullName(attribute.AttributeClass))
            {
                case "Dsl.AxesAttribute":
                    axes = first as string ?? "";
                    break;
                case "Dsl.ParameterAttribute":
                    role = ScalarRole.Parameter;
                    key = first as string ?? "";
                    axes = second as string ?? "";
                    break;
                case "Dsl.DerivedAttribute":
                    role = ScalarRole.Derived;
                    break;
                case "Dsl.TableAttribute":
                    role = ScalarRole.Table;
                    axes = first as string ?? "";
                    break;
                case "Dsl.StartAttribute":
                    start = first switch { double d => d, int i => i, float f => f, _ => 0 };
                    break;
            }
        }

        var type = parameter.Type;
        if (FullName(type) == "Dsl.Matrix")
        {
            return helper ? null : new ScalarParameter(parameter.Name, ScalarKind.Double, ScalarRole.Table, Axes: axes, Key: key);
        }

        if (type is INamedTypeSymbol { Name: "Span" or "ReadOnlySpan", TypeArguments.Length: 1 } span && span.ContainingNamespace?.Name == "System")
        {
            if (helper || KindOf(span.TypeArguments[0], out _) is not { } element || element is not (ScalarKind.Double or ScalarKind.Complex))
            {
                return null;
            }

            var spanRole = span.Name == "Span" ? ScalarRole.State : role;
            return new ScalarParameter(parameter.Name, element, spanRole, Span: true, Axes: axes, Key: key, Start: start);
        }

        if (KindOf(type, out var nullable) is { } kind && kind != ScalarKind.Text)
        {
            if (nullable)
            {
                return null;
            }

            if (byRef)
            {
                return kind is ScalarKind.Double or ScalarKind.Complex
                    ? new ScalarParameter(parameter.Name, kind, ScalarRole.State, ByRef: true, Axes: axes, Key: key, Start: start) : null;
            }

            if (!helper && kind == ScalarKind.Int && role == ScalarRole.Value)
            {
                role = ScalarRole.Index;
            }

            return new ScalarParameter(parameter.Name, kind, role, Axes: axes, Key: key);
        }

        return type.TypeKind is TypeKind.Class or TypeKind.Struct && type.SpecialType == SpecialType.None
            ? new ScalarParameter(
                parameter.Name,
                ScalarKind.Config,
                ScalarRole.Config,
                Type: type.WithNullableAnnotation(NullableAnnotation.None).ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat))
            : null;
    }

    private static ScalarKind? KindOf(ITypeSymbol? type, out bool nullable)
    {
        nullable = false;
        if (type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } wrapped)
        {
            nullable = true;
            type = wrapped.TypeArguments[0];
        }

        switch (type?.SpecialType)
        {
            case SpecialType.System_Double:
                return ScalarKind.Double;
            case SpecialType.System_Int32:
                return ScalarKind.Int;
            case SpecialType.System_Boolean:
                return ScalarKind.Bool;
            case SpecialType.System_String:
                nullable = true;
                return ScalarKind.Text;
        }

        if (type?.TypeKind == TypeKind.Enum)
        {
            return ScalarKind.Text;
        }

        return type is { Name: "Complex" } && FullName(type.ContainingNamespace) == "System.Numerics" ? ScalarKind.Complex : null;
    }

    // A return inside an if puts what follows into the other branch, so that each block ends in one return at most, its last statement.
    private List<Statement>? Structure(List<Statement> statements, Location location, int depth)
    {
        if (depth > Extent.DeepestBlock || ++structured > Extent.MostOperations)
        {
            problems.Add(new ScalarProblem(
                $"Too many returns, one inside the other, to follow: expected {Invariant.Text(Extent.DeepestBlock)} at most, and none in blocks that return "
                    + "at times only where many stand one after another.",
                location));
            return null;
        }

        var result = new List<Statement>();
        for (var i = 0; i < statements.Count; i++)
        {
            var statement = statements[i];
            if (statement is Return)
            {
                result.Add(statement);
                return result;
            }

            if (statement is If branch && (Returns(branch.Then) || Returns(branch.Else)))
            {
                var rest = statements.Skip(i + 1).ToList();
                if (Structure([.. branch.Then, .. AlwaysReturns(branch.Then) ? [] : rest], location, depth + 1) is not { } then
                    || Structure([.. branch.Else, .. AlwaysReturns(branch.Else) ? [] : rest], location, depth + 1) is not { } otherwise)
                {
                    return null;
                }

                result.Add(new If(branch.Condition, then.ToEquatable(), otherwise.ToEquatable()));
                return result;
            }

            result.Add(statement);
        }

        return result;
    }

    private static bool Returns(EquatableArray<Statement> statements) =>
        statements.Any(s => s is Return || (s is If i && (Returns(i.Then) || Returns(i.Else))));

    private static bool AlwaysReturns(EquatableArray<Statement> statements) =>
        statements.Any(s => s is Return || (s is If i && AlwaysReturns(i.Then) && AlwaysReturns(i.Else)));

    private ScalarFunction? ReadHelper(IMethodSymbol method, Location location)
    {
        method = method.OriginalDefinition;
        if (open.Contains(method))
        {
            problems.Add(new ScalarProblem($"'{method.Name}' calls itself: a scalar function does not recur.", location));
            return null;
        }

        if (helpers.TryGetValue(method, out var known))
        {
            return known;
        }

        if (open.Count >= DeepestCall)
        {
            problems.Add(new ScalarProblem($"The call of '{method.Name}' is nested more than {DeepestCall} deep.", location));
            return null;
        }

        open.Add(method);
        var count = problems.Count;
        var function = ReadMethod(method, helper: true);
        open.Remove(method);
        if (function is null && problems.Count == count)
        {
            problems.Add(new ScalarProblem($"'{method.Name}' is no scalar function: {Allowed}.", location));
        }

        helpers[method] = function;
        if (function is not null)
        {
            foreach (var inner in function.Helpers)
            {
                if (helperOrder.All(h => h.FullName != inner.FullName))
                {
                    helperOrder.Add(inner);
                }
            }

            if (helperOrder.Any(h => h.FullName == function.FullName))
            {
                problems.Add(new ScalarProblem($"Two methods are called '{method.Name}': a helper of a scalar function has one overload.", location));
                return null;
            }

            foreach (var inner in function.Helpers.Append(function).Where(h => !extents.ContainsKey(h.FullName)))
            {
                extents[inner.FullName] = Extent.Of(inner, extents);
            }

            if (extents[function.FullName].Excess is { } excess)
            {
                problems.Add(new ScalarProblem($"'{method.Name}' with the helpers that it calls {excess}.", location));
                return helpers[method] = null;
            }

            helperOrder.Add(function with { Helpers = default, Form = ScalarForm.Helper });
        }

        return function;
    }
}
