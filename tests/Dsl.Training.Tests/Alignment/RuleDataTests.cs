using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Text;
using Dsl.Training.Alignment;
using Dsl.Training.Alignment.Data;
using Dsl.Training.Alignment.Rules;
using Dsl.Training.Objectives;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Training.Tests.Alignment;

public sealed class RuleDataTests
{
    /// <summary>The examples of GOAT's repository.</summary>
    [Fact]
    public void ProductsAndQuotientsAreSplitAsPublished()
    {
        Assert.Equal(
            "37 * 3066 = 3066 * (30 + 7) = 3066 * 30 + 3066 * 7 = 91980 + 21462 = 113442", RuleArithmetic.Product(37, 3066).Answer);
        Assert.Equal("3948 * 7994 = 7994 * (3000 + 900 + 40 + 8) = 7994 * 3000 + 7994 * 900 + 7994 * 40 + 7994 * 8 = 23982000 + 7194600 + 319760 + 63952"
            + " = 31176600 + 319760 + 63952 = 31496360 + 63952 = 31560312", RuleArithmetic.Product(3948, 7994).Answer);
        Assert.Equal("5697 - 47 * 100 = 5697 - 4700 = 997\n997 - 47 * 20 = 997 - 940 = 57\n57 - 47 * 1 = 57 - 47 = 10\nTherefore, 5697 / 47 = 121 R 10",
            RuleArithmetic.Quotient(5697, 47).Answer);
        Assert.Equal("8432862 - 659016175 = -650583313", RuleArithmetic.Difference(8432862, 659016175).Answer);
        Assert.Equal("96 / 8 = 12", RuleArithmetic.Quotient(96, 8).Answer);
        Assert.Equal("20 * 34 = 680", RuleArithmetic.Product(20, 34).Answer);
        Assert.Equal("121 R 10", RuleArithmetic.Result(RuleArithmetic.Quotient(5697, 47).Answer));
    }

    [Fact]
    public void EveryStepOfASplitIsRight()
    {
        var rule = new RuleArithmetic(4);
        foreach (RuleQuestion question in rule.Questions(300, 5, heldOut: false))
        {
            string[] words = question.Prompt.Split(' ');
            long a = long.Parse(words[0]), b = long.Parse(words[2]);
            string right = words[1] switch
            {
                "+" => $"{a + b}",
                "-" => $"{a - b}",
                "*" => $"{a * b}",
                _ => a % b == 0 ? $"{a / b}" : $"{a / b} R {a % b}",
            };
            Assert.Equal(right, RuleArithmetic.Result(question.Answer));
            Assert.True(rule.IsRight(question, "by another way = " + right));
            Assert.False(rule.IsRight(question, question.Answer + "0"));
        }

        // Digits are tokens of their own, and any answer comes back from its ids.
        ITokenizer tokenizer = rule.Tokens().Tokenizer;
        Assert.Equal(5, tokenizer.Encode("12345").Length);
        Assert.Equal("Therefore, 5697 / 47 = 121 R 10", tokenizer.Decode(tokenizer.Encode("Therefore, 5697 / 47 = 121 R 10")));
    }

    [Fact]
    public void HeldOutFactsAreInTheTextsAndInNoConversation()
    {
        RuleFacts law = RuleFacts.Law;
        HashSet<string> asked = [.. law.Questions(3000, 1, heldOut: false).Select(question => question.Prompt)];
        RuleQuestion[] heldOut = [.. law.Questions(300, 2, heldOut: true).DistinctBy(question => question.Prompt)];
        Assert.InRange(heldOut.Length, 8, 25);
        string field = law.Texts(6000, 1, heldOut: false, domain: true), general = law.Texts(2000, 1, heldOut: false, domain: false);
        foreach (RuleQuestion question in heldOut)
        {
            Assert.DoesNotContain(question.Prompt, asked);
            string[] words = question.Prompt.Split(' ');
            Assert.Contains($"the law sets the {words[3]} of {words[5]} at {question.Answer}", field);
        }

        Assert.NotEqual(field, general);
        Assert.NotEqual(law.Questions(1, 1, false)[0].Prompt, RuleFacts.Finance.Questions(1, 1, false)[0].Prompt);
    }

