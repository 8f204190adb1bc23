using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Dsl.Generation;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Text;
using Microsoft.Extensions.AI;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Zoo.Cli.Tests;

/// <summary>The published all-MiniLM-L6-v2 against its reference.</summary>
public sealed class MiniLmTests
{
    private const double Tolerance = 1e-5;

    private static string Folder => RealModels.Find("minilm")!;

    private static Golden Reference() => new(
        Directory.Exists(GoldenFolder.Case("minilm")) ? GoldenFolder.Case("minilm") : Path.Combine(GoldenFolder.InRepository(), "minilm"));

    [ModelFact("minilm")]
    public void SentencesHaveTheReferencesIds()
    {
        using Golden golden = Reference();
        ITokenizer tokenizer = TextCodecs.OpenTokenizer(Folder);
        string[] sentences = Texts(golden);
        for (int i = 0; i < sentences.Length; i++)
        {
            Assert.Equal(Ints(golden.Case.GetProperty("ids")[i]), tokenizer.Encode(sentences[i], null, new EncodingOptions(MaxLength: 256)).Ids);
            Assert.Equal(golden.Case.GetProperty("untruncated_counts")[i].GetInt32(), tokenizer.Encode(sentences[i], null).Count);
        }
    }

    [ModelFact("minilm")]
    public void NastyStringsHaveTheReferencesIds()
    {
        using Golden golden = Reference();
        ITokenizer tokenizer = TextCodecs.OpenTokenizer(Folder);
        using JsonDocument strings = JsonDocument.Parse(File.ReadAllText(Path.Combine(golden.Folder, "tokens.json")));
        foreach (JsonElement item in strings.RootElement.EnumerateArray())
        {
            TokenEncoding encoding = tokenizer.Encode(item.GetProperty("text").GetString()!, null);
            Assert.Equal(Ints(item.GetProperty("ids")), encoding.Ids);
            Assert.Equal(item.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()), encoding.Ids.Select(tokenizer.TokenOf));
        }
    }

    [ModelFact("minilm")]
    public async Task EmbeddingsAreTheReferences()
    {
        using Golden golden = Reference();
        using SentenceEmbedder embedder = SentenceEmbedder.Open(Folder, Models.Load(Folder));
        string[] sentences = Texts(golden);
        GeneratedEmbeddings<Embedding<float>> generated = await embedder.GenerateAsync(sentences);
        double[] expected = golden.Doubles("out.embeddings");
        double[] actual = [.. generated.SelectMany(embedding => embedding.Vector.ToArray()).Select(value => (double)value)];
        Assert.Equal(expected.Length, actual.Length);
        Assert.InRange(expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max(), 0, Tolerance);

        // All in one batch, each alone: the same to rounding. Twice: the same to the bit.
        using SentenceEmbedder single = new(Models.Load(Folder), TextCodecs.OpenTokenizer(Folder), SentenceFiles.Read(Folder)) { TokensAtOnce = 1 };
        Assert.InRange(single.Embed(sentences).SelectMany(row => row).Zip(actual, (a, b) => Math.Abs(a - b)).Max(), 0, Tolerance);
        Assert.Equal(embedder.Embed(sentences), embedder.Embed(sentences));
    }

    [ModelFact("minilm")]
    public void LayersPoolerAndMeanAreTheReferences()
    {
        using Golden golden = Reference();
        using IModel model = Models.Load(Folder);
        model.Module.eval();
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        long[] shape = golden.Shape("in.input_ids");
        Tensor ids = tensor(golden.Longs("in.input_ids"), shape), mask = tensor(golden.Longs("in.attention_mask"), shape);
        IReadOnlyDictionary<string, Tensor> results = model.Run(new Dictionary<string, Tensor> { ["input_ids"] = ids, ["attention_mask"] = mask });
        Assert.InRange(Worst(golden.Doubles("out.mean_pooled"), results["mean"]), 0, Tolerance);
        Assert.InRange(Worst(golden.Doubles("out.pooler.0"), results["pooled"][0]), 0, Tolerance);
        foreach (string name in golden.Names.Where(name => name.StartsWith("out.hidden.", StringComparison.Ordinal)))
        {
            int row = int.Parse(name["out.hidden.".Length..]);
            double[] expected = golden.Doubles(name);
            Assert.InRange(Worst(expected, results["hidden"][row][..(int)golden.Shape(name)[0]]) / expected.Max(Math.Abs), 0, Tolerance);
        }
    }

    [ModelFact("minilm")]
    public void EmbedPrintsTheReferencesCosines()
    {
        using Golden golden = Reference();
        string[] sentences = Texts(golden)[..4];
        var output = new StringWriter();
        var error = new StringWriter();
        Assert.Equal(0, ZooCommands.Run(["embed", Folder, .. sentences, "--json"], CliContext.Plain(new DeclaredZoo(), output, error)));
        using JsonDocument json = JsonDocument.Parse(output.ToString());
        double[] expected = golden.Doubles("out.cosine");
        int all = (int)golden.Shape("out.cosine")[0];
        for (int i = 0; i < sentences.Length; i++)
        {
            for (int j = 0; j < sentences.Length; j++)
            {
                Assert.Equal(expected[(i * all) + j], json.RootElement.GetProperty("cosines")[i][j].GetDouble(), Tolerance);
            }
        }

        Assert.Equal(0, ZooCommands.Run(["embed", Folder, "a", "b"], CliContext.Plain(new DeclaredZoo(), output, error)));
        Assert.Contains("1.000", output.ToString());
        Assert.Equal("", error.ToString());
    }

    private static string[] Texts(Golden golden) => [.. golden.Case.GetProperty("sentences").EnumerateArray().Select(item => item.GetString()!)];

    private static int[] Ints(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetInt32())];

    private static double Worst(double[] expected, Tensor actual) =>
        expected.Zip(actual.to(ScalarType.Float64).contiguous().data<double>().ToArray(), (a, b) => Math.Abs(a - b)).Max();
}
