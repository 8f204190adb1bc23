using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
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
internal sealed class ScalarReader
{
    private const string Allowed = "allowed are locals, arithmetic, Math functions, comparisons, ?: and if, for-loops that count by one, writes to a state's elements, Complex, "
        + "members of the config and calls of other such functions";

    private const int DeepestCall = 50;

    private static readonly HashSet<string> Functions =
    [
        "Exp", "ExpM1", "Log", "Log1P", "Log2", "Log10", "Sqrt", "Cbrt", "Pow", "Tanh", "Sinh", "Cosh", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Atan2", "Asinh", "Acosh", "Atanh",
        "Abs", "Min", "Max", "Sign", "Floor", "Ceiling", "Round", "Truncate", "Clamp", "Sigmoid", "Softplus", "Erf", "Detach", "Conj", "Conjugate",
    ];

    private static readonly HashSet<string> ComplexFunctions = ["Exp", "ExpM1", "Conj", "Conjugate", "Detach", "Abs", "Sqrt"];

    private readonly Compilation compilation;
    private readonly Func<IMethodSymbol, ScalarFunction?>? compiled;
    private readonly CancellationToken cancellation;
    private readonly List<ScalarProblem> problems = [];
    private readonly Dictionary<IMethodSymbol, ScalarFunction?> helpers = new(SymbolEqualityComparer.Default);
    private readonly List<ScalarFunction> helperOrder = [];
    private readonly HashSet<IMethodSymbol> open = new(SymbolEqualityComparer.Default);

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

