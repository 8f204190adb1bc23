namespace Dsl.Runtime;

/// <summary>Checks that only a config can decide: what the compiler could neither prove nor refute.</summary>
public static class Require
{
    internal const string File = "config.json";

    /// <exception cref="ConfigException">The sizes differ.</exception>
    public static void Equal(long left, string leftName, long right, string rightName)
    {
        if (left != right)
        {
            throw new ConfigException(File, $"{leftName} {left} differs from {rightName} {right}, expected the same");
        }
    }

    /// <exception cref="ConfigException">The first size is greater.</exception>
    public static void AtMost(long size, string name, long limit, string limitName)
    {
        if (size > limit)
        {
            throw new ConfigException(File, $"{name} {size} is more than {limitName} {limit}, expected at most as many");
        }
    }

    /// <summary>What to throw where a config picks a block that is not among those declared.</summary>
    /// <param name="member">The config's member that picks, as the declaration names it.</param>
    /// <param name="kind">What it returned.</param>
    /// <param name="declared">What it may return.</param>
    public static ConfigException NoneOf(string member, System.Type? kind, params System.Type[] declared) =>
        new(File, $"{member} picks {kind?.Name ?? "no block"}, expected one of {string.Join(", ", System.Array.ConvertAll(declared, d => d.Name))}");

    /// <summary>What to throw where a block is none of those that the constructor can have built.</summary>
    public static System.InvalidOperationException Unreachable => new("the block is none of those that were declared");

    /// <summary>A standard deviation that weights can be drawn with.</summary>
    /// <exception cref="ConfigException">It is negative or not finite.</exception>
    public static double Deviation(double value, string name) => double.IsFinite(value) && value >= 0 ? value
        : throw new ConfigException(File, System.FormattableString.Invariant($"{name} {value}, expected a standard deviation: a finite number, 0 or more"));

    /// <summary>A number of a config within the range that its declaration gives it; one that is not there is.</summary>
    /// <param name="file">The config's file, which the message names.</param>
    /// <param name="value">The number.</param>
    /// <param name="name">Its key.</param>
    /// <param name="least">The least value.</param>
    /// <param name="most">The greatest value.</param>
    /// <param name="above">The value must be more than the least.</param>
    /// <exception cref="ConfigException">It lies beyond, or is no number.</exception>
    public static void Within(string file, double? value, string name, double least, double most = double.MaxValue, bool above = false)
    {
        if (value is not { } number || (number >= least && number <= most && !(above && number == least)))
        {
            return;
        }

        System.FormattableString expected = most < double.MaxValue ? $"{(above ? "more than " : "")}{least} to {most}"
            : above ? (System.FormattableString)$"a finite number, more than {least}"
            : $"{(number == System.Math.Truncate(number) && double.IsFinite(number) ? "" : "a finite number, ")}{least} or more";
        string given = double.IsFinite(number) ? System.FormattableString.Invariant($"{number}")
            : double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
        throw new ConfigException(file, $"{name} is {given}, expected {System.FormattableString.Invariant(expected)}");
    }

    /// <exception cref="ConfigException">The divisor is not positive or leaves a remainder; the message names <paramref name="file"/>.</exception>
    public static void Divides(long divisor, string divisorName, long dividend, string dividendName, string file = File)
    {
        if (divisor <= 0)
        {
            throw new ConfigException(file, $"{divisorName} {divisor}, expected 1 or more");
        }

        if (dividend % divisor != 0)
        {
            throw new ConfigException(file, $"{divisorName} {divisor} does not divide {dividendName} {dividend}");
        }
    }
}
