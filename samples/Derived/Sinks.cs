using Dsl;
using Zoo.Decoders;
using C = Derived.SinksConfig;

namespace Derived;

/// <summary>LLaMA whose queries see a window of keys and the first few tokens (attention sinks: Xiao et al. 2023, arXiv 2309.17453).</summary>
[Extend<LlamaConfig>]
public sealed partial record SinksConfig([Key("sliding_window")] int Window = 512, [Key("sinks")] int Sinks = 4);

[Block<C>, Derive<LlamaBlock>, Set("self_attn", "Mask", nameof(Seen))]
public sealed partial class SinksBlock
{
    [Mask] static bool Seen(int query, int key, C c) => key <= query && (query - key < c.Window || key < c.Sinks);
}

[Model<C>("SinksForCausalLM"), Derive<Llama>]
[Replace("model.layers"), Repeat<SinksBlock>("model.layers", nameof(C.Layers))]
public sealed partial class Sinks;
