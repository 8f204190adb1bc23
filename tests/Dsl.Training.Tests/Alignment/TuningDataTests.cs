using System.IO;
using System.Linq;
using Dsl.Tests;
using Dsl.Text;
using Dsl.Text.Templates;
using Dsl.Training.Alignment.Data;
using Xunit;

namespace Dsl.Training.Tests.Alignment;

public sealed class TuningDataTests
{
    private const string Template = "{% for m in messages %}{% if m['role'] == 'assistant' %}<a>{% generation %}{{ m['content'] }}{% endgeneration %}"
        + "{% else %}<q>{{ m['content'] }}{% endif %}{% endfor %}{% if messages[0]['content'] == 'no' %}{{ raise_exception('not that') }}{% endif %}";

    [Theory]
    [InlineData("", "data: is empty, expected a JSON object in each line")]
    [InlineData("\n \n", "data: is empty, expected a JSON object in each line")]
    [InlineData("{\"text\": ", "data line 1: is not JSON, expected an object")]
    [InlineData("{\"text\": \"a\"}\n[1]", "data line 2: is no object, expected one with messages, text, prompt and completion, or chosen and rejected")]
    [InlineData("{\"prompt\": \"a\"}", "data line 1: expected messages, text, prompt and completion, or chosen and rejected; there is prompt")]
    [InlineData("{}", "data line 1: expected messages, text, prompt and completion, or chosen and rejected; there is nothing")]
    [InlineData("{\"messages\": []}", "data line 1: messages is empty, expected at least one message")]
    [InlineData("{\"messages\": 4}", "data line 1: messages is number, expected a text or a list of messages")]
    [InlineData("{\"messages\": [{\"role\": \"user\"}]}", "data line 1: messages holds a message without role or content, expected both as texts")]
    [InlineData("{\"messages\": [{\"role\": \"king\", \"content\": \"x\"}]}", "data line 1: role 'king' unknown, expected system, developer, user, human, "
        + "assistant, gpt, model, chatbot, tool, function, ipython, observation")]
    [InlineData("{\"prompt\": \"a\", \"completion\": [{\"role\": \"assistant\", \"content\": \"x\"}]}",
        "data line 1: a text beside messages, expected both as one of the two")]
    [InlineData("{\"text\": \"a\"}\n\n{\"prompt\": \"a\", \"response\": \"b\"}",
        "data line 3: a prompt and its answer of plain text after one text of plain text, expected one kind of data in a file")]
    [InlineData("{\"chosen\": \"a\", \"rejected\": \"b\", \"margin\": \"much\"}", "data line 1: margin is \"much\", expected a finite number")]
    public void BadLinesAreNamed(string text, string message) =>
        Assert.Equal(message, Assert.Throws<TextException>(() => TuningFile.Parse(text, "data")).Message);

    [Fact]
    public void WhatCannotBeLearnedIsNamed()
    {
        TuningTokens tokens = Tokens(Template);
        string Refusal(string text, TuningOptions options) =>
            Assert.Throws<TextException>(() => TuningRows.Prepare(TuningFile.Parse(text, "data"), tokens, options)).Message;

        const string Question = "{\"messages\": [{\"role\": \"user\", \"content\": \"yes\"}]}";
        Assert.Equal("line 1: no token is the assistant's, expected at least one to learn", Refusal(Question, new TuningOptions { AssistantOnly = true }));
        Assert.EndsWith("not that", Refusal(Question.Replace("yes", "no", System.StringComparison.Ordinal), new TuningOptions()));
        Assert.Equal("no line has a token that counts among the 2 of the context, expected at least one",
            Refusal("{\"prompt\": \"abcd\", \"response\": \"e\"}", new TuningOptions { MaxLength = 2 }));
        Assert.Equal("rows are to be packed, expected the length to which",
            Refusal(Question, new TuningOptions { MaxLength = null, Packing = Packing.Wrapped }));
        Assert.Equal("line 1: conversations without a chat template, expected one beside the tokenizer",
            Assert.Throws<TextException>(() => TuningRows.Prepare(TuningFile.Parse(Question, "data"), new TuningTokens(tokens.Tokenizer), new())).Message);
        Assert.Equal("no pair is left of 1, expected at least one: an answer is longer than the 2 tokens of the context", Assert.Throws<TextException>(() =>
            PreferenceRows.ForReward(TuningFile.Parse("{\"chosen\": \"abc\", \"rejected\": \"b\"}", "data"), tokens, 2)).Message);
    }

    [Fact]
    public void AnAnswerLongerThanTheContextIsCutAndOneBehindItIsLeftOutWithASentence()
    {
        const string Text = "{\"prompt\": \"ab\", \"response\": \"cdefgh\"}\n{\"prompt\": \"abcdefgh\", \"response\": \"i\"}";
        TuningSet made = TuningRows.Prepare(TuningFile.Parse(Text, "data"), Tokens(Template), new TuningOptions { MaxLength = 4 });
        Assert.Equal([4], made.Rows.Select(row => row.Ids.Length));
        Assert.Equal(["line 2 is left out: no token that counts is among the 4 of the context"], made.Notes);
    }

    [Fact]
    public void AMarkWhosePlaceIsNotKnownIsRefused()
    {
        ChatTemplate template = ChatTemplate.Parse("{% set x %}{% generation %}a{% endgeneration %}{% endset %}{{ x }}");
        Assert.True(template.MarksAnswers);
        Assert.Contains("generation within a macro, a filter or a set block", Assert.Throws<TextException>(() => template.Render([])).Message);
        RenderedChat marked = ChatTemplate.Parse("ab{% generation %}cd{% endgeneration %}e{% generation %}{% endgeneration %}").RenderMarked([]);
        Assert.Equal("abcde", marked.Text);
        Assert.Equal([new TextSpan(2, 4), new TextSpan(5, 5)], marked.Answers);
    }

    /// <summary>The byte vocabulary of a golden tokenizer, with the template of these tests.</summary>
    private static TuningTokens Tokens(string template) => new(
        TextCodecs.OpenTokenizer(Path.Combine(GoldenFolder.InRepository(), "finetuning_data", "gpt2")), ChatTemplate.Parse(template));
}
