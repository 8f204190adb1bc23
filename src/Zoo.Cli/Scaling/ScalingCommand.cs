using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using Dsl.Training.Scaling;
using Spectre.Console;

namespace Zoo.Cli;

/// <summary><c>scaling</c>: the laws' losses and best splits, fits to runs, pictures, and a ladder of one's own.</summary>
internal sealed class ScalingCommand
{
    private readonly CliContext context;
    private readonly Argument<string> runs = new("runs") { Description = "a table of runs (CSV with the columns parameters, tokens, loss)." };
    private readonly Option<string> law = new("--law")
    {
        Description = $"Which law: {LawFile.Names}, or a file that scaling fit wrote.",
        HelpName = "name",
        DefaultValueFactory = _ => "besiroglu",
    };
    private readonly Option<string?> drawn = new("--law") { Description = "The law to draw; fitted to the runs without this.", HelpName = "name" };
    private readonly Option<double[]> parameters = new("--parameters", "-n")
    {
        Description = "Sizes: of all parameters; of those without embeddings for kaplan.",
        HelpName = "n",
        AllowMultipleArgumentsPerToken = true,
        Required = true,
    };
    private readonly Option<double[]> tokens = new("--tokens", "-d")
    {
        Description = "Tokens that are trained on.",
        HelpName = "n",
        AllowMultipleArgumentsPerToken = true,
        Required = true,
    };
    private readonly Option<double[]> compute = new("--compute", "-c")
    {
        Description = "Budgets in FLOP (6 for each parameter and token).",
        HelpName = "flop",
        AllowMultipleArgumentsPerToken = true,
        Required = true,
    };
    private readonly Option<int> approach = new("--approach")
    {
        Description = "1: the envelope of training curves; 2: isoFLOP parabolas; 3: the law at once.",
        HelpName = "n",
        DefaultValueFactory = _ => 3,
    };
    private readonly Option<int> resamplings = new("--resamplings")
    {
        Description = "Of the bootstrap behind the 95 % intervals; 0: none.",
        HelpName = "n",
        DefaultValueFactory = _ => 500,
    };
    private readonly Option<string?> lawFile = new("--out", "-o") { Description = "Where the law of approach 3 goes (JSON).", HelpName = "file" };
    private readonly Option<string> picture = new("--out", "-o")
    {
        Description = "Where the picture goes (PNG).",
        HelpName = "file",
        DefaultValueFactory = _ => "scaling.png",
    };
    private readonly Option<string> kind = new("--kind")
    {
        Description = "size: loss over size; envelope: training curves over compute; isoflop: loss over size at each budget.",
        HelpName = "name",
        DefaultValueFactory = _ => "size",
    };

    private ScalingCommand(CliContext context) => this.context = context;

    internal static Command Make(CliContext context)
    {
        var made = new ScalingCommand(context);
        Command Sub(string name, string description, Action<ParseResult> run, params Symbol[] words)
        {
            var command = new Command(name, description);
            foreach (Symbol word in words)
            {
                if (word is Argument argument)
                {
                    command.Add(argument);
                }
                else
                {
                    command.Add((Option)word);
                }
            }

            command.SetAction(run);
            return command;
        }

        return new Command("scaling", "Scaling laws: what loss a size and its data give, how a budget is best split, and laws of runs of one's own.")
        {
            Sub("predict", "The loss of models of some sizes after some numbers of tokens.", made.Predict, made.law, made.parameters, made.tokens),
            Sub("allocate", "The best size and tokens for a budget.", made.Allocate, made.law, made.compute),
            Sub("fit", "Fit a law to runs.", made.Fit, made.runs, made.approach, made.resamplings, made.lawFile),
            Sub("plot", "Draw runs and their law.", made.Plot, made.runs, made.kind, made.drawn, made.picture),
            SweepCommand.Make(context),
        };
    }

    /// <summary>A law's numbers, with their intervals where there are any.</summary>
    internal static void Print(IAnsiConsole console, ChinchillaLaw law, LawIntervals? intervals)
    {
        var table = new Table().Border(TableBorder.Horizontal).AddColumns("", "value", "95 % interval");
        void Row(string name, double value, Interval? interval) =>
            table.AddRow(name, Number(value), interval is { } between ? $"{Number(between.Low)} to {Number(between.High)}" : "");
        Row("E", law.Entropy, intervals?.Entropy);
        Row("A", law.SizeFactor, intervals?.SizeFactor);
        Row("B", law.DataFactor, intervals?.DataFactor);
        Row("alpha", law.SizeExponent, intervals?.SizeExponent);
        Row("beta", law.DataExponent, intervals?.DataExponent);
        Row("a: N ~ C^a", law.SizeGrowth, intervals?.SizeGrowth);
        console.Write(table);
    }

    private void Predict(ParseResult words)
    {
        string name = words.GetValue(law)!;
        Func<double, double, double> loss = name == LawFile.Kaplan ? KaplanLaws.Loss : LawFile.Read(name).Loss;
        var table = new Table().Border(TableBorder.Horizontal).AddColumns("parameters", "tokens", "loss, nats", "perplexity");
        foreach (double size in words.GetValue(parameters)!)
        {
            foreach (double count in words.GetValue(tokens)!)
            {
                double nats = loss(size, count);
                table.AddRow(LogAxis.Spell(size), LogAxis.Spell(count),
                    FormattableString.Invariant($"{nats:F4}"), FormattableString.Invariant($"{Math.Exp(nats):F2}"));
            }
        }

        context.Console.Write(table);
    }

