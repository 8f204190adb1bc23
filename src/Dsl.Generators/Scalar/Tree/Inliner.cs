using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>
/// Puts helpers' bodies where they are called. What a branch calls is computed in that branch and nowhere else, so that an infinity in the
/// branch not taken stays there. Arguments are computed once.
/// </summary>
internal sealed class Inliner
{
    private readonly ScalarFunction function;
    private readonly Func<Invoke, bool> keep;
    private readonly HashSet<string> taken = [];

    private Inliner(ScalarFunction function, Func<Invoke, bool> keep)
    {
        this.function = function;
        this.keep = keep;
        foreach (var parameter in function.Parameters)
        {
            taken.Add(parameter.Name);
        }

        taken.UnionWith(Statement.All(function.Body).OfType<Declare>().Select(d => d.Name));
        taken.UnionWith(Statement.All(function.Body).OfType<Loop>().Select(l => l.Name));
    }

    /// <param name="keep">Calls to leave as they are, such as those a host tabulates.</param>
    public static EquatableArray<Statement> Inline(ScalarFunction function, Func<Invoke, bool>? keep = null)
    {
        var inliner = new Inliner(function, keep ?? (_ => false));
        return inliner.Block(function.Body, Bindings.Empty, null).ToEquatable();
    }

    /// <summary>
    /// The function's value as one expression of its parameters, or null where it loops, writes to spans, or would grow past <paramref name="limit"/> nodes.
    /// </summary>
    public static Expression? ToExpression(ScalarFunction function, int limit = 20_000)
    {
        var folder = new Folder(limit);
        return folder.Value(Inline(function), new Dictionary<string, Expression>());
    }

    /// <summary>The names that the statements assign to, at any depth.</summary>
    public static HashSet<string> Assigned(IEnumerable<Statement> statements) => [.. Statement.All(statements).OfType<Assign>().Select(a => a.Name)];

    private static int Uses(IEnumerable<Statement> statements, string name) => statements.Sum(s => s switch
    {
        Declare d => d.Value is null ? 0 : Uses(d.Value, name),
        Assign a => Uses(a.Value, name),
        Store t => Uses(t.Index, name) + Uses(t.Value, name),
        If i => Uses(i.Condition, name) + Uses(i.Then, name) + Uses(i.Else, name),
        Loop l => Uses(l.From, name) + Uses(l.To, name) + (2 * Uses(l.Body, name)),
        Return r => Uses(r.Value, name),
        _ => 0,
    });

    private static int Uses(Expression expression, string name) =>
        (expression is Variable v && v.Name == name ? 1 : 0) + expression.Children.Sum(c => Uses(c, name));

    private string Fresh(string wish)
    {
        var name = wish;
        for (var i = 2; !taken.Add(name); i++)
        {
            name = wish + i;
        }

        return name;
    }

    // target null: returns stay; else a return assigns to it.
    private List<Statement> Block(IEnumerable<Statement> statements, Bindings scope, string? target)
    {
        var result = new List<Statement>();
        foreach (var statement in statements)
        {
            switch (statement)
            {
                case Declare d:
                    var value = d.Value is null ? null : Rewrite(d.Value, scope, result);
                    var name = scope.IsOuter ? d.Name : Fresh(d.Name);
                    scope = scope.With(d.Name, new Variable(name, d.Kind));
                    result.Add(new Declare(name, d.Kind, value));
                    break;
                case Assign a:
                    result.Add(new Assign(scope.Name(a.Name), Rewrite(a.Value, scope, result)));
                    break;
                case Store s:
                    var index = Rewrite(s.Index, scope, result);
                    result.Add(new Store(s.Span, index, Rewrite(s.Value, scope, result)));
                    break;
                case If i:
                    var condition = Rewrite(i.Condition, scope, result);
                    result.Add(new If(condition, Block(i.Then, scope, target).ToEquatable(), Block(i.Else, scope, target).ToEquatable()));
                    break;
                case Loop l:
                    var from = Rewrite(l.From, scope, result);
                    var to = Rewrite(l.To, scope, result);
                    var counter = scope.IsOuter ? l.Name : Fresh(l.Name);
                    result.Add(
                        new Loop(counter, from, to, l.Step, Block(l.Body, scope.With(l.Name, new Variable(counter, ScalarKind.Int)), target).ToEquatable()));
                    break;
                case Return r:
                    var returned = Rewrite(r.Value, scope, result);
                    result.Add(target is null ? new Return(returned) : new Assign(target, returned));
                    break;
            }
        }

        return result;
    }

