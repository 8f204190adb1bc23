using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Security;
using System.Text;

namespace Zoo.Cli.Drawing;

/// <summary>A picture as SVG: the model at the left, its blocks beside it, each read from below.</summary>
internal static class Svg
{
    private const double Margin = 20, TitleHeight = 26, PanelGap = 28, Padding = 16;

    internal static string Write(Diagram diagram)
    {
        List<PanelLayout> layouts = [.. diagram.Panels.Select(panel => new PanelLayout(panel))];
        double height = layouts.Max(l => l.Height) + (2 * Padding), width = layouts.Sum(l => l.Width + (2 * Padding)) + (PanelGap * (layouts.Count - 1));
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{N(width + (2 * Margin))}\" ");
        text.Append(CultureInfo.InvariantCulture, $"height=\"{N(height + (2 * Margin) + (2 * TitleHeight))}\" font-family=\"sans-serif\" font-size=\"11\">\n");
        text.Append("""
            <defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">
            <path d="M0 0L8 4L0 8z" fill="#444"/></marker></defs>
            <rect width="100%" height="100%" fill="white"/>

            """);
        Label(text, Margin, Margin + 12, diagram.Title, "font-size=\"15\" font-weight=\"bold\"");
        double x = Margin;
        for (int i = 0; i < layouts.Count; i++)
        {
            double panelHeight = layouts[i].Height + (2 * Padding), panelWidth = layouts[i].Width + (2 * Padding);
            double y = Margin + (2 * TitleHeight) + height - panelHeight;
            text.Append(CultureInfo.InvariantCulture, $"<rect x=\"{N(x)}\" y=\"{N(y)}\" width=\"{N(panelWidth)}\" height=\"{N(panelHeight)}\" rx=\"10\" ");
            text.Append("fill=\"#fafafa\" stroke=\"#bbb\"/>\n");
            Label(text, x + 4, y - 6, diagram.Panels[i].Title, "font-size=\"13\" font-weight=\"bold\"");
            text.Append(CultureInfo.InvariantCulture, $"<g transform=\"translate({N(x + Padding - layouts[i].Left)} {N(y + Padding)})\">\n");
            Panel(text, diagram.Panels[i], layouts[i]);
            text.Append("</g>\n");
            x += panelWidth + PanelGap;
        }

        return text.Append("</svg>\n").ToString();
    }

    private static void Panel(StringBuilder text, DiagramPanel panel, PanelLayout layout)
    {
        // What goes to several is told once.
        var labelled = new HashSet<int>();
        for (int i = 0; i < panel.Arrows.Count; i++)
        {
            DiagramArrow arrow = panel.Arrows[i];
            (Box from, Box to) = (layout.Boxes[arrow.From], layout.Boxes[arrow.To]);
            if (arrow.Passes)
            {
                double lane = layout.Lanes[i], start = from.Top - 6;
                Line(text, $"M{N(from.X)} {N(from.Top)}V{N(start)}H{N(lane)}V{N(to.Y)}H{N(to.Right + 1)}", " stroke-dasharray=\"4 3\"");
                continue;
            }

            IReadOnlyList<Box> route = layout.Routes[i];
            var path = new StringBuilder().Append(CultureInfo.InvariantCulture, $"M{N(from.X)} {N(from.Top)}");
            for (int step = 1; step < route.Count; step++)
            {
                Box last = route[step - 1], next = route[step];
                double bottom = last.Top, top = step == route.Count - 1 ? next.Bottom + 1 : next.Y, middle = (bottom + top) / 2;
                path.Append(CultureInfo.InvariantCulture, $"C{N(last.X)} {N(middle)} {N(next.X)} {N(middle)} {N(next.X)} {N(top)}");
                if (step < route.Count - 1)
                {
                    path.Append(CultureInfo.InvariantCulture, $"V{N(next.Top)}");
                }
            }

            Line(text, path.ToString(), "");
            if (arrow.Width.Length > 0 && labelled.Add(arrow.From))
            {
                Label(text, from.X + 5, from.Top - 9, arrow.Width, "font-size=\"9\" fill=\"#666\"");
            }
        }

        foreach ((DiagramNode node, Box box) in panel.Nodes.Zip(layout.Boxes))
        {
            Node(text, node, box);
        }
    }

    private static void Node(StringBuilder text, DiagramNode node, Box box)
    {
        string fill = node.Kind switch
        {
            NodeKind.Input or NodeKind.Output => "#ffffff",
            NodeKind.Table => "#f9d9d9",
            NodeKind.Norm => "#f6f2c4",
            NodeKind.Attention => "#fde0bd",
            NodeKind.Map => "#cfe6f4",
            NodeKind.Block => "#dfe8d8",
            NodeKind.Function => "#e6def2",
            _ => "#ffffff",
        };
        double radius = node.Kind is NodeKind.Sign or NodeKind.Input or NodeKind.Output ? box.Height / 2 : 4;
        text.Append(CultureInfo.InvariantCulture, $"<rect x=\"{N(box.X - (box.Width / 2))}\" y=\"{N(box.Top)}\" width=\"{N(box.Width)}\" ");
        text.Append(CultureInfo.InvariantCulture, $"height=\"{N(box.Height)}\" rx=\"{N(radius)}\" fill=\"{fill}\" stroke=\"#555\"/>\n");
        double middle = box.Y + 4;
        Label(text, box.X, node.Detail.Length > 0 ? middle - 7 : middle, node.Name, "text-anchor=\"middle\"");
        if (node.Detail.Length > 0)
        {
            Label(text, box.X, middle + 8, node.Detail, "text-anchor=\"middle\" font-size=\"9\" fill=\"#555\"");
        }
    }

    private static void Line(StringBuilder text, string path, string more) =>
        text.Append(CultureInfo.InvariantCulture, $"<path d=\"{path}\" fill=\"none\" stroke=\"#444\" marker-end=\"url(#tip)\"{more}/>\n");

    private static void Label(StringBuilder text, double x, double y, string label, string style) =>
        text.Append(CultureInfo.InvariantCulture, $"<text x=\"{N(x)}\" y=\"{N(y)}\" {style}>{SecurityElement.Escape(label)}</text>\n");

    private static string N(double number) => Math.Round(number, 1).ToString(CultureInfo.InvariantCulture);
}
