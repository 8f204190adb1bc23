using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text.Templates;

/// <summary>Operators of a template's expressions, with Python's meaning; what needs numbers beyond 64 bits is an error.</summary>
internal static class TemplateOperators
{
    internal static object? Calculate(TemplateRun run, string sign, object? left, object? right)
    {
        run.Work(1);
        switch (sign, left, right)
        {
            case ("~", _, _):
                if (left is SafeText || right is SafeText)
                {
                    throw new TemplateException("'~' of a text marked as safe");
                }

                return Joined(run, TemplateWriter.Text(run, left), TemplateWriter.Text(run, right));
            case ("+", string a, string b):
                return Joined(run, a, b);
            case ("+", List<object?> a, List<object?> b):
                run.Take(56 + (16L * (a.Count + b.Count)));
                return (List<object?>)[.. a, .. b];
            case ("+", TupleValue a, TupleValue b):
                run.Take(56 + (16L * (a.Items.Count + b.Items.Count)));
                return new TupleValue([.. a.Items, .. b.Items]);
            case ("*", string or List<object?> or TupleValue, long or bool):
                return Repeated(run, left, TemplateValues.Whole(right));
            case ("*", long or bool, string or List<object?> or TupleValue):
                return Repeated(run, right, TemplateValues.Whole(left));
            case ("/", long or bool or double, long or bool or double):
            case ("**", long or bool or double, long or bool or double) when left is double || right is double || TemplateValues.Whole(right) < 0:
                return Real(sign, TemplateValues.Number(left!), TemplateValues.Number(right!));
            case (_, long or bool, long or bool):
                try
                {
                    return Whole(sign, TemplateValues.Whole(left), TemplateValues.Whole(right));
                }
                catch (OverflowException)
                {
                    throw new TemplateException($"'{sign}' gives a number beyond 64 bits");
                }

            case (_, long or bool or double, long or bool or double):
                return Real(sign, TemplateValues.Number(left!), TemplateValues.Number(right!));
            default:
                throw new TemplateException($"'{sign}' of {TemplateValues.Kind(left)} and {TemplateValues.Kind(right)}");
        }
    }

    internal static object Negative(object? value) => value switch
    {
        double real => (object)-real,
        _ => TemplateValues.Whole(value) is > long.MinValue and var whole ? -whole : throw new TemplateException("'-' gives a number beyond 64 bits"),
    };

    private static string Joined(TemplateRun run, string a, string b)
    {
        run.Take(24 + (2L * ((long)a.Length + b.Length)));
        return a + b;
    }

    private static object Repeated(TemplateRun run, object? value, long times)
    {
        times = Math.Clamp(times, 0, int.MaxValue);
        if (value is string text)
        {
            run.Take(24 + (2L * text.Length * times));
            return string.Concat(Enumerable.Repeat(text, (int)times));
        }

        List<object?> items = value is TupleValue tuple ? tuple.Items : (List<object?>)value!;
        run.Take(56 + (16L * items.Count * times));
        List<object?> repeated = [.. Enumerable.Repeat(items, (int)times).SelectMany(item => item)];
        return value is TupleValue ? new TupleValue(repeated) : repeated;
    }

    private static long Whole(string sign, long a, long b)
    {
        checked
        {
            switch (sign)
            {
                case "+":
                    return a + b;
                case "-":
                    return a - b;
                case "*":
                    return a * b;
                case "**":
                    long power = 1;
                    for (long i = 0; i < b; i++)
                    {
                        // The base 1 and -1 would go round for ever, every other one overflows soon.
                        if (a is 0 or 1 or -1)
                        {
                            return a == -1 && b % 2 == 0 ? 1 : a;
                        }

                        power *= a;
                    }

                    return power;
                default:
                    long quotient = b == 0 ? throw new TemplateException("division by zero") : Math.DivRem(a, b, out long rest);
                    bool down = rest != 0 && (rest < 0) != (b < 0);
                    return sign == "//" ? quotient - (down ? 1 : 0) : rest + (down ? b : 0);
            }
        }
    }

    private static double Real(string sign, double a, double b)
    {
        switch (sign)
        {
            case "+":
                return a + b;
            case "-":
                return a - b;
            case "*":
                return a * b;
            case "**":
                double power = Math.Pow(a, b);
                return double.IsFinite(power) ? power : throw new TemplateException("'**' gives no number");
            default:
                if (b == 0)
                {
                    throw new TemplateException("division by zero");
                }

                double rest = a % b;
                rest += rest != 0 && (rest < 0) != (b < 0) ? b : 0;
                return sign switch { "/" => a / b, "//" => Math.Round((a - rest) / b), _ => rest };
        }
    }
}
