using System.IO;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dsl.Files;
using Dsl.Text.Tokenizers;

namespace Dsl.Text;

/// <summary>Vocabularies that get a token that they lack.</summary>
public static class GrownTokenizer
{
    private static readonly JsonSerializerOptions readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A vocabulary with a padding token behind its last id, as its files then say it; one that has such a token is returned as it is.</summary>
    /// <param name="tokenizer">Stays as it is.</param>
    /// <param name="pad">How it is spelled.</param>
    /// <exception cref="TextException">Its files cannot be written or read back.</exception>
    public static ITokenizer WithPad(ITokenizer tokenizer, string pad = "[PAD]")
    {
        if (tokenizer.Special.Pad is not null)
        {
            return tokenizer;
        }

        DirectoryInfo folder = Directory.CreateTempSubdirectory("dsl-tokens-");
        try
        {
            tokenizer.Save(folder.FullName);
            string path = Path.Combine(folder.FullName, SpecialNames.ConfigFile);
            JsonObject config = File.Exists(path)
                ? JsonNode.Parse(UserFile.ReadText(path, UserFile.MostOfText, TextException.Of))?.AsObject() ?? [] : [];
            config["pad_token"] = pad;
            AtomicFiles.WriteText(path, config.ToJsonString(readable) + "\n", TextException.Of);
            return TextCodecs.OpenTokenizer(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
