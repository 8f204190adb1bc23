using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using Dsl;
using Dsl.Training;
using Dsl.Training.Scaling;

namespace Zoo.Cli;

/// <summary>
/// <c>scaling sweep</c>: trains a ladder of small models, fits the law to it, predicts the loss of a larger model, trains that, and says by how much the
/// prediction was off.
/// </summary>
internal sealed class SweepCommand
{
    private const int LeastSizes = 3;

    private readonly CliContext context;
    private readonly Option<string> family = new("--family")
    {
        Description = $"What to train: {string.Join(", ", SmallModels.TrainedBy(TrainingDefaults.NextToken).Select(model => model.Family))}.",
        HelpName = "name",
        DefaultValueFactory = _ => "llama",
    };
    private readonly Option<string> widths = new("--widths")
    {
        Description = "Widths of the models, with commas between them.",
        HelpName = "n,n,...",
        DefaultValueFactory = _ => "16,24,32,48,64",
    };
    private readonly Option<string> tokens = new("--tokens")
    {
        Description = "How many tokens each is trained on, one run for each number.",
        HelpName = "n,n,...",
        DefaultValueFactory = _ => "500000,1000000,2000000",
    };
    private readonly Option<int> last = new("--predict") { Description = "The width whose loss is predicted.", HelpName = "n", DefaultValueFactory = _ => 96 };
    private readonly Option<int> layers = new("--layers") { Description = "Layers of every model.", HelpName = "n", DefaultValueFactory = _ => 2 };
    private readonly Option<int> batch = new("--batch") { Description = "Rows in a step.", HelpName = "n", DefaultValueFactory = _ => 16 };
    private readonly Option<int> rowLength = new("--context") { Description = "Tokens in a row.", HelpName = "n", DefaultValueFactory = _ => 128 };
    private readonly Option<double> rate = new("--rate")
    {
        Description = "The learning rate of a model of width 64; others have it times the root of 64 over their width.",
        HelpName = "x",
        DefaultValueFactory = _ => 4e-3,
    };
    private readonly Option<long> seed = new("--seed") { Description = "Decides first weights and the order of the data.", HelpName = "n" };
    private readonly Option<string?> text = new("--text") { Description = "A UTF-8 text to learn; the King James Bible without it.", HelpName = "file" };
    private readonly Option<string> output = new("--out", "-o")
    {
        Description = "The folder of the runs, the tables and the pictures; runs that are complete there are taken as they are.",
        HelpName = "folder",
        DefaultValueFactory = _ => Path.Combine("runs", "scaling"),
    };

    private SweepCommand(CliContext context) => this.context = context;

    internal static Command Make(CliContext context)
    {
        var made = new SweepCommand(context);
        var command = new Command(
            "sweep", "Train a ladder of small models, fit the law, predict a larger model's loss, and train that; goes on where it was stopped.")
        {
            made.family, made.widths, made.tokens, made.last, made.layers, made.batch, made.rowLength, made.rate, made.seed, made.text, made.output,
        };
        command.SetAction(made.Run);
        return command;
    }

