using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Operations;

namespace Dsl.Generators.Scalar;

/// <summary>Statements of a scalar function: locals, assignments, branches, loops.</summary>
internal sealed partial class ScalarReader
{
    /// <summary>One body: knows which names are what.</summary>
    private sealed partial class BodyReader(ScalarReader reader, List<ScalarParameter> parameters, ScalarForm form, FormRule? rule)
    {
        private const string Layer = "layer";

        private static readonly Expression Nothing = Literal.Of(0.0);

        private readonly Dictionary<ISymbol, Expression> aliases = new(SymbolEqualityComparer.Default);
        private readonly HashSet<string> loops = [];
        private int blocks;
        private bool tooManyBlocks;

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
            if (blocks >= Extent.DeepestBlock)
            {
                if (!tooManyBlocks)
                {
                    tooManyBlocks = true;
                    Problem(operation, $"Blocks are nested more than {Invariant.Text(Extent.DeepestBlock)} deep here.");
                }

                return;
            }

            blocks++;
            ReadNext(operation, into);
            blocks--;
        }

        private void ReadNext(IOperation operation, List<Statement> into)
        {
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
            if (declarator.Symbol.RefKind != RefKind.None
                || KindOf(declarator.Symbol.Type, out var nullable) is not { } kind
                || nullable
                || kind == ScalarKind.Text)
            {
                Problem(
                    declarator,
                    $"'{declarator.Symbol.Name}' is a {declarator.Symbol.Type.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat)}: a local "
                        + $"of a scalar function is a double, an int, a bool or a Complex.");
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
                    var step = KindOf(increment.Type, out _) == ScalarKind.Int ? Literal.Of(1) : Literal.Of(1.0);
                    var old = ReadExpression(increment.Target);
                    Write(
                        increment.Target,
                        new Binary(increment.Kind == OperationKind.Increment ? BinaryOperator.Add : BinaryOperator.Subtract, old, step, step.Kind),
                        into);
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
                case IParameterReferenceOperation parameter
                    when Find(parameter.Parameter.Name) is { Span: false } p && p.Role is not (ScalarRole.Config or ScalarRole.Table):
                    into.Add(new Assign(p.Name, value));
                    break;
                case IPropertyReferenceOperation { Property.IsIndexer: true, Instance: IParameterReferenceOperation span } element
                    when Find(span.Parameter.Name) is { Span: true } p:
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

            if (value is IConversionOperation { Operand: IAssignmentOperation, Conversion.IsImplicit: true } conversion
                && KindOf(conversion.Type, out _) is { } kind)
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
            if (rule is { Loops: false })
            {
                Problem(loop, $"A [{form}] function walks no axis: it has {rule.Has}.");
                return;
            }

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
                ICompoundAssignmentOperation { OperatorKind: BinaryOperatorKind.Add, Value.ConstantValue: { HasValue: true, Value: 1 } } c
                    when IsVariable(c.Target, variable) => 1,
                ICompoundAssignmentOperation { OperatorKind: BinaryOperatorKind.Subtract, Value.ConstantValue: { HasValue: true, Value: 1 } } c
                    when IsVariable(c.Target, variable) => -1,
                _ => 0,
            };
            if (step == 0 || !IsVariable(condition.LeftOperand, variable))
            {
                Refuse(loop, "A loop of this form");
                return;
            }

            var initial = before[0].Initializer ?? (before[0].Parent as IVariableDeclarationOperation)?.Initializer;
            var from = initial is null ? Literal.Of(0) : ReadExpression(initial.Value);
            var bound = ReadExpression(condition.RightOperand);
            Expression? to = (condition.OperatorKind, step) switch
            {
                (BinaryOperatorKind.LessThan, 1) or (BinaryOperatorKind.GreaterThan, -1) => bound,
                (BinaryOperatorKind.LessThanOrEqual, 1) => new Binary(BinaryOperator.Add, bound, Literal.Of(1), ScalarKind.Int),
                (BinaryOperatorKind.GreaterThanOrEqual, -1) =>
                    bound is Literal c ? Literal.Of((int)c.Value - 1) : new Binary(BinaryOperator.Subtract, bound, Literal.Of(1), ScalarKind.Int),
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

            var written = Inliner.Assigned(body);
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
    }
}
