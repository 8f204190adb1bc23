using System.Collections.Generic;

namespace Zoo.Cli.Drawing;

/// <summary>What a node is drawn like.</summary>
internal enum NodeKind
{
    /// <summary>Something that comes in, by name.</summary>
    Input,

    /// <summary>Something that the model gives, by name.</summary>
    Output,

    /// <summary>A sum or a product, element by element: a sign in a circle.</summary>
    Sign,
    Table,
    Norm,
    Attention,
    Map,
    Function,

    /// <summary>A block, which has a panel of its own.</summary>
    Block,
}

/// <summary>One thing of a picture.</summary>
/// <param name="Kind">What it is drawn like.</param>
/// <param name="Name">Its name, in the first line.</param>
/// <param name="Detail">What stands below it, or empty.</param>
internal sealed record DiagramNode(NodeKind Kind, string Name, string Detail = "");

/// <summary>What goes from one node to another, by their numbers.</summary>
/// <param name="From">The node that makes it.</param>
/// <param name="To">The node that reads it.</param>
/// <param name="Width">Its last axis or axes, or empty where that is not known.</param>
/// <param name="Passes">Whether it passes by what is between the two: a residual.</param>
internal sealed record DiagramArrow(int From, int To, string Width, bool Passes);

/// <summary>The picture of a block or a model.</summary>
internal sealed record DiagramPanel(string Title, IReadOnlyList<DiagramNode> Nodes, IReadOnlyList<DiagramArrow> Arrows);

/// <summary>A model: its own panel, then one for each block, in the order in which they are met.</summary>
internal sealed record Diagram(string Title, IReadOnlyList<DiagramPanel> Panels);
