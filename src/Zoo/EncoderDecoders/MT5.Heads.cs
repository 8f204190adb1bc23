using Dsl;
using C = Zoo.EncoderDecoders.MT5Config;

namespace Zoo.EncoderDecoders;

/// <summary>The encoder alone.</summary>
[Model<C>("MT5EncoderModel"), Derive<T5EncoderModel>]
public sealed partial class MT5EncoderModel;

/// <summary>Both stacks without a head.</summary>
[Model<C>("MT5Model"), Derive<T5Model>]
public sealed partial class MT5Model;
