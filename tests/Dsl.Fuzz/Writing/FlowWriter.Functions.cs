using System.Collections.Generic;
using System.Linq;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz.Writing;

/// <summary>Pointwise functions, recurrences, learning within the sequence.</summary>
internal abstract partial class FlowWriter
{

    /// <summary>A pointwise function of so many values of this shape.</summary>
    private string Pointwise(int count, Flow of)
    {
        string name = $"F{Functions.Count}";
        List<string> values = [.. new[] { "a", "b", "e" }.Take(count)], parameters = [.. values.Select(v => "double " + v)];
        var reads = new Reads(values, [], []);
        if (Chance.OneIn(3))
        {
            // A function is applied once where it has a weight: a key is one weight.
            string axes = of.Middle.Count == 1 && !of.IsOfExperts && Chance.Maybe ? $"{of.Middle[0].Name} {of.LastName}" : "d";
            parameters.Add($"[Parameter({Key()}, \"{axes}\")] double w");
            reads = reads with { Scalars = [.. reads.Scalars, "w"] };
        }

        reads = Common(parameters, reads);
        var writer = new FunctionWriter(Chance, Program.Smooth);
        List<Statement> body = writer.Statements(ref reads, Chance.Next(0, 3), [], []);
        if (Chance.OneIn(5))
        {
            string helper = $"H{Functions.Count}";
            Functions.Add(new Function("", "double", helper, ["double p", "double q"],
                [new Statement("return {0}", [new FunctionWriter(Chance, Program.Smooth).Number(new Reads(["p", "q"], [], []), 2)])]));
            body.Add(new Statement($"double called = {helper}({{0}}, {{1}})", [writer.Number(reads, 1), writer.Number(reads, 1)]));
            reads = reads with { Scalars = [.. reads.Scalars, "called"] };
            name = $"F{Functions.Count}";
        }

        // Every value is read, so that every weight before it has a gradient.
        Expression result = values.Concat(reads.Scalars.Contains("w") ? ["w"] : []).Aggregate(
            writer.Number(reads, 2), (sum, v) => Expression.Of(Chance.Of("{0} + 0.5 * {1}", "{0} + {1}", "{0} - 0.75 * {1}"), sum, Expression.Of(v)));
        body.Add(new Statement("return {0}", [result]));
        Functions.Add(new Function("Pointwise", "double", name, parameters, body));
        return name;
    }

    /// <summary>A function of one number and nothing else: of any value, an image among them.</summary>
    protected string OfEachElement()
    {
        string name = $"F{Functions.Count}";
        Expression number = new FunctionWriter(Program.Aside, Program.Smooth).Number(new Reads(["a"], [], []), 2);
        Functions.Add(new Function("Pointwise", "double", name, ["double a"], [new Statement("return {0}", [Expression.Of("{0} + 0.5 * a", number)])]));
        return name;
    }

    /// <summary>The layer, the config: what any function may have.</summary>
    private Reads Common(List<string> parameters, Reads reads)
    {
        if (MayReadLayer && Chance.OneIn(6))
        {
            parameters.Add("int layer");
            reads = reads with { Integers = [.. reads.Integers, "layer"] };
        }

        if (Chance.OneIn(4))
        {
            parameters.Add("C c");
            reads = reads with { Scalars = [.. reads.Scalars, Chance.Of("c.Cap", "c.Eps", "(c.P ? 0.5 : 1.5)", "(1.0 / c.Heads)")] };
        }

        return reads;
    }

