using System.Linq;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz.Writing;

/// <summary>Scores, who is chosen by them, and experts that are computed for those who chose them.</summary>
internal abstract partial class FlowWriter
{
    /// <summary>What layers collect for the model.</summary>
    protected const string Collection = "\"seen\"";

    /// <summary>The experts of a token; false where no block of experts fits.</summary>
    private bool Routed()
    {
        UsableExperts[] fitting = [.. Program.Experts.Where(e => e.In.HasWidth || e.In.Equals(Current.Last))];
        if (fitting.Length == 0)
        {
            return false;
        }

        UsableExperts experts = Chance.Of(fitting);
        (Size many, string few) = Chance.Of(
            (Size.Of(3), "2"), (Size.Of(4), "1"), (Size.Of(5), "3"), (Size.Of("Rank") + (Size.Of(2) * Size.Of("N")), "nameof(C.Rank)"), (Size.Of(1), "1"));
        Flow tokens = Nominate();
        string scores = NewName(), chosen = NewName(), weights = NewName();
        Part From(string name) => Part.Of("From", Quoted(name));
        Part As(string name) => Part.Of("As", Quoted(name));
        Brackets.Add(Bracket.Of(From(tokens.Name!), Linear(many), As(scores)));
        if (Chance.OneIn(5))
        {
            // As many as clear a bar: perhaps none.
            string name = $"Clear{Functions.Count}";
            Functions.Add(new Function("Pointwise", "double", name, ["double x"], [new Statement("return {0}", [Expression.Of("x > 0.05 ? 1 : 0")])]));
            Brackets.Add(Bracket.Of(From(scores), Part.Of("Apply", $"nameof({name})"), As(chosen)));
        }
        else
        {
            Brackets.Add(Bracket.Of([From(scores), .. Chance.OneIn(3) ? [Part.Of("Activate", "Activation.Sigmoid")] : System.Array.Empty<Part>(),
                Part.Of("Route", few), As(chosen)]));
        }

        Part[] weighing = Chance.Of<Part[]>(
            [Part.Of("Softmax", Quoted(chosen))], [Part.Of("Softmax"), Part.Of("Gate", Quoted(chosen))], [Part.Of("Activate", "Activation.Sigmoid")], [Part.Of("Softmax")]);
        Brackets.Add(Bracket.Of([From(scores), .. weighing, As(weights)]));
        Size result = experts.Out.At(tokens.Last);
        bool residual = result.Equals(tokens.Last) && Chance.Maybe;
        Part mixed = Part.Of("Experts", [experts.Name], Key(), Quoted(chosen), Quoted(weights));
        Flow after = tokens with { Name = null, Last = result, LastName = "d" };
        Add(residual ? [Part.Of("Residual"), From(tokens.Name!), mixed] : [From(tokens.Name!), mixed], after, mayName: true);
        return true;
    }
}