    private Expression Rewrite(Expression expression, Bindings scope, List<Statement> into)
    {
        switch (expression)
        {
            case Variable v:
                return scope.Value(v.Name) ?? v;
            case ConfigMember s:
                return s with { Config = scope.ConfigName(s.Config), Layer = s.Layer is null ? null : Rewrite(s.Layer, scope, into) };
            case ConfigArgument c:
                return new ConfigArgument(scope.ConfigName(c.Name));
            case Element e:
                return e with { Index = Rewrite(e.Index, scope, into) };
            case Entry e:
                return e with { Row = Rewrite(e.Row, scope, into), Column = Rewrite(e.Column, scope, into) };
            case IsNull n:
                return new IsNull(Rewrite(n.Operand, scope, into));
            case Unwrap u:
                return u with { Operand = Rewrite(u.Operand, scope, into), Other = u.Other is null ? null : Rewrite(u.Other, scope, into) };
            case Unary u:
                return new Unary(u.Operator, Rewrite(u.Operand, scope, into));
            case ConvertTo c:
                return new ConvertTo(c.Kind, Rewrite(c.Operand, scope, into));
            case Call c:
                return c with { Arguments = c.Arguments.Select(a => Rewrite(a, scope, into)).ToEquatable() };
            case Binary { Operator: BinaryOperator.And or BinaryOperator.Or } b:
                var left = Rewrite(b.Left, scope, into);
                var inner = new List<Statement>();
                var right = Rewrite(b.Right, scope, inner);
                if (inner.Count == 0)
                {
                    return b with { Left = left, Right = right };
                }

                var both = Fresh("holds");
                into.Add(new Declare(both, ScalarKind.Bool, left));
                inner.Add(new Assign(both, right));
                var test = new Variable(both, ScalarKind.Bool);
                into.Add(new If(b.Operator == BinaryOperator.And ? test : new Unary(UnaryOperator.Not, test), inner.ToEquatable(), default));
                return test;
            case Binary b:
                return b with { Left = Rewrite(b.Left, scope, into), Right = Rewrite(b.Right, scope, into) };
            case Select s:
                var condition = Rewrite(s.Condition, scope, into);
                var yesInto = new List<Statement>();
                var noInto = new List<Statement>();
                var yes = Rewrite(s.Yes, scope, yesInto);
                var no = Rewrite(s.No, scope, noInto);
                if (yesInto.Count == 0 && noInto.Count == 0)
                {
                    return new Select(condition, yes, no);
                }

                var chosen = Fresh("chosen");
                into.Add(new Declare(chosen, s.Kind, null));
                yesInto.Add(new Assign(chosen, yes));
                noInto.Add(new Assign(chosen, no));
                into.Add(new If(condition, yesInto.ToEquatable(), noInto.ToEquatable()));
                return new Variable(chosen, s.Kind);
            case Invoke i:
                var arguments = i.Arguments.Select(a => Rewrite(a, scope, into)).ToList();
                return keep(i) || function.Helper(i.FullName) is not { } helper
                    ? i with { Arguments = arguments.ToEquatable() }
                    : Expand(helper, arguments, into);
            default:
                return expression;
        }
    }

    private Expression Expand(ScalarFunction helper, List<Expression> arguments, List<Statement> into)
    {
        var assigned = Assigned(helper.Body);
        var scope = Bindings.Helper;
        for (var i = 0; i < helper.Parameters.Count && i < arguments.Count; i++)
        {
            var parameter = helper.Parameters[i];
            var argument = arguments[i];
            if (argument is ConfigArgument config)
            {
                scope = scope.WithConfig(parameter.Name, config.Name);
                continue;
            }

            var simple = argument is Variable or Literal or TextConstant or ConfigMember or Length || Uses(helper.Body, parameter.Name) <= 1;
            if (!simple || assigned.Contains(parameter.Name))
            {
                var local = Fresh(parameter.Name);
                into.Add(new Declare(local, parameter.Kind, argument));
                argument = new Variable(local, parameter.Kind);
            }

            scope = scope.With(parameter.Name, argument);
        }

        if (helper.Body.Count == 1 && helper.Body[0] is Return only)
        {
            return Rewrite(only.Value, scope, into);
        }

        if (helper.Body.Count > 0
            && helper.Body[helper.Body.Count - 1] is Return last
            && !helper.Body.Take(helper.Body.Count - 1).Any(s => s is If i && HasReturn(i)))
        {
            // Straight to its one return: the locals become the caller's.
            var statements = Block([.. helper.Body.Take(helper.Body.Count - 1), new Declare(" value", helper.Result, last.Value)], scope, null);
            var value = (Declare)statements[statements.Count - 1];
            statements.RemoveAt(statements.Count - 1);
            into.AddRange(statements);
            return value.Value!;
        }

        var result = Fresh(char.ToLowerInvariant(helper.Name[0]) + helper.Name.Substring(1));
        into.Add(new Declare(result, helper.Result, null));
        into.AddRange(Block(helper.Body, scope, result));
        return new Variable(result, helper.Result);
    }

    private static bool HasReturn(If branch) => branch.Then.Concat(branch.Else).Any(s => s is Return || (s is If i && HasReturn(i)));

    /// <summary>What a name of the code being inlined means at the place of the call.</summary>
    private sealed class Bindings(bool outer, Dictionary<string, Expression> values, Dictionary<string, string> configs)
    {
        public static Bindings Empty => new(true, [], []);

        public static Bindings Helper => new(false, [], []);

        public bool IsOuter => outer;