    /// <summary>Several values into a function.</summary>
    private void ApplyBracket()
    {
        Flow first = Nominate();
        Flow[] alike = [.. Named.Where(n => n.Fits(first))];
        if (Chance.Maybe)
        {
            int count = Chance.Next(1, 4);
            string[] names = [first.Name!, .. Enumerable.Range(1, count - 1).Select(_ => Chance.Of(alike).Name!)];
            Add([new Part("From", [], [.. names.Select(Quoted)], []), Part.Of("Apply", $"nameof({Pointwise(count, first)})")],
                first with { Name = null }, mayName: true);
            return;
        }

        if (Chance.OneIn(3))
        {
            OverOwnAxes(first);
            return;
        }

        if (Chance.OneIn(6))
        {
            AtTwoPlaces(first);
            return;
        }

        // A recurrence of one or two values and of spans beside them.
        var values = new List<string> { first.Name! };
        var extra = new List<(string Parameter, string? Element, string? Scalar)>();
        if (Chance.OneIn(3))
        {
            values.Add(Chance.Of(alike).Name!);
            extra.Add(("double z", null, "z"));
        }

        bool span = Chance.Of(true, true, false);
        Size n = Chance.Of(Size.Of("N"), Size.Of("Rank"), Size.Of(3), Size.Of(1));
        if (span)
        {
            int spans = Chance.Next(1, 3);
            for (int i = 0; i < spans; i++)
            {
                string own = NewName();
                Brackets.Add(Bracket.Of(Part.Of("From", Quoted(first.Name!)), Linear(n), Part.Of("As", Quoted(own))));
                values.Add(own);
                extra.Add(($"[Axes(\"b t n\")] ReadOnlySpan<double> g{i}", $"g{i}[n]", null));
            }
        }
        else if (Chance.OneIn(4))
        {
            string own = NewName();
            Brackets.Add(Bracket.Of(Part.Of("From", Quoted(first.Name!)), Linear(Size.Of(1)),
                Part.Of("Rearrange", $"\"b {first.Time} 1 -> b {first.Time}\""), Part.Of("As", Quoted(own))));
            values.Add(own);
            extra.Add(("[Axes(\"b t\")] double r", null, "r"));
        }

        string name = RecurrenceFunction("d", span, extra);
        Add([new Part("From", [], [.. values.Select(Quoted)], []), Part.Of("Apply", $"nameof({name})")],
            first with { Name = null, LastName = "d" }, mayName: true);
    }

    /// <summary>A norm and a map, and both again of another value.</summary>
    private void AtTwoPlaces(Flow first)
    {
        string one = NewName(), other = NewName();
        Part norm = Norm(first), map = Linear(first.Last);
        Part From() => Part.Of("From", Quoted(first.Name!));
        Part Again(Part part) => part.Arguments.Count > 0 ? part.With("Shared", "true") : part;
        Brackets.Add(Bracket.Of(From(), norm, map, Part.Of("As", Quoted(one))));
        Brackets.Add(
            Bracket.Of(From(), Part.Of("Activate", "Activation.Tanh"), Chance.Maybe ? Again(norm) : norm with { Arguments = [], Options = [] }, Again(map),
            Part.Of("As", Quoted(other))));
        Add([Part.Of("Sum", Quoted(one), Quoted(other), Quoted(first.Name!))], first with { Name = null }, mayName: true);
    }

    /// <summary>A pointwise function of a value and of a span beside it, of which either gives the result its channels.</summary>
    private void OverOwnAxes(Flow first)
    {
        Size n = Chance.Of(Size.Of("N"), Size.Of("Rank"), Size.Of(3), Size.Of(1));
        string own = NewName(), name = $"A{Functions.Count}";
        Brackets.Add(Bracket.Of(Part.Of("From", Quoted(first.Name!)), Linear(n), Part.Of("As", Quoted(own))));
        bool turned = Chance.Maybe;
        (string channels, string walked) = turned ? ("n", "d") : ("d", "n");
        List<string> parameters = ["double x", $"[Axes(\"b t {walked}\")] ReadOnlySpan<double> g"], names = turned ? [own, first.Name!] : [first.Name!, own];
        var outside = new Reads(["x"], [], []);
        List<string> elements = ["g[n]"], spans = ["g"];
        if (Chance.Maybe)
        {
            parameters.Add($"[Axes(\"b t {channels}\")] ReadOnlySpan<double> all");
            names.Add(names[0]);
            spans.Add("all");
        }

        if (Chance.OneIn(3))
        {
            parameters.Add($"[Parameter({Key()}, \"{channels}\")] double w");
            outside = outside with { Scalars = [.. outside.Scalars, "w"] };
        }

        if (Chance.OneIn(3))
        {
            parameters.Add($"[Parameter({Key()}, \"{channels} {walked}\")] ReadOnlySpan<double> rate");
            elements.Add("rate[n]");
        }

        outside = Common(parameters, outside);
        var writer = new FunctionWriter(Chance, Program.Smooth);
        List<Statement> body = writer.Statements(ref outside, Chance.Next(0, 3), [], []);
        foreach (string span in spans)
        {
            string sum = "of" + span;
            Reads inside = outside with { Elements = span == "all" ? ["all[n]"] : elements };
            body.Add(new Statement($"double {sum} = {{0}}", [Expression.Of("0.25 * x")]));
            body.Add(new Statement(Chance.Of($"for (int n = 0; n < {span}.Length; n++)", $"for (int n = {span}.Length - 1; n >= 0; n--)"), [],
                [
                    new Statement($"{sum} += {{0}}", [inside.Elements.Aggregate(
                        Expression.Of("0.3 * Tanh({0})", writer.Number(inside, 2)), (all, e) => Expression.Of("{0} + 0.5 * {1}", all, Expression.Of(e)))]),
                ]));
            outside = outside with { Scalars = [.. outside.Scalars, sum] };
        }

        Expression result = outside.Scalars.Where(s => s is "x" or "w" or "ofg" or "ofall")
            .Aggregate(writer.Number(outside, 2), (sum, v) =>
                Expression.Of(Chance.Of("{0} + 0.5 * {1}", "{0} + {1}", "{0} - 0.75 * {1}"), sum, Expression.Of(v)));
        body.Add(new Statement("return {0}", [result]));
        Functions.Add(new Function($"Pointwise(\"b t {channels}\")", "double", name, parameters, body));
        Add([new Part("From", [], [.. names.Select(Quoted)], []), Part.Of("Apply", $"nameof({name})")],
            turned ? first with { Name = null, Last = n, LastName = "n" } : first with { Name = null, LastName = "d" }, mayName: true);
    }