    /// <summary>Whole numbers with commas between them, in rising order, each once.</summary>
    internal static int[] Numbers(string option, string words, int least)
    {
        int[] numbers = [.. words.Split(',').Select(word =>
            int.TryParse(word.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0 ? number
            : throw new CommandException($"--{option} '{words}', expected whole numbers above 0 with commas between them", 2)).Distinct().Order()];
        return numbers.Length >= least ? numbers
            : throw new CommandException($"--{option} {words}: {numbers.Length} of them, expected at least {least} different ones to fit a law", 2);
    }

    private int Run(ParseResult words)
    {
        SmallModel model = SmallModels.TrainedBy(TrainingDefaults.NextToken).FirstOrDefault(known => known.Family == words.GetValue(family))
            ?? throw new CommandException($"--family '{words.GetValue(family)}', expected "
                + string.Join(", ", SmallModels.TrainedBy(TrainingDefaults.NextToken).Select(known => known.Family)), 2);
        int[] sizes = Numbers("widths", words.GetValue(widths)!, LeastSizes), budgets = Numbers("tokens", words.GetValue(tokens)!, LeastSizes);
        Arguments.Require(words.GetValue(last) >= 1, "predict", words.GetValue(last), "1 or more");
        Arguments.Require(words.GetValue(layers) >= 1, "layers", words.GetValue(layers), "1 or more");
        if (sizes.Contains(words.GetValue(last)))
        {
            throw new CommandException(
                FormattableString.Invariant($"--predict {words.GetValue(last)} is one of --widths, expected a width that the law is not fitted to"), 2);
        }

        string? path = words.GetValue(text);
        TokenCorpus corpus = path is null ? new TokenCorpus(KingJames.Name, KingJames.Text()) : new TokenCorpus(path, TokenCorpus.ReadText(path));
        Rung Rung(int width, int budget) => Make(words, model, corpus, width, budget);
        Rung[] ladder = [.. from width in sizes from budget in budgets select Rung(width, budget)];
        Rung beyond = Rung(words.GetValue(last), budgets[^1]);
        corpus.RequireContext(beyond.Options.Context);
        if (ladder.Append(beyond).Select(rung => rung.Config).Distinct().Count() < sizes.Length + 1)
        {
            throw new CommandException($"--family {model.Family} has one size only, expected a family whose small model takes a width", 2);
        }

        string folder = words.GetValue(output)!;
        var training = new Ladder(context, folder, rung => new NextTokenData(corpus, rung.Options));
        (long steps, TimeSpan time) = training.Left([.. ladder, beyond]);
        context.Output.WriteLine($"{ladder.Length} runs and one more of {model.Family}: {Words.Count(steps)} steps left, about {Words.Duration(time)}");
        var trained = new List<TrainedRung>();
        TrainedRung held;
        ParametricFit fit;
        try
        {
            using var progress = new ProgressLine(context, "steps", Math.Max(1, steps));
            foreach (Rung rung in ladder)
            {
                trained.Add(training.Train(rung, progress));
                Tables(folder, trained);
            }

            fit = ParametricFit.Of([.. trained.Select(Ended)]);
            held = training.Train(beyond, progress);
        }
        catch (OperationCanceledException)
        {
            context.Output.WriteLine($"stopped; the same command goes on from what is in {folder}");
            return ZooCommands.Interrupted;
        }

        Tell(folder, trained, held, fit);
        return 0;
    }

    private Rung Make(ParseResult words, SmallModel model, TokenCorpus corpus, int width, int budget)
    {
        int rows = words.GetValue(batch), length = words.GetValue(rowLength);
        int steps = Math.Max(1, (int)Math.Round(budget / (double)(rows * length)));
        double highest = words.GetValue(rate) * Math.Sqrt(64.0 / width);
        var options = new TrainingOptions
        {
            Steps = steps,
            Batch = rows,
            Context = length,
            Rate = highest,
            LastRate = highest / 10,
            WarmUp = Math.Min(50, steps / 10),
            Seed = words.GetValue(seed),
            EvaluateEvery = Math.Max(1, steps / 8),
            EvaluationBatches = 20,
        };
        options.Validate();
        var size = new SmallSize(corpus.Codec.Vocabulary, length) { Width = width, Layers = words.GetValue(layers) };
        return new Rung(FormattableString.Invariant($"{model.Family}-{width}-{steps}"), model, size, options);
    }

    private static RunLoss Ended(TrainedRung rung) => new(rung.Parameters, rung.Tokens, rung.Loss);

    private static IEnumerable<RunLoss> OnTheWay(TrainedRung rung) => rung.Metrics.Where(row => row.HeldOutLoss is not null)
        .Select(row => new RunLoss(rung.Parameters, (double)row.Step * rung.Rung.Options.Batch * rung.Rung.Options.Context, row.HeldOutLoss!.Value));

    private static void Tables(string folder, IReadOnlyList<TrainedRung> trained)
    {
        CsvFile.Write(Path.Combine(folder, "runs.csv"), "parameters,tokens,loss,width,layers,seconds", trained.Select(rung => FormattableString.Invariant(
            $"{rung.Parameters},{rung.Tokens:F0},{rung.Loss:R},{rung.Rung.Size.Width},{rung.Rung.Size.Layers},{rung.Seconds:F1}")));

        // Of each size the longest run: shorter ones end with a rate that has fallen, and cross it.
        CsvFile.Write(Path.Combine(folder, "curves.csv"), "parameters,tokens,loss", trained.GroupBy(rung => rung.Parameters).SelectMany(size =>
            OnTheWay(size.MaxBy(rung => rung.Tokens)!)).Select(run => FormattableString.Invariant($"{run.Parameters:F0},{run.Tokens:F0},{run.Loss:R}")));
    }

    private void Tell(string folder, IReadOnlyList<TrainedRung> trained, TrainedRung held, ParametricFit fit)
    {
        RunLoss[] runs = [.. trained.Select(Ended)];
        ScalingCommand.Print(context.Console, fit.Law, fit.Bootstrap(runs));
        RunLoss last = Ended(held);
        double predicted = fit.Law.Loss(last.Parameters, last.Tokens);
        context.Output.WriteLine(FormattableString.Invariant(
            $"{Words.Count(held.Parameters)} parameters after {Words.Count((long)held.Tokens)} tokens: predicted {predicted:F4}, trained {last.Loss:F4}, ")
            + FormattableString.Invariant($"off by {Math.Abs(predicted / last.Loss - 1) * 100:F2} %"));
        string Place(string name) => Path.Combine(folder, name);
        LawFile.Write(Place("law.json"), fit.Law);
        CsvFile.Write(Place("predicted.csv"), "parameters,tokens,loss,predicted",
            [FormattableString.Invariant($"{last.Parameters:F0},{last.Tokens:F0},{last.Loss:R},{predicted:R}")]);
        ScalingPlots.Sizes(Place("sizes.png"), runs, fit.Law, [last]);
        ScalingPlots.Envelope(Place("envelope.png"), RunTable.Read(Place("curves.csv")), fit.Law);
        context.Output.WriteLine($"tables    {Place("runs.csv")}, {Place("curves.csv")}, {Place("predicted.csv")}");
        context.Output.WriteLine($"law       {Place("law.json")}");
        context.Output.WriteLine($"pictures  {Place("sizes.png")}, {Place("envelope.png")}");
    }
}
