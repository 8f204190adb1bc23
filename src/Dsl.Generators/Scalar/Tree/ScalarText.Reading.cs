using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Dsl.Generators.Scalar;

/// <summary>Text to expression trees.</summary>
internal static partial class ScalarText
{
    private sealed class Node(string head, List<Node> items, bool list)
    {
        public string Head { get; } = head;

        /// <summary>Of a list: its head, then what follows.</summary>
        public List<Node> Items { get; } = items;

        public bool IsList { get; } = list;

        public static Node Parse(string text, ref int at, int depth)
        {
            if (depth > 500)
            {
                throw new FormatException("nested too deeply");
            }

            Skip(text, ref at);
            if (at >= text.Length)
            {
                throw new FormatException("ended early");
            }

            if (text[at] != '(')
            {
                return new Node(ReadWord(text, ref at), [], false);
            }

            at++;
            var items = new List<Node>();
            Skip(text, ref at);
            while (at < text.Length && text[at] != ')')
            {
                items.Add(Parse(text, ref at, depth + 1));
                Skip(text, ref at);
            }

            if (at >= text.Length || items.Count == 0 || items[0].IsList)
            {
                throw new FormatException("not a list");
            }

            at++;
            return new Node(items[0].Head, items, true);
        }

        private static void Skip(string text, ref int at)
        {
            while (at < text.Length && text[at] == ' ')
            {
                at++;
            }
        }

        private static string ReadWord(string text, ref int at)
        {
            var word = new StringBuilder();
            if (text[at] == '"')
            {
                for (at++; at < text.Length && text[at] != '"'; at++)
                {
                    if (text[at] == '\\')
                    {
                        at++;
                    }

                    if (at < text.Length)
                    {
                        word.Append(text[at]);
                    }
                }

                if (at >= text.Length)
                {
                    throw new FormatException("a string without an end");
                }

                at++;
                return word.ToString();
            }

            while (at < text.Length && text[at] is not (' ' or '(' or ')'))
            {
                word.Append(text[at++]);
            }

            return word.ToString();
        }
    }

    private static class Reading
    {
        public static ScalarFunction Function(Node node)
        {
            Expect(node, "function", 11);
            return new ScalarFunction(
                Word(node, 1), Word(node, 2), Name<ScalarForm>(node, 3), Name<ScalarKind>(node, 4),
                Rest(List(node, 8, "parameters"), 1, Parameter), Statements(List(node, 9, "body"), 1), Word(node, 5), Word(node, 6), Word(node, 7),
                Rest(List(node, 10, "helpers"), 1, Function));
        }

        private static ScalarParameter Parameter(Node node)
        {
            Expect(node, node.Head, 8);
            return new ScalarParameter(
                node.Head, Name<ScalarKind>(node, 1), Name<ScalarRole>(node, 2), Word(node, 3).StartsWith("span", StringComparison.Ordinal),
                Word(node, 3).EndsWith("-ref", StringComparison.Ordinal), Word(node, 4), Word(node, 5), Number(Word(node, 6)), Word(node, 7));
        }

        private static EquatableArray<Statement> Statements(Node node, int from) => Rest(node, from, Statement);

        private static Statement Statement(Node node) => node.Head switch
        {
            "let" => new Declare(Word(node, 1), Name<ScalarKind>(node, 2), node.Items.Count > 3 ? Expression(node, 3) : null),
            "set" => new Assign(Word(node, 1), Expression(node, 2)),
            "store" => new Store(Word(node, 1), Expression(node, 2), Expression(node, 3)),
            "if" => new If(Expression(node, 1), Statements(List(node, 2, "then"), 1), Statements(List(node, 3, "else"), 1)),
            "for" => new Loop(Word(node, 1), Expression(node, 2), Expression(node, 3), Whole(Word(node, 4)), Statements(List(node, 5, "body"), 1)),
            "return" => new Return(Expression(node, 1)),
            _ => throw new FormatException("no statement: " + node.Head),
        };

        private static Expression Expression(Node parent, int index) => Expression(Item(parent, index));

        private static Expression Expression(Node node)
        {
            if (!node.IsList)
            {
                throw new FormatException("no expression: " + node.Head);
            }

            switch (node.Head)
            {
                case "c":
                    return new Literal(Name<ScalarKind>(node, 1), Number(Word(node, 2)));
                case "text":
                    return new TextConstant(Word(node, 1));
                case "v":
                    return new Variable(Word(node, 1), Name<ScalarKind>(node, 2));
                case "at":
                    return new Element(Word(node, 1), Expression(node, 3), Name<ScalarKind>(node, 2));
                case "length":
                    return new Length(Word(node, 1));
                case "entry":
                    return new Entry(Word(node, 1), Expression(node, 2), Expression(node, 3));
                case "setting":
                case "setting?":
                    return new ConfigMember(Word(node, 1), Word(node, 2), Name<ScalarKind>(node, 3), node.Head == "setting?",
                        node.Items.Count > 4 ? Expression(node, 5) : null, node.Items.Count > 4 && Word(node, 4) == "list");
                case "config":
                    return new ConfigArgument(Word(node, 1));
                case "null?":
                    return new IsNull(Expression(node, 1));
                case "value":
                    return new Unwrap(Expression(node, 1), node.Items.Count > 2 ? Expression(node, 2) : null);
                case "matched":
                    return new Unwrap(Expression(node, 1), null, Matched: true);
                case "call":
                    return new Call(Word(node, 1), Rest(node, 3, Expression), Name<ScalarKind>(node, 2));
                case "invoke":
                    return new Invoke(Word(node, 1), Rest(node, 3, Expression), Name<ScalarKind>(node, 2));
                case "select":
                    return new Select(Expression(node, 1), Expression(node, 2), Expression(node, 3));
                case "to":
                    return new ConvertTo(Name<ScalarKind>(node, 1), Expression(node, 2));
            }

            if (Enum.TryParse<UnaryOperator>(node.Head, out var unary))
            {
                return new Unary(unary, Expression(node, 1));
            }

            return new Binary(Name<BinaryOperator>(node, 0), Expression(node, 2), Expression(node, 3), Name<ScalarKind>(node, 1));
        }

        private static EquatableArray<T> Rest<T>(Node node, int from, Func<Node, T> read)
            where T : IEquatable<T>
        {
            var items = new List<T>();
            for (var i = from; i < node.Items.Count; i++)
            {
                items.Add(read(node.Items[i]));
            }

            return items.ToEquatable();
        }

        private static Node Item(Node node, int index) => index < node.Items.Count ? node.Items[index] : throw new FormatException("too short: " + node.Head);

        private static string Word(Node node, int index) =>
            Item(node, index) is { IsList: false } word ? word.Head : throw new FormatException("no word in " + node.Head);

        private static Node List(Node node, int index, string head)
        {
            var list = Item(node, index);
            return list.IsList && list.Head == head ? list : throw new FormatException("no " + head + " in " + node.Head);
        }

        private static void Expect(Node node, string head, int count)
        {
            if (!node.IsList || node.Head != head || node.Items.Count != count)
            {
                throw new FormatException("no " + head);
            }
        }

        private static T Name<T>(Node node, int index)
            where T : struct => Enum.TryParse<T>(Word(node, index), out var value) ? value : throw new FormatException("no " + typeof(T).Name);

        private static int Whole(string word) =>
            int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
                ? value
                : throw new FormatException("no whole number");

        private static Number Number(string word) => word.StartsWith("#", StringComparison.Ordinal)
            ? long.TryParse(word.Substring(1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var bits)
                ? new Number(bits)
                : throw new FormatException("no number")
            : Whole(word);
    }
}
