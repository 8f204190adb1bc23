using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Dsl.Training;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Zoo.Cli;

/// <summary>A line now and then, for files and pipes.</summary>
/// <param name="output">Where lines go.</param>
/// <param name="every">A line for every so many steps.</param>
internal sealed class PlainTrainingView(TextWriter output, int every) : ITrainingView
{
    public void Show(Action body) => body();

    public void Stepped(in TrainingProgress progress)
    {
        StepResult result = progress.Result;
        if (result.Step == 1 || result.Step % every == 0 || result.Step == progress.Steps)
        {
            output.WriteLine(FormattableString.Invariant(
                $"step {result.Step}/{progress.Steps}  loss {result.Loss:F4}{Words.Parts(result.Parts)}  rate {result.Rate:0.0e+0}  ")
                + FormattableString.Invariant($"{progress.TokensPerSecond:F0} tokens/s  {Words.Duration(progress.Left)} left  {Words.Bytes(progress.Memory)}"));
        }
    }

    public void Evaluated(long step, double loss, IReadOnlyList<LossPart> parts) =>
        output.WriteLine(FormattableString.Invariant($"step {step}  held-out loss {loss:F4}{Words.Parts(parts)}"));

    public void Note(string sentence) => output.WriteLine("note: " + sentence);
}

/// <summary>A panel that is redrawn in place, for terminals.</summary>
internal sealed class LiveTrainingView(IAnsiConsole console, string title) : ITrainingView
{
    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(100);

    private readonly List<double> losses = [];
    private LiveDisplayContext? display;
    private DateTime drawn = DateTime.MinValue;

    public void Show(Action body) => console.Live(new Spectre.Console.Text("")).AutoClear(false).Start(context =>
    {
        display = context;
        body();
        display = null;
    });

    public void Stepped(in TrainingProgress progress)
    {
        losses.Add(progress.Result.Loss);
        DateTime now = DateTime.UtcNow;
        if (display is null || (now - drawn < Redraw && progress.Result.Step < progress.Steps))
        {
            return;
        }

        drawn = now;
        display.UpdateTarget(Panel(progress));
    }

    public void Evaluated(long step, double loss, IReadOnlyList<LossPart> parts)
    {
        // The panel shows the last one anyway.
    }

    public void Note(string sentence) => console.MarkupLineInterpolated($"[yellow]{sentence}[/]");

    private Panel Panel(in TrainingProgress progress)
    {
        StepResult result = progress.Result;
        var grid = new Grid();
        for (int column = 0; column < 4; column++)
        {
            grid.AddColumn(new GridColumn().NoWrap());
        }

        void Row(string a, string x, string b, string y) =>
            grid.AddRow(new Markup($"[grey]{a}[/]"), new Markup($"[bold]{x}[/]"), new Markup($"[grey]{b}[/]"), new Markup(y));
        Row("loss", Format($"{result.Loss:F4}{Words.Parts(result.Parts)}"), "tokens/s", Format($"{progress.TokensPerSecond:N0}"));
        Row("held out", progress.HeldOutLoss is { } heldOut ? Format($"{heldOut:F4}") : "[grey]not yet[/]", "time left", Words.Duration(progress.Left));
        Row("rate", Format($"{result.Rate:0.00e+0}"), "memory", Words.Bytes(progress.Memory));
        Row("gradient norm", Format($"{result.GradientNorm:F3}"), "step", Format($"{result.Step} of {progress.Steps}"));
        var parts = new Rows(
            new Markup(Bar((double)result.Step / progress.Steps, 56)),
            grid,
            new Markup($"[steelblue1]{Sparkline(56)}[/]"));
        return new Panel(parts).Header(Markup.Escape(title)).Expand().BorderColor(Color.Grey);
    }

    private static string Bar(double done, int width)
    {
        int full = Math.Clamp((int)(done * width), 0, width);
        return FormattableString.Invariant($"[steelblue1]{new string('━', full)}[/][grey30]{new string('━', width - full)}[/] {done * 100,3:F0} %");
    }

    /// <summary>The losses so far, each column the mean of its share of the steps.</summary>
    private string Sparkline(int width)
    {
        const string Levels = "▁▂▃▄▅▆▇█";
        int columns = Math.Min(width, losses.Count);
        double[] means = Enumerable.Range(0, columns).Select(column =>
        {
            int from = column * losses.Count / columns;
            int to = Math.Max(from + 1, (column + 1) * losses.Count / columns);
            return losses.Skip(from).Take(to - from).Average();
        }).ToArray();
        double low = means.Min();
        double range = Math.Max(means.Max() - low, 1e-9);
        return string.Concat(means.Select(mean => Levels[(int)Math.Round((mean - low) / range * (Levels.Length - 1))]));
    }

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Numbers as people read them.</summary>
internal static class Words
{
    internal static string Duration(TimeSpan time) => time.TotalHours >= 1
        ? FormattableString.Invariant($"{(int)time.TotalHours} h {time.Minutes} min")
        : time.TotalMinutes >= 1 ? FormattableString.Invariant($"{time.Minutes} min {time.Seconds} s") : FormattableString.Invariant($"{time.Seconds} s");

    internal static string Bytes(long bytes) => bytes >= 1L << 30
        ? FormattableString.Invariant($"{bytes / (double)(1L << 30):F1} GB")
        : FormattableString.Invariant($"{bytes / (double)(1L << 20):F0} MB");

    /// <summary>" (one 1.2345, another 0.1234)", or nothing.</summary>
    internal static string Parts(IReadOnlyList<LossPart> parts) => parts.Count == 0 ? ""
        : $" ({string.Join(", ", parts.Select(part => FormattableString.Invariant($"{part.Name} {part.Value:F4}")))})";

    internal static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
