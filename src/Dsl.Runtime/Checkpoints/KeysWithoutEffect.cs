using System;
using System.Collections.Generic;
using System.IO.Enumeration;

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
            "license"]),
        ("which model it is: the caller has chosen by them before the config is bound", ["architectures", "model_type", "is_encoder_decoder",
            "is_composition"]),
        ("the type of stored or computed numbers: files say their own, the caller chooses the other", ["dtype", "torch_dtype", "use_bfloat16", "torchscript"]),
        ("what a call returns, not what it computes", ["output_attentions", "output_hidden_states", "return_dict", "use_cache", "output_past",
            "use_return_dict"]),
        ("how one result is scheduled: kernels, chunks and recomputation", ["_attn_implementation*", "attn_implementation", "chunk_size_feed_forward",
            "gradient_checkpointing", "pretraining_tp"]),
        ("ids of special tokens: text and generation", ["*_token_id", "*_token_ids", "bad_words_ids", "suppress_tokens", "begin_suppress_tokens"]),
        ("names of classes; their number is asked for where a head has it", ["id2label", "label2id"]),
        ("names the objective, which the caller chooses", ["problem_type"]),
        ("first values of weights, replaced by loading", ["initializer_range", "initializer_factor", "initializer_cutoff_factor", "init_std"]),
        ("a summary head that no published checkpoint holds", ["summary_*"]),
        ("how text is made into tokens", ["tokenizer_class", "prefix", "task_specific_params"]),
        ("how tokens are chosen in generation", ["do_sample", "temperature", "top_k", "top_p", "typical_p", "min_length", "max_length", "num_beams",
            "num_beam_groups", "diversity_penalty", "length_penalty", "repetition_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size",
            "num_return_sequences", "early_stopping", "remove_invalid_values", "exponential_decay_length_penalty", "output_scores", "return_dict_in_generate"]),
    ];

    /// <summary>Keys that have no effect as long as they hold the one value that they hold in nearly all files, with the reason.</summary>
    public static IReadOnlyList<(string Key, string Value, string Reason)> AtOneValue { get; } =
    [
        ("is_decoder", "false", "true makes an encoder causal"),
        ("add_cross_attention", "false", "true adds weights"),
        ("tie_encoder_decoder", "false", "true ties two stacks"),
    ];

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
