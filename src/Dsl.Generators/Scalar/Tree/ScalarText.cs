using System;

namespace Dsl.Generators.Scalar;

/// <summary>
/// The text in which a scalar function is embedded in the assembly that declares it, and read back where its source is gone: nested lists,
/// with a version in front. Writing and reading gives an equal function, to the bit.
/// </summary>
internal static partial class ScalarText
{
    private const string Version = "scalar1";

    public static string Write(ScalarFunction function)
    {
        var writer = new Writer();
        writer.Open(Version);
        writer.Function(function);
        writer.Close();
        return writer.ToString();
    }

    /// <summary>The function that the text says, or null where the text is none of this version's.</summary>
    public static ScalarFunction? Read(string text)
    {
        try
        {
            var at = 0;
            var root = Node.Parse(text, ref at, 0);
            return root.Head == Version && root.Items.Count == 2 ? Reading.Function(root.Items[1]) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
