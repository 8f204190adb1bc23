using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Dsl.Runtime;
using Dsl.Text;

namespace Dsl.Generation;

/// <summary>
/// Writes on from prompts with any model that has a stateful form. All decoding runs on one thread of its own, because TorchSharp's scopes and grad mode
/// belong to threads; calls from several threads queue up. The model stays the caller's: it is put into evaluation mode for the time of a call.
/// </summary>
public sealed class TextGenerator : IDisposable
{
    private readonly IModel model;
    private readonly ITextCodec? codec;
    private readonly BlockingCollection<Action> work = [];
    private readonly Thread thread;

    /// <param name="model">Read only; it must outlive the generator.</param>
    /// <param name="codec">Turns tokens into text; without one, texts are empty and stop strings are refused.</param>
    public TextGenerator(IModel model, ITextCodec? codec = null)
    {
        this.model = model;
        this.codec = codec;
        thread = new Thread(Work) { IsBackground = true, Name = "decoding" };
        thread.Start();
    }

    /// <summary>The text that follows a prompt, in pieces of whole characters as they become certain.</summary>
    public async IAsyncEnumerable<string> StreamTextAsync(string prompt, GenerationOptions options,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        int[] ids = (codec ?? throw new InvalidOperationException("A text prompt needs a codec.")).Encode(prompt);
        await foreach (GeneratedToken token in StreamAsync([ids], options, cancellation).ConfigureAwait(false))
        {
            if (token.Text.Length > 0)
            {
                yield return token.Text;
            }
        }
    }

    /// <summary>
    /// Continues several prompts at once and gives out each token as it is chosen, row by row within a step. A row samples the same tokens whatever else is
    /// in the batch; equal prompts of one batch differ by how many of them came before. Leaving the enumeration cancels the decoding.
    /// </summary>
    /// <exception cref="ArgumentException">A prompt is empty or longer than the context, or an option makes no sense.</exception>
    /// <exception cref="NotSupportedException">The model has no stateful form.</exception>
    public async IAsyncEnumerable<GeneratedToken> StreamAsync(
        IReadOnlyList<int[]> prompts, GenerationOptions options, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        Check(prompts, options);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Channel<GeneratedToken> tokens = Channel.CreateUnbounded<GeneratedToken>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        work.Add(
            () =>
            {
                Decode(prompts, options, tokens.Writer, leaving.Token);
                done.SetResult();
            },
            CancellationToken.None);
        bool ended = false;
        try
        {
            await foreach (GeneratedToken token in tokens.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                yield return token;
            }

            ended = true;
        }
        finally
        {
            if (!ended)
            {
                // The decoding thread holds the token of a source that is disposed here: wait until it has let go.
                leaving.Cancel();
                await done.Task.ConfigureAwait(false);
            }
        }
    }

    /// <summary>Continues several prompts at once and returns when all have ended.</summary>
    /// <inheritdoc cref="StreamAsync"/>
    public async Task<IReadOnlyList<Completion>> CompleteAsync(
        IReadOnlyList<int[]> prompts, GenerationOptions options, CancellationToken cancellation = default)
    {
        var tokens = prompts.Select(_ => new List<int>()).ToArray();
        var texts = prompts.Select(_ => new StringBuilder()).ToArray();
        var finish = new FinishReason[prompts.Count];
        await foreach (GeneratedToken token in StreamAsync(prompts, options, cancellation).ConfigureAwait(false))
        {
            tokens[token.Row].Add(token.Token);
            texts[token.Row].Append(token.Text);
            finish[token.Row] = token.Finish;
        }

        return prompts.Select((_, row) => new Completion(tokens[row], texts[row].ToString(), finish[row])).ToArray();
    }

    /// <summary>Ends the decoding thread; what is queued is finished first.</summary>
    public void Dispose()
    {
        work.CompleteAdding();
        thread.Join();
        work.Dispose();
    }

    private void Check(IReadOnlyList<int[]> prompts, GenerationOptions options)
    {
        options.Validate();
        if (prompts.Count == 0)
        {
            throw new ArgumentException("no prompts, expected at least one");
        }

        if (options.Stop.Count > 0 && codec is null)
        {
            throw new ArgumentException("stop strings need a codec that turns tokens into text");
        }

        if (options.Sources is { } sources && sources.Rows.Count != prompts.Count)
        {
            throw new ArgumentException(
                $"{sources.Rows.Count} texts for the encoder and {prompts.Count} prompts for the decoder, expected as many of one as of the other");
        }

        if (options.Sources is null && model.Inputs.Contains("decoder_input_ids"))
        {
            throw new ArgumentException("the model has an encoder, expected a text for it to read");
        }

        foreach (int[] prompt in prompts)
        {
            if (prompt.Length == 0)
            {
                throw new ArgumentException("prompt is empty, expected at least one token");
            }

            if (options.Context > 0 && prompt.Length > options.Context && options.AtContextEnd == ContextEnd.Stop)
            {
                throw new ArgumentException($"prompt has {prompt.Length} tokens, context is {options.Context}");
            }
        }
    }

    private void Decode(IReadOnlyList<int[]> prompts, GenerationOptions options, ChannelWriter<GeneratedToken> writer, CancellationToken cancellation)
    {
        try
        {
            new DecodingLoop(model, codec, options, cancellation).Run(prompts, token => writer.TryWrite(token));
            writer.Complete();
        }
        catch (Exception e)
        {
            writer.Complete(e);
        }
    }

    private void Work()
    {
        foreach (Action job in work.GetConsumingEnumerable())
        {
            job();
        }
    }
}
