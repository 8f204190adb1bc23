using System.Collections.Generic;
using System.Linq;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz.Writing;

/// <summary>Models whose memory is an image, and axes that are made on the way.</summary>
internal sealed partial class ModelWriter
{
    private string? spliced;

    /// <summary>An image as the memory: patches, perhaps behind a learned row, through a block, perhaps one layer's result or a run of it.</summary>
    private void Picture(Size hidden)
    {
        bool last = Chance.OneIn(3);
        Header.Add(Part.Of("Axis", "\"c\"", "2"));
        Header.Add(Part.Of("Axis", "\"rows\""));
        Header.Add(Part.Of("Axis", "\"columns\""));
        Header.Add(Part.Of("Input", "\"decoder_input_ids\"", "\"b t\"").With("Mask", Chance.Maybe ? "\"mask\"" : null).With("Steps", "true"));
        Header.Add(Part.Of("Input", "\"pixels\"", last ? "\"b rows columns c\"" : "\"b c rows columns\""));
        Part conv = Part.Of("Conv", Key(), Chance.Of("2", "1"), "nameof(C.Hidden)")
            .With("Over", Chance.Of("\"rows columns -> i j\"", "\"columns rows -> j i\"")).With("Stride", "2")
            .With("Padding", Chance.OneIn(3) ? "1" : null).With("Bias", Chance.Maybe ? Chance.Of("true", "nameof(C.Biased)") : null);
        var parts = new List<Part> { Part.Of("From", "\"pixels\""), conv };
        if (Program.Aside.OneIn(3))
        {
            parts.Add(Part.Of("Apply", $"nameof({OfEachElement()})"));
        }

        if (Chance.OneIn(4))
        {
            parts.Add(Part.Of("Activate", Activation()));
            parts.Add(Part.Of("Conv", Key(), "1", "nameof(C.Hidden)").With("Over", "\"i j -> k l\""));
            parts.Add(Part.Of("Rearrange", last ? "\"b k l d -> b (k l) d\"" : "\"b d k l -> b (k l) d\""));
        }
        else
        {
            parts.Add(Part.Of("Rearrange", last ? "\"b i j d -> b (i j) d\"" : "\"b d i j -> b (i j) d\""));
        }

        Brackets.Add(Bracket.Of([.. parts, Part.Of("As", "\"patches\"")]));
        if (Chance.Maybe)
        {
            bool many = Chance.Maybe;
            Header.Add(Part.Of("Axis", "\"learned\"", "2"));
            Header.Add(Part.Of("Axis", "\"wide\"", "nameof(C.Hidden)"));
            Brackets.Add(Bracket.Of(Part.Of("Parameter", Key(), many ? "\"learned wide\"" : "\"wide\""), Part.Of("As", "\"class\"")));
            Brackets.Add(Bracket.Of(Part.Of("From", "\"patches\""), Part.Of("Expand", "\"class\"", "\"first\""), Part.Of("As", "\"firsts\"")));
            string[] order = Chance.Maybe ? ["\"firsts\"", "\"patches\""] : ["\"patches\"", "\"firsts\""];
            Brackets.Add(Bracket.Of(Part.Of("Concat", order).With("Along", "\"seen\"")));
            UsedNames.UnionWith(["class", "firsts"]);
        }

        Current = new Flow(null, 's', [], hidden);
        if (Program.Blocks.Find(b => !b.Causal && !b.Collects && b.In.At(hidden).Equals(hidden) && b.Out.At(hidden).Equals(hidden) && b.Extra.All(CanBind)) is { } block)
        {
            string? take = Chance.Maybe ? Chance.Of("-1", "1", "0", "-2") : null;

            // A sample may have no layers: then what enters is all that can be taken.
            Part repeat = Part.Of("Repeat", [block.Name], Key(), take is "1" or "-2" ? "2" : "nameof(C.Layers)").With("With", Binding(block, hidden));
            Brackets.Add(take is null ? Bracket.Of(repeat) : Bracket.Of(repeat, Part.Of("Take", take)));
        }

        if (Chance.Maybe)
        {
            Brackets.Add(Bracket.Of(Part.Of("RmsNorm", Key()), Part.Of("As", "\"whole\"")));
            Brackets.Add(Bracket.Of(Part.Of("From", "\"whole\""), Part.Of("Slice", "0", "1").With("Along", "\"one\""), Part.Of("As", "\"picked\"")));
            UsedNames.UnionWith(["whole", "picked"]);
            spliced = "picked";
            Brackets.Add(Bracket.Of(Part.Of("From", "\"whole\""), Part.Of("LayerNorm", Key()), Part.Of("As", "\"memory\"")));
        }
        else
        {
            Brackets.Add(Bracket.Of(Part.Of("RmsNorm", Key()), Part.Of("As", "\"memory\"")));
        }

        Memory = new Flow("memory", 's', [], hidden);
        UsedNames.UnionWith(["memory", "patches", "pixels", "decoder_input_ids"]);
    }

    /// <summary>A row of the image in the place of some tokens.</summary>
    private void Splice(List<Part> parts)
    {
        if (spliced is null)
        {
            return;
        }

        string name = Chance.Of("Place", "IsImage", "Any");
        bool config = Chance.Maybe;
        Functions.Add(new Function("", "bool", name, config ? ["int id", "C c"] : ["int id"],
            [new Statement("return {0}", [Expression.If(config ? "id == c.Vocab - 1" : "id % 3 == 1")])]));
        parts.Add(Part.Of("Splice", $"\"{spliced}\"", "\"decoder_input_ids\"", $"nameof({name})"));
    }

    /// <summary>Outputs along axes that are made of the tokens: shorter, longer, cut. Nothing of it steps.</summary>
    private void Lengths()
    {
        Flow current = Current;
        if (!current.IsPlain || Program.HasMemory || Program.Steps || !Chance.OneIn(2))
        {
            return;
        }

        string own = NewName();
        Brackets.Add(Bracket.Of(Part.Of("As", $"\"{own}\"")));
        Part conv = Part.Of("Conv", Key(), Chance.Of("1", "2", "3"), "nameof(C.Hidden)").With("Over", "\"t -> shorter\"").With("Padding", "1")
            .With("Stride", Chance.Maybe ? Chance.Of("2", "1") : null).With("Bias", Chance.Maybe ? "true" : null);
        Brackets.Add(Bracket.Of(Part.Of("From", $"\"{own}\""), conv, Part.Of("As", "\"convolved\""), Part.Of("Output", "\"convolved\"")));
        Brackets.Add(Bracket.Of(Part.Of("From", "\"convolved\""), Part.Of("Slice", "0", "1").With("Along", "\"start\""), Part.Of("As", "\"begun\"")));
        Brackets.Add(Bracket.Of(
            Part.Of("Concat", "\"convolved\"", "\"begun\"").With("Along", "\"longer\""),
            Part.Of("Pool", Chance.Of("\"first\"", "\"mean\"", "\"last\"")), Part.Of("Output", "\"pooled_length\"")));
        Brackets.Add(Bracket.Of(Part.Of("From", $"\"{own}\""), Part.Of(Chance.Of("RmsNorm", "LayerNorm"), Key())));
        UsedNames.UnionWith(["convolved", "begun"]);
        Current = current with { Name = null };
    }
}
