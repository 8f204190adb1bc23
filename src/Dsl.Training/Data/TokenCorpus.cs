using System;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using Dsl.Files;
using Dsl.Runtime;
using Dsl.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>A text as token ids: the first nine tenths to train on, the last tenth held out.</summary>
public sealed class TokenCorpus
{
    private readonly int[] ids;
    private readonly int split;

    /// <param name="name">How messages call it: a path, or the name of a text that comes with the program.</param>
    /// <param name="text">The text; it is not kept.</param>
    /// <param name="codec">Turns it into ids; null: one id per character that occurs in it.</param>
    /// <exception cref="TextException">The text is empty or no text.</exception>
    public TokenCorpus(string name, string text, ITextCodec? codec = null)
    {
        Name = name;
        try
        {
            Codec = codec ?? CharacterCodec.Of(text);
            ids = Codec.Encode(text);
        }
        catch (TextException e)
        {
            throw new TextException($"{name}: {e.Message}");
        }

        Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        split = (int)((long)ids.Length * 9 / 10);
    }

    /// <summary>How messages call the text.</summary>
    public string Name { get; }

    /// <summary>SHA-256 of its UTF-8 form, in hexadecimal: a run goes on only with the text it began with.</summary>
    public string Hash { get; }

    /// <summary>Between text and ids.</summary>
    public ITextCodec Codec { get; }

    /// <summary>How many tokens are trained on.</summary>
    public int TrainingTokens => split;

    /// <summary>How many tokens are held out.</summary>
    public int HeldOutTokens => ids.Length - split;

    /// <summary>Reads a text file; what is not UTF-8 is an error.</summary>
    /// <exception cref="TextException">Not UTF-8, not there, or no regular file.</exception>
    public static string ReadText(string path)
    {
        byte[] bytes = UserFile.ReadBytes(path, Array.MaxLength, (file, problem, _) => new TextException($"{file}: {problem}"));
        try
        {
            string text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes);
            return text.StartsWith('\uFEFF') ? text[1..] : text;
        }
        catch (DecoderFallbackException e)
        {
            throw new TextException($"{path}: byte 0x{e.BytesUnknown?[0]:X2} at {e.Index} is not UTF-8, expected a UTF-8 text");
        }
    }

    /// <summary>Windows of <paramref name="context"/> tokens at random places: inputs, and what follows each of their tokens; int64 [rows, context].</summary>
    internal (Tensor Inputs, Tensor Targets) Windows(bool heldOut, SeededRandom random, int rows, int context, Device device)
    {
        (int from, int length) = heldOut ? (split, HeldOutTokens) : (0, TrainingTokens);
        var inputs = new long[rows, context];
        var targets = new long[rows, context];
        for (int row = 0; row < rows; row++)
        {
            int start = from + (int)random.NextLong(length - context);
            for (int i = 0; i < context; i++)
            {
                inputs[row, i] = ids[start + i];
                targets[row, i] = ids[start + i + 1];
            }
        }

        return (tensor(inputs, dtype: ScalarType.Int64, device: device), tensor(targets, dtype: ScalarType.Int64, device: device));
    }

    /// <summary>Throws where the text is too short for one window on either side.</summary>
    /// <exception cref="TextException">One sentence with both lengths.</exception>
    public void RequireContext(int context)
    {
        if (HeldOutTokens <= context || TrainingTokens <= context)
        {
            throw new TextException(
                $"{Name}: {ids.Length} tokens, of which a tenth is held out, expected at least {10 * (context + 1)} for a context of {context}");
        }
    }
}