        public Expression? Value(string name) => values.TryGetValue(name, out var value) ? value : null;

        public string Name(string name) => values.TryGetValue(name, out var value) && value is Variable v ? v.Name : name;

        public string ConfigName(string name) => configs.TryGetValue(name, out var other) ? other : name;

        public Bindings With(string name, Expression value) => new(outer, new Dictionary<string, Expression>(values) { [name] = value }, configs);

        public Bindings WithConfig(string name, string other) => new(outer, values, new Dictionary<string, string>(configs) { [name] = other });
    }

    private sealed class Folder(int limit)
    {
        private int nodes;

        public Expression? Value(IEnumerable<Statement> statements, Dictionary<string, Expression> environment)
        {
            var list = statements.ToList();
            for (var i = 0; i < list.Count; i++)
            {
                switch (list[i])
                {
                    case Return r:
                        return Put(r.Value, environment);
                    case If branch when HasReturn(branch) && i == list.Count - 1:
                        var yes = Value(branch.Then, new Dictionary<string, Expression>(environment));
                        var no = Value(branch.Else, new Dictionary<string, Expression>(environment));
                        return Put(branch.Condition, environment) is { } c && yes is not null && no is not null ? new Select(c, yes, no) : null;
                    default:
                        if (!Run(list[i], environment))
                        {
                            return null;
                        }

                        break;
                }
            }

            return null;
        }

        private bool Run(Statement statement, Dictionary<string, Expression> environment)
        {
            switch (statement)
            {
                case Declare d:
                    environment.Remove(d.Name);
                    return d.Value is null || Set(d.Name, d.Value, environment);
                case Assign a:
                    return Set(a.Name, a.Value, environment);
                case If i when !HasReturn(i):
                    var then = new Dictionary<string, Expression>(environment);
                    var otherwise = new Dictionary<string, Expression>(environment);
                    if (Put(i.Condition, environment) is not { } condition || !i.Then.All(s => Run(s, then)) || !i.Else.All(s => Run(s, otherwise)))
                    {
                        return false;
                    }

                    foreach (var name in Assigned([i]))
                    {
                        var (yes, no) = (then.TryGetValue(name, out var y) ? y : null, otherwise.TryGetValue(name, out var n) ? n : null);
                        if (yes is null && no is null)
                        {
                            continue;
                        }

                        // What only one branch gives was not there before: a parameter, or a local that C# makes sure is not read.
                        yes ??= new Variable(name, no!.Kind);
                        no ??= new Variable(name, yes.Kind);
                        nodes++;
                        environment[name] = yes.Equals(no) ? yes : new Select(condition, yes, no);
                    }

                    return nodes < limit;
                default:
                    return false;
            }
        }

        private bool Set(string name, Expression value, Dictionary<string, Expression> environment)
        {
            if (Put(value, environment) is not { } put)
            {
                return false;
            }

            environment[name] = put;
            return true;
        }

        private Expression? Put(Expression expression, Dictionary<string, Expression> environment)
        {
            nodes++;
            if (nodes > limit)
            {
                return null;
            }

            return Mapping.Map(expression, e => e is Variable v && environment.TryGetValue(v.Name, out var value) ? Count(value) : null);
        }

        private Expression Count(Expression value)
        {
            nodes += Size(value, limit);
            return value;
        }

        private static int Size(Expression expression, int limit)
        {
            var size = 1;
            foreach (var child in expression.Children)
            {
                size += size < limit ? Size(child, limit) : 0;
            }

            return size;
        }
    }
}

/// <summary>Rebuilding expressions.</summary>
internal static class Mapping
{
    /// <summary>The expression with each node for which <paramref name="replace"/> gives something replaced by that, from the top.</summary>
    public static Expression Map(Expression expression, Func<Expression, Expression?> replace)
    {
        if (replace(expression) is { } other)
        {
            return other;
        }

        Expression Go(Expression e) => Map(e, replace);
        return expression switch
        {
            Element e => e with { Index = Go(e.Index) },
            Entry e => e with { Row = Go(e.Row), Column = Go(e.Column) },
            ConfigMember { Layer: { } layer } s => s with { Layer = Go(layer) },
            IsNull n => new IsNull(Go(n.Operand)),
            Unwrap u => u with { Operand = Go(u.Operand), Other = u.Other is null ? null : Go(u.Other) },
            Unary u => new Unary(u.Operator, Go(u.Operand)),
            Binary b => b with { Left = Go(b.Left), Right = Go(b.Right) },
            Call c => c with { Arguments = c.Arguments.Select(Go).ToEquatable() },
            Invoke i => i with { Arguments = i.Arguments.Select(Go).ToEquatable() },
            Select s => new Select(Go(s.Condition), Go(s.Yes), Go(s.No)),
            ConvertTo c => new ConvertTo(c.Kind, Go(c.Operand)),
            _ => expression,
        };
    }

    public static bool Any(Expression expression, Func<Expression, bool> test) => test(expression) || expression.Children.Any(c => Any(c, test));
}
