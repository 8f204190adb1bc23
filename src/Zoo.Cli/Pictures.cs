using Dsl.Files;

namespace Zoo.Cli;

/// <summary>Pictures on disk.</summary>
internal static class Pictures
{
    /// <summary>Writes a PNG, whole or not at all.</summary>
    /// <exception cref="System.IO.IOException">It could not be written, or exists and is not to be replaced.</exception>
    internal static void Save(ScottPlot.Plot plot, string path, int width, int height, bool replace) =>
        AtomicFiles.WriteBytes(path, plot.GetImageBytes(width, height, ScottPlot.ImageFormat.Png), FileErrors.Plain, replace);
}
