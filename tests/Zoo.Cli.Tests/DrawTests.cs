using System;
using System.Collections.Generic;
using System.Linq;
using System.Xml.Linq;
using Dsl.Runtime;
using TorchSharp;
using Xunit;
using Zoo.Cli.Drawing;

namespace Zoo.Cli.Tests;

/// <summary>Pictures of every model of the zoo say what its declaration says.</summary>
public sealed class DrawTests
{
    /// <summary>A preset of each model.</summary>
    public static TheoryData<string> OneOfEach => [.. new DeclaredZoo().Presets.DistinctBy(p => p.Model).Select(p => p.Name)];

    [Fact]
    public void A_block_has_its_residuals_its_widths_and_what_repeats()
    {
        Diagram diagram = Of("llama-3-8b");
        DiagramPanel model = diagram.Panels[0], block = diagram.Panels[1];
        Assert.Equal(["Llama", "LlamaBlock"], diagram.Panels.Select(p => p.Title));
        Assert.Equal(["input_ids", "embedding", "LlamaBlock", "RMS norm", "hidden", "head", "logits"], model.Nodes.Select(n => n.Name));
        Assert.Equal("model.layers × 32", model.Nodes[2].Detail);
        Assert.Equal(["", "4096", "4096", "4096", "4096", "128256"], model.Arrows.Select(a => a.Width));
        Assert.Equal(["x", "RMS norm", "attention", "+", "RMS norm", "gated feed-forward", "+", "result"], block.Nodes.Select(n => n.Name));
        Assert.Equal([(0, 3), (3, 6)], block.Arrows.Where(a => a.Passes).Select(a => (a.From, a.To)));
        Assert.All(block.Arrows.Where(a => !a.Passes), arrow => Assert.Equal("4096", arrow.Width));
    }

    [Fact]
    public void What_a_score_reads_by_name_comes_in()
    {
        DiagramPanel block = Of("deberta-v3-base").Panels.Single(p => p.Title == "DebertaV2Block");
        int attention = block.Nodes.ToList().FindIndex(n => n.Kind == NodeKind.Attention);
        Assert.Equal(
            ["linear", "linear", "linear", "product", "product"],
            block.Arrows.Where(a => a.To == attention).Select(a => block.Nodes[a.From].Name).Order(StringComparer.Ordinal));
        Assert.Contains("12 × 64", block.Arrows.Where(a => a.To == attention).Select(a => a.Width));
    }

    /// <summary>Everything is read or given, arrows go up, and boxes stand apart; the texts are what they say they are.</summary>
    [Theory]
    [MemberData(nameof(OneOfEach))]
    public void Every_model_can_be_drawn(string preset)
    {
        Diagram diagram = Of(preset);
        foreach (DiagramPanel panel in diagram.Panels)
        {
            var layout = new PanelLayout(panel);
            Assert.All(panel.Arrows, arrow => Assert.True(layout.Boxes[arrow.From].Top > layout.Boxes[arrow.To].Bottom, $"{panel.Title}: {arrow}"));
            for (int i = 0; i < panel.Nodes.Count; i++)
            {
                Assert.True(
                    panel.Nodes[i].Kind == NodeKind.Output || panel.Arrows.Any(a => a.From == i), $"{panel.Title}: nothing reads {panel.Nodes[i]}");
                Assert.True(
                    panel.Nodes[i].Kind is NodeKind.Input or NodeKind.Table || panel.Arrows.Any(a => a.To == i),
                    $"{panel.Title}: {panel.Nodes[i]} reads nothing");
                for (int j = 0; j < i; j++)
                {
                    Box a = layout.Boxes[i], b = layout.Boxes[j];
                    Assert.True(
                        a.Bottom <= b.Top || b.Bottom <= a.Top || a.Right < b.X - (b.Width / 2) || b.Right < a.X - (a.Width / 2),
                        $"{panel.Title}: {panel.Nodes[i]} over {panel.Nodes[j]}");
                }
            }
        }

        Assert.Equal("svg", XDocument.Parse(Svg.Write(diagram)).Root!.Name.LocalName);
        string[] lines = Mermaid.Write(diagram).Split('\n');
        Assert.Equal(diagram.Panels.Count, lines.Count(l => l == "    end"));
        Assert.Equal(diagram.Panels.Sum(p => p.Arrows.Count), lines.Count(l => l.Contains("--> ") || l.Contains("-->|") || l.Contains("-.->")));
    }

    [Fact]
    public void A_declaration_is_read_back()
    {
        const string text = "[When(nameof(C.Pre)), From(\"a\", \"b, c\"), Use<One, Two>(\"k.{q,k}\", By = nameof(C.Kind)) with [Replace(\"k.q\"), Rotary], "
            + "Rearrange(\"b t (h d) -> b t h d\", \"h\", 4, \"d\", 8)]\nclass Block;\n\n[Head(\"h\", 2, Bias = true)]\nclass M;";
        IReadOnlyList<DeclaredClass> read = DeclarationText.Read(text);
        Assert.Equal(["Block", "M"], read.Select(c => c.Name));
        IReadOnlyList<DeclaredWord> bracket = read[0].Brackets[0];
        Assert.Equal(["When", "From", "Use", "Rearrange"], bracket.Select(w => w.Name));
        Assert.Equal("b, c", bracket[1].Text(1));
        Assert.Equal(["One", "Two"], bracket[2].Types);
        Assert.Equal("nameof(C.Kind)", bracket[2].Options["By"]);
        Assert.Equal(["\"b t (h d) -> b t h d\"", "\"h\"", "4", "\"d\"", "8"], bracket[3].Arguments);
        Assert.Equal("true", read[1].Brackets[0][0].Options["Bias"]);
    }

    private static Diagram Of(string preset)
    {
        ZooPreset found = new DeclaredZoo().Presets.Single(p => p.Name == preset);
        using IModel model = found.Outline();
        return DiagramReader.Read(preset, found.Declaration, model);
    }
}
