using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz.Writing;

/// <summary>Writes the model: inputs, embeddings, uses and repetitions of the blocks, outputs.</summary>
internal sealed partial class ModelWriter(ProgramWriter program, string name) : FlowWriter(program, name, program.Steps)
{
    private bool hasTypes;
    private bool sees;
    private bool mayCollect;

    protected override bool MayReadLayer => false;

    protected override bool MayCollect => mayCollect;

    public Declaration Write()
    {
        Header.Add(Part.Of("Model", ["C"], $"\"{Name}\""));
        if (Chance.OneIn(3))
        {
            Header.Add(Defaults());
        }

        Size hidden = Size.Of("Hidden");
        if (Program.HasTable)
        {
            Header.Add(Part.Of("Axis", "\"bucket\"", "5"));
            Header.Add(Part.Of("Axis", "\"head\"", "nameof(C.Heads)"));
            Brackets.Add(Bracket.Of(Part.Of("Parameter", Key(), $"\"{Program.Table}\""), Part.Of("As", "\"bias\"")));
            HasTable = true;
        }

        if (Program.HasMemory && Chance.Maybe)
        {
            sees = true;
            Picture(hidden);
        }
        else if (Program.HasMemory)
        {
            Header.Add(Part.Of("Input", "\"input_ids\"", "\"b s\"").With("Mask", "\"attention_mask\""));
            Header.Add(Part.Of("Input", "\"decoder_input_ids\"", "\"b t\"").With("Steps", "true"));
            Encoder(hidden);
        }
        else
        {
            Inputs();
        }

        Embed(hidden);
        Middle(hidden);
        Lengths();
        End(hidden);
        Files();
        return new Declaration(Name, Header, Brackets, Functions);
    }

    /// <summary>What a model says of files and of training beside its dataflow.</summary>
    private void Files()
    {
        if (Chance.OneIn(4))
        {
            Header.Add(Part.Of("Ignore", "\"*.inv_freq\""));
        }

        if (Chance.OneIn(4))
        {
            Header.Add(Part.Of("Keys", "\"other\"", "\"shared=word_embeddings\""));
        }

        if (Chance.OneIn(4))
        {
            Header.Add(Part.Of("Init", "\"shared.weight\"", Chance.Of("0.5", "nameof(C.Cap)")));
        }

        if (Chance.OneIn(4))
        {
            Header.Add(Part.Of("Group", "\"shared*\"").With("Decay", "0").With("Rate", Chance.Maybe ? "0.5" : null));
        }

        if (Chance.OneIn(5))
        {
            Header.Add(Part.Of("Adapt", "\"*\"").With("Rank", Chance.Of("1", "nameof(C.Heads)", "3")).With("Alpha", Chance.Of("0.5", "nameof(C.Cap)"))
                .With("RankStabilised", Chance.Maybe ? "true" : null));
        }

        if (Chance.OneIn(6))
        {
            Header.Add(Part.Of("Same", "\"shared.weight\"", "\"wte.weight\""));
        }
    }

    private void Inputs()
    {
        hasTypes = Chance.OneIn(5);
        if (hasTypes)
        {
            Header.Add(Part.Of("Input", "\"input_ids\"", "\"b t\"").With("Mask", "\"attention_mask\""));
            Header.Add(Part.Of("Input", "\"token_type_ids\"", "\"b t\"").With("Optional", "true"));
        }
        else if (Chance.Maybe)
        {
            Header.Add(Part.Of("Input", "\"input_ids\"", "\"b t\"").With("Mask", "\"attention_mask\"").With("Steps", Chance.Maybe ? "true" : null));
        }
    }

    private void Encoder(Size hidden)
    {
        var parts = new List<Part> { Part.Of("From", "\"input_ids\""), Part.Of("Embedding", "\"shared\"", "nameof(C.Vocab)", "nameof(C.Hidden)") };
        Brackets.Add(Bracket.Of(parts));
        Current = new Flow(null, 's', [], hidden);
        if (Program.Blocks.Find(b => !b.Causal && b.In.At(hidden).Equals(hidden) && b.Out.At(hidden).Equals(hidden) && b.Extra.All(CanBind)) is { } block)
        {
            Brackets.Add(Bracket.Of(Part.Of("Repeat", [block.Name], Key(), "nameof(C.Layers)").With("With", Binding(block, hidden))));
        }

        string? option = Chance.Maybe ? "\"encoder_hidden\"" : null;
        Brackets.Add(Bracket.Of([Part.Of("RmsNorm", Key()), Part.Of("As", "\"memory\""), .. option is null ? Array0 : [Part.Of("Output", option)]]));
        Memory = new Flow("memory", 's', [], hidden);
        UsedNames.Add("memory");
    }

    private static readonly Part[] Array0 = [];

