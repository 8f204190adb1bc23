using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Text;
using Microsoft.Extensions.AI;
using TorchSharp;
using Xunit;
using Zoo.Encoders;
using static TorchSharp.torch;

namespace Dsl.Generation.Tests;

/// <summary>Embeddings of a small encoder with random weights: what holds whatever the weights are.</summary>
public sealed class SentenceEmbedderTests
{
    private static readonly ITokenizer Tokenizer = TokenizerTraining.WordPiece(
        "in the beginning god created the heaven and the earth and the earth was without form", 120);

    private static readonly string[] Sentences =
        ["the earth", "", "in the beginning god created the heaven and the earth", "heaven", "the earth was without form", "the earth", "a b c d e f g h"];

    [Theory]
    [InlineData(SentencePooling.Mean, true)]
    [InlineData(SentencePooling.Mean, false)]
    [InlineData(SentencePooling.First, false)]
    [InlineData(SentencePooling.Max, true)]
    public void ASentenceAloneIsTheSentenceInABatch(SentencePooling pooling, bool normalize)
    {
        using SentenceEmbedder embedder = Make(new SentenceFiles(pooling, normalize));
        float[][] together = embedder.Embed(Sentences);
        for (int i = 0; i < Sentences.Length; i++)
        {
            float[] alone = embedder.Embed([Sentences[i]])[0];
            Assert.InRange(alone.Zip(together[i], (a, b) => Math.Abs(a - b)).Max(), 0, 1e-5);
            Assert.True(!normalize || Math.Abs(alone.Sum(value => value * value) - 1) < 1e-5);
        }

        Assert.Equal(together[0], together[5]);
        Assert.NotEqual(together[0], together[3]);
    }

    [Fact]
    public void ALongTextIsCutToTheLengthThatTheFilesSay()
    {
        using SentenceEmbedder embedder = Make(new SentenceFiles(MaxLength: 5));
        Assert.Equal(embedder.Embed(["in the beginning god created"])[0], embedder.Embed(["in the beginning heaven and earth and so on"])[0]);
    }

    [Fact]
    public async Task TheGeneratorOfMicrosoftExtensionsAiDescribesItself()
    {
        using SentenceEmbedder embedder = Make(new SentenceFiles());
        Assert.Equal("tiny", embedder.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelId);
        GeneratedEmbeddings<Embedding<float>> none = await embedder.GenerateAsync([]);
        Assert.Empty(none);
        Assert.Equal(16, (await embedder.GenerateAsync(["heaven"]))[0].Dimensions);
        await Assert.ThrowsAsync<NotSupportedException>(() => embedder.GenerateAsync(["heaven"], new EmbeddingGenerationOptions { Dimensions = 8 }));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => embedder.GenerateAsync(["heaven"], null, new CancellationToken(canceled: true)));
    }

    [Theory]
    [InlineData("""[{"type": "sentence_transformers.models.Transformer", "path": ""}, {"type": "m.CNN", "path": ""}]""", "'CNN' at place 1")]
    [InlineData("""{"type": "Transformer"}""", "expected a list")]
    [InlineData("""[{"type": "sentence_transformers.models.Transformer"}, {"type": "x.Pooling", "path": "../x"}]""", "a folder inside the model's")]
    [InlineData("""[{"type": "sentence_transformers.models.Transformer"}, {"type": "x.Pooling", "path": "1_Pooling"}]""", "not found")]
    public void FilesThatAskForSomethingElseAreOneSentence(string modules, string message)
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["modules.json"], modules);
        string said = Assert.Throws<TextException>(() => SentenceFiles.Read(folder.Path)).Message;
        Assert.Contains(message, said);
        Assert.Contains("expected", said);
        Assert.DoesNotContain('\n', said);
    }

    [Fact]
    public void OnePoolingModeIsOn()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(
            folder["modules.json"],
            """[{"type": "m.Transformer", "path": ""}, {"type": "m.Pooling", "path": "1_Pooling"}, {"type": "m.Normalize", "path": "2"}]""");
        Directory.CreateDirectory(folder["1_Pooling"]);
        string config = Path.Combine(folder["1_Pooling"], "config.json");
        File.WriteAllText(config, """{"word_embedding_dimension": 8, "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}""");
        Assert.Equal(new SentenceFiles(SentencePooling.First, Normalize: true), SentenceFiles.Read(folder.Path));
        File.WriteAllText(config, """{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}""");
        Assert.Equal($"{config}: 2 pooling modes are on, expected one", Assert.Throws<TextException>(() => SentenceFiles.Read(folder.Path)).Message);
    }

    private static SentenceEmbedder Make(SentenceFiles files)
    {
        manual_seed(3);
        var config = new BertConfig(Tokenizer.Vocabulary, 16, 2, 4, 32, Activation.Gelu);
        return new SentenceEmbedder(new Bert(config), Tokenizer, files, config.Context, "tiny") { TokensAtOnce = 24 };
    }
}
