using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Text;
using Dsl.Text.Tokenizers;

namespace Dsl.Generation;

/// <summary>How a row's token vectors become one.</summary>
public enum SentencePooling
{
    /// <summary>The mean of the real tokens, special ones included.</summary>
    Mean,

    /// <summary>The first token.</summary>
    First,

    /// <summary>The largest value of each channel among the real tokens.</summary>
    Max,
}

/// <summary>What a sentence-transformers folder says beside the model: modules.json, the pooling's config.json, sentence_bert_config.json.</summary>
/// <param name="Pooling">The mean where no file says otherwise.</param>
/// <param name="Normalize">Embeddings have length 1.</param>
/// <param name="MaxLength">Longer texts are cut to so many tokens; null: to the model's context.</param>
/// <param name="Lowercase">Texts are lower-cased before the tokenizer sees them.</param>
public sealed record SentenceFiles(SentencePooling Pooling = SentencePooling.Mean, bool Normalize = false, int? MaxLength = null, bool Lowercase = false)
{
    /// <summary>Reads a folder; the plain mean where it has none of these files.</summary>
    /// <exception cref="TextException">They ask for what is not done here; the message names the file and what is.</exception>
    public static SentenceFiles Read(string folder)
    {
        var found = new SentenceFiles();
        string modules = Path.Combine(folder, "modules.json");
        if (File.Exists(modules))
        {
            JsonField[] list = [.. JsonField.ReadList(JsonField.ReadBytes(modules), modules)];
            string[] kinds = Array.ConvertAll(list, module => module["type"].Text().Split('.')[^1]);
            for (int i = 0; i < list.Length; i++)
            {
                found = kinds[i] switch
                {
                    "Transformer" when i == 0 => found,
                    "Pooling" when i == 1 => found with { Pooling = ReadPooling(Inside(folder, list[i]["path"], modules)) },
                    "Normalize" when i == 2 => found with { Normalize = true },
                    _ => throw list[i]["type"].Error($"'{kinds[i]}' at place {i}", "Transformer, Pooling and perhaps Normalize, in this order"),
                };
            }
        }

        string transformer = Path.Combine(folder, "sentence_bert_config.json");
        if (!File.Exists(transformer))
        {
            return found;
        }

        JsonField json = JsonField.Read(JsonField.ReadBytes(transformer), transformer);
        int? most = json.Optional("max_seq_length")?.Int();
        return most is < 1 ? throw json["max_seq_length"].Error($"{most}", "1 or more")
            : found with { MaxLength = most, Lowercase = json.Flag("do_lower_case", false) };
    }

    private static SentencePooling ReadPooling(string path)
    {
        JsonField json = JsonField.Read(JsonField.ReadBytes(path), path);
        string[] on = [.. json.Members().Where(member => member.Name.StartsWith("pooling_mode_", StringComparison.Ordinal) && member.Value.Flag())
            .Select(member => member.Name)];
        return on is [{ } mode] ? mode switch
        {
            "pooling_mode_mean_tokens" => SentencePooling.Mean,
            "pooling_mode_cls_token" => SentencePooling.First,
            "pooling_mode_max_tokens" => SentencePooling.Max,
            _ => throw json.Unknown(mode, "pooling_mode_mean_tokens", "pooling_mode_cls_token", "pooling_mode_max_tokens"),
        }
        : throw new TextException($"{path}: {on.Length} pooling modes are on, expected one");
    }

    private static string Inside(string folder, JsonField path, string file)
    {
        string root = Path.GetFullPath(folder);
        string inside = Path.GetFullPath(Path.Combine(root, path.Text(), "config.json"));
        if (!inside.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw path.Error($"'{path.Text()}'", "a folder inside the model's");
        }

        return File.Exists(inside) ? inside : throw new TextException($"{inside}: not found, expected it since {Path.GetFileName(file)} names it");
    }
}
