using System;
using System.Collections.Generic;
using System.IO.Enumeration;
using System.Linq;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// The table of all weights of a model, in the order of their declaration, and a cursor into it: keys are relative to the cursor's own key, and one that
/// begins with <c>/</c> starts at the root. On the meta device nothing is ever allocated, so that the largest model can be counted.
/// </summary>
public sealed class Weights
{
    private readonly Weights? parent;
    private readonly bool shared;
    private readonly List<Weight> own = [];
    private readonly HashSet<Weight> known = [];
    private double? deviation;

    /// <summary>An empty table.</summary>
    /// <param name="dtype">Of every floating-point weight.</param>
    /// <param name="device">Null is the CPU; <c>torch.META</c> allocates nothing.</param>
    /// <param name="initialize">False leaves new storage as it is, for a checkpoint to fill.</param>
    public Weights(ScalarType dtype = ScalarType.Float32, Device? device = null, bool initialize = true)
    {
        Table = new WeightTable(dtype, device, initialize);
        Key = "";
    }

    private Weights(WeightTable table)
    {
        Table = table;
        Key = "";
    }

    private Weights(Weights parent, string key, bool shared)
    {
        this.parent = parent;
        this.shared = shared;
        Table = parent.Table;
        Key = key;
    }

    /// <summary>
    /// A table of keys and shapes alone: nothing is allocated, and the tensor library is not even loaded until a weight's value is asked for.
    /// </summary>
    internal static Weights Outline() => new(new WeightTable(ScalarType.Float32, null, initialize: false) { IsOutline = true });

    /// <summary>The cursor's own key; empty at the root.</summary>
    public string Key { get; }

    /// <summary>The dtype of floating-point weights.</summary>
    public ScalarType Dtype => Table.Dtype;

    /// <summary>
    /// Standard deviation of the normal distribution that products, embeddings and parameters declared from now on begin with, through this cursor and those
    /// below it, unless they are told otherwise: the cursor's own, else that of the one above, else 0.02.
    /// </summary>
    public double Deviation
    {
        get => deviation ?? parent?.Deviation ?? 0.02;
        set => deviation = value;
    }

    /// <summary>Where the weights live.</summary>
    public Device Device => Table.Device;

    /// <summary>The weights declared through this cursor and those below it, in order, each once.</summary>
    public IReadOnlyList<Weight> All => own;

    /// <summary>How many numbers these weights hold, shared ones counted once.</summary>
    public long Count => own.Where(weight => !weight.IsBuffer).Sum(weight => weight.Count);

    /// <summary>How many positions the shortest learned table of positions has rows for; null where there is none: then a text may be of any length.</summary>
    public long? Positions => Table.Positions;

    /// <summary>
    /// Activation checkpointing, of the whole model: where gradients are recorded, a layer of <c>Repeat</c> keeps what it read alone and is run again on the
    /// way back (<see href="https://arxiv.org/abs/1604.06174">Chen et al.</see>). Memory is that of one layer beside what layers read, time a third more,
    /// results and gradients are the same to the bit; dropout draws the same numbers again. On other devices than the CPU it draws others than without this.
    /// </summary>
    /// <remarks>
    /// A layer that reads a value with a gradient beside the one before (an encoder's result, a shared bias) is refused when it is run. Where something else
    /// reads what a layer reads (an output between layers), the parts of that value's gradient are added in another order.
    /// </remarks>
    public bool CheckpointsActivations
    {
        get => Table.CheckpointsActivations;
        set => Table.CheckpointsActivations = value;
    }

    /// <summary>How many layers were run so far without keeping their inner values; 0 tells that a model has none that could be.</summary>
    public long CheckpointedLayers => Table.Checkpointed;

    internal WeightTable Table { get; }

    /// <summary>The cursor at a key below this one (empty: this one's own key; a leading <c>/</c>: from the root).</summary>
    /// <param name="key">The key.</param>
    /// <param name="shared">What is declared through that cursor was declared before: the same weights are meant.</param>
    public Weights At(string key, bool shared = false) => new(this, Absolute(key), shared || this.shared);

    /// <summary>A new weight.</summary>
    /// <exception cref="InvalidOperationException">The key is taken.</exception>
    public Weight Tensor(string key, long[] shape, Initializer? init = null) =>
        shared ? Shared(key, shape) : Own(Table.Declare(Absolute(key), shape, init ?? Initializer.Normal(Deviation)));

