using System;
using System.Globalization;
using System.Text;

namespace Dsl.Generators.Scalar;

/// <summary>Expression trees to text.</summary>
internal static partial class ScalarText
{
    private sealed class Writer
    {
        private readonly StringBuilder text = new();

        public override string ToString() => text.ToString();

        public void Open(string head)
        {
            Separate();
            text.Append('(').Append(head);
        }

        public void Close() => text.Append(')');

        public void Function(ScalarFunction f)
        {
            Open("function");
            Word(f.FullName);
            Word(f.Access);
            Word(f.Form.ToString());
            Word(f.Result.ToString());
            Word(f.Axes);
            Word(f.State);
            Word(f.Nodes);
            Open("parameters");
            foreach (var p in f.Parameters)
            {
                Open(p.Name);
                Word(p.Kind.ToString());
                Word(p.Role.ToString());
                Word((p.Span ? "span" : "one") + (p.ByRef ? "-ref" : ""));
                Word(p.Axes);
                Word(p.Key);
                Number(p.Start);
                Word(p.Type);
                Close();
            }

            Close();
            Block("body", f.Body);
            Open("helpers");
            foreach (var helper in f.Helpers)
            {
                Function(helper);
            }

            Close();
            Close();
        }

        private void Block(string head, EquatableArray<Statement> statements)
        {
            Open(head);
            foreach (var statement in statements)
            {
                Statement(statement);
            }

            Close();
        }

        private void Statement(Statement statement)
        {
            switch (statement)
            {
                case Declare d:
                    Open("let");
                    Word(d.Name);
                    Word(d.Kind.ToString());
                    Optional(d.Value);
                    break;
                case Assign a:
                    Open("set");
                    Word(a.Name);
                    Expression(a.Value);
                    break;
                case Store s:
                    Open("store");
                    Word(s.Span);
                    Expression(s.Index);
                    Expression(s.Value);
                    break;
                case If i:
                    Open("if");
                    Expression(i.Condition);
                    Block("then", i.Then);
                    Block("else", i.Else);
                    break;
                case Loop l:
                    Open("for");
                    Word(l.Name);
                    Expression(l.From);
                    Expression(l.To);
                    Word(l.Step.ToString(CultureInfo.InvariantCulture));
                    Block("body", l.Body);
                    break;
                case Return r:
                    Open("return");
                    Expression(r.Value);
                    break;
                default:
                    throw new InvalidOperationException("A statement that the text form does not know: " + statement.GetType().Name);
            }

            Close();
        }

        private void Optional(Expression? expression)
        {
            if (expression is not null)
            {
                Expression(expression);
            }
        }

        private void Expression(Expression expression)
        {
            switch (expression)
            {
                case Literal c:
                    Open("c");
                    Word(c.Kind.ToString());
                    Number(c.Number);
                    break;
                case TextConstant t:
                    Open("text");
                    Word(t.Text);
                    break;
                case Variable v:
                    Open("v");
                    Word(v.Name);
                    Word(v.Kind.ToString());
                    break;
                case Element e:
                    Open("at");
                    Word(e.Span);
                    Word(e.Kind.ToString());
                    Expression(e.Index);
                    break;
                case Length l:
                    Open("length");
                    Word(l.Span);
                    break;
                case Entry e:
                    Open("entry");
                    Word(e.Table);
                    Expression(e.Row);
                    Expression(e.Column);
                    break;
                case ConfigMember s:
                    Open(s.MayBeNull ? "setting?" : "setting");
                    Word(s.Config);
                    Word(s.Member);
                    Word(s.Kind.ToString());
                    if (s.Layer is not null)
                    {
                        Word(s.IsList ? "list" : "method");
                        Expression(s.Layer);
                    }

                    break;
                case ConfigArgument c:
                    Open("config");
                    Word(c.Name);
                    break;
                case IsNull n:
                    Open("null?");
                    Expression(n.Operand);
                    break;
                case Unwrap u:
                    Open(u.Matched ? "matched" : "value");
                    Expression(u.Operand);
                    Optional(u.Other);
                    break;
                case Unary u:
                    Open(u.Operator.ToString());
                    Expression(u.Operand);
                    break;
                case Binary b:
                    Open(b.Operator.ToString());
                    Word(b.Kind.ToString());
                    Expression(b.Left);
                    Expression(b.Right);
                    break;
                case Call c:
                    Open("call");
                    Word(c.Function);
                    Word(c.Kind.ToString());
                    foreach (var argument in c.Arguments)
                    {
                        Expression(argument);
                    }

                    break;
                case Invoke i:
                    Open("invoke");
                    Word(i.FullName);
                    Word(i.Kind.ToString());
                    foreach (var argument in i.Arguments)
                    {
                        Expression(argument);
                    }

                    break;
                case Select s:
                    Open("select");
                    Expression(s.Condition);
                    Expression(s.Yes);
                    Expression(s.No);
                    break;
                case ConvertTo c:
                    Open("to");
                    Word(c.Kind.ToString());
                    Expression(c.Operand);
                    break;
                default:
                    throw new InvalidOperationException("An expression that the text form does not know: " + expression.GetType().Name);
            }

            Close();
        }

        private void Separate()
        {
            if (text.Length > 0 && text[text.Length - 1] != '(')
            {
                text.Append(' ');
            }
        }

        private void Word(string word)
        {
            Separate();
            var plain = word.Length > 0;
            foreach (var c in word)
            {
                plain &= c > ' ' && c is not ('(' or ')' or '"' or '\\');
            }

            if (plain)
            {
                text.Append(word);
                return;
            }

            text.Append('"');
            foreach (var c in word)
            {
                if (c is '"' or '\\')
                {
                    text.Append('\\');
                }

                text.Append(c);
            }

            text.Append('"');
        }

        // Small whole numbers as people write them, everything else as its bits: no rounding, no platform's printing to trust.
        private void Number(Number number)
        {
            var value = number.Value;
            var whole = value is > -1e9 and < 1e9 && Math.Floor(value) == value && (value != 0 || number.Bits == 0);
            Word(whole ? ((long)value).ToString(CultureInfo.InvariantCulture) : "#" + number.Bits.ToString("x16", CultureInfo.InvariantCulture));
        }
    }
}
