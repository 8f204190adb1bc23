using System;
using System.IO;
using System.Linq;
using Dsl.Generation.Evaluation;
using Dsl.Tests;
using Dsl.Text;
using Xunit;

namespace Dsl.Generation.Tests.Evaluation;

public sealed class TaskFileTests
{
    private const string Choice = """
        task: colours
        dataset_path: json
        dataset_kwargs: {data_files: {test: test.jsonl, train: train.jsonl}}
        output_type: multiple_choice
        test_split: test
        fewshot_split: train
        doc_to_text: "{{thing}} is"
        doc_to_choice: choices
        doc_to_target: gold
        """;

    private const string Lines = """
        {"thing": "grass", "choices": ["green", "blue"], "gold": 0}
        {"thing": "sky", "choices": ["green", "blue"], "gold": 1}
        """;

    [Fact]
    public void DefaultsAreTheHarnesss()
    {
        using var scratch = new ScratchFolder();
        EvaluationTask task = TaskFile.Read(Write(scratch, Choice, Lines));
        Assert.Equal((" ", "\n\n", "", 0), (task.TargetDelimiter, task.ShotDelimiter, task.Description, task.ShotCount));
        Assert.Equal(["acc", "acc_norm", "acc_bytes", "acc_mutual_info"], task.Metrics.Select(metric => metric.Name));
        Assert.Equal("grass is green\n\nsky is blue\n\ngrass is", TaskPrompts.Of(task with { FirstShots = true }, shots: 2)[0].Prompt);
    }