    private void Allocate(ParseResult words)
    {
        string name = words.GetValue(law)!;
        if (name == LawFile.Kaplan)
        {
            Kaplan(words.GetValue(compute)!);
            return;
        }

        ChinchillaLaw chosen = LawFile.Read(name);
        var table = new Table().Border(TableBorder.Horizontal).AddColumns("compute, FLOP", "parameters", "tokens", "tokens a parameter", "loss, nats");
        foreach (double budget in words.GetValue(compute)!)
        {
            Allocation best = chosen.Allocate(budget);
            table.AddRow(LogAxis.Spell(budget), LogAxis.Spell(best.Parameters), LogAxis.Spell(best.Tokens),
                FormattableString.Invariant($"{best.TokensPerParameter:F1}"), FormattableString.Invariant($"{best.Loss:F4}"));
        }

        context.Console.Write(table);
    }

    private void Kaplan(double[] budgets)
    {
        var table = new Table().Border(TableBorder.Horizontal)
            .AddColumns("compute, FLOP", "PF-days", "parameters", "tokens", "tokens a batch", "steps", "loss, nats");
        foreach (double budget in budgets)
        {
            double days = budget / KaplanLaws.PetaflopDay;
            table.AddRow(LogAxis.Spell(budget), Number(days), LogAxis.Spell(KaplanLaws.OptimalSize.At(days)), LogAxis.Spell(KaplanLaws.OptimalTokens.At(days)),
                LogAxis.Spell(KaplanLaws.OptimalBatch.At(days)), LogAxis.Spell(KaplanLaws.OptimalSteps.At(days)),
                FormattableString.Invariant($"{KaplanLaws.ByCompute.At(days):F4}"));
        }

        context.Console.Write(table);
    }

    private void Fit(ParseResult words)
    {
        Arguments.Require(words.GetValue(resamplings) >= 0, "resamplings", words.GetValue(resamplings), "0 or more");
        IReadOnlyList<RunLoss> table = RunTable.Read(words.GetValue(runs)!);
        int times = words.GetValue(resamplings);
        switch (words.GetValue(approach))
        {
            case 1:
                Frontier(table, data => FrontierFit.ByEnvelope(data), times, words);
                break;
            case 2:
                Frontier(table, data => FrontierFit.ByIsoFlop(data), times, words);
                break;
            case 3:
                ParametricFit fit = ParametricFit.Of(table);
                Print(context.Console, fit.Law, times > 0 ? fit.Bootstrap(table, times) : null);
                if (words.GetValue(lawFile) is { } file)
                {
                    LawFile.Write(file, fit.Law);
                    context.Output.WriteLine($"law  {file}");
                }

                break;
            case var other:
                throw new CommandException(FormattableString.Invariant($"--approach {other}, expected 1, 2 or 3"), 2);
        }
    }

    private void Frontier(IReadOnlyList<RunLoss> table, Func<IReadOnlyList<RunLoss>, FrontierFit> fit, int times, ParseResult words)
    {
        if (words.GetValue(lawFile) is not null)
        {
            throw new CommandException("--out with --approach 1 or 2, expected --approach 3: the others give exponents, not a law", 2);
        }

        FrontierFit found = fit(table);
        (Interval Size, Interval Tokens)? intervals = times > 0 ? FrontierFit.Bootstrap(table, fit, times) : null;
        var shown = new Table().Border(TableBorder.Horizontal).AddColumns("", "exponent", "95 % interval", "factor");
        void Row(string name, Growth growth, Interval? interval) => shown.AddRow(name, Number(growth.Exponent),
            interval is { } between ? $"{Number(between.Low)} to {Number(between.High)}" : "", Number(growth.Factor));
        Row("N ~ C^a", found.Size, intervals?.Size);
        Row("D ~ C^b", found.Tokens, intervals?.Tokens);
        context.Console.Write(shown);
        double low = found.Best[0].Compute, high = found.Best[^1].Compute;
        context.Output.WriteLine($"{found.Best.Count} budgets from {LogAxis.Spell(low)} to {LogAxis.Spell(high)} FLOP");
    }

    private void Plot(ParseResult words)
    {
        IReadOnlyList<RunLoss> table = RunTable.Read(words.GetValue(runs)!);
        string path = words.GetValue(picture)!;
        ChinchillaLaw? Law() => words.GetValue(drawn) is { } name ? LawFile.Read(name) : ParametricFit.Of(table).Law;
        switch (words.GetValue(kind))
        {
            case "size":
                ScalingPlots.Sizes(path, table, Law(), []);
                break;
            case "envelope":
                ScalingPlots.Envelope(path, table, words.GetValue(drawn) is { } name ? LawFile.Read(name) : null);
                break;
            case "isoflop":
                ScalingPlots.IsoFlop(path, table, FrontierFit.ByIsoFlop(table));
                break;
            case var other:
                throw new CommandException($"--kind '{other}', expected size, envelope or isoflop", 2);
        }

        context.Output.WriteLine($"picture  {path}");
    }

    private static string Number(double value) => FormattableString.Invariant($"{value:G4}");
}
