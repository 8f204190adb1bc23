using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Checking;

/// <summary>Sizes, options and keys.</summary>
internal sealed partial class Elaborator
{
    /// <summary>A size argument: a positive constant or an integer member of the config. Null where there is none.</summary>
    public Size? SizeOf(Constant constant, Place place)
    {
        if (constant.IsNull)
        {
            return null;
        }

        if (constant.Kind == ConstantKind.Integer)
        {
            if (!Invariant.TryRead(constant.Text, out long value) || value is <= 0 or > int.MaxValue)
            {
                Report(Problems.SizeNotPositive, place, constant.Text);
                return sizes.Fresh();
            }

            return Size.Of(value);
        }

        if (MemberOf(constant, place) is not { } member)
        {
            return sizes.Fresh();
        }

        if (member.Kind != MemberKind.Integer || member.Nullable)
        {
            Report(Problems.MemberKindWrong, place, member.Name, Names.Simple(member.Type), "an integer: it is a size");
            return sizes.Fresh();
        }

        return member.OfLayer ? Layered(member) : Size.Of(member.Name);
    }

    public Size Fresh() => sizes.Fresh();

    /// <summary>A size as a number, where it is one.</summary>
    public long? Number(Size size) => sizes.FormOf(sizes.Resolve(size)).Constant;

    /// <summary>A size with what is known of it put in.</summary>
    public Size Resolve(Size size) => sizes.Resolve(size);

    /// <summary>Makes sizes equal as far as that can be told; <paramref name="what"/> names the two in the constructor's check.</summary>
    public Verdict Unify(Size a, Size b, string what) => sizes.Unify(a, b, what);

    private Size Layered(MemberSpec member)
    {
        readsLayer = true;
        return Size.Of(member.Name + "(layer)");
    }

    /// <summary>The config member that an argument names; reports where there is none.</summary>
    public MemberSpec? MemberOf(Constant constant, Place place)
    {
        if (!constant.IsName)
        {
            Report(Problems.MemberKindWrong, place, constant.Text, "a constant", "a config member's name");
            return null;
        }

        if (spec.Config.Member(constant.Text) is { } member)
        {
            return member;
        }

        Report(Problems.MemberUnknown, place, constant.Text, spec.Config.SimpleName, Suggest(constant.Text, spec.Config.Members.Select(m => m.Name)));
        return null;
    }

    private bool IsMember(Constant constant) => constant.IsName && spec.Config.Member(constant.Text) is not null;

    public Setting SettingOf(MemberSpec member)
    {
        readsLayer |= member.OfLayer;
        return new Setting.Member(member.Name, member.OfLayer);
    }

    /// <summary>A number: a constant, a config member, or the fallback.</summary>
    public Setting NumberOf(Constant constant, Place place, string fallback)
    {
        if (constant.IsNull)
        {
            return Setting.Number(fallback);
        }

        if (!constant.IsName)
        {
            return constant.Kind is ConstantKind.Integer or ConstantKind.Number ? new Setting.Literal(constant) : Wrong(constant.Text, "a number");
        }

        if (MemberOf(constant, place) is not { } member)
        {
            return Setting.Number(fallback);
        }

        return member.Kind is MemberKind.Number or MemberKind.Integer && !member.Nullable ? SettingOf(member) : Wrong(member.Name, "a number");

        Setting Wrong(string what, string wanted)
        {
            Report(
                Problems.MemberKindWrong,
                place,
                what,
                spec.Config.Member(what) is { } m ? Names.Simple(m.Type) : constant.Kind.ToString().ToLowerInvariant(),
                wanted);
            return Setting.Number(fallback);
        }
    }

