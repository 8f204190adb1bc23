using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Text;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Generation.Tests;

public sealed class TextGeneratorTests : IDisposable
{
    private static readonly CharacterCodec Codec = CharacterCodec.Of("abcdefghijklmnop");

    private readonly TinyModel model;
    private readonly TextGenerator generator;

    public TextGeneratorTests()
    {
        manual_seed(3);
        model = new TinyModel(new TinyConfig(Codec.Vocabulary));
        using (no_grad())
        {
            // Large matrices make the distributions different from row to row.
            foreach (var parameter in model.parameters().Where(parameter => parameter.dim() > 1))
            {
                parameter.mul_(Scalars.Of(25));
            }
        }

        generator = new TextGenerator(model, Codec);
    }

    public void Dispose()
    {
        generator.Dispose();
        model.Dispose();
    }

    [Fact]
    public async Task GreedyTakesTheLikeliestTokenOfTheParallelForm()
    {
        int[] prompt = Codec.Encode("bad");
        Completion completion = (await generator.CompleteAsync([prompt], Greedy(12)))[0];
        List<int> ids = [.. prompt];
        model.eval();
        for (int i = 0; i < 12; i++)
        {
            using IDisposable off = no_grad();
            using Tensor all = tensor(ids.Select(id => (long)id).ToArray(), [1, ids.Count]);
            using Tensor logits = model.Run(new Dictionary<string, Tensor> { ["input_ids"] = all })["logits"];
            ids.Add((int)logits[0, -1].argmax().item<long>());
        }

        Assert.Equal(ids.Skip(prompt.Length), completion.Tokens);
        Assert.Equal(Codec.Decode([.. completion.Tokens]), completion.Text);
        Assert.Equal(FinishReason.MaxTokens, completion.Finish);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.3)]
    public async Task ARowAloneWritesWhatItWritesInABatchOfRaggedPrompts(double temperature)
    {
        int[][] prompts = [Codec.Encode("a"), Codec.Encode("hedgehog"), Codec.Encode("peach"), Codec.Encode("a")];
        GenerationOptions options = Greedy(20) with { Sampling = new SamplingOptions { Temperature = temperature, Seed = 5 }, EndTokens = Codec.Encode("gk") };
        IReadOnlyList<Completion> together = await generator.CompleteAsync(prompts, options);
        for (int row = 0; row < 3; row++)
        {
            Completion alone = (await generator.CompleteAsync([prompts[row]], options))[0];
            Assert.Equal(alone.Tokens, together[row].Tokens);
            Assert.Equal(alone.Finish, together[row].Finish);
        }

        if (temperature > 0)
        {
            Assert.NotEqual(together[0].Tokens, together[3].Tokens);
        }
    }

    [Fact]
    public async Task TheSeedDecidesAndTorchsGeneratorDoesNot()
    {
        GenerationOptions options = Greedy(40) with { Sampling = new SamplingOptions { Temperature = 2, Seed = 11 } };
        int[] prompt = Codec.Encode("abc");
        manual_seed(1);
        using Tensor before = get_rng_state();
        string first = (await generator.CompleteAsync([prompt], options))[0].Text;
        using Tensor after = get_rng_state();
        Assert.Equal(before.bytes.ToArray(), after.bytes.ToArray());
        manual_seed(2);
        Assert.Equal(first, (await generator.CompleteAsync([prompt], options))[0].Text);
        Assert.NotEqual(first, (await generator.CompleteAsync([prompt], options with { Sampling = options.Sampling with { Seed = 12 } }))[0].Text);
    }

    [Fact]
    public async Task FinishedRowsLeaveTheBatch()
    {
        int[][] prompts = [Codec.Encode("a"), Codec.Encode("b"), Codec.Encode("c")];
        Completion[] free = [.. await generator.CompleteAsync(prompts, Greedy(10))];
        int end = free[0].Tokens[3];
        model.Calls.Clear();
        IReadOnlyList<Completion> ended = await generator.CompleteAsync(prompts, Greedy(10) with { EndTokens = [end, 15] });
        Assert.Equal(FinishReason.EndToken, ended[0].Finish);
        Assert.DoesNotContain(Codec.Decode([end]), ended[0].Text);
        Assert.Equal(end, ended[0].Tokens[^1]);
        for (int row = 0; row < 3; row++)
        {
            Assert.Equal(free[row].Tokens.Take(ended[row].Tokens.Count), ended[row].Tokens);
        }

        Assert.Equal(3, model.Calls[0].Batch);
        int longest = ended.Max(completion => completion.Tokens.Count);
        Assert.Equal(ended.Count(completion => completion.Tokens.Count == longest), model.Calls[^1].Batch);
    }

    [Fact]
    public async Task AStopStringEndsTheTextBeforeIt()
    {
        Completion free = (await generator.CompleteAsync([Codec.Encode("fade")], Greedy(30)))[0];
        string stop = free.Text[7..10];
        int first = free.Text.IndexOf(stop, StringComparison.Ordinal);
        Completion stopped = (await generator.CompleteAsync([Codec.Encode("fade")], Greedy(30) with { Stop = [stop] }))[0];
        Assert.Equal(free.Text[..first], stopped.Text);
        Assert.Equal(FinishReason.StopString, stopped.Finish);
        Assert.Equal(first + 3, stopped.Tokens.Count);
    }

    [Fact]
    public async Task AContextThatIsFullStopsOrSlides()
    {
        int[][] prompts = [Codec.Encode("abcde"), Codec.Encode("a")];
        GenerationOptions options = Greedy(25) with { Context = 8 };
        IReadOnlyList<Completion> stopped = await generator.CompleteAsync(prompts, options);
        Assert.Equal([4, 8], stopped.Select(completion => completion.Tokens.Count));
        Assert.All(stopped, completion => Assert.Equal(FinishReason.Context, completion.Finish));
        IReadOnlyList<Completion> slid = await generator.CompleteAsync(prompts, options with { AtContextEnd = ContextEnd.Slide });
        for (int row = 0; row < 2; row++)
        {
            Assert.Equal(25, slid[row].Tokens.Count);
            Assert.Equal(stopped[row].Tokens, slid[row].Tokens.Take(stopped[row].Tokens.Count));
            Completion alone = (await generator.CompleteAsync([prompts[row]], options with { AtContextEnd = ContextEnd.Slide }))[0];
            Assert.Equal(alone.Tokens, slid[row].Tokens);
        }
    }

    [Fact]
    public async Task ALongPromptIsReadInPieces()
    {
        int[] prompt = Codec.Encode("abcdefghijklmnop");
        Completion whole = (await generator.CompleteAsync([prompt], Greedy(8)))[0];
        model.Calls.Clear();
        Completion pieces = (await generator.CompleteAsync([prompt], Greedy(8) with { PrefillChunk = 5 }))[0];
        Assert.Equal([5L, 5L, 5L, 1L], model.Calls.Take(4).Select(call => call.Length));
        Assert.Equal(whole.Tokens, pieces.Tokens);
    }

    [Fact]
    public async Task CancellingStopsBetweenTokens()
    {
        using var cancel = new CancellationTokenSource();
        int seen = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GeneratedToken _ in generator.StreamAsync([Codec.Encode("a")], Greedy(100_000), cancel.Token))
            {
                if (++seen == 5)
                {
                    cancel.Cancel();
                }
            }
        });
        Assert.InRange(seen, 5, 99_999);

        // Leaving the enumeration ends the decoding too, and the generator serves the next caller.
        await foreach (GeneratedToken _ in generator.StreamAsync([Codec.Encode("a")], Greedy(100_000)))
        {
            break;
        }

        Assert.Equal(3, (await generator.CompleteAsync([Codec.Encode("a")], Greedy(3)))[0].Tokens.Count);
    }

    [Fact]
    public async Task StreamingGivesTheSameTextAsAWhole()
    {
        var pieces = new List<string>();
        await foreach (string piece in generator.StreamTextAsync("dog", Greedy(15)))
        {
            pieces.Add(piece);
        }

        Assert.True(pieces.Count > 1);
        Assert.Equal((await generator.CompleteAsync([Codec.Encode("dog")], Greedy(15)))[0].Text, string.Concat(pieces));
    }

    [Fact]
    public async Task NoTensorOutlivesACall()
    {
        int[][] prompts = [Codec.Encode("a"), Codec.Encode("hedgehog")];
        GenerationOptions options = Greedy(12) with { Context = 10, AtContextEnd = ContextEnd.Slide };
        await generator.CompleteAsync(prompts, options);

        // What earlier tests left to the finalizer must not be counted here.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long live = Tensor.TotalCount;
        for (int i = 0; i < 3; i++)
        {
            await generator.CompleteAsync(prompts, options);
        }

        // Counted over all threads, since an await may go on on another one; a finalizer that runs late can only lower it.
        Assert.True(Tensor.TotalCount <= live, $"{Tensor.TotalCount - live} tensors outlive three calls");
    }

    [Fact]
    public async Task BadPromptsAreNamed()
    {
        var empty = await Assert.ThrowsAsync<ArgumentException>(() => generator.CompleteAsync([[]], Greedy(1)));
        Assert.Equal("prompt is empty, expected at least one token", empty.Message);
        var over = await Assert.ThrowsAsync<ArgumentException>(() => generator.CompleteAsync([new int[5000]], Greedy(1) with { Context = 4096 }));
        Assert.Equal("prompt has 5000 tokens, context is 4096", over.Message);
    }

    [Theory]
    [InlineData(-1, 1, "--temperature -1, expected 0 or more")]
    [InlineData(double.NaN, 1, "--temperature NaN, expected 0 or more")]
    [InlineData(1, 0, "--top-p 0, expected more than 0 and at most 1")]
    [InlineData(1, 2, "--top-p 2, expected more than 0 and at most 1")]
    [InlineData(1, double.NaN, "--top-p NaN, expected more than 0 and at most 1")]
    public void BadOptionsAreNamed(double temperature, double topP, string message)
    {
        var e = Assert.Throws<ArgumentException>(() => new SamplingOptions { Temperature = temperature, TopP = topP }.Validate());
        Assert.Equal(message, e.Message);
    }

    [Fact]
    public async Task TheModelGoesBackToTraining()
    {
        model.train();
        await generator.CompleteAsync([Codec.Encode("a")], Greedy(2));
        Assert.True(model.training);
    }

    private static GenerationOptions Greedy(int tokens) => new() { MaxTokens = tokens, Sampling = new SamplingOptions { Temperature = 0 } };
}
