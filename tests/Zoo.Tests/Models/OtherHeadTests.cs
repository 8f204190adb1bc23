using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using Dsl.Tests;
using TorchSharp;
using Xunit;

namespace Zoo.Tests.Models;

/// <summary>Published files often keep parts of the head that their trunk was trained under.</summary>
public sealed class OtherHeadTests
{
    private const string Sizes = "\"vocab_size\": 99, \"hidden_size\": 32, \"num_hidden_layers\": 1, \"num_attention_heads\": 4, \"intermediate_size\": 48, "
        + "\"hidden_act\": \"gelu\", \"max_position_embeddings\": 40";

    [Theory]
    [InlineData("BertForTokenClassification", "BertForSequenceClassification", "bert.pooler.dense.weight", "bert.pooler.dense.bias")]
    [InlineData("RobertaForSequenceClassification", "RobertaForMultipleChoice", "roberta.pooler.dense.weight", "roberta.pooler.dense.bias")]
    [InlineData("BertForQuestionAnswering", "BertForPreTraining", "cls.seq_relationship.weight", "cls.predictions.bias")]
    public void Parts_of_another_head_are_passed_over_with_one_line_that_names_them(string head, string other, params string[] theirs)
    {
        using var folder = new ScratchFolder();
        Write(folder, head, other, theirs);
        var warnings = new List<string>();
        using IModel model = global::Zoo.Models.Load(folder.Path, options: new() { Warn = warnings.Add });
        string line = Assert.Single(warnings);
        Assert.StartsWith($"model.safetensors: passed over {theirs.Length} tensors of another head: ", line, StringComparison.Ordinal);
        Assert.All(theirs, name => Assert.Contains($"'{name}'", line, StringComparison.Ordinal));
    }

    [Fact]
    public void The_trunk_of_a_masked_language_model_loads_alone()
    {
        using var folder = new ScratchFolder();
        using IModel whole = Create("BertForPreTraining");
        ((GeneratedModel)whole).Save(folder.Path);
        File.WriteAllText(folder["config.json"], Config("BertModel"));
        var warnings = new List<string>();
        using IModel trunk = global::Zoo.Models.Load(folder.Path, options: new() { Warn = warnings.Add });
        Assert.Contains("passed over", Assert.Single(warnings), StringComparison.Ordinal);
        using torch.Tensor mine = Find(trunk, "embeddings.word_embeddings.weight"), theirs = Find(whole, "bert.embeddings.word_embeddings.weight");
        Assert.True(mine.allclose(theirs, 0, 0));
    }

    [Fact]
    public void Anything_else_is_an_error_that_can_be_allowed()
    {
        using var folder = new ScratchFolder();
        Write(folder, "BertForTokenClassification", "BertForSequenceClassification", [], ("bert.surprise.weight", [3]));
        string message = Assert.Throws<CheckpointException>(() => global::Zoo.Models.Load(folder.Path)).Message;
        Assert.Contains("1 unexpected: 'bert.surprise.weight'", message, StringComparison.Ordinal);
        var warnings = new List<string>();
        global::Zoo.Models.Load(folder.Path, options: new() { AllowUnexpected = true, Warn = warnings.Add }).Dispose();
        Assert.Equal("model.safetensors: 1 unexpected, not loaded: 'bert.surprise.weight'", Assert.Single(warnings));
    }

    [Fact]
    public void What_is_missing_is_not_excused_by_another_head()
    {
        using var folder = new ScratchFolder();
        using IModel whole = Create("BertForPreTraining");
        ((GeneratedModel)whole).Save(folder.Path);
        File.WriteAllText(folder["config.json"], Config("BertForTokenClassification"));
        string message = Assert.Throws<CheckpointException>(() => global::Zoo.Models.Load(folder.Path)).Message;
        Assert.Contains("2 tensors missing: 'classifier.weight', 'classifier.bias'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_number_that_nothing_trains_may_be_left_out()
    {
        using var folder = new ScratchFolder();
        string config = "{\"architectures\": [\"BartForConditionalGeneration\"], \"vocab_size\": 99, \"d_model\": 32, \"encoder_layers\": 1, "
            + "\"decoder_layers\": 1, \"encoder_attention_heads\": 4, \"decoder_attention_heads\": 4, \"encoder_ffn_dim\": 48, \"decoder_ffn_dim\": 48, "
            + "\"activation_function\": \"gelu\", \"max_position_embeddings\": 40}";
        using IModel model = global::Zoo.Models.Create(ConfigReader.Parse(config));
        Checkpoint.Save(folder.Path, [.. model.Weights.All.Where(weight => weight.Key != "final_logits_bias").Select(w => TensorSource.From(w.Key, w.Value))]);
        File.WriteAllText(folder["config.json"], config);
        using IModel loaded = global::Zoo.Models.Load(folder.Path);
        using torch.Tensor bias = Find(loaded, "final_logits_bias");
        Assert.Equal(0, bias.abs().max().item<float>());
    }

    private static torch.Tensor Find(IModel model, string key) => model.Weights.All.Single(weight => weight.Key == key).Value.detach();

    private static string Config(string architecture) => $"{{\"architectures\": [\"{architecture}\"], {Sizes}}}";

    private static IModel Create(string architecture) => global::Zoo.Models.Create(ConfigReader.Parse(Config(architecture)));

    /// <summary>A head's checkpoint with some tensors of another head, and others.</summary>
    private static void Write(ScratchFolder folder, string head, string other, string[] theirs, params (string Name, long[] Shape)[] strange)
    {
        using IModel own = Create(head), second = Create(other);
        Checkpoint.Save(folder.Path,
        [
            .. own.Weights.All.Select(weight => TensorSource.From(weight.Key, weight.Value)),
            .. second.Weights.All.Where(weight => theirs.Contains(weight.Key)).Select(weight => TensorSource.From(weight.Key, weight.Value)),
            .. strange.Select(tensor => TensorSource.From(tensor.Name, torch.zeros(tensor.Shape))),
        ]);
        File.WriteAllText(folder["config.json"], Config(head));
    }
}