        return new ScalarReading(function with { Helpers = reader.helperOrder.ToEquatable() }, ImmutableArray<ScalarProblem>.Empty);
    }

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

    private static string CSharpName(IMethodSymbol method) => method.ContainingType.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat) + "." + method.Name;

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
        if (model.GetOperation(syntax, cancellation) is not IMethodBodyOperation body)
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
                problems.Add(new ScalarProblem(
                    $"'{parameter.Name}' is a {parameter.Type.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat)}: an argument of a scalar function is a double, an int, a bool, a Complex, "
                    + (helper ? "or the config." : "a span of double or Complex, a [Table] Matrix, or the config."),
                    parameter.Locations.FirstOrDefault() ?? location));
                return null;
            }

            parameters.Add(read);
        }

        if (KindOf(method.ReturnType, out _) is not { } result || result is ScalarKind.Text)
        {
            problems.Add(new ScalarProblem($"'{method.Name}' returns a {method.ReturnType.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat)}: a scalar function returns a double, an int, a bool or a Complex.", location));
            return null;
        }

        var before = problems.Count;
        var statements = new List<Statement>();
        var reading = new BodyReader(this, parameters);
        if (body.BlockBody is { } block)
        {
            reading.Block(block.Operations, statements);
        }
        else if (body.ExpressionBody is { } expression)
        {
            reading.Block(expression.Operations, statements);
        }

        if (problems.Count > before)
        {
            return null;
        }

        var structured = Structure(statements, location, 0);
        if (structured is null || problems.Count > before)
        {
            return null;
        }

        var axes = "";
        var state = "";
        var nodes = "";
        foreach (var attribute in method.GetAttributes())
        {
            if (FullName(attribute.AttributeClass) is "Dsl.RecurrenceAttribute" or "Dsl.TransferAttribute")
            {
                axes = attribute.ConstructorArguments.FirstOrDefault().Value as string ?? "";
                state = Named(attribute, "State");
                nodes = Named(attribute, "Nodes");
            }
        }

        return new ScalarFunction(CSharpName(method), Access(method), form, result, parameters.ToEquatable(), structured.ToEquatable(), axes, state, nodes);
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
            ? new ScalarParameter(parameter.Name, ScalarKind.Config, ScalarRole.Config, Type: type.WithNullableAnnotation(NullableAnnotation.None).ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat))
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
        if (depth > 60)
        {
            problems.Add(new ScalarProblem("Too many returns, one inside the other, to follow.", location));
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
                var then = Structure([.. branch.Then, .. AlwaysReturns(branch.Then) ? [] : rest], location, depth + 1);
                var otherwise = Structure([.. branch.Else, .. AlwaysReturns(branch.Else) ? [] : rest], location, depth + 1);
                if (then is null || otherwise is null)
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

            helperOrder.Add(function with { Helpers = default, Form = ScalarForm.Helper });
        }

        return function;
    }

    /// <summary>One body: knows which names are what.</summary>
    private sealed class BodyReader(ScalarReader reader, List<ScalarParameter> parameters)
    {
        private static readonly Expression Nothing = Constant.Of(0.0);

        private readonly Dictionary<ISymbol, Expression> aliases = new(SymbolEqualityComparer.Default);
        private readonly HashSet<string> loops = [];

        public void Block(IEnumerable<IOperation> operations, List<Statement> into)
        {
            foreach (var operation in operations)
            {
                Read(operation, into);
            }
        }

        private void Problem(IOperation operation, string message) => reader.problems.Add(new ScalarProblem(message, operation.Syntax.GetLocation()));

        private Expression Refuse(IOperation operation, string what)
        {
            // The compiler already speaks of what it could not bind.
            if (operation.Kind == OperationKind.Invalid)
            {
                Problem(operation, "This does not compile yet.");
            }
            else
            {
                Problem(operation, $"{what} cannot stand in a scalar function: {Allowed}.");
            }

            return Nothing;
        }

        private void Read(IOperation operation, List<Statement> into)
        {
            reader.cancellation.ThrowIfCancellationRequested();
            switch (operation)
            {
                case IBlockOperation block:
                    Block(block.Operations, into);
                    break;
                case IEmptyOperation:
                    break;
                case IVariableDeclarationGroupOperation group:
                    foreach (var declarator in group.Declarations.SelectMany(d => d.Declarators))
                    {
                        ReadDeclarator(declarator, into);
                    }

                    break;
                case IExpressionStatementOperation statement:
                    ReadEffect(statement.Operation, into);
                    break;
                case IReturnOperation { ReturnedValue: { } value }:
                    into.Add(new Return(ReadWithEffect(value, into)));
                    break;
                case IConditionalOperation { Type: null } conditional:
                    var then = new List<Statement>();
                    var otherwise = new List<Statement>();
                    var condition = ReadExpression(conditional.Condition);
                    Read(conditional.WhenTrue, then);
                    if (conditional.WhenFalse is { } no)
                    {
                        Read(no, otherwise);
                    }

                    into.Add(new If(condition, then.ToEquatable(), otherwise.ToEquatable()));
                    break;
                case IConditionalOperation conditional when conditional.Syntax.IsKind(SyntaxKind.IfStatement):
                    goto default;
                case IForLoopOperation loop:
                    ReadLoop(loop, into);
                    break;
                default:
                    Refuse(operation, Describe(operation));
                    break;
            }
        }

        private void ReadDeclarator(IVariableDeclaratorOperation declarator, List<Statement> into)
        {
            if (declarator.Symbol.RefKind != RefKind.None || KindOf(declarator.Symbol.Type, out var nullable) is not { } kind || nullable || kind == ScalarKind.Text)
            {
                Problem(declarator, $"'{declarator.Symbol.Name}' is a {declarator.Symbol.Type.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat)}: a local of a scalar function is a double, an int, a bool or a Complex.");
                return;
            }

            var initial = declarator.Initializer ?? (declarator.Parent as IVariableDeclarationOperation)?.Initializer;
            into.Add(new Declare(declarator.Symbol.Name, kind, initial is null ? null : ReadWithEffect(initial.Value, into)));
        }

        private void ReadEffect(IOperation operation, List<Statement> into)
        {
            switch (operation)
            {
                case ISimpleAssignmentOperation { IsRef: false } assignment:
                    Write(assignment.Target, ReadWithEffect(assignment.Value, into), into);
                    break;
                case ICompoundAssignmentOperation compound:
                    if (OperatorOf(compound.OperatorKind) is { } op && op <= BinaryOperator.Remainder && KindOf(compound.Type, out _) is { } kind)
                    {
                        var left = ReadExpression(compound.Target);
                        var right = ReadWithEffect(compound.Value, into);
                        Write(compound.Target, Arithmetic(op, left, right, kind), into);
                    }
                    else
                    {
                        Refuse(operation, "This operator");
                    }

                    break;
                case IIncrementOrDecrementOperation increment:
                    var step = KindOf(increment.Type, out _) == ScalarKind.Int ? Constant.Of(1) : Constant.Of(1.0);
                    var old = ReadExpression(increment.Target);
                    Write(increment.Target, new Binary(increment.Kind == OperationKind.Increment ? BinaryOperator.Add : BinaryOperator.Subtract, old, step, step.Kind), into);
                    break;
                default:
                    Refuse(operation, Describe(operation));
                    break;
            }
        }

        private static Expression Arithmetic(BinaryOperator op, Expression left, Expression right, ScalarKind kind)
        {
            Expression At(Expression e, ScalarKind k) => e.Kind == k ? e : new ConvertTo(k, e);
            var wide = left.Kind == ScalarKind.Complex || right.Kind == ScalarKind.Complex ? ScalarKind.Complex
                : left.Kind == ScalarKind.Double || right.Kind == ScalarKind.Double ? ScalarKind.Double : kind;
            return At(new Binary(op, At(left, wide), At(right, wide), wide), kind);
        }

        private void Write(IOperation target, Expression value, List<Statement> into)
        {
            switch (target)
            {
                case ILocalReferenceOperation local when !aliases.ContainsKey(local.Local):
                    if (loops.Contains(local.Local.Name))
                    {
                        Problem(target, $"'{local.Local.Name}' counts a loop, which alone may change it.");
                    }

                    into.Add(new Assign(local.Local.Name, value));
                    break;
                case IParameterReferenceOperation parameter when Find(parameter.Parameter.Name) is { Span: false } p && p.Role is not (ScalarRole.Config or ScalarRole.Table):
                    into.Add(new Assign(p.Name, value));
                    break;
                case IPropertyReferenceOperation { Property.IsIndexer: true, Instance: IParameterReferenceOperation span } element when Find(span.Parameter.Name) is { Span: true } p:
                    if (p.Role != ScalarRole.State)
                    {
                        Problem(target, $"'{p.Name}' is read only: only a state's elements can be written.");
                    }

                    into.Add(new Store(p.Name, ReadExpression(element.Arguments[0].Value), value));
                    break;
                default:
                    Refuse(target, "Writing to this");
                    break;
            }
        }

        private ScalarParameter? Find(string name) => parameters.FirstOrDefault(p => p.Name == name);

        // An assignment may be the whole of a value: "=> h = f * h + x". Deeper inside an expression the order would matter.
        private Expression ReadWithEffect(IOperation value, List<Statement> into)
        {
            if (value is IParenthesizedOperation parenthesized)
            {
                return ReadWithEffect(parenthesized.Operand, into);
            }

            if (value is IConversionOperation { Operand: IAssignmentOperation, Conversion.IsImplicit: true } conversion && KindOf(conversion.Type, out _) is { } kind)
            {
                var inner = ReadWithEffect(conversion.Operand, into);
                return inner.Kind == kind ? inner : new ConvertTo(kind, inner);
            }

            if (value is IAssignmentOperation assignment)
            {
                ReadEffect(assignment, into);
                return ReadExpression(assignment.Target);
            }

            return ReadExpression(value);
        }

        private void ReadLoop(IForLoopOperation loop, List<Statement> into)
        {
            var before = loop.Before.SelectMany(o => o is IVariableDeclarationGroupOperation g ? g.Declarations.SelectMany(d => d.Declarators) : []).ToList();
            if (before.Count != 1 || loop.Before.Length != 1 || loop.AtLoopBottom.Length != 1 || loop.Condition is not IBinaryOperation condition
                || KindOf(before[0].Symbol.Type, out _) != ScalarKind.Int)
            {
                Refuse(loop, "A loop of this form");
                return;
            }

            var variable = before[0].Symbol;
            var bottom = loop.AtLoopBottom[0] is IExpressionStatementOperation statement ? statement.Operation : loop.AtLoopBottom[0];
            var step = bottom switch
            {
                IIncrementOrDecrementOperation i when IsVariable(i.Target, variable) => i.Kind == OperationKind.Increment ? 1 : -1,
                ICompoundAssignmentOperation { OperatorKind: BinaryOperatorKind.Add, Value.ConstantValue: { HasValue: true, Value: 1 } } c when IsVariable(c.Target, variable) => 1,
                ICompoundAssignmentOperation { OperatorKind: BinaryOperatorKind.Subtract, Value.ConstantValue: { HasValue: true, Value: 1 } } c when IsVariable(c.Target, variable) => -1,
                _ => 0,
            };
            if (step == 0 || !IsVariable(condition.LeftOperand, variable))
            {
                Refuse(loop, "A loop of this form");
                return;
            }

            var initial = before[0].Initializer ?? (before[0].Parent as IVariableDeclarationOperation)?.Initializer;
            var from = initial is null ? Constant.Of(0) : ReadExpression(initial.Value);
            var bound = ReadExpression(condition.RightOperand);
            Expression? to = (condition.OperatorKind, step) switch
            {
                (BinaryOperatorKind.LessThan, 1) or (BinaryOperatorKind.GreaterThan, -1) => bound,
                (BinaryOperatorKind.LessThanOrEqual, 1) => new Binary(BinaryOperator.Add, bound, Constant.Of(1), ScalarKind.Int),
                (BinaryOperatorKind.GreaterThanOrEqual, -1) => bound is Constant c ? Constant.Of((int)c.Value - 1) : new Binary(BinaryOperator.Subtract, bound, Constant.Of(1), ScalarKind.Int),
                _ => null,
            };
            if (to is null)
            {
                Refuse(loop, "A loop of this form");
                return;
            }

            var added = loops.Add(variable.Name);
            var body = new List<Statement>();
            Read(loop.Body, body);
            if (added)
            {
                loops.Remove(variable.Name);
            }

            if (Returns(body.ToEquatable()))
            {
                Problem(loop, "A loop of a scalar function runs to its end: it cannot return.");
            }

            var written = new HashSet<string>();
            Inliner.Assigned(body, written);
            if (Mentions(from, written) || Mentions(to, written))
            {
                Problem(condition, "A loop's bounds stay as they are while it runs.");
            }

            into.Add(new Loop(variable.Name, from, to, step, body.ToEquatable()));
        }

        private static bool Mentions(Expression expression, HashSet<string> names) =>
            (expression is Variable v && names.Contains(v.Name)) || expression.Children.Any(c => Mentions(c, names));

        private static bool IsVariable(IOperation operation, ILocalSymbol variable) =>
            operation is ILocalReferenceOperation local && SymbolEqualityComparer.Default.Equals(local.Local, variable);

        private static string Describe(IOperation operation) => operation.Kind switch
        {
            OperationKind.Invocation => "This call",
            OperationKind.Loop => "This loop",
            OperationKind.Branch => "A jump",
            OperationKind.Throw => "throw",
            OperationKind.Try => "try",
            OperationKind.Using => "using",
            OperationKind.Switch or OperationKind.SwitchExpression => "switch",
            OperationKind.LocalFunction => "A local function",
            OperationKind.AnonymousFunction or OperationKind.DelegateCreation => "A lambda",
            OperationKind.ObjectCreation => "This object",
            OperationKind.ArrayCreation or OperationKind.ArrayElementReference => "An array",
            OperationKind.SimpleAssignment or OperationKind.CompoundAssignment => "An assignment inside an expression",
            OperationKind.Increment or OperationKind.Decrement => "++ or -- inside an expression",
            OperationKind.FieldReference => "A field",
            OperationKind.PropertyReference => "This property",
            OperationKind.Await => "await",
            OperationKind.DeconstructionAssignment or OperationKind.Tuple => "A tuple",
            OperationKind.Literal => "This literal",
            _ => "This",
        };

        private static BinaryOperator? OperatorOf(BinaryOperatorKind kind) => kind switch
        {
            BinaryOperatorKind.Add => BinaryOperator.Add,
            BinaryOperatorKind.Subtract => BinaryOperator.Subtract,
            BinaryOperatorKind.Multiply => BinaryOperator.Multiply,
            BinaryOperatorKind.Divide => BinaryOperator.Divide,
            BinaryOperatorKind.Remainder => BinaryOperator.Remainder,
            BinaryOperatorKind.LessThan => BinaryOperator.Less,
            BinaryOperatorKind.LessThanOrEqual => BinaryOperator.LessOrEqual,
            BinaryOperatorKind.GreaterThan => BinaryOperator.Greater,
            BinaryOperatorKind.GreaterThanOrEqual => BinaryOperator.GreaterOrEqual,
            BinaryOperatorKind.Equals => BinaryOperator.Equal,
            BinaryOperatorKind.NotEquals => BinaryOperator.NotEqual,
            BinaryOperatorKind.ConditionalAnd or BinaryOperatorKind.And => BinaryOperator.And,
            BinaryOperatorKind.ConditionalOr or BinaryOperatorKind.Or => BinaryOperator.Or,
            _ => null,
        };

        private Expression ReadExpression(IOperation operation)
        {
            if (operation.ConstantValue is { HasValue: true } constant && ReadConstant(operation, constant.Value) is { } known)
            {
                return known;
            }

            switch (operation)
            {
                case IParenthesizedOperation parenthesized:
                    return ReadExpression(parenthesized.Operand);
                case IConversionOperation conversion:
                    return ReadConversion(conversion);
                case ILocalReferenceOperation local:
                    if (aliases.TryGetValue(local.Local, out var alias))
                    {
                        return alias;
                    }

                    return KindOf(local.Type, out _) is { } localKind ? new Variable(local.Local.Name, localKind) : Refuse(operation, "This local");
                case IParameterReferenceOperation parameter:
                    return Find(parameter.Parameter.Name) switch
                    {
                        { Role: ScalarRole.Config } p => new ConfigArgument(p.Name),
                        { Span: false } p when p.Role != ScalarRole.Table => new Variable(p.Name, p.Kind),
                        _ => Refuse(operation, $"'{parameter.Parameter.Name}' as a whole"),
                    };
                case IPropertyReferenceOperation property:
                    return ReadProperty(property);
                case IFieldReferenceOperation { Instance: { } instance } field when SettingPath(instance) is { } path && KindOf(field.Type, out var nullableField) is { } fieldKind:
                    return new Setting(path.Config, path.Prefix + field.Field.Name, fieldKind, nullableField);
                case IUnaryOperation unary:
                    return ReadUnary(unary);
                case IBinaryOperation binary:
                    return ReadBinary(binary);
                case IConditionalOperation { WhenFalse: { } no } conditional:
                    return new Select(ReadExpression(conditional.Condition), ReadExpression(conditional.WhenTrue), ReadExpression(no));
                case ICoalesceOperation coalesce:
                    var left = ReadExpression(coalesce.Value);
                    var right = ReadExpression(coalesce.WhenNull);
                    return left.Nullable ? new Unwrap(left, right.Kind == left.Kind ? right : new ConvertTo(left.Kind, right)) : Refuse(operation, "?? on this");
                case IIsPatternOperation pattern:
                    return ReadPattern(pattern.Value, pattern.Pattern);
                case IObjectCreationOperation creation when KindOf(creation.Type, out _) == ScalarKind.Complex && creation.Arguments.Length == 2:
                    return new Call("New", creation.Arguments.Select(a => ReadExpression(a.Value)).ToEquatable(), ScalarKind.Complex);
                case IInvocationOperation invocation:
                    return ReadInvocation(invocation);
                case IFieldReferenceOperation { Field: { IsStatic: true, Name: "ImaginaryOne" or "Zero" or "One" } constantField } when KindOf(operation.Type, out _) == ScalarKind.Complex:
                    return new Call(
                        "New",
                        new Expression[] { Constant.Of(constantField.Name == "One" ? 1.0 : 0.0), Constant.Of(constantField.Name == "ImaginaryOne" ? 1.0 : 0.0) }.ToEquatable(),
                        ScalarKind.Complex);
                default:
                    return Refuse(operation, Describe(operation));
            }
        }

        private static Expression? ReadConstant(IOperation operation, object? value)
        {
            if (operation.Type?.TypeKind == TypeKind.Enum)
            {
                return operation is IFieldReferenceOperation field ? new TextConstant(field.Field.ContainingType.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat) + "." + field.Field.Name) : null;
            }

            return value switch
            {
                double d => Constant.Of(d),
                int i => Constant.Of(i),
                bool b => Constant.Of(b),
                float f => Constant.Of((double)f),
                string s => new TextConstant(SymbolDisplay.FormatLiteral(s, quote: true)),
                _ => null,
            };
        }

        private Expression ReadConversion(IConversionOperation conversion)
        {
            if (KindOf(conversion.Type, out _) is not { } to)
            {
                return Refuse(conversion, $"A {conversion.Type?.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat) ?? "value"}");
            }

            var operand = ReadExpression(conversion.Operand);
            if (operand.Kind == to)
            {
                // int? to int by a cast throws on null, as .Value does.
                return operand.Nullable && KindOf(conversion.Type, out var stays) is not null && !stays ? new Unwrap(operand, null) : operand;
            }

            return (operand.Kind, to) switch
            {
                (ScalarKind.Int, ScalarKind.Double) => operand is Constant c ? Constant.Of(c.Value)
                    : operand is Call { Function: "Sign" } sign && sign.Arguments[0].Kind == ScalarKind.Double ? sign with { Kind = ScalarKind.Double }
                    : Widened(operand),
                (ScalarKind.Double, ScalarKind.Int) => new ConvertTo(to, operand),
                (ScalarKind.Int or ScalarKind.Double, ScalarKind.Complex) => new ConvertTo(to, operand.Kind == ScalarKind.Int ? new ConvertTo(ScalarKind.Double, operand) : operand),
                _ => Refuse(conversion, "This conversion"),
            };
        }

        // "x > 0 ? 1 : 2" is an int to C#; where a double is wanted, its branches are doubles.
        private static Expression Widened(Expression operand) => operand switch
        {
            Constant c => Constant.Of(c.Value),
            Select { Nullable: false } s => new Select(s.Condition, Widened(s.Yes), Widened(s.No)),
            _ => new ConvertTo(ScalarKind.Double, operand),
        };

        private (string Config, string Prefix)? SettingPath(IOperation instance)
        {
            switch (instance)
            {
                case IParameterReferenceOperation parameter when Find(parameter.Parameter.Name) is { Role: ScalarRole.Config } p:
                    return (p.Name, "");
                case IPropertyReferenceOperation { Instance: { } inner, Property.IsIndexer: false } property when KindOf(property.Type, out _) is null:
                    return SettingPath(inner) is { } path ? (path.Config, path.Prefix + property.Property.Name + ".") : null;
                case IConversionOperation { IsImplicit: true } conversion:
                    return SettingPath(conversion.Operand);
                default:
                    return null;
            }
        }

        private Expression ReadProperty(IPropertyReferenceOperation property)
        {
            var name = property.Property.Name;
            if (property.Instance is IParameterReferenceOperation parameter && Find(parameter.Parameter.Name) is { } p)
            {
                if (p.Span && property.Property.IsIndexer && property.Arguments.Length == 1)
                {
                    var index = ReadExpression(property.Arguments[0].Value);
                    return index.Kind == ScalarKind.Int ? new Element(p.Name, index, p.Kind) : Refuse(property, "An index that is no int");
                }

                if (p.Span && name == "Length")
                {
                    return new Length(p.Name);
                }

                if (p.Role == ScalarRole.Table && property.Property.IsIndexer && property.Arguments.Length == 2)
                {
                    return new Entry(p.Name, ReadExpression(property.Arguments[0].Value), ReadExpression(property.Arguments[1].Value));
                }
            }

            if (property.Instance is { } instance)
            {
                if (!property.Property.IsIndexer && SettingPath(instance) is { } path && KindOf(property.Type, out var nullable) is { } kind)
                {
                    return new Setting(path.Config, path.Prefix + name, kind, nullable);
                }

                if (KindOf(instance.Type, out var wrapped) is { } of)
                {
                    if (wrapped && name == "Value")
                    {
                        return new Unwrap(ReadExpression(instance), null);
                    }

                    if (wrapped && name == "HasValue")
                    {
                        return new Unary(UnaryOperator.Not, new IsNull(ReadExpression(instance)));
                    }

                    if (of == ScalarKind.Complex && name is "Real" or "Imaginary")
                    {
                        return new Call(name, new[] { ReadExpression(instance) }.ToEquatable(), ScalarKind.Double);
                    }
                }
            }

            return Refuse(property, $"'{name}'");
        }

        private Expression ReadUnary(IUnaryOperation unary)
        {
            var operand = ReadExpression(unary.Operand);
            switch (unary.OperatorKind)
            {
                case UnaryOperatorKind.Minus:
                    return operand is Constant c ? (c.Kind == ScalarKind.Int ? Constant.Of(-(int)c.Value) : Constant.Of(-c.Value)) : new Unary(UnaryOperator.Negate, operand);
                case UnaryOperatorKind.Plus:
                    return operand;
                case UnaryOperatorKind.Not:
                    return new Unary(UnaryOperator.Not, operand);
                default:
                    return Refuse(unary, "This operator");
            }
        }

        private Expression ReadBinary(IBinaryOperation binary)
        {
            if (OperatorOf(binary.OperatorKind) is not { } op || KindOf(binary.Type, out _) is not { } kind)
            {
                return Refuse(binary, "This operator");
            }

            if (op is BinaryOperator.Equal or BinaryOperator.NotEqual)
            {
                var (nothing, other) = IsNothing(binary.LeftOperand) ? (true, binary.RightOperand) : IsNothing(binary.RightOperand) ? (true, binary.LeftOperand) : (false, binary);
                if (nothing)
                {
                    var test = new IsNull(ReadExpression(other));
                    return op == BinaryOperator.Equal ? test : new Unary(UnaryOperator.Not, test);
                }
            }

            var left = ReadExpression(binary.LeftOperand);
            var right = ReadExpression(binary.RightOperand);
            if (kind == ScalarKind.Text || (kind == ScalarKind.Int && op is BinaryOperator.And or BinaryOperator.Or))
            {
                return Refuse(binary, "This operator");
            }

            if (left.Kind != right.Kind && left.Kind is not (ScalarKind.Text or ScalarKind.Config) && right.Kind is not (ScalarKind.Text or ScalarKind.Config)
                && left.Kind != ScalarKind.Bool && right.Kind != ScalarKind.Bool)
            {
                // Complex times double has an operator of its own in C#; here both sides are Complex.
                var wide = left.Kind == ScalarKind.Complex || right.Kind == ScalarKind.Complex ? ScalarKind.Complex : ScalarKind.Double;
                left = left.Kind == wide ? left : new ConvertTo(wide, left);
                right = right.Kind == wide ? right : new ConvertTo(wide, right);
            }

            return new Binary(op, left, right, kind);
        }

        private static bool IsNothing(IOperation operation) =>
            operation.ConstantValue is { HasValue: true, Value: null } || (operation is IConversionOperation { IsImplicit: true } c && IsNothing(c.Operand));

        private Expression ReadPattern(IOperation value, IPatternOperation pattern)
        {
            switch (pattern)
            {
                case IConstantPatternOperation { Value: var constant } when IsNothing(constant):
                    return new IsNull(ReadExpression(value));
                case INegatedPatternOperation negated:
                    return new Unary(UnaryOperator.Not, ReadPattern(value, negated.Pattern));
                case IDeclarationPatternOperation { DeclaredSymbol: { } declared }:
                    return Name(declared);
                case IRecursivePatternOperation { DeconstructionSubpatterns.Length: 0, PropertySubpatterns.Length: 0, DeclaredSymbol: { } declared }:
                    return Name(declared);
                default:
                    return Refuse(pattern, "This pattern");
            }

            Expression Name(ISymbol symbol)
            {
                var setting = ReadExpression(value);
                if (!setting.Nullable)
                {
                    return Refuse(pattern, "This pattern");
                }

                aliases[symbol] = new Unwrap(setting, null);
                return new Unary(UnaryOperator.Not, new IsNull(setting));
            }
        }

        private Expression ReadInvocation(IInvocationOperation invocation)
        {
            var method = invocation.TargetMethod;
            var owner = FullName(method.ContainingType);
            var ordered = invocation.Arguments.OrderBy(a => a.Parameter?.Ordinal ?? 0).ToList();
            if (KindOf(invocation.Type, out var nullable) is not { } kind || nullable || kind == ScalarKind.Text)
            {
                return Refuse(invocation, Describe(invocation));
            }

            if (owner is "System.Math" or "Dsl.ScalarMath" or "System.Numerics.Complex" || (owner == "double" && method.IsStatic))
            {
                var arguments = ordered.Select(a => ReadExpression(a.Value)).ToList();
                var name = method.Name == "Conjugate" ? "Conj" : method.Name == "Log" && arguments.Count == 2 ? "" : method.Name == "Round" && arguments.Count > 1 ? "" : method.Name;
                if (!Functions.Contains(name) || (owner == "System.Numerics.Complex" && !ComplexFunctions.Contains(name)) || kind == ScalarKind.Config
                    || (arguments.Any(a => a.Kind == ScalarKind.Complex) && !ComplexFunctions.Contains(name)))
                {
                    return Refuse(invocation, $"{method.ContainingType.Name}.{method.Name}");
                }

                return new Call(name, arguments.ToEquatable(), kind);
            }

            if (!method.IsStatic || invocation.Instance is not null)
            {
                return Refuse(invocation, Describe(invocation));
            }

            if (reader.ReadHelper(method, invocation.Syntax.GetLocation()) is not { } function)
            {
                return Nothing;
            }

            return new Invoke(function.FullName, ordered.Select(a => ReadExpression(a.Value)).ToEquatable(), kind);
        }
    }
}
