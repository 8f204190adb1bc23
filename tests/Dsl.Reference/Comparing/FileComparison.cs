using System;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Reference.Comparing;

/// <summary>A saved and loaded model against the reference with the weights that were saved.</summary>
internal static class FileComparison
{
    internal static void Run(Subject s, Report report)
    {
        string folder = Directory.CreateTempSubdirectory("agreement-").FullName;
        try
        {
            report.Try("save and load", () =>
            {
                s.Model.Save(folder);
                using var loaded = (GeneratedModel)s.Entry.Load(folder, ScalarType.Float64);
                ParallelComparison.Compare("save and load", s, report, s.Feed, loaded);
                int some = loaded.Weights.All.Count, all = s.Model.Weights.All.Count;
                if (some != all)
                {
                    report.Say($"save and load: the loaded model has {some} weights, the saved one {all}");
                }
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
