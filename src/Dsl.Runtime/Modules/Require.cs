namespace Dsl.Runtime;

/// <summary>Checks that only a config can decide: what the compiler could neither prove nor refute.</summary>
public static class Require
{
    private const string File = "config.json";

    /// <exception cref="ConfigException">The sizes differ.</exception>
    public static void Equal(long left, string leftName, long right, string rightName)
    {
        if (left != right)
        {
            throw new ConfigException(File, $"{leftName} {left} differs from {rightName} {right}, expected the same");
        }
    }

    /// <exception cref="ConfigException">The divisor is not positive or leaves a remainder.</exception>
    public static void Divides(long divisor, string divisorName, long dividend, string dividendName)
    {
        if (divisor <= 0)
        {
            throw new ConfigException(File, $"{divisorName} {divisor}, expected 1 or more");
        }

        if (dividend % divisor != 0)
        {
            throw new ConfigException(File, $"{divisorName} {divisor} does not divide {dividendName} {dividend}");
        }
    }
}
