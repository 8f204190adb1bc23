using System.IO;
using System.Linq;

namespace Zoo.Text;

/// <summary>Finds the codec that belongs to a checkpoint.</summary>
public static class TextCodecs
{
    private static readonly string[] Published =
        ["tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "vocab.json", "vocab.txt", "tokenizer_config.json"];

    /// <summary>The codec kept in a checkpoint's folder.</summary>
    /// <exception cref="TextException">There is none, or one of a kind that is not read; the message names the file and what would do.</exception>
    public static ITextCodec Open(string folder)
    {
        string characters = Path.Combine(folder, CharacterCodec.FileName);
        if (File.Exists(characters))
        {
            return CharacterCodec.Load(characters);
        }

        if (File.Exists(Path.Combine(folder, ByteCodec.FileName)))
        {
            return new ByteCodec();
        }

        string? published = Published.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        throw new TextException(published is null
            ? $"{folder}: no tokenizer, expected {CharacterCodec.FileName} or {ByteCodec.FileName}; --ids takes token ids instead of a text"
            : $"{published}: tokenizers of this kind are not supported yet, expected {CharacterCodec.FileName} or {ByteCodec.FileName}; "
                + "--ids takes token ids instead of a text");
    }
}
