using Dsl;
using C = Zoo.Encoders.ElectraJointConfig;

namespace Zoo.Encoders;

/// <summary>ELECTRA's discriminator with the generator it is trained with; the generator's sizes stand under keys of their own.</summary>
[ModelType("electra"), Extend<BertConfig>]
public sealed partial record ElectraJointConfig(
    [Key("embedding_size"), Range(1)] int EmbeddingWidth,
    [Key("generator_hidden_size"), Range(1)] int GeneratorHidden,
    [Key("generator_num_hidden_layers"), Range(1)] int GeneratorLayers,
    [Key("generator_num_attention_heads"), Range(1)] int GeneratorHeads,
    [Key("generator_intermediate_size"), Range(1)] int GeneratorFeedForward)
{
    public int GeneratorHeadDim => GeneratorHidden / GeneratorHeads;
    public bool Projects => EmbeddingWidth != Hidden;
    public bool GeneratorProjects => EmbeddingWidth != GeneratorHidden;

    [Small("electra", Layout = "bert")]
    public static ElectraJointConfig Sized(SmallSize size) => new(64, 64, 2, 2, 256)
    {
        Vocab = size.Vocab,
        Hidden = size.Width,
        Layers = 2,
        Heads = 4,
        FeedForward = size.Inner ?? 4 * size.Width,
        Act = Activation.Gelu,
        Context = size.Context,
        Drop = 0,
        AttentionDrop = 0,
        Pad = size.Pad,
        Deviation = SmallSize.Deviation,
    };
}

/// <summary>Words, positions, types and their norm, which both parts share; what widens them is each part's own.</summary>
[Block<C>, Derive<BertEmbeddings>]
public sealed partial class ElectraSharedEmbeddings;

[Block<C>, Defaults(Eps = nameof(C.Eps), Bias = true, Dropout = nameof(C.AttentionDrop),
    Heads = nameof(C.GeneratorHeads), HeadDim = nameof(C.GeneratorHeadDim))]
[Residual, Attention("attention.{self.query,self.key,self.value,output.dense}"), Dropout(nameof(C.Drop))]
[LayerNorm("attention.output.LayerNorm"), As("attended")]
[Residual, Linear("intermediate.dense", nameof(C.GeneratorFeedForward)), Activate(nameof(C.Act)), Linear("output.dense"), Dropout(nameof(C.Drop))]
[LayerNorm("output.LayerNorm")]
public sealed partial class ElectraGeneratorBlock;

/// <summary>
/// Both parts over one set of embeddings. The generator reads masked ids; the discriminator reads ids with the generator's samples written into them.
/// </summary>
[Model<C>("ElectraForJointPreTraining"), TrainedBy("rtd"), Defaults(Eps = nameof(C.Eps), Bias = true, Deviation = nameof(C.Deviation))]
[Input("input_ids", "b t", Mask = "attention_mask"), Input("corrupted_input_ids", "b t"), Input("token_type_ids", "b t", Optional = true)]
[From("input_ids"), Use<ElectraSharedEmbeddings>("electra.embeddings")]
[When(nameof(C.GeneratorProjects)), Linear("generator.embeddings_project", nameof(C.GeneratorHidden))]
[Repeat<ElectraGeneratorBlock>("generator.encoder.layer", nameof(C.GeneratorLayers))]
[Linear("generator_predictions.dense", nameof(C.EmbeddingWidth)), Activate(Activation.Gelu), LayerNorm("generator_predictions.LayerNorm")]
[Head("generator_lm_head", TiedTo = "electra.embeddings.word_embeddings", Tied = nameof(C.Tied), BiasWeight = "generator_lm_head.bias"),
    Output("generator_logits")]
[From("corrupted_input_ids"), Use<ElectraSharedEmbeddings>("electra.embeddings", Shared = true)]
[When(nameof(C.Projects)), Linear("electra.embeddings_project", nameof(C.Hidden))]
[Repeat<BertBlock>("electra.encoder.layer", nameof(C.Layers)), Output("hidden")]
[Linear("discriminator_predictions.dense", nameof(C.Hidden)), Activate(nameof(C.Act)), Linear("discriminator_predictions.dense_prediction", 1),
    Rearrange("b t 1 -> b t"), Output("discriminator_logits")]
[Ignore("*.position_ids")]
public sealed partial class ElectraForJointPreTraining;
