using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Dsl.Generators.Model;

namespace Dsl.Generators.Reading;

/// <summary>
/// The text of a spec in metadata: nested lists of strings, each string preceded by its length, so that nothing needs escaping.
/// The version counts up with every change of the format.
/// </summary>
internal static class SpecText
{
    public const int Version = 5;

    public static string Write(DeclarationSpec spec)
    {
        var writer = new Writer();
        writer.Add(spec.Name)
            .Add(spec.Namespace)
            .Add(spec.Containers)
            .Add(spec.IsModel)
            .Add(spec.IsPublic)
            .Add(spec.IsSealed)
            .Add(spec.Config.Name)
            .Add(spec.Architectures)
            .Add(spec.Base);
        writer.Add(spec.Header, Part);
        writer.Add(spec.Brackets, (w, b) => w.Add(b.Parts, Part));
        writer.Add(
            spec.Functions,
            (w, f) => w.Add(f.Owner).Add(f.Name).Add((int)f.Kind).Add(f.Parameters, (v, p) => v.Add(p.Name).Add(p.Type)).Add(f.Returns).Add(f.Scalar));
        writer.Add(spec.Uses);
        return writer.ToString();
    }

    public static string Write(ConfigSpec spec)
    {
        var writer = new Writer();
        writer.Add(spec.Name).Add(spec.Base).Add(spec.Namespace).Add(spec.Partial).Add(spec.Public);
        writer.Add(
            spec.Members,
            (w, m) => w.Add(m.Name).Add(m.Type).Add((int)m.Kind).Add(m.Nullable).Add(m.Paths).Add(m.Default).Add(m.Positional).Add(m.OfLayer).Add(m.Body)
                .Add(m.ReadsPrivate).Add(m.Range).Add(m.Extends));
        writer.Add(spec.Inherited).Add(spec.Only, AddOption).Add(spec.NoEffect);
        writer.Add(spec.Presets, (w, p) => w.Add(p.Name).Add(p.Property).Add(p.Model).Add(p.Values, AddOption));
        writer.Add(spec.Ancestors).Add(spec.ModelType).Add(spec.SavedAs);
        writer.Add(spec.Inside, (w, c) => w.Add(Write(c)));
        return writer.ToString();
    }

    public static DeclarationSpec ReadDeclaration(string text, System.Func<string, ConfigSpec?> config)
    {
        var r = new Reader(text);
        var (name, space, containers, isModel, isPublic, isSealed) = (r.Text(), r.Text(), r.Texts(), r.Truth(), r.Truth(), r.Truth());
        var configName = r.Text();
        var (architectures, origin) = (r.Texts(), r.Text());
        var header = r.List(ReadPart);
        var brackets = r.List(v => new BracketSpec(v.List(ReadPart)));
        var functions = r.List(
            v => new FunctionSpec(v.Text(), v.Text(), (FunctionKind)v.Number(), v.List(p => new FunctionParameter(p.Text(), p.Text())), v.Text(), v.Text()));
        var uses = r.Texts();
        return new DeclarationSpec(
            name, space, containers, isModel, true, isPublic, isSealed, config(configName)
                ?? throw new System.FormatException($"config {configName} is not in the assembly of {name}"),
            architectures, origin, header, brackets, functions, uses, FromSource: false);
    }

    public static ConfigSpec ReadConfig(string text)
    {
        var r = new Reader(text);
        var (name, origin, space, partial, isPublic) = (r.Text(), r.Text(), r.Text(), r.Truth(), r.Truth());
        var members = r.List(v => new MemberSpec(v.Text(), v.Text(), (MemberKind)v.Number(), v.Truth(), v.Texts(), v.Text(), v.Truth(), v.Truth(), v.Text())
        {
            ReadsPrivate = v.Truth(),
            Range = v.Text(),
            Extends = v.Texts(),
        });
        var (inherited, only, none) = (r.Number(), r.List(ReadOption), r.Texts());
        var presets = r.List(v => new PresetSpec(v.Text(), v.Text(), v.Text(), v.List(ReadOption)));
        return new ConfigSpec(
            name, origin, space, partial, isPublic, members, inherited, only, none, presets, FromSource: false, Ancestors: r.Texts())
        {
            ModelType = r.Text(),
            SavedAs = r.Text(),
            Inside = r.List(v => ReadConfig(v.Text())),
        };
    }

    private static void Part(Writer w, PartSpec p)
    {
        w.Add(p.Name).Add(p.Types).Add(p.Arguments, AddConstant).Add(p.Options, AddOption).Add(p.Inside, (v, change) => v.Add(change.Parts, Part));
    }

    private static PartSpec ReadPart(Reader r) => new(r.Text(), r.Texts(), r.List(ReadConstant), r.List(ReadOption), Place.Class)
    {
        Inside = r.List(v => new BracketSpec(v.List(ReadPart))),
    };

    private static void AddOption(Writer w, Option o)
    {
        w.Add(o.Name);
        AddConstant(w, o.Value);
    }

    private static void AddConstant(Writer w, Constant c) => w.Add((int)c.Kind).Add(c.Text).Add(c.Owner);

    private static Option ReadOption(Reader r) => new(r.Text(), ReadConstant(r), -1);

    private static Constant ReadConstant(Reader r) => new((ConstantKind)r.Number(), r.Text(), r.Text());

    private sealed class Writer
    {
        private readonly StringBuilder text = new();

        public Writer Add(string value)
        {
            text.Append(value.Length.ToString(CultureInfo.InvariantCulture)).Append(':').Append(value);
            return this;
        }

        public Writer Add(int value) => Add(value.ToString(CultureInfo.InvariantCulture));

        public Writer Add(bool value) => Add(value ? 1 : 0);

        public Writer Add(IReadOnlyCollection<string> values) => Add(values, (w, v) => w.Add(v));

        public Writer Add<T>(IReadOnlyCollection<T> values, System.Action<Writer, T> write)
        {
            Add(values.Count);
            foreach (var value in values)
            {
                write(this, value);
            }

            return this;
        }

        public override string ToString() => text.ToString();
    }

    private sealed class Reader(string text)
    {
        private int position;

        public string Text()
        {
            var colon = text.IndexOf(':', position);
            if (colon < 0
                || !int.TryParse(text.Substring(position, colon - position), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                || length > text.Length - colon - 1)
            {
                throw new System.FormatException($"a compiled declaration is broken at character {position}");
            }

            position = colon + 1 + length;
            return text.Substring(colon + 1, length);
        }

        public int Number() => int.Parse(Text(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

        public bool Truth() => Number() != 0;

        public EquatableArray<string> Texts() => List(r => r.Text());

        public EquatableArray<T> List<T>(System.Func<Reader, T> read)
            where T : System.IEquatable<T>
        {
            var count = Number();
            if (count < 0 || count > text.Length - position)
            {
                throw new System.FormatException($"a compiled declaration is broken at character {position}");
            }

            return Enumerable.Range(0, count).Select(_ => read(this)).ToEquatable();
        }
    }
}
