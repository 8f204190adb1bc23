using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>Statements; a branch is both of its sides and a selection between them.</summary>
internal sealed partial class TensorEmitter
{
    private Value? Block(IEnumerable<Statement> statements, Dictionary<string, Value> environment, List<string> masks)
    {
        var list = statements.ToList();
        for (var i = 0; i < list.Count; i++)
        {
            switch (list[i])
            {
                case Return r:
                    return Read(r.Value, environment, masks);
                case Declare { Value: null } d:
                    environment.Remove(d.Name);
                    break;
                case Declare d:
                    environment[d.Name] = Named(d.Name, Read(d.Value, environment, masks));
                    break;
                case Assign a:
                    environment[a.Name] = Named(a.Name, Read(a.Value, environment, masks));
                    break;
                case If branch:
                    var condition = Named("holds", Read(branch.Condition, environment, masks));
                    var then = Inside(environment, condition, false, masks, branch.Then, out var thenMasks);
                    var yes = Block(branch.Then, then, thenMasks);
                    var otherwise = Inside(environment, condition, true, masks, branch.Else, out var otherwiseMasks);
                    var no = Block(branch.Else, otherwise, otherwiseMasks);
                    if (yes is not null && no is not null)
                    {
                        return Choose(condition, yes, no);
                    }

                    foreach (var name in Changed(branch))
                    {
                        var (y, n) = (then.TryGetValue(name, out var a) ? a : null, otherwise.TryGetValue(name, out var b) ? b : null);
                        if (y is not null && n is not null)
                        {
                            environment[name] = Named(name, Choose(condition, y, n));
                        }
                        else
                        {
                            environment.Remove(name);
                        }
                    }

                    break;
                default:
                    throw new NotATensorFunctionException("It loops or writes to spans.");
            }
        }

        return null;
    }

    private static IEnumerable<string> Changed(If branch)
    {
        var names = new List<string>();
        var inner = new HashSet<string>();
        void Walk(IEnumerable<Statement> statements)
        {
            foreach (var statement in statements)
            {
                switch (statement)
                {
                    case Declare d:
                        inner.Add(d.Name);
                        break;
                    case Assign a when !inner.Contains(a.Name) && !names.Contains(a.Name):
                        names.Add(a.Name);
                        break;
                    case If i:
                        Walk(i.Then);
                        Walk(i.Else);
                        break;
                }
            }
        }

        Walk(branch.Then);
        Walk(branch.Else);
        return names;
    }

    // The names as a branch sees them: tensors that it reads enter through the mask.
    private Dictionary<string, Value> Inside(
        Dictionary<string, Value> environment, Value condition, bool negated, List<string> masks, IEnumerable<Statement> statements, out List<string> inner)
    {
        inner = masks;
        if (condition.Carrier == Carrier.Host)
        {
            return new Dictionary<string, Value>(environment);
        }

        var read = new HashSet<string>();
        Reads(statements, read);
        return Enter(environment, condition, negated, masks, read, out inner);
    }

    private Dictionary<string, Value> Enter(
        Dictionary<string, Value> environment, Value condition, bool negated, List<string> masks, HashSet<string> read, out List<string> inner)
    {
        var mask = condition.Text;
        if (negated)
        {
            mask = condition.Tight(10) + ".logical_not()";
        }

        inner = [.. masks, mask];
        var result = new Dictionary<string, Value>(environment);
        foreach (var pair in environment.Where(p => p.Value.Carrier == Carrier.Tensor && read.Contains(p.Key)).ToList())
        {
            result[pair.Key] = Named(pair.Key, new Value(Carrier.Tensor, Within(mask, pair.Value.Text), 10, ScalarKind.Double));
        }

        return result;
    }

    private static void Reads(IEnumerable<Statement> statements, HashSet<string> names)
    {
        void In(Expression? e)
        {
            if (e is Variable v)
            {
                names.Add(v.Name);
            }

            foreach (var child in e?.Children ?? [])
            {
                In(child);
            }
        }

        foreach (var statement in statements)
        {
            switch (statement)
            {
                case Declare d:
                    In(d.Value);
                    break;
                case Assign a:
                    In(a.Value);
                    break;
                case Return r:
                    In(r.Value);
                    break;
                case If i:
                    In(i.Condition);
                    Reads(i.Then, names);
                    Reads(i.Else, names);
                    break;
            }
        }
    }

    private Value Branch(Expression e, Value condition, bool negated, Dictionary<string, Value> environment, List<string> masks)
    {
        // A name or a number by itself cannot go wrong.
        if (e is Variable or Literal or ConfigMember)
        {
            return Read(e, environment, masks);
        }

        var read = new HashSet<string>();
        Reads([new Return(e)], read);
        var inside = Enter(environment, condition, negated, masks, read, out var inner);
        return Read(e, inside, inner);
    }

    private Value Choose(Value condition, Value yes, Value no)
    {
        if (condition.Carrier == Carrier.Host)
        {
            var place = yes.Carrier > no.Carrier ? yes.Carrier : no.Carrier;

            // An argument by itself is the caller's, who disposes it.
            string Lift(Value v) =>
                v.Carrier == place ? v.Carrier == Carrier.Tensor && v.IsName ? v.Text + ".alias()" : v.Tight(1)
                    : place == Carrier.Grid ? $"torch.tensor({(v.Kind == ScalarKind.Bool ? v.Text : "(long)" + v.Tight(10))}, device: {like}.device)"
                    : $"torch.full_like({like}, Scalars.Of({v.Text}))";
            return new Value(place, $"{condition.Tight(2)} ? {Lift(yes)} : {Lift(no)}", 1, yes.Kind);
        }

        if (yes.Kind != ScalarKind.Double)
        {
            string Whole(Value v) =>
                v.Carrier == Carrier.Grid ? v.Text : $"torch.tensor({(v.Kind == ScalarKind.Bool ? v.Text : "(long)" + v.Tight(10))}, device: {like}.device)";
            return new Value(Carrier.Grid, $"torch.where({condition.Text}, {Whole(yes)}, {Whole(no)})", 10, yes.Kind);
        }

        return yes.Carrier == Carrier.Host && no.Carrier == Carrier.Host
            ? new Value(Carrier.Tensor, $"TensorScalar.Where({condition.Text}, {yes.Text}, {no.Text}, {like})", 10, ScalarKind.Double)
            : new Value(Carrier.Tensor, $"TensorScalar.Where({condition.Text}, {yes.Text}, {no.Text})", 10, ScalarKind.Double);
    }
}