    /// <summary>A whole number that belongs to the checkpoint and is not trained: int64, 0 at first.</summary>
    /// <exception cref="InvalidOperationException">The key is taken.</exception>
    public Weight Buffer(string key) =>
        shared ? Shared(key) : Own(Table.Declare(Absolute(key), [], Initializer.Zeros, ScalarType.Int64, isBuffer: true));

    /// <summary>The length of kernels that a transfer function gives, with the read-out that changes with it.</summary>
    /// <param name="nodes">The buffer's key.</param>
    /// <param name="readOut">Axes and weight of the read-out.</param>
    /// <param name="weights">Axes and weights that <paramref name="lengthen"/> reads, by index.</param>
    /// <param name="lengthen">Changes the read-out of one channel.</param>
    public TransferLength TransferLength(string nodes, (string Axes, Weight Weight) readOut, (string Axes, Weight Weight)[] weights, Lengthening lengthen) =>
        new(Table, Buffer(nodes), readOut, weights, lengthen);

    /// <summary>A weight declared before, of that shape.</summary>
    /// <exception cref="InvalidOperationException">No weight has that key, or it has another shape.</exception>
    private Weight Shared(string key, long[] shape)
    {
        Weight weight = Shared(key);
        return weight.Shape.SequenceEqual(shape)
            ? weight
            : throw new InvalidOperationException($"'{weight.Key}' is shared as [{string.Join(", ", shape)}], but it was declared as "
                + $"[{string.Join(", ", weight.Shape)}]: one weight has one shape.");
    }

    /// <summary>A weight declared before.</summary>
    /// <exception cref="InvalidOperationException">No weight has that key.</exception>
    public Weight Shared(string key)
    {
        string absolute = Absolute(key);
        return Own(Table.Find(absolute)
            ?? throw new InvalidOperationException($"'{absolute}' is to be shared, but no weight of that key was declared before."));
    }

    /// <summary>True when a weight of that key was declared.</summary>
    public bool Has(string key) => Table.Find(Absolute(key)) is not null;

    /// <summary>From now on, and for the weights declared already: keys below the cursor that match the glob (<c>*</c> and <c>?</c>) start as
    /// <paramref name="init"/> says.</summary>
    public void Initialize(string glob, Initializer init) => Table.AddRule(Absolute(glob), _ => init);

    /// <summary>The same for what depends on the layer: the first number in a weight's key.</summary>
    /// <exception cref="InvalidOperationException">A key that matches holds no number.</exception>
    public void Initialize(string glob, Func<int, Initializer> init) => Table.AddRule(Absolute(glob), key => init(LayerOf(key)));

    /// <summary>Weights declared so far whose keys match the glob, below the cursor's own key, are not trained: no gradient is computed for them.</summary>
    public void Freeze(string glob)
    {
        foreach (Weight weight in Matching(glob))
        {
            weight.Trainable = false;
        }
    }

    /// <summary>
    /// Weights declared so far whose keys match the glob are never trained, by their declaration: as frozen ones, and a file may leave them out.
    /// </summary>
    public void Fix(string glob)
    {
        Freeze(glob);
        Group(glob, rate: 0);
    }

    /// <summary>
    /// How an optimiser treats the weights declared so far whose keys match the glob: factors on its decay and its rate. A later call counts, also over
    /// <see cref="Fix"/>.
    /// </summary>
    public void Group(string glob, double decay = 1, double rate = 1)
    {
        foreach (Weight weight in Matching(glob))
        {
            if (rate != 0 && weight.RateFactor == 0)
            {
                weight.Trainable = !weight.IsBuffer;
            }

            (weight.DecayFactor, weight.RateFactor) = (decay, rate);
        }
    }

    /// <summary>
    /// Two small matrices beside each of the linear maps declared so far that is meant, every other weight frozen: the adapter <c>default</c> of a
    /// declaration, which is its own in files too.
    /// </summary>
    /// <param name="targets">Ends of keys, or patterns over them.</param>
    /// <param name="rank">Rows of the first, columns of the second.</param>
    /// <param name="alpha">The scale is alpha / rank.</param>
    /// <param name="rankStabilised">The scale is alpha / sqrt(rank).</param>
    /// <param name="dropout">Probability of dropping a number before the first, in training.</param>
    /// <exception cref="ArgumentException">A target means no linear map, or a number makes no sense.</exception>
    public void Adapt(string[] targets, int rank, double alpha, bool rankStabilised = false, double dropout = 0) => Adapters.Make(
        this,
        new AdapterOptions { Targets = targets, Rank = rank, Alpha = alpha, RankStabilised = rankStabilised, Dropout = dropout },
        Adapters.DefaultName,
        new HashSet<Product>(),
        declared: true);