    /// <summary>A recurrence of the current value alone.</summary>
    private void Recurrence(List<Part> parts, ref Flow current)
    {
        string channels = current.Middle.Count == 1 ? "h d" : "d";
        bool span = Chance.Maybe;
        if (span && Header.All(p => p.Word != "Axis" || p.Arguments[0] != "\"e\""))
        {
            Header.Add(Part.Of("Axis", "\"e\"", Chance.Of("nameof(C.N)", "2", "1", "nameof(C.Rank)")));
        }

        parts.Add(Part.Of("Apply", $"nameof({RecurrenceFunction(channels, span, [], "e")})"));
        current = current with { Name = null, Middle = current.Middle.Count == 1 ? [("h", current.Middle[0].Size)] : [], LastName = "d" };
    }

    private string RecurrenceFunction(string channels, bool span, List<(string Parameter, string? Element, string? Scalar)> extra, string spanAxis = "n")
    {
        string name = $"R{Functions.Count}";
        bool scalarState = !span || Chance.Maybe;
        List<string> parameters = [], states = [], spans = [];
        string Start() => Chance.OneIn(4) ? $"[Start({Chance.Of("0.5", "-1.5", "1e-2")})] " : "";
        if (span)
        {
            parameters.Add(Start() + "Span<double> s");
            spans.Add("s");
        }

        if (scalarState)
        {
            parameters.Add(Start() + "ref double p");
            states.Add("p");
            if (Chance.OneIn(4))
            {
                parameters.Add("ref double o");
                states.Add("o");
            }
        }

        parameters.Add("double x");
        parameters.AddRange(extra.Select(e => e.Parameter));
        var reads = new Reads(["x", .. extra.Select(e => e.Scalar).OfType<string>(), .. states], [], [.. extra.Select(e => e.Element).OfType<string>()]);
        var outside = reads with { Elements = [] };
        if (Chance.Maybe)
        {
            parameters.Add($"[Parameter({Key()}, \"{Chance.Of(channels, channels, channels.Split(' ')[^1])}\")] double w");
            outside = outside with { Scalars = [.. outside.Scalars, "w"] };
        }

        var elements = reads.Elements.ToList();
        if (span && (Chance.Maybe || extra.Count == 0))
        {
            // Without values along the span, the weight says how long it is.
            parameters.Add($"[Parameter({Key()}, \"{channels} {spanAxis}\")] ReadOnlySpan<double> rate");
            elements.Add("rate[n]");
        }

        outside = Common(parameters, outside);
        var writer = new FunctionWriter(Chance, Program.Smooth);
        List<Statement> body = writer.Statements(ref outside, Chance.Next(0, 4), states, []);
        if (span)
        {
            Reads inside = outside with { Elements = [.. elements, "s[n]"] };
            var loop = new List<Statement> { writer.Update("s[n]", inside) };
            string sum = "total";
            body.Add(new Statement($"double {sum} = {{0}}", [Expression.Of("0.25 * x")]));
            loop.Add(new Statement($"{sum} += {{0}}",
                [elements.Aggregate(Expression.Of("s[n]"), (product, e) => Expression.Of(Chance.Of("{0} * {1}", "{0} + {1}"), product, Expression.Of(e)))]));
            if (Chance.OneIn(3))
            {
                loop.Insert(0, new Statement("double inner = {0}", [writer.Number(inside, 2)]));
                loop.Add(new Statement($"{sum} += 0.3 * Tanh({{0}})", [Expression.Of("inner")]));
            }

            body.Add(new Statement(Chance.Of("for (int n = 0; n < s.Length; n++)", "for (int n = s.Length - 1; n >= 0; n--)"), [], loop));
            outside = outside with { Scalars = [.. outside.Scalars, sum] };
            if (Chance.OneIn(4))
            {
                // What the first loop added up is read in the next.
                Reads again = outside with { Elements = [.. elements, "s[n]"] };
                body.Add(new Statement("double second = {0}", [Expression.Of("0")]));
                body.Add(new Statement("for (int n = 0; n < s.Length; n++)", [],
                    [writer.Update("s[n]", again), new Statement("second += {0}", [writer.Number(again, 2)])]));
                outside = outside with { Scalars = [.. outside.Scalars, "second"] };
            }
        }

        body.AddRange(states.Select(s => writer.Update(s, outside)));
        Expression result = outside.Scalars.Where(s => s is "x" or "p" or "w" or "z" or "r" or "o" or "total" or "second")
            .Aggregate(writer.Number(outside, 2), (sum, v) =>
                Expression.Of(Chance.Of("{0} + 0.5 * {1}", "{0} + {1}", "{0} - 0.75 * {1}"), sum, Expression.Of(v)));
        body.Add(new Statement("return {0}", [result]));
        string time = $"b t {channels}", state = span ? $"b {channels} [{spanAxis}]" : $"b {channels}";
        Functions.Add(new Function($"Recurrence(\"{time}\", State = \"{state}\")", "double", name, parameters, body));
        return name;
    }

