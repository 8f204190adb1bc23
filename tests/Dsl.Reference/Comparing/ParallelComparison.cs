using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Dsl.Generators.Model;
using Dsl.Runtime;

namespace Dsl.Reference.Comparing;

/// <summary>The parallel form: each way it can be computed, with and without padding, with and without optional inputs.</summary>
internal static class ParallelComparison
{
    private static readonly Lock Switch = new();

    /// <summary>Of a reference that is less sharp than this nothing is believed: it differs.</summary>
    private const double Bluntest = 1e-5;

    /// <summary>Of how sharp the reference is one number is known, that of one text and one way to be off: others of the same model may be off by more.</summary>
    private const double Margin = 16;

    /// <summary>Compares, and says whether the parallel form runs at all.</summary>
    internal static bool Run(Subject s, Report report)
    {
        // What a transfer function stores grows with the first run; the reference reads it as it is afterwards.
        report.Try("forward", () => s.Run(s.Feed));
        if (report.Statements.Count > 0)
        {
            return false;
        }

        s.NewReference();
        report.Tolerance = Math.Max(report.Tolerance, Math.Min(Bluntest, Margin * Math.Max(s.Reference.Unsharpness(s.Feed), s.Reference.Unsharpness(s.Padded()))));
        report.Rounding = s.Rounding;
        Compare("forward", s, report, s.Feed);
        if (s.Graph.Inputs.Any(i => i.Optional))
        {
            var required = s.Feed.Where(pair => s.Graph.Inputs.Any(i => i.Name == pair.Key && !i.Optional)).ToDictionary(p => p.Key, p => p.Value);
            Compare("forward without optional inputs", s, report, required);
        }

        if (s.Masks.Any())
        {
            Compare("forward of padded rows", s, report, s.Padded());
        }

        foreach (Route route in Ways(s))
        {
            report.Try($"forward by {route}", () => By(route, () =>
            {
                Compare($"forward by {route}", s, report, s.Feed);
                if (s.Masks.Any())
                {
                    Compare($"forward of padded rows by {route}", s, report, s.Padded());
                }
            }));
        }

        // The switch is the whole process's: two that turned it at once could leave it off.
        lock (Switch)
        {
            bool fused = ProductPolicy.UseFused;
            ProductPolicy.UseFused = false;
            try
            {
                Compare("forward without libtorch's own operators", s, report, s.Feed);
            }
            finally
            {
                ProductPolicy.UseFused = fused;
            }
        }

        return true;
    }

    /// <summary>The ways besides the chosen one, where the model has a recurrence at all.</summary>
    internal static IEnumerable<Route> Ways(Subject s)
    {
        int before = Routed.Calls;
        s.Run(s.Feed);
        return Routed.Calls == before ? [] : [Route.Tensors, Route.Convolution, Route.ConvolutionOfTensors];
    }

    internal static void By(Route route, Action action)
    {
        Routed.Route = route;
        try
        {
            action();
        }
        finally
        {
            Routed.Route = Route.Chosen;
        }
    }

    internal static void Compare(string form, Subject s, Report report, IReadOnlyDictionary<string, NumberArray> feed, GeneratedModel? model = null) =>
        report.Try(form, () =>
        {
            IReadOnlyDictionary<string, NumberArray> ours = s.Run(feed, model), reference = s.Reference.Run(feed);
            foreach ((string output, NumberArray expected) in reference)
            {
                if (ours.TryGetValue(output, out NumberArray? found))
                {
                    report.Compare(form, output, found, expected, s.Reference.RealOf(feed, output, expected));
                }
                else
                {
                    report.Say($"{form}: the output '{output}' is missing");
                }
            }
        });
}