    /// <summary>x W^T + b. Missing names follow from the key: <c>.weight</c> and <c>.bias</c>.</summary>
    /// <param name="key">Of the pair; relative.</param>
    /// <param name="in">Width of what comes in.</param>
    /// <param name="out">Width of what goes out.</param>
    /// <param name="bias">Whether a bias is added.</param>
    /// <param name="stored">The axes as the file stores the weight: <c>out in</c>, <c>in out</c>, or either with axes of size one, written <c>1</c>.</param>
    /// <param name="weightKey">The weight's own key, where it doesn't follow from <paramref name="key"/>.</param>
    /// <param name="biasKey">The bias's own key.</param>
    /// <param name="init">Of the weight; the bias starts at zero.</param>
    /// <param name="shared">The weight (and bias) were declared before.</param>
    /// <param name="biasStored">The axes as the file stores the bias: <c>out</c>, perhaps with axes of size one.</param>
    public Product Product(string key, long @in, long @out, bool bias, string stored = "out in", string? weightKey = null, string? biasKey = null,
        Initializer? init = null, bool shared = false, string biasStored = "out")
    {
        var layout = new Layout(stored, ("out", @out), ("in", @in));
        var biasLayout = new Layout(biasStored, ("out", @out));
        string w = weightKey ?? Join(key, "weight"), b = biasKey ?? Join(key, "bias");
        Weight weight = shared ? Shared(w, layout.Shape) : Tensor(w, layout.Shape, init);
        Weight? offset = !bias ? null : shared ? Shared(b, biasLayout.Shape) : Tensor(b, biasLayout.Shape, Initializer.Zeros);
        return Declared(new Product(Table, weightKey is null ? Absolute(key) : WithoutWeight(weight.Key), weight, offset, layout, @in, @out, biasLayout)
        {
            Tied = shared && !Table.Products.Any(product => product.Weight == weight),
        });
    }

    /// <summary>A linear map for each group (each head, for instance): x_g W_g + b_g.</summary>
    /// <param name="groups">The axes of x before its channels that have maps of their own, by the names that the stored axes use.</param>
    /// <param name="in">Width of what comes in.</param>
    /// <param name="out">Width of what goes out.</param>
    /// <param name="weight">The weight's key.</param>
    /// <param name="stored">Its axes in the file: <c>in</c>, <c>out</c> and the groups, in any order (<c>h in out</c>).</param>
    /// <param name="bias">The bias's key; null for none.</param>
    /// <param name="biasStored">Its axes: <c>out</c> and the groups (<c>h 1 out</c>).</param>
    public GroupedProduct GroupedProduct((string Name, long Size)[] groups, long @in, long @out, string weight, string stored, string? bias, string biasStored)
    {
        var layout = new Layout(stored, [.. groups, ("in", @in), ("out", @out)]);
        var biasLayout = new Layout(biasStored, [.. groups, ("out", @out)]);
        Weight matrix = Tensor(weight, layout.Shape);
        Weight? offset = bias is null ? null : Tensor(bias, biasLayout.Shape, Initializer.Zeros);
        return new GroupedProduct(matrix, offset, layout, biasLayout, groups.Length);
    }

    /// <summary>The last product, to the vocabulary. Tied, it has no weight of its own: it reads the one of <paramref name="tiedTo"/>, and its own key
    /// remains a name that a file may use.</summary>
    public Product Head(
        string key, long @in, long @out, string? tiedTo, bool tied, bool bias = false, string? biasKey = null, string biasStored = "out")
    {
        if (!tied)
        {
            return Product(key, @in, @out, bias, biasKey: biasKey, biasStored: biasStored);
        }

        if (tiedTo is null)
        {
            throw new ArgumentException($"The head '{key}' is tied, but nothing says to what.");
        }

        Weight weight = Shared(Join(tiedTo, "weight"));
        if (!weight.Shape.SequenceEqual([@out, @in]))
        {
            throw new InvalidOperationException(
                $"The head '{key}' needs a weight of [{@out}, {@in}], but it is tied to '{weight.Key}' of [{string.Join(", ", weight.Shape)}].");
        }

        weight.AddAlias(Absolute(Join(key, "weight")));
        var biasLayout = new Layout(biasStored, ("out", @out));
        Weight? offset = bias ? Tensor(biasKey ?? Join(key, "bias"), biasLayout.Shape, Initializer.Zeros) : null;
        return Declared(new Product(
            Table, Absolute(key), weight, offset, new Layout("out in", ("out", @out), ("in", @in)), @in, @out, biasLayout)
        {
            Tied = true,
        });
    }

