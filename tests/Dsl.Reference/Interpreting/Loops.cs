using System;

namespace Dsl.Reference.Interpreting;

/// <summary>Nested loops over axes whose number is not known.</summary>
internal static class Loops
{
    /// <summary>Calls the body for each index, the last axis the fastest, with how many came before.</summary>
    /// <param name="sizes">Of the axes.</param>
    /// <param name="index">Where the loop stands, written here; its first elements.</param>
    /// <param name="body">What is done there.</param>
    internal static void Over(int[] sizes, int[] index, Action<int> body)
    {
        int count = NumberArray.CountOf(sizes);
        Array.Clear(index, 0, sizes.Length);
        for (int at = 0; at < count; at++)
        {
            body(at);
            for (int axis = sizes.Length - 1; axis >= 0 && ++index[axis] == sizes[axis]; axis--)
            {
                index[axis] = 0;
            }
        }
    }
}
