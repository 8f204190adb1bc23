using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using Dsl.Runtime;

namespace Zoo.Cli.Drawing;

/// <summary>
/// Makes the picture of a model from its declaration and the shapes of its weights: what flows where, what repeats, how wide it is. What the config decides
/// (conditions, which block) is drawn as this config has it.
/// </summary>
internal sealed class DiagramReader
{
    private readonly Dictionary<string, DeclaredClass> classes;
    private readonly Dictionary<string, IReadOnlyList<long>> shapes;
    private readonly ILookup<string, Type> types;
    private readonly List<DiagramPanel> panels = [];
    private readonly Dictionary<string, PanelReader> known = [];

    private DiagramReader(IReadOnlyList<DeclaredClass> declared, IModel model)
    {
        classes = declared.ToDictionary(c => c.Name);
        types = model.GetType().Assembly.GetTypes().ToLookup(type => type.Name);
        shapes = model.Weights.All.ToDictionary(w => w.Key, w => (IReadOnlyList<long>)w.Shape);
    }

    /// <param name="title">Above the picture.</param>
    /// <param name="declaration">As <see cref="ModelEntry.Declaration"/> has it.</param>
    /// <param name="model">The model, with or without numbers in it.</param>
    internal static Diagram Read(string title, string declaration, IModel model)
    {
        IReadOnlyList<DeclaredClass> declared = DeclarationText.Read(declaration);
        var reader = new DiagramReader(declared, model);
        new PanelReader(reader, declared[^1], model.Config, "", model.Inputs, "").Run();
        return new Diagram(title, reader.panels);
    }

    /// <summary>The panel of a block where it is first met: the key around it there, and the width of what enters it.</summary>
    private PanelReader? Block(string name, object config, string prefix, string entering)
    {
        if (!known.TryGetValue(name, out PanelReader? panel) && classes.TryGetValue(name, out DeclaredClass? declared))
        {
            known[name] = panel = new PanelReader(this, declared, config, prefix, [], entering);
            panel.Run();
        }

        return panel;
    }

    /// <summary>The values that a score of a declaration reads by name: those of its function's tables.</summary>
    private IEnumerable<string> Tables(string owner, string function) => types[owner]
        .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
        .Where(method => method.Name == function).Take(1)
        .SelectMany(method => method.GetParameters()).Where(parameter => parameter.IsDefined(typeof(Dsl.TableAttribute))).Select(parameter => parameter.Name!);

    /// <summary>A value: who makes it, and its last axis or axes.</summary>
    private sealed record Flow(int Node, string Width);

    /// <summary>One block or model, bracket by bracket.</summary>
    private sealed class PanelReader(DiagramReader reader, DeclaredClass declared, object config, string prefix, IReadOnlyList<string> inputs, string entering)
    {
        private readonly List<DiagramNode> nodes = [];
        private readonly List<DiagramArrow> arrows = [];
        private readonly Dictionary<string, Flow> names = [];
        private readonly List<string> free = [];
        private List<Flow> current = [];

        /// <summary>How wide what it gives is.</summary>
        internal string Width => current.Count > 0 ? current[0].Width : "";

        /// <summary>What it reads by name beside the value that enters it.</summary>
        internal IReadOnlyList<string> Free => free;

        internal void Run()
        {
            int place = reader.panels.Count;
            reader.panels.Add(new DiagramPanel(declared.Name, nodes, arrows));
            bool isModel = inputs.Count > 0;
            if (declared.Brackets.Count > 0 && (!isModel || !Begins(declared.Brackets[0])))
            {
                current = [Named(isModel ? inputs[0] : "x")];
            }

            foreach (IReadOnlyList<DeclaredWord> bracket in declared.Brackets)
            {
                Bracket(bracket);
            }

            if (!isModel && current.Count > 0)
            {
                Add(new DiagramNode(NodeKind.Output, "result"), "", current);
            }

            reader.panels[place] = new DiagramPanel(declared.Name, nodes, arrows);
        }

        private static bool Begins(IReadOnlyList<DeclaredWord> bracket) => bracket[0].Name is "From" or "Parameter";