    /// <summary>A whole number, 0 or more: a constant, a config member, or the fallback.</summary>
    public Setting WholeOf(Constant constant, Place place, string fallback)
    {
        var name = constant.IsNull || !constant.IsName ? null : spec.Config.Member(constant.Text);
        if (name is { Kind: not MemberKind.Integer } || (!constant.IsNull && !constant.IsName && constant.Kind != ConstantKind.Integer))
        {
            Report(Problems.MemberKindWrong, place, constant.Text, name is null ? "a constant" : Names.Simple(name.Type), "a whole number");
            return Setting.Number(fallback);
        }

        if (constant.Kind == ConstantKind.Integer && constant.Text[0] == '-')
        {
            Report(Problems.SizeNotPositive, place, constant.Text);
        }

        return NumberOf(constant, place, fallback);
    }

    /// <summary>True or false: a constant, a config member, or the fallback.</summary>
    public Setting TruthOf(Constant constant, Place place, Setting fallback)
    {
        if (constant.IsNull)
        {
            return fallback;
        }

        if (constant.Kind == ConstantKind.Truth)
        {
            return constant.Text == "true" ? Setting.True : Setting.False;
        }

        if (MemberOf(constant, place) is not { } member)
        {
            return fallback;
        }

        if (member.Kind != MemberKind.Truth || member.Nullable)
        {
            Report(Problems.MemberKindWrong, place, member.Name, Names.Simple(member.Type), "true or false");
            return fallback;
        }

        return SettingOf(member);
    }

    /// <summary>An option of a part, else the declaration's default.</summary>
    public Constant OptionOr(PartSpec part, string option) => part[option] is { IsNull: false } own ? own : spec.Default(option);

    /// <summary>An activation by its name, or the config's; null where it is neither.</summary>
    public ActivationSetting? ActivationOf(Constant constant, Place place)
    {
        if (IsMember(constant))
        {
            var member = spec.Config.Member(constant.Text)!;
            if (member.Kind != MemberKind.Activation || member.Nullable)
            {
                Report(Problems.MemberKindWrong, place, member.Name, Names.Simple(member.Type), "an Activation");
                return null;
            }

            readsLayer |= member.OfLayer;
            return new ActivationSetting.Member(member.Name, member.OfLayer);
        }

        if (ActivationNames.Find(constant.Text) is { } known)
        {
            return new ActivationSetting.Known(known);
        }

        Report(
            Problems.WordUnknown,
            place,
            constant.Text,
            "activation",
            Suggest(constant.Text, ActivationNames.All.Concat(spec.Config.Members.Where(m => m.Kind == MemberKind.Activation).Select(m => m.Name))));
        return null;
    }

    /// <summary>One of the words that an argument can be; the first where it is not said, or is none of them.</summary>
    public string WordOf(Constant constant, Place place, string called, params string[] words)
    {
        if (constant.IsNull || (constant.Kind == ConstantKind.Text && words.Contains(constant.Text)))
        {
            return constant.IsNull ? words[0] : constant.Text;
        }

        // A config's member says it when a model is made, which is too late.
        Report(Problems.WordUnknown, place, constant.Text, called, Suggest(constant.Text, words));
        return words[0];
    }

    /// <summary>Whether a parameter of this type is given the config: its own, or one that it extends.</summary>
    public bool IsConfig(string type) => type == spec.Config.Name || spec.Config.Ancestors.Contains(type);

    private FunctionSpec? FindFunction(Constant name) =>
        spec.Functions.FirstOrDefault(f => f.Name == name.Text && (name.Owner.Length == 0 || f.Owner == name.Owner))
            ?? spec.Functions.FirstOrDefault(f => f.Name == name.Text && name.Owner.Length == 0);

    private IEnumerable<string> FunctionNames() => spec.Functions.Select(f => f.Name);

