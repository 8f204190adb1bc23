using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Training.Alignment;
using Dsl.Training.Alignment.Data;
using Dsl.Training.Alignment.Rules;
using TorchSharp;
using Xunit;
using Zoo.Decoders;
using static TorchSharp.torch;

namespace Zoo.Cli.Tests;

/// <summary><c>train --recipe ... --from FOLDER --data FILE</c>: a model and lines of one's own.</summary>
public sealed class OwnDataTests(OwnDataTests.Models models) : IClassFixture<OwnDataTests.Models>
{
    [Fact]
    public void AModelIsTunedOnMessagesAndTheRunIsHeldToThem()
    {
        using var folder = new ScratchFolder();
        string data = models.Messages, run = folder["run"];
        string said = Done("train", "--recipe", "sft", "--from", models.Chat, "--data", data, "--steps", "4", "--batch", "4", "-o", run);
        Assert.Contains("1-sft: held-out loss ", said);
        Assert.Contains("generate " + Path.Combine(run, "1-sft", "step-4"), said);
        Done("generate", Path.Combine(run, "1-sft"), "--prompt", "<|user|> say of oak<|assistant|>", "-n", "3");
        Assert.Contains("1-sft: complete", Done("train", "--recipe", "sft", "--from", models.Chat, "--data", data, "--steps", "4", "--batch", "4", "-o", run,
            "--resume"));
        string other = folder["other.jsonl"];
        File.WriteAllText(other, RuleChat.Demonstrations(12, 9, heldOut: false));
        Assert.Contains("step-4 was trained with other data, another model or another adapter; --resume takes no other",
            Refused(1, "train", "--recipe", "sft", "--from", models.Chat, "--data", other, "--steps", "4", "--batch", "4", "-o", run, "--resume"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AnAdapterAloneIsTrainedAndIsReadByGenerate(bool fourBits)
    {
        using var folder = new ScratchFolder();
        string run = folder["run"], stage = fourBits ? "1-qlora" : "1-lora";
        string[] kind = fourBits ? ["--qlora", "--lora", "4"] : ["--lora", "4", "--lora-targets", "q_proj", "--lora-targets", "v_proj"];
        string said = Done(
            ["train", "--recipe", "guanaco", "--from", models.Chat, "--data", models.Messages, "--steps", "4", "--batch", "4", "-o", run, .. kind]);
        Assert.Contains(" of them trained)", said);
        string checkpoint = Path.Combine(run, stage, "step-4");
        Assert.Contains($"generate {models.Chat} --adapter {checkpoint}", said);
        Assert.False(File.Exists(Path.Combine(checkpoint, "model.safetensors")));
        Done("generate", models.Chat, "--adapter", checkpoint, "--prompt", "<|user|> say of oak<|assistant|>", "-n", "3");
        Assert.Equal(!fourBits, Directory.Exists(Path.Combine(run, stage, "merged")));
        if (!fourBits)
        {
            Done("generate", Path.Combine(run, stage), "--prompt", "<|user|> say of oak<|assistant|>", "-n", "3");
        }

        Assert.Contains("step-4: holds an adapter alone, expected the folder of its base, with --adapter ", Refused(1, "generate", checkpoint, "-p", "x"));
    }

    [Fact]
    public void RewardModelsAndPoliciesAreTrainedOnPairs()
    {
        using var folder = new ScratchFolder();
        string reward = Done("train", "--recipe", "reward", "--from", models.Chat, "--data", models.Pairs, "--steps", "4", "--batch", "4", "-o", folder["r"]);
        Assert.Contains("of its pairs right", reward);
        using (IModel model = new DeclaredZoo().Load(Path.Combine(folder["r"], "1-reward", "step-4"), ScalarType.Float32, CPU, new LoadOptions()))
        {
            Assert.Contains(model.Weights.All, weight => weight.Key == "score.weight" && weight.Shape[0] == 1);
        }

        Done("train", "--recipe", "reward", "--from", models.Chat, "--data", models.Pairs, "--steps", "3", "--batch", "4", "--lora", "2", "-o", folder["l"]);
        using (IModel model = new DeclaredZoo().Load(Path.Combine(folder["l"], "1-reward", "merged"), ScalarType.Float32, CPU, new LoadOptions()))
        using (SafeTensorsFile trained = SafeTensorsFile.Open(Path.Combine(folder["l"], "1-reward", "step-3", "trained.safetensors")))
        using (Tensor score = trained.ReadTensor("score.weight"))
        {
            // The new head is trained beside the matrices.
            Assert.True(model.Weights.All.Single(weight => weight.Key == "score.weight").Value.allclose(score, 0, 0));
        }

        string packed = Done("train", "--recipe", "sft", "--from", models.Chat, "--data", models.Messages, "--epochs", "0.5", "--batch", "2", "--packing",
            "best-fit", "-o", folder["s"]);
        Assert.Contains("1-sft: held-out loss ", packed);
        string dpo = Done("train", "--recipe", "dpo", "--from", models.Chat, "--data", models.Pairs, "--steps", "4", "--batch", "4", "--lora", "2",
            "--preference", "ipo-average", "--smoothing", "0.1", "-o", folder["d"]);
        Assert.Contains("1-dpo: held-out loss ", dpo);
        Assert.Matches("1-dpo: '.*beside .*' is answered by '.*', '.*' before", dpo);
        Assert.Contains("--preference 'best', expected sigmoid, robust, ipo, ipo-average, hinge", Refused(
            2, "train", "--recipe", "dpo", "--from", models.Chat, "--data", models.Pairs, "--preference", "best"));
        Assert.Contains("--smoothing 0.5, expected from 0 to less than 0.5", Refused(
            2, "train", "--recipe", "dpo", "--from", models.Chat, "--data", models.Pairs, "--smoothing", "0.5"));
    }

    [Fact]
    public void PoliciesLearnFromTheirOwnAnswers()
    {
        using var folder = new ScratchFolder();
        string[] small = ["--steps", "3", "--batch", "4", "--response", "6", "--rollouts", "8", "--best-of", "2"];
        string all = Done(["train", "--recipe", "llama2-chat", "--from", models.Chat, "--data", models.Messages, "--comparisons", models.Pairs,
            "--prompts", models.Prompts, "-o", folder["l"], .. small]);
        Assert.Equal(["1-sft", "2-reward", "3-rejection", "4-rejection", "5-ppo"],
            Directory.GetDirectories(folder["l"]).Select(path => Path.GetFileName(path)!).Order());
        Assert.Matches(@"5-ppo: held-out reward -?\d+\.\d+, -?\d+\.\d+ before, at -?\d+\.\d+ nats a response from the model before", all);
        Assert.Matches(@"5-ppo: '.*beside .*' is answered by '.*', '.*' before", all);
        Assert.Contains("pretraining_loss", File.ReadAllText(Path.Combine(folder["l"], "5-ppo", "metrics.csv")));
        string[] again = ["train", "--recipe", "llama2-chat", "--from", models.Chat, "--data", models.Messages, "--comparisons", models.Pairs, "--prompts",
            models.Prompts, "-o", folder["l"], "--resume", .. small];
        Assert.Contains("5-ppo: complete", Done(again));

        // Interrupted within a rollout, and gone on with, it ends as it would have.
        string step = Path.Combine(folder["l"], "5-ppo", "step-3", "model.safetensors");
        byte[] whole = File.ReadAllBytes(step);
        Directory.Delete(Path.Combine(folder["l"], "5-ppo"), recursive: true);
        Done([.. again, "--save-every", "2"]);
        Directory.Delete(Path.GetDirectoryName(step)!, recursive: true);
        Done(again);
        Assert.Equal(whole, File.ReadAllBytes(step));
        Done("generate", Path.Combine(folder["l"], "5-ppo"), "--prompt", "<|user|> beside oak cup of lion<|assistant|>", "-n", "3");

        // A reward model that is there; an adapter, whose base is the reference; texts that are kept.
        string reward = Path.Combine(folder["l"], "2-reward", "step-3"), texts = folder["texts.jsonl"];
        File.WriteAllText(texts, RuleChat.Data.Texts(24, 3, heldOut: false, domain: false));
        Done(["train", "--recipe", "ppo", "--from", models.Chat, "--prompts", models.Prompts, "--reward", reward, "--texts", texts, "--lora", "2",
            "--kl", "0.1", "--kl-target", "3", "-o", folder["p"], .. small]);
        Assert.Equal(["1-lora", "1-ppo"], new[] { "1-lora", Path.GetFileName(Directory.GetDirectories(folder["p"]).Single()) }.Order());
        Assert.True(File.Exists(Path.Combine(folder["p"], "1-ppo", "step-3", "adapter_model.safetensors")));
        Done(["train", "--recipe", "rejection", "--from", models.Chat, "--prompts", models.Prompts, "--reward", reward, "-o", folder["b"], .. small]);
        Assert.Equal(["1-rejection", "2-rejection"], Directory.GetDirectories(folder["b"]).Select(path => Path.GetFileName(path)!).Order());
    }

    [Fact]
    public void EveryDecoderHasAReward()
    {
        string[] decoders =
            ["Llama", "Mistral", "Qwen2", "Qwen3", "Gemma2", "Phi", "Gpt1", "Gpt2", "Gpt3", "GptNeo", "GptNeoX", "Mixtral", "Olmoe", "Qwen3Moe"];
        Assert.Equal(decoders.Select(name => name + "ForSequenceClassification").Order(), SmallModels.HeadsOf("reward").Select(entry => entry.Name).Order());
        Assert.Equal(decoders.Select(name => name + "ForCausalLMWithValueHead").Order(), SmallModels.HeadsOf("ppo").Select(entry => entry.Name).Order());
        using var folder = new ScratchFolder();
        TuningTokens tokens = RuleChat.Tokens();
        var config = new Gpt2Config(tokens.Tokenizer.Vocabulary, 16, 1, 2, 32);
        using (var model = new Gpt2(config))
        {
            model.Save(folder["gpt2"]);
            tokens.Save(folder["gpt2"]);
        }

        Done("train", "--recipe", "reward", "--from", folder["gpt2"], "--data", models.Pairs, "--steps", "2", "--batch", "4", "-o", folder["r"]);
        string reward = Path.Combine(folder["r"], "1-reward", "step-2");
        Assert.Contains("\"GPT2ForSequenceClassification\"", File.ReadAllText(Path.Combine(reward, "config.json")));
        Done("train", "--recipe", "ppo", "--from", folder["gpt2"], "--prompts", models.Prompts, "--reward", reward, "--response", "6", "--rollouts", "4",
            "--steps", "2", "--batch", "4", "-o", folder["p"]);
        Assert.Contains("\"GPT2ForCausalLMWithValueHead\"", File.ReadAllText(Path.Combine(folder["p"], "1-ppo", "step-2", "config.json")));
    }

    [Fact]
    public void WhatAPolicyCannotLearnFromIsSaidInOneSentence()
    {
        using var folder = new ScratchFolder();
        string[] ppo = ["train", "--recipe", "ppo", "--from", models.Chat, "-o", folder["p"]], judged = ["--reward", models.Chat];
        Assert.Contains("--recipe ppo without --prompts, expected the file of what the model answers", Refused(2, [.. ppo, "--data", models.Messages]));
        Assert.Contains("--recipe ppo without --reward and --comparisons, expected one of them", Refused(2, [.. ppo, "--prompts", models.Prompts]));
        Assert.Contains("--reward with --comparisons, expected one of them",
            Refused(2, [.. ppo, "--prompts", models.Prompts, "--comparisons", models.Pairs, .. judged]));
        Assert.Contains("--qlora with --recipe ppo, whose stages go on from one another",
            Refused(2, [.. ppo, "--prompts", models.Prompts, "--qlora", .. judged]));
        Assert.Contains("--texts with --recipe rejection, which has no stage that mixes them in", Refused(2, "train", "--recipe", "rejection", "--from",
            models.Chat, "--prompts", models.Prompts, "--reward", models.Chat, "--texts", models.Messages));
        Assert.Contains("--prompts without --from, expected the folder of the model", Refused(2, "train", "--recipe", "ppo", "--prompts", "x.jsonl"));
        Assert.Contains("--best-of 1, expected 2 or more", Refused(2, [.. ppo, "--prompts", models.Prompts, "--best-of", "1", .. judged]));
        Assert.Contains("is no reward model, expected one that gives a text one score",
            Refused(1, [.. ppo, "--prompts", models.Prompts, "--response", "6", .. judged]));
        Assert.Contains("a vocabulary of ", Refused(1, [.. ppo, "--prompts", models.Prompts, "--response", "6", "--reward", models.Code]));
        Assert.Contains("leaves no room for a prompt among the 48 tokens", Refused(2, [.. ppo, "--prompts", models.Prompts, .. judged]));

        string path = folder["bad.jsonl"];
        string Bad(string lines)
        {
            File.WriteAllText(path, lines);
            return Refused(1, [.. ppo, "--prompts", path, "--response", "6", .. judged]);
        }

        Assert.Contains("bad.jsonl: is empty, expected a JSON object in each line", Bad("\n"));
        Assert.Contains("bad.jsonl line 1: expected prompt or messages; there is text", Bad("{\"text\": \"x\"}"));
        Assert.Contains("bad.jsonl line 2: prompt is an answer alone, expected what is answered",
            Bad("{\"prompt\": \"x\"}\n{\"prompt\": [{\"role\": \"assistant\", \"content\": \"x\"}]}"));
        Assert.Contains("a role other than user and assistant", Bad("{\"prompt\": [{\"role\": \"system\", \"content\": \"x\"}]}"));
        Assert.Contains("no prompt leaves room for an answer of 6 tokens among the 48 of the context",
            Bad($"{{\"prompt\": \"{string.Concat(Enumerable.Repeat(" oak", 50))}\"}}"));
    }

    [Fact]
    public void FrozenWeightsStayAndAlpacasPadBeginsAsTheMean()
    {
        using var folder = new ScratchFolder();
        Done("train", "--recipe", "alpaca", "--from", models.Base, "--data", models.Messages, "--steps", "3", "--batch", "4", "-o", folder["a"],
            "--freeze", "model.embed_tokens*");
        string step = Path.Combine(folder["a"], "1-sft", "step-3");
        using IModel before = new DeclaredZoo().Load(models.Base, ScalarType.Float32, CPU, new LoadOptions());
        using IModel after = new DeclaredZoo().Load(step, ScalarType.Float32, CPU, new LoadOptions());
        using IDisposable off = no_grad();
        Tensor old = before.Weights.All[0].Value, now = after.Weights.All[0].Value;
        Assert.Equal(old.shape[0] + 1, now.shape[0]);
        Assert.True(now.narrow(0, 0, old.shape[0]).allclose(old, 0, 0));
        Assert.True(now[old.shape[0]].allclose(old.mean([0]), 1e-5));
        Assert.Equal(before.Weights.All.Count, after.Weights.All.Count);
        Assert.Contains(before.Weights.All.Zip(after.Weights.All).Skip(1), pair => pair.First.Shape.SequenceEqual(pair.Second.Shape)
            && !pair.First.Value.allclose(pair.Second.Value, 0, 0));
    }

    [Fact]
    public void GapsOfTextsAreLearnedAndFilled()
    {
        using var folder = new ScratchFolder();
        string data = folder["code.jsonl"];
        File.WriteAllText(data, new RuleCode().Texts(40, 3, heldOut: false, domain: false));
        Done("train", "--recipe", "codellama-infill", "--from", models.Code, "--data", data, "--steps", "3", "--batch", "4", "-o", folder["i"]);
        string step = Path.Combine(folder["i"], "1-infill", "step-3");
        string filled = Done("generate", step, "--infill", " def f<FILL_ME> end f", "-n", "4", "--temperature", "0");
        Assert.StartsWith(" def f", filled);
        Assert.EndsWith(" end f", filled.TrimEnd('\n', '\r'));
        File.WriteAllText(folder["gap.txt"], " def f<FILL_ME> end f");
        Assert.Equal(filled, Done("generate", step, "--infill-file", folder["gap.txt"], "-n", "4", "--temperature", "0"));
        Assert.Equal(filled, Done("generate", step, "--prompt", " def f", "--suffix", " end f", "-n", "4", "--temperature", "0"));
        Done("generate", step, "--prompt", " def f", "--suffix", " end f", "--suffix-first", "-n", "4");
        Assert.Contains("2 gaps, expected <FILL_ME> once in the text", Refused(1, "generate", step, "--infill", "a<FILL_ME>b<FILL_ME>"));
        Assert.Contains("--prompt with --infill, expected one of them", Refused(2, "generate", step, "--infill", "a<FILL_ME>b", "-p", "x"));
        Assert.Contains("--suffix-first without a gap", Refused(2, "generate", step, "--suffix-first"));
        Assert.Contains("marks no gaps, expected tokens such as <PRE>", Refused(1, "generate", models.Chat, "--infill", "a<FILL_ME>b"));
    }

    [Fact]
    public void WhatCannotBeIsSaidInOneSentence()
    {
        using var folder = new ScratchFolder();
        string Bad(string lines, params string[] more)
        {
            string path = folder["bad.jsonl"];
            File.WriteAllText(path, lines);
            return Refused(1, ["train", "--recipe", "sft", "--from", models.Chat, "--data", path, "-o", folder["bad"], .. more]);
        }

        Assert.Contains("bad.jsonl: is empty, expected a JSON object in each line", Bad("\n"));
        Assert.Contains("bad.jsonl line 1: role 'king' unknown", Bad("{\"messages\": [{\"role\": \"king\", \"content\": \"x\"}]}"));
        Assert.Contains("a role other than user and assistant", Bad("{\"messages\": [{\"role\": \"system\", \"content\": \"x\"}]}"));
        Assert.Contains("line 1: no token is the assistant's, expected at least one to learn",
            Bad("{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}"));
        const string Long = "{\"messages\": [{\"role\": \"user\", \"content\": \"say of oak cup lion\"}, "
            + "{\"role\": \"assistant\", \"content\": \"oak\"}]}\n";
        Assert.Contains("no line has a token that counts among the 4 of the context", Bad(Long + Long, "--context", "4"));
        Assert.Contains("1 rows, expected at least 2, of which one is held out", Bad(Long));
        Assert.Contains("--freeze 'nothing*' means no weight", Bad(Long + Long, "--freeze", "nothing*"));
        Assert.Contains("every weight is frozen, expected some that are trained", Bad(Long + Long, "--freeze", "*"));
        Assert.Contains("'x_proj' means no linear map of this model", Refused(1,
            "train", "--recipe", "sft", "--from", models.Chat, "--data", models.Messages, "--lora", "2", "--lora-targets", "x_proj", "-o", folder["t"]));
        Assert.Contains("--data without --from, expected the folder of the model", Refused(2, "train", "--recipe", "sft", "--data", "x.jsonl"));
        Assert.Contains("--from without --data, expected the file", Refused(2, "train", "--recipe", "sft", "--from", models.Chat));
        Assert.Contains("--lora, --qlora and --freeze are of a model of one's own", Refused(2, "train", "--recipe", "sft", "--lora", "4"));
        Assert.Contains("--prompts with --recipe sft, which reads --data alone",
            Refused(2, "train", "--recipe", "sft", "--from", models.Chat, "--data", models.Messages, "--prompts", models.Prompts));
        Assert.Contains("--data with --recipe llava-instruct, which learns from pictures, expected --recipe sft, ",
            Refused(2, "train", "--recipe", "llava-instruct", "--from", models.Chat, "--data", models.Messages));
        Assert.Contains("is a pair, expected a text or an answer",
            Refused(1, "train", "--recipe", "sft", "--from", models.Chat, "--data", models.Pairs, "-o", folder["p"]));
        Assert.Contains("is no pair, expected chosen and rejected",
            Refused(1, "train", "--recipe", "dpo", "--from", models.Chat, "--data", models.Messages, "-o", folder["p"]));
    }

    private static string Done(params string[] words)
    {
        using StringWriter output = new(), error = new();
        int code = ZooCommands.Run(words, CliContext.Plain(new DeclaredZoo(), output, error));
        Assert.True(code == 0, $"{string.Join(' ', words)}: {error}{output}");
        return output.ToString();
    }

    private static string Refused(int code, params string[] words)
    {
        using StringWriter output = new(), error = new();
        Assert.Equal(code, ZooCommands.Run(words, CliContext.Plain(new DeclaredZoo(), output, error)));
        string said = error.ToString();
        Assert.Single(said.TrimEnd().Split('\n'));
        return said;
    }

    /// <summary>Models to go on from, which a step of a recipe's first stage makes.</summary>
    public sealed class Models : IDisposable
    {
        private readonly ScratchFolder folder = new();

        public Models()
        {
            Chat = Made("sft", 0);
            Base = Made("alpaca", 0);
            Code = Made("codellama-infill", 0);
            Messages = folder["messages.jsonl"];
            File.WriteAllText(Messages, RuleChat.Demonstrations(24, 3, heldOut: false));
            Prompts = folder["prompts.jsonl"];
            File.WriteAllLines(Prompts, RuleChat.Requests(20, 3, heldOut: false)
                .Select(request => $"{{\"prompt\": [{{\"role\": \"user\", \"content\": \"{request}\"}}]}}"));
            Pairs = folder["pairs.jsonl"];
            File.WriteAllText(Pairs, RuleChat.Pairs(24, 3, heldOut: false));
        }

        internal string Chat { get; }

        internal string Base { get; }

        internal string Code { get; }

        internal string Messages { get; }

        internal string Pairs { get; }

        internal string Prompts { get; }

        public void Dispose() => folder.Dispose();

        private string Made(string recipe, int stage)
        {
            Recipe known = Recipes.Find(recipe)!;
            Recipe small = known with
            {
                Stages = [known.Stages[stage] with { Lines = 32, Measured = 4, Run = known.Stages[stage].Run with { Steps = 1, Batch = 4, WarmUp = 0 } },
                    .. known.Stages.Skip(1).Where(later => later.AddsPad).Select(later => later with { Lines = 32, Measured = 4,
                        Run = later.Run with { Steps = 1, Batch = 4, WarmUp = 0 } })],
            };
            Assert.True(new RecipeRun(CliContext.Plain(new DeclaredZoo(), TextWriter.Null, TextWriter.Null), small, folder[recipe], CPU, 100, 2)
                .Run(resume: false, overwrite: false));
            return Path.Combine(Directory.GetDirectories(folder[recipe], "1-*").Single(), "step-1");
        }
    }
}