    /// <summary>Several products of one input. Stored <c>out in</c>, they share one storage [sum of outs, in], and inference multiplies once.</summary>
    public Products Products(string[] keys, long @in, long[] outs, bool bias, string stored = "out in") =>
        Products(keys, @in, outs, Enumerable.Repeat(bias, keys.Length).ToArray(), stored);

    /// <summary>Several products of one input, each with or without a bias; packed when all or none has one.</summary>
    public Products Products(string[] keys, long @in, long[] outs, bool[] bias, string stored = "out in")
    {
        var parts = new Product[keys.Length];
        for (int i = 0; i < keys.Length; i++)
        {
            parts[i] = Product(keys[i], @in, outs[i], bias[i], stored);
        }

        return Products(parts);
    }

    /// <summary>Packs products that were declared one by one (with keys of their own, for instance).</summary>
    public Products Products(params Product[] parts)
    {
        var products = new Products(Table, parts);
        Table.Explain(products.Explain);
        return products;
    }

    /// <summary>Root-mean-square norm (Zhang and Sennrich, arXiv 1910.07467), computed in float32 at least, cast back, then times the weight.</summary>
    /// <param name="key">Null: no weight.</param>
    /// <param name="width">Size of the normalised axis.</param>
    /// <param name="eps">Added to the mean square.</param>
    /// <param name="stored">The weight's shape where it spans more axes than the normalised one ([heads, width], for instance).</param>
    public Norm RmsNorm(string? key, long width, double eps, long[]? stored = null) =>
        new(NormKind.RootMeanSquare, key is null ? null : Tensor(Join(key, "weight"), stored ?? [width], Initializer.Ones), null, width, eps);

    /// <summary>Layer norm (Ba et al., arXiv 1607.06450).</summary>
    /// <param name="key">Null: neither weight nor bias.</param>
    /// <param name="width">Size of the normalised axis.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="bias">Whether a bias is added.</param>
    /// <param name="stored">The shape of weight and bias where they span more axes than the normalised one.</param>
    public Norm LayerNorm(string? key, long width, double eps, bool bias = true, long[]? stored = null) => new(NormKind.Layer,
        key is null ? null : Tensor(Join(key, "weight"), stored ?? [width], Initializer.Ones),
        key is null || !bias ? null : Tensor(Join(key, "bias"), stored ?? [width], Initializer.Zeros), width, eps);

    /// <summary>A norm over weights that were named one by one.</summary>
    /// <param name="kind">Which of the two.</param>
    /// <param name="weight">Multiplied in, or null.</param>
    /// <param name="bias">Added, or null.</param>
    /// <param name="width">Size of the normalised axis.</param>
    /// <param name="eps">Added to the mean square or the variance.</param>
    /// <param name="spans">Sizes of the value's last axes that weight and bias have elements for, where these are more than the normalised one.</param>
    public Norm Norm(NormKind kind, Weight? weight, Weight? bias, long width, double eps, long[]? spans = null) => new(kind, weight, bias, width, eps, spans);

    /// <summary>
    /// One row of <paramref name="width"/> numbers for each of <paramref name="rows"/> ids; the row of <paramref name="padding"/>, counted from the end
    /// where it is negative, learns nothing from being looked up.
    /// </summary>
    public Embedding Embedding(string key, long rows, long width, bool shared = false, long? padding = null)
    {
        Weight weight = shared ? Shared(Join(key, "weight"), [rows, width]) : Tensor(Join(key, "weight"), [rows, width]);
        weight.IsTable = true;
        return new Embedding(weight, padding < 0 ? padding + rows : padding);
    }

    /// <summary>A convolution of each channel alone over the tokens before: weight [width, 1, kernel].</summary>
    public CausalConvolution CausalConvolution(string key, long width, long kernel, bool bias) =>
        new(Tensor(Join(key, "weight"), [width, 1, kernel]), bias ? Tensor(Join(key, "bias"), [width], Initializer.Zeros) : null);

    /// <summary>A convolution over the axes at these places of a value, all channels together: weight [out, in, kernel, ...].</summary>
    /// <param name="key">Its key.</param>
    /// <param name="in">Channels in.</param>
    /// <param name="out">Channels out.</param>
    /// <param name="kernel">Its width along each axis.</param>
    /// <param name="channels">Where the value's channels stand.</param>
    /// <param name="over">The axes that it slides over, one or two.</param>
    /// <param name="stride">How far it moves.</param>
    /// <param name="padding">Zeros on each side.</param>
    /// <param name="bias">Whether a bias is added.</param>
    public SlidingConvolution SlidingConvolution(
        string key, long @in, long @out, long kernel, int channels, int[] over, long stride, long padding, bool bias) =>
        new(Tensor(Join(key, "weight"), [@out, @in, .. over.Select(_ => kernel)]), bias ? Tensor(Join(key, "bias"), [@out], Initializer.Zeros) : null,
            channels, over, stride, padding);

