using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Files;

namespace Dsl.Text.Tokenizers;

/// <summary>The tokenizer that lies in a checkpoint's folder, whichever published form it has.</summary>
internal static class TokenizerFolder
{
    /// <summary>Files that say a tokenizer is there, in the order in which they are preferred.</summary>
    internal static readonly string[] Forms =
        [TokenizerJson.FileName, "tokenizer.model", "spiece.model", FairseqPieces.FileName, "vocab.json", "vocab.txt"];

    /// <summary>Files that are read beside any of them.</summary>
    private static readonly string[] Beside = [SpecialNames.ConfigFile, SpecialNames.MapFile, TokensBeside.AddedFile, VocabularyFiles.Merges];

    private const string TemplateFile = "chat_template.jinja";

    /// <summary>The tokenizer; null where the folder has none.</summary>
    /// <exception cref="TextException">It cannot be read; the message names file, place and what was expected.</exception>
    internal static ITokenizer? Open(string folder) =>
        Forms.FirstOrDefault(name => File.Exists(Path.Combine(folder, name))) is { } form ? Open(folder, form) : null;

    /// <summary>The tokenizer in one of its forms, where a folder has several.</summary>
    internal static ITokenizer Open(string folder, string form)
    {
        List<(string Name, byte[] Bytes)> files = [(form, JsonField.ReadBytes(Path.Combine(folder, form)))];
        IEnumerable<string> beside = form == FairseqPieces.FileName ? Beside.Append(FairseqPieces.ModelConfig) : Beside;
        files.AddRange(beside.Where(name => File.Exists(Path.Combine(folder, name))).Select(name => (name, JsonField.ReadBytes(Path.Combine(folder, name)))));
        ITokenizer tokenizer = Read(files, Path.Combine(folder, form));
        (tokenizer as PieceTokenizer)?.Carry(Others(folder, files.Select(read => read.Name).ToHashSet()));
        return tokenizer;
    }

    /// <summary>What stands in a folder beside what was read: the same tokenizer in other forms, and its template.</summary>
    private static IEnumerable<(string Name, byte[] Bytes)> Others(string folder, IReadOnlySet<string> read) =>
        from name in Forms.Append(TemplateFile)
        where !read.Contains(name) && File.Exists(Path.Combine(folder, name))
        let bytes = Whole(Path.Combine(folder, name))
        where bytes is not null && ForeignFile.Of(bytes) == ForeignKind.None
        select (name, bytes);

    /// <summary>The bytes of a file that nothing here needs; null where it cannot be read.</summary>
    private static byte[]? Whole(string path)
    {
        try
        {
            return JsonField.ReadBytes(path);
        }
        catch (TextException)
        {
            return null;
        }
    }

    /// <param name="files">The form's file first, then what is read beside it.</param>
    /// <param name="file">What messages call the first.</param>
    /// <exception cref="TextException">One sentence: the file, the place, what was expected.</exception>
    internal static ITokenizer Read(IReadOnlyList<(string Name, byte[] Bytes)> files, string file)
    {
        foreach ((string name, byte[] bytes) in files)
        {
            ForeignFiles.Refuse(bytes, name == files[0].Name ? file : Path.Combine(Path.GetDirectoryName(file) ?? "", name));
        }

        return files[0].Name switch
        {
            TokenizerJson.FileName => TokenizerJson.Read(files, file),
            "vocab.json" => VocabularyFiles.ReadBytePairs(files, file),
            "vocab.txt" => VocabularyFiles.ReadWordPieces(files, file),
            _ => TiktokenReader.Matches(files[0].Bytes) ? TiktokenReader.Read(files, file) : SentencePieceReader.Read(files, file),
        };
    }
}
