using System;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Dsl.Runtime.Native;

/// <summary>What TorchSharp throws, without the frames of native code that it brings along.</summary>
public static partial class TorchErrors
{
    /// <summary>The error as one sentence; a failed allocation says how much was asked for.</summary>
    public static string Sentence(ExternalException error)
    {
        Match allocation = Allocation().Match(error.Message);
        if (allocation.Success && double.TryParse(allocation.Groups[1].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture, out double bytes))
        {
            return FormattableString.Invariant($"not enough memory: {bytes / (1 << 30):F1} GB were asked for at once");
        }

        int frames = error.Message.IndexOf("Exception raised from", StringComparison.Ordinal);
        return (frames < 0 ? error.Message : error.Message[..frames]).ReplaceLineEndings(" ").Trim();
    }

    [GeneratedRegex(@"tried to allocate ([0-9.]+) ?bytes", RegexOptions.IgnoreCase)]
    private static partial Regex Allocation();
}