    private void Learn()
    {
        Flow source = Nominate();
        string[] own = [NewName(), NewName(), NewName(), NewName()];
        string heads = Chance.Of("nameof(C.Heads)", "2");
        Size count = heads == "2" ? Size.Of(2) : Size.Of("Heads");
        for (int i = 0; i < 3; i++)
        {
            Brackets.Add(Bracket.Of(
                Part.Of("From", Quoted(source.Name!)), Part.Of("Linear", Key()), Part.Of("Heads", heads, "nameof(C.HeadDim)"), Part.Of("As", Quoted(own[i]))));
        }

        Part learn = Part.Of("Learn", [Chance.Of(Program.Learners)], Key());
        string loss = $"L{Functions.Count}";
        Functions.Add(new Function("Pointwise", "double", loss, ["double f", "double target"],
            [new Statement("return {0}",
                [Expression.Of(
                Chance.Of("0.5 * (f - target) * (f - target)", "Log(1 + (f - target) * (f - target))", "0.1 * Softplus(f) - 0.1 * f * target"))])]));
        learn = learn.With("Loss", $"nameof({loss})");
        if (Chance.Maybe)
        {
            Brackets.Add(Bracket.Of(
                Part.Of("From", Quoted(source.Name!)), Part.Of("Linear", Key(), Chance.Maybe ? heads : "1").With("Bias", "true"),
                    Part.Of("Activate", "Activation.Sigmoid"),
                Part.Of("As", Quoted(own[3]))));
            learn = learn.With("Rate", Quoted(own[3]));
        }

        if (Chance.Maybe)
        {
            learn = learn.With("Every", Chance.Of("nameof(C.Every)", "1", "3", "16"));
            if (Chance.Maybe)
            {
                string row = $"Row{Functions.Count}";
                Functions.Add(new Function("Pointwise", "double", row, ["int place", $"[Parameter({Key()}, \"place{Functions.Count}\")] ReadOnlySpan<double> row"],
                    [new Statement("return {0}", [Expression.Of("1.0 / (place + 1) + 0.1 * Tanh(row[place])")])]));
                learn = learn.With("RowRate", $"nameof({row})");
            }
        }

        if (Chance.Maybe)
        {
            learn = learn.With("Read", Quoted(own[2]));
        }

        var parts = new List<Part> { Part.Of("From", Quoted(own[0]), Quoted(own[1])), learn, Part.Of("Merge") };
        Add(parts, source with { Name = null, Last = count * HeadDim, LastName = "d" }, mayName: true);
    }
}