    /// <summary>A named function of the kind wanted, ready to be called.</summary>
    public FunctionUse? FunctionOf(Constant constant, Place place, params FunctionKind[] kinds)
    {
        if (FindFunction(constant) is not { } function)
        {
            Report(Problems.FunctionUnknown, place, constant.Text, spec.SimpleName, Suggest(constant.Text, FunctionNames()));
            return null;
        }

        if (!kinds.Contains(function.Kind))
        {
            Report(
                Problems.FunctionKindWrong,
                place,
                function.Name,
                string.Join(" or ", kinds.Select(k => k == FunctionKind.Host ? "a plain function" : $"[{k}]")),
                function.Kind == FunctionKind.Host ? "no attribute" : $"[{function.Kind}]");
            return null;
        }

        var use = FunctionUse.Of(function);
        if (function.Kind is FunctionKind.Score or FunctionKind.Pointwise or FunctionKind.Recurrence or FunctionKind.Transfer && use.Scalar is null)
        {
            Report(Problems.ScalarForm, place, $"'{function.Name}' cannot be read as a scalar function", function.Owner);
            return null;
        }

        return use;
    }

    /// <summary>Makes two values equal in shape, or reports it with both sizes named.</summary>
    public bool Same(Value a, Value b, Place place, string problem, string first, string second, bool sameTime = true)
    {
        if (a.IsIds != b.IsIds
            || a.Axes.Count != b.Axes.Count
            || a.Axes.Zip(b.Axes, (x, y) => x.Size is null != y.Size is null || (sameTime && x.Size is null && x.Name != y.Name)).Any(differ => differ))
        {
            Report(Problems.AxesWrong, place, first, Shape(a), $"{second}, which is {Shape(b)}");
            return false;
        }

        for (var i = 0; i < a.Axes.Count; i++)
        {
            if (a.Axes[i].Size is { } left && b.Axes[i].Size is { } right && !Fits(left, right, place, problem, first, second))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a value runs over time where the runtime looks for it, right after the batch; reports where it does not.</summary>
    public bool HasTime(PartSpec part, Value x)
    {
        if (x.Axes.Count > 1 && x.Axes[0].Name == "b" && x.Axes[1].IsTime)
        {
            return true;
        }

        Report(Problems.AxesWrong, part.Place, "the value", Shape(x), "a value over time: [b, t, d]");
        return false;
    }

    /// <summary>Whether one size is at most another, where that is a matter of constants; reports where it is not.</summary>
    public bool Reaches(Size end, Size total, Place place, string first, string second)
    {
        if (Number(end) is { } a && Number(total) is { } b && a > b)
        {
            Report(Problems.SizesDiffer, place, first, Spell(end), second, Spell(total));
            return false;
        }

        return true;
    }

    /// <summary>Makes two sizes equal, or reports it with both named.</summary>
    public bool Fits(Size a, Size b, Place place, string problem, string first, string second)
    {
        if (sizes.Unify(a, b, $"{first} and {second}") != Verdict.Refuted)
        {
            return true;
        }

        Report(problem, place, first, Spell(a), second, Spell(b));
        return false;
    }

    public string Spell(Size size) => sizes.Resolve(size).Spell();

    /// <summary>A value's axes, as a diagnostic puts them.</summary>
    public string Shape(Value value) =>
        (value.IsIds ? "ids [" : "[") + string.Join(", ", value.Axes.Select(a => a.Size is not null && sizes.IsKnown(a.Size) ? Spell(a.Size) : a.Name)) + "]";

    /// <summary>A weight at a checkpoint key, under the conditions around it.</summary>
    public void Key(PartSpec part, string key, bool shared = false) => keys.Add(new KeyUse(part.Name, key, shared, conditions.ToEquatable(), part.Place.At(0)));

    /// <summary>Braces in a key name the layer or a config member; anything else is a slip.</summary>
    private void CheckKeys()
    {
        foreach (var use in keys)
        {
            foreach (var index in KeyText.Indices(use.Key))
            {
                if (index != "layer" && spec.Config.Member(index) is not { Kind: MemberKind.Integer or MemberKind.Text })
                {
                    Report(Problems.KeyIndexUnknown, use.Place, index, use.Key, Suggest(index, spec.Config.Members.Select(m => m.Name).Append("layer")));
                }

                // What repeats has a number of its own.
                readsLayer |= use.Word != "Repeat" && (index == "layer" || spec.Config.Member(index) is { OfLayer: true });
            }
        }

        // The same key under opposite conditions is built once.
        var seen = new Dictionary<string, KeyUse>(StringComparer.Ordinal);
        foreach (var use in keys.Where(k => k.Key.Length > 0))
        {
            if (!seen.TryGetValue(use.Key, out var first))
            {
                seen[use.Key] = use;
                if (use.Shared && !use.Key.StartsWith("/", StringComparison.Ordinal) && spec.IsModel)
                {
                    Report(Problems.KeyUnknown, use.Place, use.Key, Suggest(use.Key, keys.Where(k => !k.Shared).Select(k => k.Key)));
                }
            }
            else if (!use.Shared && !use.Conditions.Any(c => first.Conditions.Contains(c.StartsWith("!", StringComparison.Ordinal) ? c.Substring(1) : "!" + c)))
            {
                Report(Problems.KeyTwice, use.Place, use.Key, session.Language.Vocabulary.OptionsOf(use.Word).Contains("Shared")
                    ? "naming it again says Shared = true"
                    : $"{use.Word} cannot share one: give it a key of its own");
            }
        }
    }

    /// <summary>
    /// What no part fixed: an input's size is what the block is built with; anything else is a slip. Returns the sizes that the constructor takes.
    /// </summary>
    private IReadOnlyList<string> CloseSizes(Value? result)
    {
        // A size may be open because what would have fixed it is wrong.
        var isSound = !session.IsTroubled;
        var parameters = new NameTable();
        var all = new List<string>();
        Size Parameter(string wanted)
        {
            all.Add(parameters.Take(wanted));
            return Size.Of("@" + all[all.Count - 1]);
        }

        foreach (var input in inputs)
        {
            foreach (var axis in input.Output.Axes)
            {
                if (axis.Size is { } size)
                {
                    foreach (var unknown in Unknowns(sizes.Resolve(size)).ToList())
                    {
                        if (spec.IsModel && isSound)
                        {
                            Report(Problems.SizeUnfixed, input.Place, $"axis '{axis.Name}' of input '{input.Name}'");
                        }

                        sizes.Bind(unknown, Parameter(axis.Name == "d" && input.Name == "x" ? "width" : axis.Name));
                    }
                }
            }
        }

        // What leaves a block may be left to whoever uses it.
        if (!spec.IsModel && result?.Last is { } last && sizes.Resolve(last) is Size.Unknown open)
        {
            sizes.Bind(open, Parameter("result"));
        }

        var told = new HashSet<int>();
        foreach (var node in Graph.Flatten(nodes))
        {
            foreach (var size in node.Operation.Sizes)
            {
                if (isSound && Unknowns(sizes.Resolve(size)).Select(u => u.Id).Where(told.Add).ToList().Count > 0)
                {
                    Report(Problems.SizeUnfixed, node.Place, node.Operation.Called);
                    break;
                }
            }
        }

        // A config's sizes are ints, and so is what generated code makes of them.
        foreach (var node in Graph.Flatten(nodes))
        {
            var axes = node.Outputs.SelectMany(o => o.Axes).Select(a => a.Size).OfType<Size>();
            if (node.Operation.Sizes.Concat(axes).Select(sizes.Resolve).FirstOrDefault(s => members.FormOf(s).IsBeyondInt) is { } beyond)
            {
                Report(Problems.SizeNotPositive, node.Place, beyond.Spell());
                break;
            }
        }

        // Only what the constructor reads is asked for.
        var read = new HashSet<string>(
            Graph.Flatten(nodes).SelectMany(n => n.Operation.Sizes)
                .Concat(sizes.Open.SelectMany(o => new[] { o.Left, o.Right }))
                .SelectMany(s => sizes.Resolve(s).Symbols));
        return all.Where(p => read.Contains("@" + p)).ToList();
    }

    private static IEnumerable<Size.Unknown> Unknowns(Size size) => size switch
    {
        Size.Unknown u => [u],
        Size.Binary b => Unknowns(b.Left).Concat(Unknowns(b.Right)),
        _ => [],
    };

    /// <summary>Presets are constants: what the constructor would refuse is refused here.</summary>
    private void CheckPresets()
    {
        var all = Graph.Flatten(nodes).SelectMany(n => n.Operation.Sizes).Select(sizes.Resolve).Distinct().ToList();
        foreach (var preset in spec.Config.Presets.Where(p => p.Model.Length == 0 || p.Model == spec.Name).Where(_ => spec.IsModel || spec.Config.FromSource))
        {
            object? Stored(string name) => preset.Values.FirstOrDefault(v => v.Name == name) is { } v ? Members.ValueOf(v.Value) : Members.Unknown.Value;
            foreach (var (member, dividend, divisor) in members.Divisions())
            {
                // A quotient that another member overrides (Given ?? A / B) is not used.
                if (spec.Config.Member(member)!.Body.Contains("??") && Overridden(spec.Config.Member(member)!.Body, Stored))
                {
                    continue;
                }

                if (members.Evaluate(dividend, Stored) is long a && members.Evaluate(divisor, Stored) is long b && b != 0 && a % b != 0)
                {
                    Report(Problems.PresetDivision, Place.Class, preset.Name, divisor, Invariant.Text(b), dividend, Invariant.Text(a));
                }
            }

            foreach (var quotient in all.SelectMany(Quotients))
            {
                if (Evaluate(quotient.Left, Stored) is { } a && Evaluate(quotient.Right, Stored) is { } b && b != 0 && a % b != 0)
                {
                    Report(Problems.PresetDivision, Place.Class, preset.Name, quotient.Right.Spell(),
                        Invariant.Text(b), quotient.Left.Spell(), Invariant.Text(a));
                }
            }

            // C# computes sizes as int, and goes on with what is left of a larger one.
            foreach (var size in all)
            {
                if (Evaluate(size, Stored) > int.MaxValue)
                {
                    Report(Problems.BeyondBounds, Place.Class, preset.Name, $"numbers along {size.Spell()}", Invariant.Text(int.MaxValue));
                }
            }

            foreach (var (left, right, _) in sizes.Open)
            {
                if (Evaluate(left, Stored) is { } a && Evaluate(right, Stored) is { } b && a != b)
                {
                    Report(Problems.PresetSizes, Place.Class, preset.Name, left.Spell(), Invariant.Text(a), right.Spell(), Invariant.Text(b));
                }
            }

            foreach (var (divisor, dividend) in Graph.Flatten(nodes).SelectMany(n => n.Operation.Divisions))
            {
                if (Evaluate(dividend, Stored) is { } a && Evaluate(divisor, Stored) is > 0 and var b && a % b != 0)
                {
                    Report(Problems.PresetDivision, Place.Class, preset.Name, Spell(divisor), Invariant.Text(b), Spell(dividend), Invariant.Text(a));
                }
            }
        }
    }


    private static IEnumerable<Size.Binary> Quotients(Size size) =>
        size is Size.Binary b ? Quotients(b.Left).Concat(Quotients(b.Right)).Concat(b.Operator == '/' ? [b] : []) : [];

    private static bool Overridden(string body, Func<string, object?> stored)
    {
        var given = body.Substring(0, body.IndexOf("??", StringComparison.Ordinal)).Trim();
        return stored(given) is not null;
    }

    private long? Evaluate(Size size, Func<string, object?> stored) => sizes.Resolve(size) switch
    {
        Size.Number n => n.Value,
        Size.Member m => members.Evaluate(m.Name, stored) as long?,
        Size.Binary b when Evaluate(b.Left, stored) is { } x && Evaluate(b.Right, stored) is { } y => b.Operator switch
        {
            '+' => x + y,
            '-' => x - y,
            '*' => x * y,
            _ => y == 0 ? null : x / y,
        },
        _ => null,
    };
}
