namespace Zoo.Cli.Verification.Formulas;

/// <summary>
/// Published chat formats as templates of the kind that checkpoints hold; what the assistant writes is marked where its format says what is learned.
/// </summary>
internal static class PublishedTemplates
{
    /// <summary>LLaMA 3 (meta-llama/llama3, ChatFormat).</summary>
    internal const string Llama3 = """
        {{- bos_token }}
        {%- for m in messages %}
            {{- '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content | trim + '<|eot_id|>' }}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
        {%- endif %}
        """;

    /// <summary>LLaMA 2 (meta-llama/llama, chat_completion): the user's text is stripped, the system's is not.</summary>
    internal const string Llama2 = """
        {%- if messages[0].role == 'system' %}{% set rest = messages[1:] %}{% set system = messages[0].content %}
        {%- else %}{% set rest = messages %}{% set system = false %}{% endif %}
        {%- for m in rest %}
        {%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}
        {%- if loop.index0 == 0 and system != false %}{% set content = '<<SYS>>\n' + system + '\n<</SYS>>\n\n' + m.content %}
        {%- else %}{% set content = m.content %}{% endif %}
        {%- if m.role == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}
        {%- else %}{{ ' ' + content.strip() + ' ' + eos_token }}
        {%- endif %}
        {%- endfor %}
        """;

    /// <summary>ChatML.</summary>
    internal const string ChatMl =
        "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    /// <summary>Alpaca (tatsu-lab/stanford_alpaca, PROMPT_DICT): one turn, its input in a turn of its own where there is one.</summary>
    internal const string Alpaca = """
        {%- set with_input = messages | length > 1 and messages[1].role == 'input' %}
        {{- 'Below is an instruction that describes a task' }}
        {{- ', paired with an input that provides further context' if with_input else '' }}
        {{- '. Write a response that appropriately completes the request.\n\n### Instruction:\n' + messages[0].content }}
        {{- '\n\n### Input:\n' + messages[1].content if with_input else '' }}
        {{- '\n\n### Response:' }}
        {%- if messages[-1].role == 'assistant' %}
            {%- generation %}{{- messages[-1].content + eos_token }}{% endgeneration %}
        {%- endif %}
        """;

    /// <summary>Vicuna 1.1 (lm-sys/FastChat, conversation.py, preprocess): the space before an answer is its own.</summary>
    internal const string Vicuna = """
        {%- if messages[0].role == 'system' %}{% set rest = messages[1:] %}{% set system = messages[0].content %}
        {%- else %}{% set rest = messages %}
            {%- set system = 'A chat between a curious user and an artificial intelligence assistant. '
                + "The assistant gives helpful, detailed, and polite answers to the user's questions." %}
        {%- endif %}
        {{- system + ' ' }}
        {%- for m in rest %}
            {%- if m.role == 'user' %}{{ 'USER: ' + m.content + ' ASSISTANT:' }}
            {%- else %}{% generation %}{{ ' ' + m.content + eos_token }}{% endgeneration %}
            {%- endif %}
        {%- endfor %}
        """;
}
