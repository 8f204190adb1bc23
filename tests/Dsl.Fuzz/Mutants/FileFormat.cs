using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Text;
using Dsl.Text.Templates;
using Dsl.Training;
using TorchSharp;

namespace Dsl.Fuzz.Mutants;

/// <summary>A kind of file that comes from outside: files that are right, and what reads them.</summary>
/// <param name="Name">How the command calls it.</param>
/// <param name="Valid">Files that are read without a word.</param>
/// <param name="Read">Reads one, and works with what it read.</param>
/// <param name="Documented">Exceptions that say what is wrong with a file.</param>
internal sealed record FileFormat(string Name, IReadOnlyList<byte[]> Valid, Action<byte[]> Read, params Type[] Documented)
{
    private const string Sentence = "In the beginning God created the heaven and the earth, 1,234 \u00E9\U0001F600 <s>[MASK]\n";

    /// <summary>All formats; they write into one folder, a mutant after another.</summary>
    internal static IReadOnlyList<FileFormat> All(string folder)
    {
        string goldens = GoldenFolder.InRepository();
        byte[] Golden(string name, string file) => File.ReadAllBytes(Path.Combine(goldens, name, file));
        FileFormat Tokenizer(string name, string file, IReadOnlyList<byte[]> valid, params (string Name, byte[] Bytes)[] beside) => new(
            name,
            valid,
            bytes =>
            {
                string own = Fresh(folder, [(file, bytes), .. beside.Where(entry => entry.Name != file)]);
                ITextCodec codec = TextCodecs.Open(own);
                codec.Decode(codec.Encode(Sentence));
                (codec as ITokenizer)?.Encode(Sentence, "a pair");
            },
            typeof(TextException));

        // Small models that stay for all mutants of a format.
        var adapted = new Lazy<IModel>(() => global::Zoo.Models.Load(Path.Combine(goldens, "lora_llama", "base")));
        FileFormat Adapter(string name, string file, string other) => new(
            name,
            [Golden("lora_llama/adapter", file)],
            bytes =>
            {
                string own = Fresh(folder, [(file, bytes), (other, Golden("lora_llama/adapter", other))]);
                try
                {
                    Adapters.Load(adapted.Value, own);
                }
                finally
                {
                    foreach (Adapter added in Adapters.All(adapted.Value).ToList())
                    {
                        Adapters.Remove(adapted.Value, added.Name);
                    }
                }
            },
            typeof(ConfigException), typeof(CheckpointException));
        (string, byte[])[] gpt = [("vocab.json", Golden("tokenizer_gpt2", "vocab.json")), ("merges.txt", Golden("tokenizer_gpt2", "merges.txt"))];
        byte[] words = Golden("tokenizer_bert", "vocab.txt");
        return
        [
            Tokenizer("merges.txt", "merges.txt", [gpt[1].Item2], gpt),
            Tokenizer("vocab.json", "vocab.json", [gpt[0].Item2], gpt),
            Tokenizer("vocab.txt", "vocab.txt", [words]),
            Tokenizer(
                "tokenizer.json", "tokenizer.json",
                [
                    .. new[] { "tokenizer_llama", "tokenizer_bert", "tokenizer_roberta" }.Select(name => Golden(name, "tokenizer.json")),
                    SmallJson.UnigramTokenizer,
                ]),
            Tokenizer("tokenizer.model", "tokenizer.model", [Golden("tokenizer_llama", "tokenizer.model"), Golden("tokenizer_t5", "spiece.model")]),
            Tokenizer("tiktoken", "tokenizer.model", [Golden("tokenizer_llama3", "tokenizer.model")]),
            Tokenizer("tokenizer_config.json", "tokenizer_config.json", [SmallJson.TokenizerConfig], ("vocab.txt", words)),
            Tokenizer("special_tokens_map.json", "special_tokens_map.json", [SmallJson.SpecialTokensMap], ("vocab.txt", words)),
            Tokenizer("added_tokens.json", "added_tokens.json", ["""{"<a>": 2000, "<b>": 2001}"""u8.ToArray()], ("vocab.txt", words)),
            Tokenizer("characters.json", "characters.json", [SmallJson.Characters(Sentence)]),
            new FileFormat("chat template", [.. SmallJson.Templates.Select(Encoding.UTF8.GetBytes)], Render, typeof(TextException)),
            new FileFormat(
                "config.json",
                [.. new[] { "gpt2", "llama3", "bert", "t5", "mamba" }.Select(name => Golden(name, "config.json"))],
                bytes =>
                {
                    using IModel model = global::Zoo.Models.Create(
                        ConfigReader.Parse(Encoding.UTF8.GetString(bytes), "config.json"), torch.ScalarType.Float32, torch.META);
                },
                typeof(ConfigException)),
            new FileFormat(
                "training.json",
                [SmallJson.Training],
                bytes => TrainingCheckpoint.TryOpen(Fresh(folder, [("training.json", bytes), .. SmallJson.BesideTraining]))?.Verify(),
                typeof(CheckpointException)),
            new FileFormat(
                "safetensors",
                [Golden("minilm", "io.safetensors"), Golden("sampling", "io.safetensors")],
                bytes =>
                {
                    using var checkpoint = Checkpoint.Open(Path.Combine(Fresh(folder, [("model.safetensors", bytes)]), "model.safetensors"));
                },
                typeof(CheckpointException)),
            Adapter("adapter_config.json", "adapter_config.json", "adapter_model.safetensors"),
            Adapter("adapter_model.safetensors", "adapter_model.safetensors", "adapter_config.json"),
        ];
    }

    private static void Render(byte[] bytes)
    {
        ChatTurn[] turns = [new("system", "Be brief."), new("user", " Hi! "), new("assistant", "Hello \U0001F600."), new("user", "Bye?")];
        ChatTemplate.Parse(Encoding.UTF8.GetString(bytes)).Render(turns, names: new Dictionary<string, string> { ["bos_token"] = "<s>" });
    }

    private static string Fresh(string folder, IEnumerable<(string Name, byte[] Bytes)> files)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.CreateDirectory(folder);
        foreach ((string name, byte[] bytes) in files)
        {
            File.WriteAllBytes(Path.Combine(folder, name), bytes);
        }

        return folder;
    }
}
