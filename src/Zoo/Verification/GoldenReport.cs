using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Spectre.Console;
using static TorchSharp.torch;

namespace Zoo.Verification;

/// <summary>One comparison.</summary>
/// <param name="Check">What was compared: <c>out.logits</c>, <c>grad.&lt;key&gt;</c>, <c>advance by 3</c>, ...</param>
/// <param name="Dtype">The dtype the model ran in.</param>
/// <param name="Error">The error as the check defines it; NaN or infinite where the comparison could not be made.</param>
/// <param name="Tolerance">The largest error that passes.</param>
/// <param name="Note">Why it failed, where a number doesn't say it.</param>
public sealed record GoldenRow(string Check, ScalarType Dtype, double Error, double Tolerance, string? Note = null)
{
    /// <summary>False for NaN.</summary>
    public bool Passed => Error <= Tolerance;

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture,
            $"{Check} ({Dtype}): error {Error:0.0e+00}, allowed {Tolerance:0.0e+00}{(Note is null ? "" : ": " + Note)}");
}

/// <summary>All comparisons of one case.</summary>
public sealed record GoldenReport(string Case, string What, IReadOnlyList<GoldenRow> Rows)
{
    /// <summary>Whether anything was compared and nothing missed.</summary>
    public bool Passed => Rows.Count > 0 && Rows.All(r => r.Passed);

    /// <summary>The rows that missed.</summary>
    public IEnumerable<GoldenRow> Misses => Rows.Where(r => !r.Passed);

    /// <summary>One table a case, every check with its error and its tolerance in each dtype, then the misses in words.</summary>
    public void Print(IAnsiConsole console)
    {
        var dtypes = Rows.Select(r => r.Dtype).Distinct().ToArray();
        var table = new Table().Border(TableBorder.Horizontal).Title(Markup.Escape($"{Case}: {What}"));
        table.AddColumn(new TableColumn("check").NoWrap());
        foreach (var dtype in dtypes)
        {
            table.AddColumn(new TableColumn(Markup.Escape(dtype.ToString())).RightAligned());
            table.AddColumn(new TableColumn("allowed").RightAligned());
        }

        foreach (var check in Rows.GroupBy(r => r.Check))
        {
            var cells = new List<string> { Markup.Escape(check.Key) };
            foreach (var dtype in dtypes)
            {
                var row = check.FirstOrDefault(r => r.Dtype == dtype);
                cells.Add(row is null ? "" : row.Passed ? $"[green]{Number(row.Error)}[/]" : $"[red]{Number(row.Error)}[/]");
                cells.Add(row is null ? "" : Number(row.Tolerance, "0e+00"));
            }

            table.AddRow([.. cells]);
        }

        console.Write(table);
        foreach (var miss in Misses)
        {
            console.MarkupLineInterpolated($"[red]missed[/] {miss.ToString()}");
        }
    }

    private static string Number(double value, string format = "0.0e+00") => value == 0 ? "0" : value.ToString(format, CultureInfo.InvariantCulture);
}
