using System.Globalization;
using System.Linq;
using System.Text;

namespace Zoo.Cli.Drawing;

/// <summary>A picture as a Mermaid flowchart, which pages show: a subgraph for each block, residuals as dotted lines.</summary>
internal static class Mermaid
{
    internal static string Write(Diagram diagram)
    {
        var text = new StringBuilder("%% ").Append(diagram.Title).Append("\nflowchart BT\n");
        for (int p = 0; p < diagram.Panels.Count; p++)
        {
            DiagramPanel panel = diagram.Panels[p];
            string Id(int node) => string.Create(CultureInfo.InvariantCulture, $"p{p}n{node}");
            text.Append(CultureInfo.InvariantCulture, $"    subgraph p{p}[\"{Escaped(panel.Title)}\"]\n");
            for (int n = 0; n < panel.Nodes.Count; n++)
            {
                DiagramNode node = panel.Nodes[n];
                string label = Escaped(node.Name) + (node.Detail.Length > 0 ? "<br/>" + Escaped(node.Detail) : "");
                (string open, string close) = node.Kind switch
                {
                    NodeKind.Input or NodeKind.Output => ("([\"", "\"])"),
                    NodeKind.Sign => ("((\"", "\"))"),
                    NodeKind.Table => ("[(\"", "\")]"),
                    NodeKind.Block => ("[[\"", "\"]]"),
                    _ => ("[\"", "\"]"),
                };
                text.Append("        ").Append(Id(n)).Append(open).Append(label).Append(close).Append('\n');
            }

            foreach (DiagramArrow arrow in panel.Arrows)
            {
                string line = arrow.Passes ? "-.->" : "-->";
                string width = arrow.Width.Length > 0 ? $"|\"{Escaped(arrow.Width)}\"|" : "";
                text.Append("        ").Append(Id(arrow.From)).Append(' ').Append(line).Append(width).Append(' ').Append(Id(arrow.To)).Append('\n');
            }

            text.Append("    end\n");
        }

        return text.ToString();
    }

    private static string Escaped(string text) => string.Concat(text.Select(c => c switch
    {
        '"' => "#quot;",
        '#' => "#35;",
        '<' => "#lt;",
        '>' => "#gt;",
        _ => c.ToString(),
    }));
}