    /// <summary>One row for each position; position p reads row p + <paramref name="offset"/>. The table has <paramref name="rows"/> rows in all.</summary>
    public PositionEmbedding Positional(string key, long rows, long width, long offset = 0, bool shared = false)
    {
        Table.Positions = Math.Min(Table.Positions ?? long.MaxValue, rows - offset);
        return new(shared ? Shared(Join(key, "weight")) : Tensor(Join(key, "weight"), [rows, width]), offset);
    }

    /// <summary>The rotation of that specification; equal specifications share one table of angles.</summary>
    public Rotary Rotary(RotarySpec spec) => Table.RotaryOf(spec);

    /// <summary>A mask rule that all places of the model that mean it share, its table and what is built from it included.</summary>
    /// <param name="rule">Equal where the rules are, and nowhere else: a name that no other rule has, with the config that it reads.</param>
    /// <param name="make">Makes it.</param>
    public MaskRule Mask(object rule, Func<MaskRule> make) => Table.MaskOf(rule, make);

    /// <summary>The parameters of an ordinary module become weights under <paramref name="key"/>; the module goes on owning them.</summary>
    public T Adopt<T>(string key, T module)
        where T : nn.Module
    {
        string absolute = Absolute(key);
        foreach ((string name, Parameter parameter) in module.named_parameters())
        {
            Weight weight = Own(Table.Declare(Join(absolute, name), parameter.shape, Initializer.From("its own", _ => { })));
            weight.Owner = module;
            weight.Bind(parameter, disposeOld: false);
        }

        Table.Adopt(absolute, module);
        return module;
    }

    /// <summary>A recurrence declared here may run as a convolution: <see cref="Explain"/> says when it does.</summary>
    public void Convolution<TKernel>()
        where TKernel : struct, IScanKernel
    {
        string key = Join(Key, TKernel.Layout.Name);
        Table.Explain(() => [Dsl.Runtime.Convolution.Explain<TKernel>(key)]);
    }

    /// <summary>Takes a weight away, here and from the table.</summary>
    internal void Forget(Weight weight)
    {
        own.Remove(weight);
        known.Remove(weight);
        Table.Forget(weight);
    }

    /// <summary>Says that numbers were written into the weights from outside (by loading): whatever was derived from them is made anew.</summary>
    public void Changed() => Table.Touch();

    /// <summary>Which implementation multiplies with which weight, and why.</summary>
    public IEnumerable<ChoiceRow> Explain() => Table.Choices();

    /// <summary>The name of <paramref name="weight"/> as seen from this cursor; from outside its own key, the whole key.</summary>
    public string NameOf(Weight weight) => Relative(weight.Key);

    internal string Relative(string key) => Key.Length > 0 && key.StartsWith(Key + ".", StringComparison.Ordinal) ? key[(Key.Length + 1)..] : key;

    internal static string Join(string prefix, string name) =>
        prefix.Length == 0 ? name : name.Length == 0 ? prefix : prefix == "/" ? "/" + name : prefix + "." + name;

    private static int LayerOf(string key) =>
        key.Split('.').Select(part => int.TryParse(part, out int layer) ? layer : -1).FirstOrDefault(layer => layer >= 0, -1) is var found and >= 0
        ? found
        : throw new InvalidOperationException($"'{key}' begins by a function of the layer, but the key holds no number that says which layer it is.");

    private string Absolute(string key) => key.StartsWith('/') ? key[1..] : Join(Key, key);

    private IEnumerable<Weight> Matching(string glob)
    {
        string absolute = Absolute(glob);
        return own.Where(weight => FileSystemName.MatchesSimpleExpression(absolute, weight.Key, ignoreCase: false));
    }

    private Product Declared(Product product)
    {
        Table.Add(product);
        Table.Explain(product.Explain);
        return product;
    }

    private static string WithoutWeight(string key) => key.EndsWith(".weight", StringComparison.Ordinal) ? key[..^".weight".Length] : key;

    private Weight Own(Weight weight)
    {
        for (Weights? at = this; at is not null; at = at.parent)
        {
            if (at.known.Add(weight))
            {
                at.own.Add(weight);
            }
        }

        return weight;
    }
}