        private void Bracket(IReadOnlyList<DeclaredWord> words)
        {
            Flow? residual = null;
            string note = "";
            foreach (DeclaredWord word in words)
            {
                switch (word.Name)
                {
                    case "When" or "Unless":
                        if (Value(word.Arguments[0]) is bool holds)
                        {
                            if (holds != (word.Name == "When"))
                            {
                                // Left out, it hands on what comes, also by its name.
                                current.Take(words[^1].Name == "As" ? 1 : 0).ToList().ForEach(flow => names[words[^1].Text(0)!] = flow);
                                return;
                            }
                        }
                        else
                        {
                            note = $"{word.Name.ToLowerInvariant()} {Said(word.Arguments[0])}";
                        }

                        break;
                    case "From":
                        current = [.. word.Arguments.Select((_, i) => Named(word.Text(i)!))];
                        residual = residual is null ? null : current.FirstOrDefault();
                        break;
                    case "Residual":
                        residual = current.FirstOrDefault();
                        break;
                    case "As" when current.Count > 0:
                        names[word.Text(0)!] = current[0];
                        break;
                    default:
                        Word(word, note);
                        break;
                }
            }

            if (residual is not null && current.Count > 0)
            {
                int sum = nodes.Count;
                nodes.Add(new DiagramNode(NodeKind.Sign, "+"));
                string width = current[0].Width.Length > 0 ? current[0].Width : residual.Width;
                arrows.Add(new DiagramArrow(residual.Node, sum, "", true));
                arrows.Add(new DiagramArrow(current[0].Node, sum, width, false));
                current = [new Flow(sum, width)];
            }
        }

        private void Word(DeclaredWord word, string note)
        {
            string key = word.Text(0) ?? "", same = Width;
            switch (word.Name)
            {
                case "Collect":
                    break;
                case "Experts":
                    current = [Add(new DiagramNode(NodeKind.Block, word.Types[0], $"{key} of the chosen"), same, [.. current, .. Read(word, 1, 2)])];
                    break;
                case "Softmax":
                    current = [Add(new DiagramNode(NodeKind.Function, "softmax"), same, [.. current, .. Read(word, 0)])];
                    break;
                case "Dropout" or "Merge" or "Heads" or "Rearrange":
                    current = [.. current.Select(flow => flow with { Width = Reshaped(word, flow.Width) })];
                    break;
                case "Output":
                    Add(new DiagramNode(NodeKind.Output, key), "", current);
                    break;
                case "Sum" or "Concat" or "Product" or "Attend":
                    List<Flow> read = [.. word.Arguments.Take(word.Name is "Product" ? 2 : word.Name is "Attend" ? 3 : word.Arguments.Count)
                        .Select((_, i) => word.Text(i)).OfType<string>().Concat(Scored(word)).Select(Named)];
                    current = [word.Name switch
                    {
                        "Sum" => Add(new DiagramNode(NodeKind.Sign, "+"), read.Select(r => r.Width).FirstOrDefault(w => w.Length > 0) ?? "", read),
                        "Concat" => Add(new DiagramNode(NodeKind.Function, "concat"), word.Options.ContainsKey("Along") ? read[0].Width : Total(read), read),
                        "Product" => Add(new DiagramNode(NodeKind.Map, "product", word.Text(2) ?? ""), "", read),
                        _ => Add(new DiagramNode(NodeKind.Attention, "attention", Mask(word)), read.Count > 2 ? read[2].Width : "", read),
                    }];
                    break;
                case "Gate":
                    string by = word.Arguments.Count > 1 ? Said(word.Arguments[1]) : "";
                    current = [Add(new DiagramNode(NodeKind.Sign, "×", by), same, [.. current, Named(key)])];
                    break;
                case "Expand":
                    Flow whole = Named(key);
                    current = [Add(new DiagramNode(NodeKind.Function, "expand", word.Text(1) ?? ""), whole.Width, [whole])];
                    break;
                case "Positions" when word.Text("Table") is { } table:
                    current = [Add(new DiagramNode(NodeKind.Table, "positions"), same, [.. current, Named(table)])];
                    break;
                case "Splice":
                    current = [Add(new DiagramNode(NodeKind.Function, "splice"), same, [.. current, Named(key)])];
                    break;
                case "Split":
                    Flow split = Add(new DiagramNode(NodeKind.Function, "split"), "", current);
                    foreach (int i in Enumerable.Range(0, word.Arguments.Count).Where(i => word.Text(i) is not null))
                    {
                        bool isSized = i + 1 < word.Arguments.Count && word.Text(i + 1) is null;
                        names[word.Text(i)!] = split with { Width = isSized ? Said(word.Arguments[i + 1]) : "" };
                    }

                    current = [split];
                    break;
                case "Parameter":
                    current = [Add(new DiagramNode(NodeKind.Table, "parameter", key), Last(Shape(key)), [])];
                    break;
                case "Use" or "Repeat":
                    Block(word, key);
                    break;
                default:
                    List<Flow> all = [.. current, .. Scored(word).Select(Named)];
                    current = [Add(new DiagramNode(Kind(word.Name), Title(word.Name), Detail(word, note)), Result(word, key, same), all)];
                    break;
            }
        }

