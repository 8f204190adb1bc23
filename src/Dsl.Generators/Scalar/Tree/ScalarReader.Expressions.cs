using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Operations;

namespace Dsl.Generators.Scalar;

/// <summary>Expressions of a scalar function: constants, conversions, operators, members, calls.</summary>
internal sealed partial class ScalarReader
{
    private sealed partial class BodyReader
    {
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

        /// <summary>How many expressions around this one are being read, and whether one was too deep.</summary>
        private int depth;
        private bool tooDeep;

        private Expression ReadExpression(IOperation operation)
        {
            if (depth >= Extent.DeepestExpression)
            {
                tooDeep = true;
                return Nothing;
            }

            depth++;
            var expression = ReadNext(operation);
            depth--;
            if (tooDeep && depth == 0)
            {
                tooDeep = false;
                Problem(operation, $"This expression is nested more than {Invariant.Text(Extent.DeepestExpression)} deep: give parts of it names.");
            }

            return expression;
        }

        private Expression ReadNext(IOperation operation)
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
                case IFieldReferenceOperation { Instance: { } instance } field
                    when SettingPath(instance) is { } path && KindOf(field.Type, out var nullableField) is { } fieldKind:
                    return new ConfigMember(path.Config, path.Prefix + field.Field.Name, fieldKind, nullableField);
                case IArrayElementReferenceOperation { Indices: { Length: 1 } place } element when SettingPath(element.ArrayReference) is { } list:
                    return ReadOfLayer(element, list.Config, list.Prefix.TrimEnd('.'), place[0], isList: true);
                case IUnaryOperation unary:
                    return ReadUnary(unary);
                case IBinaryOperation binary:
                    return ReadBinary(binary);
                case IConditionalOperation { WhenFalse: { } no } conditional:
                    return new Select(ReadExpression(conditional.Condition), ReadExpression(conditional.WhenTrue), ReadExpression(no));
                case ICoalesceOperation coalesce:
                    var left = ReadExpression(coalesce.Value);
                    var right = ReadExpression(coalesce.WhenNull);
                    return left.Nullable
                        ? new Unwrap(left, right.Kind == left.Kind ? right : new ConvertTo(left.Kind, right))
                        : Refuse(operation, "?? on this");
                case IIsPatternOperation pattern:
                    return ReadPattern(pattern.Value, pattern.Pattern);
                case IObjectCreationOperation creation when KindOf(creation.Type, out _) == ScalarKind.Complex && creation.Arguments.Length == 2:
                    return new Call("New", creation.Arguments.Select(a => ReadExpression(a.Value)).ToEquatable(), ScalarKind.Complex);
                case IInvocationOperation invocation:
                    return ReadInvocation(invocation);
                case IFieldReferenceOperation { Field: { IsStatic: true, Name: "ImaginaryOne" or "Zero" or "One" } constantField }
                    when KindOf(operation.Type, out _) == ScalarKind.Complex:
                    return new Call(
                        "New",
                        new Expression[] { Literal.Of(
                            constantField.Name == "One" ? 1.0 : 0.0), Literal.Of(constantField.Name == "ImaginaryOne" ? 1.0 : 0.0) }.ToEquatable(),
                        ScalarKind.Complex);
                default:
                    return Refuse(operation, Describe(operation));
            }
        }

        private static Expression? ReadConstant(IOperation operation, object? value)
        {
            if (operation.Type?.TypeKind == TypeKind.Enum)
            {
                return operation is IFieldReferenceOperation field
                    ? new TextConstant(field.Field.ContainingType.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat) + "." + field.Field.Name)
                    : null;
            }

            return value switch
            {
                double d => Literal.Of(d),
                int i => Literal.Of(i),
                bool b => Literal.Of(b),
                float f => Literal.Of((double)f),
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
                (ScalarKind.Int, ScalarKind.Double) => operand is Literal c ? Literal.Of(c.Value)
                    : operand is Call { Function: "Sign" } sign && sign.Arguments[0].Kind == ScalarKind.Double ? sign with { Kind = ScalarKind.Double }
                    : Widened(operand),
                (ScalarKind.Double, ScalarKind.Int) => new ConvertTo(to, operand),
                (ScalarKind.Int or ScalarKind.Double, ScalarKind.Complex) =>
                    new ConvertTo(to, operand.Kind == ScalarKind.Int ? new ConvertTo(ScalarKind.Double, operand) : operand),
                _ => Refuse(conversion, "This conversion"),
            };
        }

        // "x > 0 ? 1 : 2" is an int to C#; where a double is wanted, its branches are doubles.
        private static Expression Widened(Expression operand) => operand switch
        {
            Literal c => Literal.Of(c.Value),
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
                if (property.Property.IsIndexer && property.Arguments.Length == 1 && SettingPath(instance) is { } list)
                {
                    return ReadOfLayer(property, list.Config, list.Prefix.TrimEnd('.'), property.Arguments[0].Value, isList: true);
                }

                if (!property.Property.IsIndexer && SettingPath(instance) is { } path && KindOf(property.Type, out var nullable) is { } kind)
                {
                    return new ConfigMember(path.Config, path.Prefix + name, kind, nullable);
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

        /// <summary>What the config says of the layer: known when the model is built, so its place is a matter of the layer's number and the config.</summary>
        private Expression ReadOfLayer(IOperation operation, string config, string member, IOperation place, bool isList)
        {
            if (KindOf(operation.Type, out var nullable) is not { } kind || kind is ScalarKind.Complex)
            {
                return Refuse(operation, Describe(operation));
            }

            var layer = ReadExpression(place);
            if (layer.Kind != ScalarKind.Int
                || Mapping.Any(layer, e => e is Element or Length or Entry or Invoke || (e is Variable v && (v.Name != Layer || Find(Layer) is null))))
            {
                Problem(
                    place,
                    $"'{member}' of the config is read at an int of '{Layer}' and of the config alone: what is known when the model is built.");
                return Nothing;
            }

            return new ConfigMember(config, member, kind, nullable, layer, isList);
        }

        private Expression ReadUnary(IUnaryOperation unary)
        {
            var operand = ReadExpression(unary.Operand);
            switch (unary.OperatorKind)
            {
                case UnaryOperatorKind.Minus:
                    return operand is Literal c
                        ? (c.Kind == ScalarKind.Int ? Literal.Of(-(int)c.Value) : Literal.Of(-c.Value))
                        : new Unary(UnaryOperator.Negate, operand);
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
                var (nothing, other) = IsNothing(binary.LeftOperand) ? (true, binary.RightOperand)
                    : IsNothing(binary.RightOperand) ? (true, binary.LeftOperand)
                    : (false, binary);
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

                aliases[symbol] = new Unwrap(setting, null, Matched: true);
                return new Unary(UnaryOperator.Not, new IsNull(setting));
            }
        }

        private Expression ReadInvocation(IInvocationOperation invocation)
        {
            var method = invocation.TargetMethod;
            var owner = FullName(method.ContainingType);
            var ordered = invocation.Arguments.OrderBy(a => a.Parameter?.Ordinal ?? 0).ToList();
            if (invocation.Instance is { } instance && ordered.Count == 1 && SettingPath(instance) is { } path)
            {
                return ReadOfLayer(invocation, path.Config, path.Prefix + method.Name, ordered[0].Value, isList: false);
            }

            if (KindOf(invocation.Type, out var nullable) is not { } kind || nullable || kind == ScalarKind.Text)
            {
                return Refuse(invocation, Describe(invocation));
            }

            if (owner is "System.Math" or "Dsl.ScalarMath" or "System.Numerics.Complex" || (owner == "double" && method.IsStatic))
            {
                var arguments = ordered.Select(a => ReadExpression(a.Value)).ToList();
                var name = method.Name == "Conjugate" ? "Conj"
                    : method.Name == "Log" && arguments.Count == 2 ? ""
                    : method.Name == "Round" && arguments.Count > 1 ? ""
                    : method.Name;
                var ofComplex = owner == "System.Numerics.Complex" || arguments.Any(a => a.Kind == ScalarKind.Complex);
                if (ScalarOperations.Find(name) is not { } operation || kind == ScalarKind.Config || (ofComplex && !operation.TakesComplex)
                    || arguments.Count != operation.Operands)
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

            var given = ordered.Select(a => ReadExpression(a.Value)).ToList();
            var of = function.Parameters.ToList().FindIndex(p => p.Name == Layer);
            if (of >= 0 && of < given.Count && given[of] is not Variable { Name: Layer } && ReadsOfLayer(function))
            {
                Problem(ordered[of].Value, $"'{function.Name}' reads the config at its '{Layer}': it is handed the layer's own number.");
                return Nothing;
            }

            return new Invoke(function.FullName, given.ToEquatable(), kind);
        }

        /// <summary>Whether a helper, or one that it hands its layer to, asks the config about that layer.</summary>
        private bool ReadsOfLayer(ScalarFunction function) => Statement.Expressions(function.Body).Any(e => Mapping.Any(e, x =>
            x is ConfigMember { Layer: not null }
                || (x is Invoke i && reader.helperOrder.FirstOrDefault(h => h.FullName == i.FullName) is { } inner && ReadsOfLayer(inner))));
    }
}
