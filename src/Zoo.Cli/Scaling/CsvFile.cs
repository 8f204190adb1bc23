using System.Collections.Generic;
using System.Linq;
using Dsl.Files;

namespace Zoo.Cli;

/// <summary>Tables beside pictures.</summary>
internal static class CsvFile
{
    /// <summary>Writes a header and rows, whole or not at all.</summary>
    internal static void Write(string path, string header, IEnumerable<string> rows) =>
        AtomicFiles.WriteText(path, string.Join('\n', rows.Prepend(header)) + "\n", FileErrors.Plain);
}
