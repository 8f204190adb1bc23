using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using Dsl.Fuzz.Tree;
using Dsl.Reference;
using Dsl.Runtime;
using Microsoft.CodeAnalysis;

namespace Dsl.Fuzz;

/// <summary>Judges a file as it stands: one that was written for a failure, and then made smaller by hand.</summary>
internal static class TextFile
{
    /// <summary>Writes what is wrong: diagnostics, or of each model with each of its config's samples what differs from the reference.</summary>
    /// <returns>The exit code.</returns>
    public static int Judge(string path, TextWriter to)
    {
        int wrong = 0;
        foreach (bool fuse in new[] { true, false })
        {
            using CompiledDeclarations compiled = CompiledDeclarations.Compile([(Path.GetFileName(path), File.ReadAllText(path))], fuse);
            foreach (Diagnostic diagnostic in compiled.Diagnostics)
            {
                to.WriteLine($"{diagnostic}\n    {diagnostic.Location.SourceTree?.GetText().Lines[diagnostic.Location.GetLineSpan().StartLinePosition.Line]}");
                wrong++;
            }

            if (!compiled.IsLoaded)
            {
                return 1;
            }

            foreach (ModelEntry entry in compiled.Models)
            {
                foreach (PropertyInfo sample in Samples(entry.Type, compiled.Assembly))
                {
                    IReadOnlyList<string> found = Agreement.Compare(compiled, entry.Name, sample.GetValue(null)!, 1);
                    string told = found.Count == 0 ? "agrees" : string.Join("\n    ", found.Prepend(""));
                    to.WriteLine($"{entry.Name}, {sample.Name}, {(fuse ? "fused" : "not fused")}: {told}");
                    wrong += found.Count;
                }
            }
        }

        return wrong == 0 ? 0 : 1;
    }

    private static IEnumerable<PropertyInfo> Samples(Type model, Assembly assembly) =>
        assembly.GetTypes().Where(t => t.Namespace == model.Namespace).SelectMany(t => t.GetProperties(BindingFlags.Static | BindingFlags.Public))
            .Where(p => p.Name.StartsWith(Printer.SamplePrefix, StringComparison.Ordinal) && p.PropertyType == p.DeclaringType);
}
