using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using Dsl.Testing;
using Dsl.Tests;
using Spectre.Console;
using TorchSharp;
using Xunit;
using Zoo.Cli;
using Zoo.Cli.Verification;
using static TorchSharp.torch;
using static Zoo.Tests.Goldens.FormulaCases;

namespace Zoo.Tests.Goldens;

/// <summary>Cases that are no forward pass of a model: what was changed in them is missed, there and nowhere else.</summary>
[Trait("Category", "Goldens")]
public sealed class FormulaTests
{
    /// <summary>What is said of a case that nothing was changed in.</summary>
    private static readonly ConcurrentDictionary<string, GoldenReport> Unchanged = new();

    public static TheoryData<string> All => FormulaCases.All;

    public static TheoryData<string> OfTensors => FormulaCases.OfTensors;

    public static TheoryData<string> OfJson => FormulaCases.OfJson;

    [Fact]
    public void Every_kind_has_a_case_in_the_repository() => Assert.All(
        Verifier.Kinds, kind => Assert.Contains(
            Verifier.Find(GoldenFolder.InRepository()), folder => Path.GetFileName(folder).StartsWith(kind, StringComparison.Ordinal)));

    [Theory]
    [MemberData(nameof(OfTensors))]
    public void Every_answer_that_changed_is_missed(string name)
    {
        using var changed = new ChangedCase(FolderOf(name));
        string[] answers = Answers(changed.Folder, Before(name).Omitted);
        changed.Tensors(answers.Contains);
        Assert.Equal(answers, Misses(changed).Select(Answer).Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void One_answer_that_changed_is_missed_there_alone(string name)
    {
        using var changed = new ChangedCase(FolderOf(name));
        GoldenReport before = Before(name);
        Assert.True(before.Passed, before.ToString());
        if (File.Exists(changed[Tensors]))
        {
            string last = Answers(changed.Folder, before.Omitted)[^1];
            changed.Tensors(answer => answer == last);
            Assert.Equal([last], Misses(changed).Select(Answer).Distinct());
        }
        else
        {
            string[] texts = Changeable(changed, before);
            string middle = texts[texts.Length / 2];
            changed.Json(Data, root => ChangedCase.ChangeLast(ChangedCase.At(root, middle)));
            Assert.Equal([middle], Misses(changed));
        }
    }

    [Theory]
    [MemberData(nameof(OfJson))]
    public void Every_value_that_changed_is_missed_and_one_that_is_new_too(string name)
    {
        using var changed = new ChangedCase(FolderOf(name));
        string[] values = Changeable(changed, Before(name));
        changed.Json(Data, root =>
        {
            Assert.All(values, value => ChangedCase.ChangeLast(ChangedCase.At(root, value)));
            root["something new"] = new JsonObject();
        });
        Assert.Equal([.. values, "something new"], Misses(changed));
    }

    [Fact]
    public void What_is_prepared_though_the_reference_refused_it_is_missed()
    {
        using ChangedCase changed = Of("finetuning_data");
        string[] refused = [];
        changed.Json(Data, root =>
        {
            JsonArray errors = root["errors"]!.AsArray();
            refused = [.. Enumerable.Range(0, errors.Count).Select(i => $"errors/{i}")];
            for (int i = 0; i < errors.Count; i++)
            {
                errors[i] = root["runs"]!.AsObject().First().Value!.DeepClone();
            }
        });
        Assert.NotEmpty(refused);
        Assert.Equal(refused, Misses(changed));
    }

    [Fact]
    public void A_layer_that_changed_is_missed()
    {
        using ChangedCase changed = Of("nf4");
        byte[] bytes = File.ReadAllBytes(changed["layer.safetensors"]);
        bytes[^1] ^= 1;
        File.WriteAllBytes(changed["layer.safetensors"], bytes);
        Assert.NotEmpty(Misses(changed));
    }

    [Theory]
    [InlineData("dpo")]
    [InlineData("chat_templates")]
    public void The_command_says_by_its_exit_code_what_happened(string kind)
    {
        using ChangedCase changed = Of(kind);
        (int exit, string text) = Print(changed.Folder);
        Assert.Equal(0, exit);
        Assert.DoesNotContain("missed", text);
        if (File.Exists(changed[Tensors]))
        {
            changed.Tensors(key => key.StartsWith("out.", StringComparison.Ordinal));
        }
        else
        {
            changed.Json(Data, root => root["something new"] = 1);
        }

        (exit, text) = Print(changed.Folder);
        Assert.Equal(1, exit);
        Assert.Contains("missed ", text);
    }

    [Fact]
    public void What_nothing_compares_is_missed_and_what_is_left_out_is_said()
    {
        using ChangedCase changed = Of("dpo");
        string[] answers = Answers(changed.Folder, []);
        var rules = new GoldenRules
        {
            Formulas =
            [
                new("d", run => run.Miss("shorter", "of two kinds that fit the longer one counts")),
                new("dpo", run =>
                {
                    run.Omit(answers[0], "not offered");
                    run.Compare(answers[1], run.Numbers(answers[1]));
                }),
            ],
        };
        GoldenReport report = new GoldenVerifier(global::Zoo.Models.Registry, rules).Verify(changed.Folder);
        Assert.Equal(answers[2..], report.Misses.Select(row => row.Check));
        Assert.All(report.Misses, row => Assert.Equal("nothing compares it", row.Note));
        Assert.Equal([answers[1]], report.Rows.Where(row => row.Passed).Select(row => row.Check));
        Assert.Contains($"not compared: {answers[0]}* (not offered)", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_with_a_config_is_of_a_model()
    {
        using ChangedCase changed = Of("dpo");
        File.WriteAllText(changed["config.json"], "{}");
        Assert.Empty(Verifier.Find(changed.Folder));
        Assert.Equal(2, Print(changed.Folder).Exit);
    }

    /// <summary>The rows that stand under their own path in io.json; what must be refused has no answer there.</summary>
    private static string[] Changeable(ChangedCase of, GoldenReport report)
    {
        JsonNode root = JsonNode.Parse(File.ReadAllText(of[Data]))!;
        return [.. report.Rows.Select(row => row.Check)
            .Where(check => ChangedCase.At(root, check) is { } value && (value as JsonObject)?.ContainsKey("why") != true)
            .Where(check => ChangedCase.ChangeLast(ChangedCase.At(root, check)))];
    }

    private static GoldenReport Before(string name) => Unchanged.GetOrAdd(name, _ => Verifier.Verify(FolderOf(name), ScalarType.Float64));

    private static string[] Misses(ChangedCase changed) => [.. Verifier.Verify(changed.Folder, ScalarType.Float64).Misses.Select(row => row.Check)];

    /// <summary>What an answer's row compares, where it says in which way behind the name.</summary>
    private static string Answer(string check) => check.Split(',', ' ')[0];
}
