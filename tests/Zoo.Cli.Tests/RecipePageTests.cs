using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Dsl.Tests;
using Dsl.Training;
using Dsl.Training.Alignment;
using Xunit;

namespace Zoo.Cli.Tests;

/// <summary>What the page on alignment says was published and is run is what the recipes hold; <c>DSL_APPROVE=1</c> writes it anew.</summary>
public sealed class RecipePageTests
{
    private const string Begin = "<!-- what was published and what is run: written by RecipePageTests -->\n", End = "<!-- end -->\n";

    [Fact]
    public void ThePageHoldsTheRecipesNumbers()
    {
        string path = Path.GetFullPath(Path.Combine(GoldenFolder.InRepository(), "..", "..", "docs", "alignment.md"));
        string page = File.ReadAllText(path).ReplaceLineEndings("\n");
        int from = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, to = page.IndexOf(End, StringComparison.Ordinal);
        Assert.True(from >= Begin.Length && to >= from, "the page has no place for the table");
        string table = Table();
        if (Environment.GetEnvironmentVariable("DSL_APPROVE") == "1")
        {
            File.WriteAllText(path, page[..from] + table + page[to..]);
            return;
        }

        Assert.Equal(table, page[from..to]);
    }

    private static string Table()
    {
        var text = new StringBuilder("| recipe, stage | published | here |\n|---|---|---|\n");
        foreach (Recipe recipe in Recipes.All.Where(recipe => recipe.Stages.All(stage => stage.Pictures is null)))
        {
            foreach ((Stage stage, int i) in recipe.Stages.Select((stage, i) => (stage, i)))
            {
                text.Append(CultureInfo.InvariantCulture, $"| `{recipe.Name}` {i + 1}-{stage.Folder} | {Published(stage.Published)} | {Here(stage)} |\n");
            }
        }

        return text.ToString();
    }

    private static string Published(Published published) => Joined(
        published.Source, Number("rate", published.Rate), Number("batch", published.Batch), Number("passes", published.Epochs),
        Number("length", published.Length), published.Schedule ?? "", published.WarmUp is { } warm ? Number("warm-up", warm) : "",
        Number("decay", published.Decay), published.Other);

    private static string Here(Stage stage) => Joined(
        Number("steps", stage.Run.Steps), Number("rate", stage.Run.Rate), Number("batch", stage.Run.Batch), Number("context", stage.Run.Context),
        stage.Adapter is { } adapter ? FormattableString.Invariant($"rank {adapter.Rank}, alpha {adapter.Alpha}") : "", stage.FourBits ? "four bits" : "",
        stage.Kind == StageKind.Prefer ? Number("beta", stage.Rule.Beta) : "",
        stage.Kind == StageKind.Select ? Number("the best of", stage.Selection.Samples) : "",
        stage.Kind == StageKind.Optimise ? FormattableString.Invariant(
            $"KL {stage.Policy.Rule.KlCoefficient}, {stage.Policy.Rollouts} answers a rollout, learned {stage.Policy.Epochs} times") : "",
        stage.Policy.PretrainingWeight > 0
            ? Number(stage.Demonstrations > 0 ? "demonstrations' loss times" : "texts' loss times", stage.Policy.PretrainingWeight)
            : stage.Demonstrations > 0 ? FormattableString.Invariant($"{stage.Demonstrations} demonstrations beside") : "");

    private static string Number(string what, double? value) => value is { } known ? FormattableString.Invariant($"{what} {known:0.############}") : "";

    private static string Joined(params string[] parts) => string.Join(", ", parts.Where(part => part.Length > 0));
}