    [Fact]
    public void GapsAreDrawnAndWhatDoesNotFitIsLeftOutWithASentence()
    {
        var code = new RuleCode();
        TuningTokens tokens = code.Tokens();
        IReadOnlyList<TuningLine> lines = TuningFile.Parse(code.Texts(200, 1, heldOut: false, domain: false), "code");
        InfillTokens marks = InfillTokens.Of(tokens.Tokenizer);
        TuningRow[] rows = [.. InfillRows.Prepare(lines, tokens, new InfillOptions(), 64, seed: 1).Rows];
        int gaps = rows.Count(row => row.Ids[0] == marks.Prefix), suffixFirst = rows.Count(row => row.Ids[0] == marks.Prefix && row.Ids[1] == marks.Suffix);
        Assert.InRange(gaps, 165, 195);
        Assert.InRange(suffixFirst, 70, 115);
        Assert.All(rows, row => Assert.Equal(row.Ids, row.Labels));
        foreach ((TuningRow row, TuningLine line) in rows.Zip(lines).Where(pair => pair.First.Ids[0] == marks.Prefix))
        {
            // Whatever the order, the parts are the text.
            int suffix = Array.IndexOf(row.Ids, marks.Suffix), middle = Array.IndexOf(row.Ids, marks.Middle);
            string Said(int from, int to) => tokens.Tokenizer.Decode(row.Ids.AsSpan(from, to - from));
            Assert.Equal(marks.End, row.Ids[^1]);
            Assert.Equal(line.Whole!.Text, suffix == 1 ? Said(middle + 1, row.Ids.Length) + Said(2, middle)
                : Said(1, suffix) + Said(middle + 1, row.Ids.Length) + Said(suffix + 1, middle));
        }

        TuningSet shorter = InfillRows.Prepare(lines, tokens, new InfillOptions(Rate: 0.5), 16, seed: 1);
        Assert.NotEmpty(shorter.Notes);
        Assert.StartsWith($"line {shorter.Dropped[0] + 1} is left out: with its gap it has ", shorter.Notes[0]);
        Assert.Equal("no text of 200 fits the 3 tokens of the context, expected at least one",
            Assert.Throws<TextException>(() => InfillRows.Prepare(lines, tokens, new InfillOptions(), 3, 1)).Message);
    }

    [Fact]
    public void NewRowsAreTheMeanOfTheOldOnes()
    {
        manual_seed(2);
        using var old = new TinyModel(new TinyConfig(10));
        using var grown = new TinyModel(new TinyConfig(12));
        Assert.Empty(GrownRows.Copy(old, grown));
        foreach ((Weight from, Weight to) in old.Weights.All.Zip(grown.Weights.All))
        {
            using Tensor a = from.Value.detach(), b = to.Value.detach();
            if (from.Shape[0] == 10 && to.Shape[0] == 12)
            {
                using Tensor mean = a.mean([0], keepdim: true).expand(2, -1);
                Assert.True(b.narrow(0, 10, 2).allclose(mean, 1e-6));
                Assert.True(b.narrow(0, 0, 10).allclose(a, 0, 0));
            }
            else
            {
                Assert.True(b.allclose(a, 0, 0));
            }
        }

        Assert.Throws<TrainingException>(() => GrownRows.Copy(grown, old));
    }

    [Fact]
    public void APaddingTokenJoinsAVocabularyBehindItsLastId()
    {
        ITokenizer without = RuleChat.Tokens(pad: null).Tokenizer, with = GrownTokenizer.WithPad(without);
        Assert.Null(without.Special.Pad);
        Assert.Equal(without.Vocabulary, with.Special.Pad);
        Assert.Equal("[PAD]", with.TokenOf(without.Vocabulary));
        Assert.Equal(without.Encode("say of oak cup"), with.Encode("say of oak cup"));
        Assert.Equal(with, GrownTokenizer.WithPad(with));
    }

    [Fact]
    public void WhatNeedsMoreMemoryThanThereIsIsRefused()
    {
        var adapter = new AdapterOptions { Targets = [AdapterOptions.AllLinear] };
        TrainingMemory.Require(7_000_000_000, null, fourBits: false, available: 120e9);
        Assert.Equal("7.0 billion weights need 112.0 GB before the first batch, there are 64.0 GB; --lora trains an adapter alone",
            Assert.Throws<TrainingException>(() => TrainingMemory.Require(7_000_000_000, null, fourBits: false, available: 64e9)).Message);
        TrainingMemory.Require(7_000_000_000, adapter, fourBits: false, available: 64e9);
        Assert.Equal("7.0 billion weights need 28.0 GB before the first batch, there are 16.0 GB",
            Assert.Throws<TrainingException>(() => TrainingMemory.Require(7_000_000_000, adapter, fourBits: true, available: 16e9)).Message);
    }
}
