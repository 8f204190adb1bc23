using System;
using System.Collections.Generic;
using System.IO.Enumeration;
using System.Linq;
using System.Text;

namespace Dsl.Runtime;

/// <summary>
/// Keys of published configs that cannot change what a model computes, at any depth. All others must be asked for by the model's configuration, or be
/// declared by it as without effect; <see cref="ConfigReader.Finish"/> refuses what is left.
/// </summary>
public static class KeysWithoutEffect
{
    /// <summary>Patterns (<c>*</c> for any run of characters) by the reason why they have no effect.</summary>
    public static IReadOnlyList<(string Reason, string[] Patterns)> Groups { get; } =
    [
        ("where the model comes from", ["_name_or_path", "name_or_path", "_commit_hash", "transformers_version", "*_version", "auto_map", "finetuning_task",
            "license", "tags", "base_model", "base_model_name_or_path", "language", "languages", "name", "revision", "*_commit_hash"]),
        ("which model it is: the caller has chosen by them before the config is bound", ["architectures", "model_type", "is_encoder_decoder",
            "is_composition"]),
        ("the type of stored or computed numbers: files say their own, the caller chooses the other", ["dtype", "torch_dtype", "use_bfloat16", "torchscript"]),
        ("what a call returns, not what it computes", ["output_attentions", "output_hidden_states", "return_dict", "use_cache", "output_past",
            "use_return_dict"]),
        ("how one result is scheduled: kernels, chunks and recomputation", ["_attn_implementation*", "attn_implementation", "chunk_size_feed_forward",
            "gradient_checkpointing", "pretraining_tp", "*flash_attn*", "*flash_attention*", "use_xformers", "use_sdpa*", "sequence_parallel*",
            "*use_cache*", "*_recompute*", "*_checkpointing*"]),
        ("numbers about what was trained on, and limits of tokenizers", ["max_sequence_length", "max_seq_length", "max_seq_len", "model_max_length",
            "seq_length",
            "word_embedding_dimension", "tokenizer_*", "unsloth_*", "training_*", "trainer_*", "*_learning_rate", "batch_size", "*_batch_size",
            "gradient_accumulation_steps", "num_train_epochs", "*warmup_steps", "save_step*", "logging_steps", "weight_decay", "max_grad_norm", "seed",
            "neftune_*", "low_rank_training", "generator_size"]),
        ("what another library does with the result: a head of its own, or none", ["sentence_transformers", "sbert_*"]),
        ("a pooler of the first published code, which nothing reads", ["directionality", "pooler_fc_size", "pooler_num_attention_heads",
            "pooler_num_fc_layers", "pooler_size_per_head", "pooler_type"]),
        ("ids of special tokens: text and generation", ["*_token_id", "*_token_ids", "*_token", "forced_decoder_ids", "bad_words_ids", "suppress_tokens",
            "begin_suppress_tokens"]),
        ("names of classes; their number is asked for where a head has it", ["id2label", "label2id", "num_labels", "_num_labels"]),
        ("names the objective, which the caller chooses", ["problem_type"]),
        ("first values of weights, replaced by loading", ["initializer_range", "initializer_factor", "initializer_cutoff_factor", "init_std", "initializer_*"]),
        ("a summary head that no published checkpoint holds", ["summary_*"]),
        ("how text is made into tokens", ["tokenizer_class", "prefix", "task_specific_params"]),
        ("how tokens are chosen in generation", ["do_sample", "temperature", "top_k", "top_p", "typical_p", "min_length", "max_length", "num_beams",
            "num_beam_groups", "diversity_penalty", "length_penalty", "repetition_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size",
            "num_return_sequences", "early_stopping", "assistant_*", "token_healing", "penalty_alpha", "guidance_scale", "low_memory", "renormalize_logits",
            "watermarking_config",
            "remove_invalid_values", "exponential_decay_length_penalty", "output_scores", "return_dict_in_generate"]),
    ];

    /// <summary>Keys that have no effect as long as they hold the one value that they hold in nearly all files, with the reason.</summary>
    public static IReadOnlyList<(string Key, string Value, string Reason)> AtOneValue { get; } =
    [
        ("is_decoder", "false", "true makes an encoder causal"),
        ("add_cross_attention", "false", "true adds weights"),
        ("tie_encoder_decoder", "false", "true ties two stacks"),
    ];

    /// <summary>
    /// Words of the arithmetic: a key that nobody knows and that has one of them among its words (between underscores, or as a whole after a digit) could
    /// change a result, so that it is an error. Any other one (<c>unsloth_fixed</c>, <c>language</c>) is a note of whoever wrote the file.
    /// </summary>
    public static IReadOnlyList<string> WordsThatMatter { get; } =
    [
        "act", "activation", "adapter", "alibi", "alpha", "attention", "attn", "beta", "bias", "block", "bucket", "buckets", "cap", "capping", "causal", "clip",
        "conv", "cross", "decay", "dim", "dims", "dimension", "divisor", "embed", "embedding", "embeddings", "eps", "epsilon", "expand", "expert", "experts",
        "factor", "ffn", "fn", "freq", "func", "function", "gate", "gated", "group", "groups", "head", "heads", "hidden", "inner", "intermediate", "kernel",
        "kv",
        "lambda", "layer", "layernorm", "layers", "linear", "local", "logit", "logits", "lora", "mask", "mlp", "moe", "multiplier", "norm", "normalization",
        "normalize", "offset", "order", "parallel", "pattern", "pool", "pooler", "pooling", "position", "positional", "positions", "prenorm", "proj",
        "projection", "quantization", "quantized", "query", "rank", "ratio", "recurrent", "relative", "residual", "rms", "rope", "rotary", "router", "scalar",
        "scale", "scaled", "scaling", "shared", "shift", "size", "sliding", "softcap", "softcapping", "softmax", "sparse", "sparsity", "ssm", "state", "step",
        "stride", "temperature", "theta", "tie", "tied", "transform", "width", "window", "yarn",
    ];

    /// <summary>Whether a key that nobody knows could change a result, by the words that it is made of.</summary>
    internal static bool CouldMatter(string key)
    {
        // "hiddenSize", "hidden_size" and "hidden-size2" are made of the same two words.
        var word = new StringBuilder();
        for (int i = 0; i <= key.Length; i++)
        {
            bool letter = i < key.Length && char.IsLetter(key[i]);
            if (!letter || (i > 0 && char.IsUpper(key[i]) && char.IsLower(key[i - 1])))
            {
                if (WordsThatMatter.Contains(word.ToString()))
                    return true;
                word.Clear();
            }
            if (letter)
                word.Append(char.ToLowerInvariant(key[i]));
        }
        return false;
    }

    internal static bool Contains(string key)
    {
        foreach (var (_, patterns) in Groups)
            foreach (string pattern in patterns)
                if (FileSystemName.MatchesSimpleExpression(pattern, key, ignoreCase: false))
                    return true;
        return false;
    }

    internal static string? OnlyValue(string key)
    {
        foreach (var (name, value, _) in AtOneValue)
            if (name == key)
                return value;
        return null;
    }
}
