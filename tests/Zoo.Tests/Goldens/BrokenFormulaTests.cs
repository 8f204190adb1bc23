using System;
using System.IO;
using System.Linq;
using Dsl.Testing;
using Dsl.Tests;
using Xunit;
using static TorchSharp.torch;
using static Zoo.Tests.Goldens.FormulaCases;

namespace Zoo.Tests.Goldens;

/// <summary>Cases that are no forward pass of a model, with something missing or of another kind: one sentence, never a stack of frames.</summary>
[Trait("Category", "Goldens")]
public sealed class BrokenFormulaTests
{
    public static TheoryData<string> All => FormulaCases.All;

    public static TheoryData<string> OfTensors => FormulaCases.OfTensors;

    [Theory]
    [InlineData("{\"what\": ", "case.json is not JSON (line 1), expected an object")]
    [InlineData("[]", "case.json is array, expected an object")]
    [InlineData("{}", "case.json: hyperparameters is absent, expected a value")]
    [InlineData("{\"hyperparameters\": 3}", "case.json: hyperparameters is 3, expected an object")]
    [InlineData("{\"hyperparameters\": {}}", "case.json: hyperparameters/beta is absent, expected a value")]
    [InlineData("{\"hyperparameters\": {\"beta\": \"a\"}}", "case.json: hyperparameters/beta is a text, expected a number")]
    public void A_broken_description_is_one_row(string text, string problem)
    {
        using ChangedCase changed = Of("dpo");
        File.WriteAllText(changed[Description], text);
        GoldenRow row = Assert.Single(Verifier.Verify(changed.Folder).Rows);
        Assert.False(row.Passed);
        Assert.Equal($"{Path.GetFileName(changed.Folder)}: {problem}", row.Note);
    }

    [Theory]
    [InlineData("schedules", "base")]
    [InlineData("trajectory_lora", "betas")]
    [InlineData("trajectory_lora", "windows")]
    public void A_hyperparameter_of_another_kind_is_named(string kind, string key)
    {
        using ChangedCase changed = Of(kind);
        changed.Json(Description, root => root["hyperparameters"]![key] = "many");
        GoldenRow row = Assert.Single(Verifier.Verify(changed.Folder, ScalarType.Float64).Misses);
        Assert.StartsWith($"{Path.GetFileName(changed.Folder)}: case.json: hyperparameters/{key} is a text, expected ", row.Note, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_case_without_its_answers_is_a_sentence(string name)
    {
        using var changed = new ChangedCase(FolderOf(name));
        string[] files = [.. new[] { Tensors, Data }.Where(file => File.Exists(changed[file]))];
        foreach (string file in files)
        {
            File.Delete(changed[file]);
        }

        (int exit, string text) = Print(changed.Folder);
        Assert.InRange(exit, 1, 2);
        Assert.Contains(exit == 2 ? "holds no case" : "not found, expected a file", text);
        Assert.DoesNotContain("   at ", text);
    }

    [Theory]
    [MemberData(nameof(OfTensors))]
    public void A_tensor_that_is_not_there_is_named(string name)
    {
        string[] given = [.. GoldenCase.Read(Path.Combine(FolderOf(name), Tensors)).Keys.Where(key => key.StartsWith("in.", StringComparison.Ordinal))];
        int named = 0;
        foreach (string dropped in given)
        {
            using var changed = new ChangedCase(FolderOf(name));
            changed.Tensors(key => key == dropped, drop: true);
            GoldenRow[] misses = [.. Verifier.Verify(changed.Folder).Misses];
            Assert.All(misses, row => Assert.Equal($"{Tensors} has no tensor '{dropped}', expected one", row.Note));
            named += misses.Length > 0 ? 1 : 0;
        }

        // What is given for completeness, and read by nothing, may be missing.
        Assert.InRange(named, (given.Length + 1) / 2, given.Length);
    }
}
