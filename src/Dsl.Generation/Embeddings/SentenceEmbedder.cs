using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Dsl.Runtime;
using Dsl.Text;
using Microsoft.Extensions.AI;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Generation;

/// <summary>
/// Sentence embeddings of an encoder (Reimers and Gurevych 2019, arXiv 1908.10084), from a folder as sentence-transformers publishes it. Sentences of like
/// length are computed together, and never more tokens at once than <see cref="TokensAtOnce"/>; results come in the order of the sentences.
/// </summary>
public sealed class SentenceEmbedder : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly IModel model;
    private readonly ITokenizer tokenizer;
    private readonly SentenceFiles files;
    private readonly int most;
    private readonly int pad;
    private readonly Lock busy = new();
    private readonly EmbeddingGeneratorMetadata metadata;

    /// <param name="model">An encoder with the output <c>hidden</c>; disposed with this.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="files">Pooling, normalisation and length.</param>
    /// <param name="context">The model's own limit of a text's tokens; 0: none.</param>
    /// <param name="name">How the model is called.</param>
    /// <exception cref="TextException">The model gives no token vectors, or the vocabularies differ.</exception>
    public SentenceEmbedder(IModel model, ITokenizer tokenizer, SentenceFiles files, int context = 0, string name = "")
    {
        this.model = model;
        this.tokenizer = tokenizer;
        this.files = files;
        if (!model.Outputs.Contains("hidden") || model.Inputs.Contains("decoder_input_ids"))
        {
            throw new TextException($"{name}: the model has the outputs {string.Join(", ", model.Outputs)}, expected an encoder with hidden");
        }

        most = files.MaxLength is { } said ? context > 0 ? Math.Min(said, context) : said : context > 0 ? context : int.MaxValue;
        pad = tokenizer.Special.Pad ?? 0;
        metadata = new EmbeddingGeneratorMetadata("zoo", defaultModelId: name);
        model.Module.eval();
    }

    /// <summary>The most tokens, padding included, that are computed at once; a longer sentence is computed alone.</summary>
    public int TokensAtOnce { get; init; } = 4096;

    /// <summary>A published folder's embedder: a model with its weights, and the tokenizer, pooling and lengths that lie beside them.</summary>
    /// <param name="folder">Holds config.json and the tokenizer.</param>
    /// <param name="model">The folder's model; disposed with the embedder, and where this fails.</param>
    /// <exception cref="TextException">The tokenizer or the files beside it cannot be read, or the model gives no token vectors.</exception>
    public static SentenceEmbedder Open(string folder, IModel model)
    {
        try
        {
            SentenceFiles files = SentenceFiles.Read(folder);
            ITokenizer tokenizer = TextCodecs.OpenTokenizer(folder);
            int context = ConfigReader.Open(folder).OptionalInt(["max_position_embeddings"]) ?? 0;
            return new SentenceEmbedder(model, tokenizer, files, context, Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The embeddings, one for each sentence, in their order.</summary>
    /// <exception cref="TextException">A sentence holds half a surrogate pair.</exception>
    /// <exception cref="OperationCanceledException">Stopped between two batches.</exception>
    public float[][] Embed(IReadOnlyList<string> sentences, CancellationToken stop = default)
    {
        var options = new EncodingOptions(MaxLength: most == int.MaxValue ? null : most);
        TokenEncoding[] encodings = [.. sentences.Select(text => tokenizer.Encode(files.Lowercase ? text.ToLowerInvariant() : text, null, options))];
        var results = new float[encodings.Length][];

        // Of like length together, so that little is padding; the order among equals is the sentences' own.
        int[] order = [.. Enumerable.Range(0, encodings.Length).OrderBy(i => encodings[i].Count)];
        for (int start = 0; start < order.Length;)
        {
            stop.ThrowIfCancellationRequested();
            int end = start + 1;
            while (end < order.Length && (long)(end + 1 - start) * encodings[order[end]].Count <= TokensAtOnce)
            {
                end++;
            }

            lock (busy)
            {
                Compute(order[start..end], encodings, results);
            }

            start = end;
        }

        return results;
    }

    /// <inheritdoc/>
    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        string[] sentences = [.. values];
        return Task.Run(
            () =>
            {
                float[][] embeddings = Embed(sentences, cancellationToken);
                if (options?.Dimensions is { } dimensions && embeddings.Any(embedding => embedding.Length != dimensions))
                {
                    throw new NotSupportedException($"Embeddings of {dimensions} numbers, expected {embeddings[0].Length}: the model has no others.");
                }

                return new GeneratedEmbeddings<Embedding<float>>(
                    embeddings.Select(embedding => new Embedding<float>(embedding) { ModelId = metadata.DefaultModelId }));
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null
        : serviceType == typeof(EmbeddingGeneratorMetadata) ? metadata
        : serviceType.IsInstanceOfType(this) ? this
        : serviceType.IsInstanceOfType(model) ? model
        : null;

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();

    private void Compute(int[] rows, TokenEncoding[] encodings, float[][] results)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        IReadOnlyDictionary<string, Tensor> inputs = TextInputs.Of(model, Array.ConvertAll(rows, row => encodings[row]), pad);
        Tensor mask = inputs["attention_mask"];
        bool pools = files.Pooling == SentencePooling.Mean && model.Outputs.Contains("mean");
        string output = pools ? "mean" : "hidden";
        Tensor computed = model.Run(inputs, output)[output];
        Tensor pooled = pools ? computed : Pool(computed, mask.unsqueeze(-1));
        Tensor finished = files.Normalize ? nn.functional.normalize(pooled, p: 2, dim: -1) : pooled;
        float[] values = finished.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        int width = values.Length / rows.Length;
        for (int i = 0; i < rows.Length; i++)
        {
            results[rows[i]] = values[(i * width)..((i + 1) * width)];
        }
    }

    private Tensor Pool(Tensor hidden, Tensor mask) => files.Pooling switch
    {
        SentencePooling.First => hidden.select(1, 0),
        SentencePooling.Max => hidden.masked_fill(mask.eq(Scalars.Of(0)), Scalars.Of(double.NegativeInfinity)).amax([1]),
        _ => (hidden * mask).sum(1) / mask.sum(1),
    };
}
