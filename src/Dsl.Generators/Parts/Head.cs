using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Head("key")</c>: a linear map to the vocabulary, perhaps over the table of an embedding.</summary>
internal sealed class HeadPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Head", HasKey: true, "TiedTo", "Tied", "Bias", "BiasWeight")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Channels(part) is not { Last: { } width } x)
        {
            return;
        }

        var key = part.Text(0) ?? "";
        var size = at.SizeOf(part[1], part.Place.At(1));
        var tiedTo = part.Text("TiedTo");
        if (tiedTo is not null)
        {
            if (!at.Embeddings.TryGetValue(tiedTo, out var table))
            {
                at.Report(Problems.KeyUnknown, part.PlaceOf("TiedTo"), tiedTo, Elaborator.Suggest(tiedTo, at.Embeddings.Keys));
            }
            else
            {
                if (at.Unify(width, table.Width, "the head's input and the embedding it is tied to") == Verdict.Refuted)
                {
                    at.Report(Problems.TiedShape, part.PlaceOf("TiedTo"), key, at.Spell(width), tiedTo, at.Spell(table.Width));
                }

                size ??= table.Rows;
                if (at.Unify(size, table.Rows, "the head's rows and those of the embedding it is tied to") == Verdict.Refuted)
                {
                    at.Report(Problems.TiedShape, part.PlaceOf("TiedTo"), key, at.Spell(size), tiedTo, at.Spell(table.Rows));
                }
            }
        }

        size ??= at.Fresh();
        at.Key(part, key);
        at.Map(key);
        var bias = at.TruthOf(part["Bias"], part.PlaceOf("Bias"), part.Text("BiasWeight") is null ? Setting.False : Setting.True);
        var tied = tiedTo is null ? Setting.False : at.TruthOf(part["Tied"], part.PlaceOf("Tied"), Setting.True);
        var head = new Linear(key, width, size, bias, Storage.Plain with { Bias = part.Text("BiasWeight") }) { Head = new HeadTie(tiedTo, tied) };
        at.Current = [at.Add(part, head, [x], "logits", Elaborator.WithLast(x, size))];
    }
}

/// <summary>What makes a linear map a head.</summary>
/// <param name="TiedTo">Key of the embedding whose storage it shares, if any.</param>
/// <param name="Tied">Whether it does.</param>
internal sealed record HeadTie(string? TiedTo, Setting Tied);