    private void Embed(Size hidden)
    {
        var parts = new List<Part>();
        if (Program.HasMemory)
        {
            parts.Add(Part.Of("From", "\"decoder_input_ids\""));
            parts.Add(sees ? Part.Of("Embedding", "\"shared\"", "nameof(C.Vocab)", "nameof(C.Hidden)")
                : Part.Of("Embedding", "\"shared\"").With("Shared", "true"));
        }
        else
        {
            if (hasTypes || Chance.OneIn(3))
            {
                parts.Add(Part.Of("From", "\"input_ids\""));
            }
            else if (Program.HasTable)
            {
                parts.Add(Part.Of("From", "\"input_ids\""));
            }

            parts.Add(Part.Of("Embedding", "\"shared\"", "nameof(C.Vocab)", "nameof(C.Hidden)").With("Padding", Chance.OneIn(6) ? "0" : null));
        }

        Current = new Flow(null, 't', [], hidden);
        if (Chance.OneIn(4))
        {
            parts.Add(Part.Of("Positions", Key(), "nameof(C.Context)").With("Offset", Chance.OneIn(4) ? "2" : null));
        }

        Splice(parts);
        if (hasTypes)
        {
            parts.Add(Part.Of("As", "\"words\""));
            Brackets.Add(Bracket.Of(parts));
            Brackets.Add(Bracket.Of(
                Part.Of("From", "\"token_type_ids\""), Part.Of("Embedding", Key(), "nameof(C.Types)", "nameof(C.Hidden)"), Part.Of("As", "\"kinds\"")));
            Brackets.Add(Bracket.Of(Part.Of("Sum", "\"words\"", "\"kinds\"")));
            UsedNames.Add("words");
            UsedNames.Add("kinds");
            return;
        }

        Brackets.Add(Bracket.Of(parts));
    }

    private void Middle(Size hidden)
    {
        if (Chance.OneIn(3))
        {
            WriteBracket();
        }

        int uses = Chance.Next(1, 4);
        for (int i = 0; i < uses; i++)
        {
            var parts = new List<Part>();
            Flow current = Current;
            if (!current.Last.Equals(hidden))
            {
                CloseTo(parts, ref current, current with { Last = hidden }, mayLeaveOpen: false);
            }

            // The last block that was written is the one that has used the others. Only these uses stand before all that reads what they collect.
            mayCollect = true;
            if (UseOrRepeat(parts, ref current, preferLast: i == 0))
            {
                Brackets.Add(Bracket.Of(parts));
                Current = current with { Name = null };
            }

            mayCollect = false;
        }

        ReadCollected();

        if (Chance.OneIn(3))
        {
            WriteBracket();
        }
    }

    /// <summary>What the layers have collected, as outputs: the values, and the loss that is least where each is as much of them.</summary>
    private void ReadCollected()
    {
        if (!Collects)
        {
            return;
        }

        Flow layers = Nominate();
        var parts = new List<Part>
        {
            Part.Of("From", Quoted(layers.Name!)), Part.Of("Collected", Collection, Program.Config.SourceOf(Program.Collected!)!),
        };
        bool shown = Chance.Maybe;
        if (shown)
        {
            parts.Add(Part.Of("Output", "\"seen\""));
        }

        if (Chance.Maybe || !shown)
        {
            parts.Add(Part.Of("Softmax"));
            parts.Add(Part.Of("Balance", "1"));
            parts.Add(Part.Of("Output", "\"uneven\"").With("Loss", Chance.Of("0.5", "nameof(C.Cap)", null)));
        }

        Brackets.Add(Bracket.Of(parts));
        Brackets.Add(Bracket.Of(Part.Of("From", Quoted(layers.Name!)), Norm(layers)));
        Current = layers with { Name = null };
    }

    private void End(Size hidden)
    {
        var parts = new List<Part>();
        Flow current = Current;
        CloseTo(parts, ref current, current with { Last = hidden }, mayLeaveOpen: false);
        if (Chance.Maybe)
        {
            parts.Add(Part.Of(Chance.Of("RmsNorm", "LayerNorm"), Key()));
        }

        bool pooled = Chance.OneIn(8);
        if (pooled)
        {
            parts.Add(Part.Of("As", "\"last_hidden\""));
        }

        if (Chance.Maybe)
        {
            parts.Add(Part.Of("Output", "\"hidden\""));
        }

        if (parts.Count > 0)
        {
            Brackets.Add(Bracket.Of(parts));
        }

        Part head = Chance.Weighted(
            (3, Part.Of("Head", Key()).With("TiedTo", "\"shared\"").With("Tied", Chance.Of(null, "nameof(C.Tied)", "true", "false"))),
            (1, Part.Of("Head", Key(), "nameof(C.Vocab)").With("Bias", Chance.Maybe ? "true" : null)),
            (1, Part.Of("Linear", Key(), "nameof(C.Vocab)")));
        Brackets.Add(Bracket.Of(
            [head, Part.Of("Output", "\"logits\""), .. Program.Aside.OneIn(6) ? [Part.Of("Sample"), Part.Of("Output", "\"drawn\"")] : Array.Empty<Part>()]));
        if (pooled)
        {
            Brackets.Add(Bracket.Of(
                Part.Of("From", "\"last_hidden\""), Part.Of("Pool", Chance.Of("\"first\"", "\"mean\"", "\"last\"")), Part.Of("Linear", Key(), "3"),
                Part.Of("Output", "\"pooled\"")));
        }
    }
}
