namespace Dsl.Fuzz.Tree;

/// <summary>A layer written by hand, which a program may use beside its blocks: a map of the sum of all real tokens so far.</summary>
internal static class OwnLayer
{
    public const string Name = "ByHand";

    /// <summary>Its class, for a file with the printer's usings.</summary>
    public const string Text = """
        [Layer<C>]
        public sealed class ByHand(Product map) : IOwnLayer<ByHand, C>, ISteppingLayer
        {
            public static ByHand Create(C config, Weights weights, long width) => new(weights.Product("map", width, width, bias: true));

            public TorchSharp.torch.Tensor Forward(TorchSharp.torch.Tensor x, Pass pass) => Run(x, pass, null);

            public TorchSharp.torch.Tensor Advance(TorchSharp.torch.Tensor x, Pass pass, IStatePart state) => Run(x, pass, (Total)state);

            public IStatePart NewState() => new Total();

            private TorchSharp.torch.Tensor Run(TorchSharp.torch.Tensor x, Pass pass, Total? kept)
            {
                using var scope = TorchSharp.torch.NewDisposeScope();
                var real = pass.RealTokens().unsqueeze(-1).to(x.dtype);
                return map.Apply(Total.After(kept, x * real)).MoveToOuterDisposeScope();
            }
        }

        internal sealed class Total : IStatePart
        {
            private TorchSharp.torch.Tensor? value;

            public long Bytes => value is null ? 0 : value.NumberOfElements * 8;

            public static TorchSharp.torch.Tensor After(Total? kept, TorchSharp.torch.Tensor x)
            {
                var own = x.cumsum(1);
                var all = kept?.value is null ? own : own.Plus(kept.value);
                kept?.Become(all.narrow(1, all.shape[1] - 1, 1).clone());
                return all;
            }

            public void Select(TorchSharp.torch.Tensor rows) => Become(value?.index_select(0, rows));
            public void CopyFrom(IStatePart other) => Become(((Total)other).value?.clone());
            public void CheckTruncate(Timeline timeline, int slots) => throw new InvalidOperationException("A sum cannot be taken back.");
            public void Truncate(int slots) => throw new InvalidOperationException("A sum cannot be taken back.");
            public void Reset() => Become(null);
            public void Dispose() => Become(null);

            private void Become(TorchSharp.torch.Tensor? other)
            {
                value?.Dispose();
                value = other?.DetachFromDisposeScope();
            }
        }


        """;
}