    public static TheoryData<string, string, string> Wrong => new()
    {
        { "doc_to_target: gold", "", "no doc_to_target, expected the column or template of the answer" },
        { "doc_to_target: gold", "doc_to_target: answer", "no column 'answer', expected thing, choices, gold" },
        { "doc_to_choice: choices", "doc_to_choice: thing", "no list in column 'thing'" },
        { "test_split: test", "test_split: test\nnum_fewshots: 3", "the key 'num_fewshots' is not read, expected one of task, " },
        { "test_split: test", "test_split: test\nnum_fewshot: -1", "num_fewshot -1, expected 0 or more" },
        { "test_split: test", "test_split: test\nnum_fewshot: many", "num_fewshot 'many', expected a whole number" },
        { "test_split: test", "test_split: validation", "test_split 'validation', expected test, train" },
        { "test: test.jsonl", "validation: test.jsonl", "test_split 'test', expected validation, train" },
        { "output_type: multiple_choice", "output_type: choice", "output_type 'choice', expected multiple_choice, loglikelihood" },
        { "dataset_path: json", "dataset_path: super_glue", "dataset_path 'super_glue', expected json" },
        { "test_split: test", "test_split: test\nmetric_list: [{metric: f1}]", "'f1', expected acc, acc_norm" },
        { "test_split: test", "test_split: test\nmetric_list: [{metric: acc, aggregation: median}]", "'median', expected mean" },
        { "test_split: test", "test_split: test\nmetric_list: [{metric: acc, ignore_case: true}]", "stands beside acc, expected metric exact_match" },
        { "test_split: test", "test_split: test\ngeneration_kwargs: {until: x}", "generates nothing, expected output_type generate_until" },
        { "test_split: test", "test_split: test\nfewshot_config: {sampler: balanced}", "'balanced', expected default, first_n" },
        { "task: colours", "task: !function utils.name", "has the tag !function, expected plain YAML" },
        { "task: colours", "task: [", "is not YAML" },
        { "{{thing}} is", "{{thing|upper}} is", "the template has '{{thing|upper}}', expected {{column}}" },
        { "{{thing}} is", "{% if thing %} is", "expected {{column}}" },
        { "test.jsonl", "none.jsonl", "none.jsonl" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void WhatIsWrongIsToldInOneSentence(string right, string wrong, string message)
    {
        using var scratch = new ScratchFolder();
        Assert.Contains(right, Choice, StringComparison.Ordinal);
        string path = Write(scratch, Choice.Replace(right, wrong, StringComparison.Ordinal), Lines);
        Exception e = Assert.ThrowsAny<Exception>(() => TaskPrompts.Of(TaskFile.Read(path)));
        Assert.True(e is TextException or FileNotFoundException, e.ToString());
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Contains(scratch.Path, e.Message.Contains("the template", StringComparison.Ordinal) ? scratch.Path : e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Theory]
    [InlineData("{\"thing\": \"sea\", \"choices\": [\"green\"], \"gold\": 1}", "line 3: the answer '1' is none of its 1 choices")]
    [InlineData("{\"thing\": \"sea\", \"choices\": [\"green\"]}", "line 3: no column 'gold'")]
    [InlineData("{\"thing\": \"sea\", \"choices\": [\"green\"], \"gold\": null}", "line 3: column 'gold' is null")]
    [InlineData("[1, 2]", "line 3 is no JSON object")]
    [InlineData("{\"thing\": ", "line 3 is not JSON")]
    [InlineData("{\"a\": 1, \"a\": 2}", "line 3 is not JSON")]
    public void ALineThatCannotBeAskedIsNamed(string line, string message)
    {
        using var scratch = new ScratchFolder();
        string said = Assert.Throws<TextException>(() => TaskFile.Read(Write(scratch, Choice, Lines + "\n" + line))).Message;
        Assert.Contains(scratch["test.jsonl"], said, StringComparison.Ordinal);
        Assert.Contains(message, said, StringComparison.Ordinal);
    }

    [Fact]
    public void MoreShotsThanExamplesAreRefused()
    {
        using var scratch = new ScratchFolder();
        EvaluationTask task = TaskFile.Read(Write(scratch, Choice, Lines));
        Assert.Contains("3 shots, but", Assert.Throws<TextException>(() => TaskPrompts.Of(task, shots: 3)).Message, StringComparison.Ordinal);
        string own = Assert.Throws<TextException>(() => TaskPrompts.Of(task with { Shots = task.Test }, shots: 2)).Message;
        Assert.Contains("has 1 other examples", own, StringComparison.Ordinal);
        Assert.Contains("1 shots without fewshot_split", Assert.Throws<TextException>(() => TaskPrompts.Of(task with { Shots = null }, shots: 1)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(?P<a>x)(?P=a)", "axxb", "x")]
    [InlineData(@"\w+", "² a", "²|a")]
    [InlineData(@"a\sb", "a\u001Fb", "a\u001Fb")]
    [InlineData(@"[\w]+\Z", "one two", "two")]
    [InlineData(@"[]x]+", "a]x", "]x")]
    [InlineData("[[x]", "[", "[")]
    public void PatternsOfPythonFindWhatPythonFinds(string pattern, string text, string found) =>
        Assert.Equal(found, string.Join('|', new PythonPattern(pattern).FindAll(text).Select(groups => groups[0])));

    [Theory]
    [InlineData("ΟΔΟΣ ΣΑΣ", "οδος σας")]
    [InlineData("İI", "i̇i")]
    [InlineData("ẞ", "ß")]
    public void LowerCaseIsPythons(string text, string lower) => Assert.Equal(lower, PythonText.Lower(text));

    [Theory]
    [InlineData("ﬃ ŉ ᾳ ΐ", "FFI \u02BCN \u0391\u0399 \u0399\u0308\u0301")]
    [InlineData("straße 🙂 𐐨", "STRASSE 🙂 𐐀")]
    public void UpperCaseIsPythons(string text, string upper) => Assert.Equal(upper, PythonText.Upper(text));

    private static string Write(ScratchFolder scratch, string yaml, string lines)
    {
        File.WriteAllText(scratch["task.yaml"], yaml);
        File.WriteAllText(scratch["test.jsonl"], lines + "\n");
        File.WriteAllText(scratch["train.jsonl"], Lines);
        return scratch["task.yaml"];
    }
}