        private void Block(DeclaredWord word, string key)
        {
            bool repeats = word.Name == "Repeat";
            object own = word.Options.TryGetValue("Config", out string? within) && Value(within) is { } inner ? inner : config;
            int times = repeats && word.Arguments.Count > 1 && Value(word.Arguments[1]) is IConvertible count
                ? Convert.ToInt32(count, CultureInfo.InvariantCulture) : 1;
            IReadOnlyList<(string Name, int Times)> used = Chosen(word, times);
            string at = Below(key) + (repeats ? ".0" : "");
            List<PanelReader> blocks = [.. used.Select(u => reader.Block(u.Name, own, at, Width)).OfType<PanelReader>()];
            var bound = (word.Text("With") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(w => w.Split('=')).Where(w => w.Length == 2)
                .ToDictionary(w => w[0].Trim(), w => w[1].Trim());
            List<Flow> read = [.. current, .. blocks.SelectMany(b => b.Free).Distinct().Select(name => Named(bound.GetValueOrDefault(name, name)))];
            string width = blocks.Count > 0 && blocks[0].Width.Length > 0 ? blocks[0].Width : repeats ? Width : "";
            string what = used.Count == 1 ? used[0].Name : string.Join(" or ", used.Select(u => u.Times > 1 ? $"{u.Times} {u.Name}" : u.Name));
            current = [Add(new DiagramNode(NodeKind.Block, what, repeats ? $"{key} × {times}" : key), width, read)];
        }

        /// <summary>Which of several blocks the config picks, and how often.</summary>
        private IReadOnlyList<(string Name, int Times)> Chosen(DeclaredWord word, int times)
        {
            string? by = word.Options.TryGetValue("By", out string? member) ? Member(member) : null;
            if (by is null || word.Types.Count < 2)
            {
                return [.. word.Types.Take(1).Select(t => (t, times))];
            }

            Func<int, object?> kind = config.GetType().GetMethod(by, [typeof(int)]) is { } ofLayer ? layer => ofLayer.Invoke(config, [layer])
                : _ => config.GetType().GetProperty(by)?.GetValue(config);
            return [.. Enumerable.Range(0, Math.Max(1, times)).Select(layer => (kind(layer) as Type)?.Name ?? word.Types[0])
                .GroupBy(name => name).Select(group => (group.Key, group.Count()))];
        }

        /// <summary>The values that arguments name.</summary>
        private IEnumerable<Flow> Read(DeclaredWord word, params int[] arguments) =>
            arguments.Where(i => i < word.Arguments.Count).Select(i => word.Text(i)).OfType<string>().Select(Named);

        private Flow Named(string name)
        {
            if (!names.TryGetValue(name, out Flow? found))
            {
                names[name] = found = Add(new DiagramNode(NodeKind.Input, name), name == "x" ? entering : "", []);
                if (name != "x" && inputs.Count == 0)
                {
                    free.Add(name);
                }
            }

            return found;
        }

        private Flow Add(DiagramNode node, string width, IReadOnlyList<Flow> reads)
        {
            nodes.Add(node);
            foreach (Flow read in reads.Where(r => r.Node >= 0))
            {
                arrows.Add(new DiagramArrow(read.Node, nodes.Count - 1, read.Width, false));
            }

            return new Flow(nodes.Count - 1, width);
        }

        private string Result(DeclaredWord word, string key, string same)
        {
            switch (word.Name)
            {
                case "Linear" or "Head" when word.Arguments.Count > 1 && Value(word.Arguments[1]) is IConvertible size:
                    return Text(size);
                case "Conv" when word.Arguments.Count > 2 && Value(word.Arguments[2]) is IConvertible channels:
                    return Text(channels);
                case "Slice" when word.Arguments.Count > 1 && !word.Options.ContainsKey("Along") && Value(word.Arguments[1]) is IConvertible part:
                    return Text(part);
                case "Linear" or "Head" or "Attention" or "PackedAttention" or "FeedForward" or "GatedFeedForward":
                    IReadOnlyList<long>? shape = Shape(Maps(key)[^1]) ?? Shape(word.Text("TiedTo") ?? key);
                    bool turned = word.Text("Stored")?.StartsWith("in", StringComparison.Ordinal) == true;
                    return shape is not { Count: > 0 } ? "" : Text(turned ? shape[^1] : shape[0]);
                case "Embedding":
                    return Last(Shape(key));
                case "LayerNorm" or "RmsNorm" or "Activate" or "Rotary" or "Positions" or "Shift" or "Conv" or "Pool" or "Take":
                    return same;
                case "Slice" when word.Options.ContainsKey("Along"):
                    return same;
                default:
                    return "";
            }
        }

        private string Reshaped(DeclaredWord word, string width) => word.Name switch
        {
            "Dropout" => width,
            "Heads" when word.Arguments.Count > 1 => $"{Said(word.Arguments[0])} × {Said(word.Arguments[1])}",
            "Heads" when long.TryParse(width, out long whole) && Value(word.Arguments[0]) is IConvertible heads and not string =>
                $"{Said(word.Arguments[0])} × {Text(whole / Convert.ToInt64(heads, CultureInfo.InvariantCulture))}",
            "Merge" when width.Split(" × ").Select(w => long.TryParse(w, out long n) ? n : 0).ToArray() is [> 0 and var h, > 0 and var d] => Text(h * d),
            _ => "",
        };

        private static string Total(List<Flow> read) =>
            read.All(r => long.TryParse(r.Width, out _)) ? Text(read.Sum(r => long.Parse(r.Width, CultureInfo.InvariantCulture))) : "";

        private string Detail(DeclaredWord word, string note)
        {
            string detail = word.Name switch
            {
                "Attention" or "PackedAttention" =>
                    string.Join(", ", new[] { word.Text(0) ?? "", Mask(word), word.Text("Position") ?? "" }.Where(t => t.Length > 0)),
                "Activate" or "Apply" or "Pool" or "Take" => word.Arguments.Count > 0 ? Said(word.Arguments[0]) : "",
                _ => word.Text(0) ?? (word.Types.Count > 0 ? string.Join(", ", word.Types) : ""),
            };
            return note.Length == 0 ? detail : detail.Length == 0 ? note : $"{detail}, {note}";
        }

        private static string Mask(DeclaredWord word) => string.Join(", ", new[] { "Mask", "Score" }
            .Where(word.Options.ContainsKey).Select(option => word.Text(option) ?? Member(word.Options[option])));

        /// <summary>What a score, or learning within the sequence, reads by name.</summary>
        private IEnumerable<string> Scored(DeclaredWord word) => word.Name == "Learn" ? new[] { word.Text("Rate"), word.Text("Read") }.OfType<string>()
            : word.Options.TryGetValue("Score", out string? score) && score.StartsWith("nameof(", StringComparison.Ordinal)
                && score["nameof(".Length..^1].Split('.') is [.., var owner, var function] ? reader.Tables(owner, function) : [];

        private static NodeKind Kind(string word) => word switch
        {
            "Embedding" or "Positions" => NodeKind.Table,
            "LayerNorm" or "RmsNorm" => NodeKind.Norm,
            "Attention" or "PackedAttention" or "Learn" => NodeKind.Attention,
            "Linear" or "Head" or "Conv" or "FeedForward" or "GatedFeedForward" => NodeKind.Map,
            _ => NodeKind.Function,
        };

        private static string Title(string word) => word switch
        {
            "LayerNorm" => "layer norm",
            "RmsNorm" => "RMS norm",
            "FeedForward" => "feed-forward",
            "GatedFeedForward" => "gated feed-forward",
            "PackedAttention" => "attention",
            _ => word.ToLowerInvariant(),
        };

        /// <summary><c>"a.{q,k}_proj"</c> is two keys.</summary>
        private static string[] Maps(string key)
        {
            int open = key.IndexOf('{', StringComparison.Ordinal), close = key.IndexOf('}', StringComparison.Ordinal);
            return open >= 0 && close > open && key[open..close].Contains(',', StringComparison.Ordinal)
                ? [.. key[(open + 1)..close].Split(',').Select(word => key[..open] + word.Trim() + key[(close + 1)..])]
                : [key];
        }

        private string Below(string key)
        {
            string own = key.Replace("{layer}", "0", StringComparison.Ordinal);
            return own.StartsWith('/') ? own[1..] : prefix.Length == 0 ? own : own.Length == 0 ? prefix : prefix + "." + own;
        }

        private IReadOnlyList<long>? Shape(string key) =>
            reader.shapes.GetValueOrDefault(Below(key) + ".weight") ?? reader.shapes.GetValueOrDefault(Below(key));

        private static string Last(IReadOnlyList<long>? shape) => shape is { Count: > 0 } ? Text(shape[^1]) : "";

        /// <summary>A number, a text, or what the config's member of a <c>nameof</c> is here; null where it is no member, or one of the layer.</summary>
        private object? Value(string argument)
        {
            if (long.TryParse(argument, NumberStyles.Integer, CultureInfo.InvariantCulture, out long number))
            {
                return number;
            }

            return argument switch
            {
                "true" => true,
                "false" => false,
                _ when argument.StartsWith("nameof(", StringComparison.Ordinal) =>
                    config.GetType().GetProperty(Member(argument), BindingFlags.Public | BindingFlags.Instance)?.GetValue(config),
                _ => null,
            };
        }

        private static string Member(string argument) =>
            argument.StartsWith("nameof(", StringComparison.Ordinal) ? argument["nameof(".Length..^1].Split('.')[^1] : argument.Trim('"');

        /// <summary>An argument in the picture: its value here, else its name.</summary>
        private string Said(string argument) => Value(argument) is { } value and not IEnumerable ? Text(value) : Value(argument) as string ?? Member(argument);

        private static string Text(object value) => value switch
        {
            Dsl.Activation activation => activation.Name,
            _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
        };
    }
}
