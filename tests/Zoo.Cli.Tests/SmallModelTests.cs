using System;
using System.Linq;
using Dsl;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Training;
using Dsl.Training.Objectives;
using Dsl.Training.Tasks;
using Xunit;

namespace Zoo.Cli.Tests;

/// <summary>What families say of their small models, of their vocabularies and of what trains them is known to training.</summary>
public sealed class SmallModelTests
{
    public static TheoryData<string> Models => [.. SmallModels.All.Select(Name)];

    [Theory]
    [MemberData(nameof(Models))]
    public void WhatADeclarationSaysIsKnownAndItsConfigIsReadBack(string name)
    {
        SmallModel model = SmallModels.All.Single(found => Name(found) == name);
        string trainedBy = model.Trained.Name;
        bool isHead = Enum.GetNames<Head>().Contains(trainedBy, StringComparer.OrdinalIgnoreCase);
        bool isStage = Recipes.All.SelectMany(recipe => recipe.Stages).Any(stage => stage.Folder == trainedBy);
        Assert.True(isHead || isStage || ObjectiveOptions.Find(trainedBy) is not null, $"{trainedBy} is neither an objective nor a head nor a recipe's stage");
        Assert.Equal(trainedBy != "clm" && !isStage, VocabularyLayout.All.Any(layout => layout.Name == model.Small.Layout));
        if (!isHead && !isStage)
        {
            OptionRows.Read(ObjectiveOptions.Find(trainedBy)!, model.Trained.Options.Select(option => option.Split('='))
                .ToDictionary(pair => pair[0], pair => pair[1])).Validate();
        }

        using IModel built = global::Zoo.Models.Create(ConfigReader.Parse(model.ConfigText(new SmallSize(300, 24) { Pad = 1 }), "config.json"));
        Assert.Equal(model.Entry.Type, built.GetType());
        Assert.InRange(built.Weights.Count, 10_000, 5_000_000);
    }

    [Fact]
    public void EveryObjectiveAndEveryHeadHasAModel()
    {
        Assert.All(ObjectiveOptions.All, objective => Assert.NotEmpty(SmallModels.TrainedBy(objective.Name)));
        Assert.All(RuleTask.All, task => Assert.NotEmpty(TaskModels.Of(task)));
        Assert.All(SmallModels.All.GroupBy(model => model.Trained.Name), alike => Assert.Equal(alike.Count(), alike.DistinctBy(model => model.Family).Count()));
    }

    private static string Name(SmallModel model) => $"{model.Family}: {model.Entry.Name} by {model.Trained.Name}";
}
