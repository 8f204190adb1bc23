using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text;

/// <summary>Which special tokens a trained vocabulary has, and what stands around a text.</summary>
/// <param name="Name">How commands call it.</param>
/// <param name="First">Special tokens with the first ids.</param>
/// <param name="Last">Special tokens with the last ids.</param>
/// <param name="Single">What stands around a text A: tokens, each with its type.</param>
/// <param name="Pair">What stands around two texts A and B.</param>
/// <param name="Purposes">Which token is for what, under the names of tokenizer_config.json.</param>
public sealed record VocabularyLayout(
    string Name, IReadOnlyList<string> First, IReadOnlyList<string> Last, string Single, string Pair, IReadOnlyDictionary<string, string> Purposes)
{
    /// <summary>Vocabularies of this kind are learned as WordPiece; otherwise as pairs of bytes.</summary>
    public bool WordPiece { get; init; }

    /// <summary>GPT-2's: one token that ends a text; nothing is added to it.</summary>
    public static VocabularyLayout Gpt { get; } = new("gpt", [], ["<|endoftext|>"], "A:0", "A:0 B:1", new Dictionary<string, string>
    {
        ["bos_token"] = "<|endoftext|>",
        ["eos_token"] = "<|endoftext|>",
    });

    /// <summary>BERT's: [CLS] A [SEP] B [SEP], the second with type 1.</summary>
    public static VocabularyLayout Bert { get; } = new(
        "bert", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], [], "[CLS]:0 A:0 [SEP]:0", "[CLS]:0 A:0 [SEP]:0 B:1 [SEP]:1", new Dictionary<string, string>
        {
            ["pad_token"] = "[PAD]",
            ["unk_token"] = "[UNK]",
            ["cls_token"] = "[CLS]",
            ["sep_token"] = "[SEP]",
            ["mask_token"] = "[MASK]",
        })
    {
        WordPiece = true,
    };

    /// <summary>RoBERTa's and BART's: &lt;s&gt; A &lt;/s&gt;&lt;/s&gt; B &lt;/s&gt;, all of type 0.</summary>
    public static VocabularyLayout Roberta { get; } = new(
        "roberta", ["<s>", "<pad>", "</s>", "<unk>"], ["<mask>"], "<s>:0 A:0 </s>:0", "<s>:0 A:0 </s>:0 </s>:0 B:0 </s>:0", new Dictionary<string, string>
        {
            ["pad_token"] = "<pad>",
            ["unk_token"] = "<unk>",
            ["cls_token"] = "<s>",
            ["sep_token"] = "</s>",
            ["mask_token"] = "<mask>",
            ["bos_token"] = "<s>",
            ["eos_token"] = "</s>",
        });

    /// <summary>T5's: A &lt;/s&gt;, and a hundred sentinels at the end of the vocabulary, the first of them last.</summary>
    public static VocabularyLayout T5 { get; } = new(
        "t5", ["<pad>", "</s>", "<unk>"], [.. Enumerable.Range(0, 100).Reverse().Select(k => $"<extra_id_{k}>")], "A:0 </s>:0", "A:0 </s>:0 B:0 </s>:0",
        new Dictionary<string, string> { ["pad_token"] = "<pad>", ["unk_token"] = "<unk>", ["eos_token"] = "</s>" });

    /// <summary>All of them.</summary>
    public static IReadOnlyList<VocabularyLayout> All { get; } = [Gpt, Bert, Roberta, T5];

    /// <summary>The layout with a token for each language, after the end token of every text: the first language's unless a text says otherwise.</summary>
    public VocabularyLayout Speaking(IReadOnlyList<string> languages)
    {
        string end = Purposes["eos_token"];
        return this with
        {
            Name = $"{Name} {string.Join(' ', languages)}",
            Last = [.. languages, .. Last],
            Single = $"A:0 {end}:0 {languages[0]}:0",
            Pair = $"A:0 B:0 {end}:0 {languages[0]}:0",
        };
    }
}
