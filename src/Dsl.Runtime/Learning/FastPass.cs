using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// One mini-batch, or the tokens of it that one call reads. All gradients are taken at the weights that the mini-batch started with; token i reads with
/// W - sum over j up to i of eta_ij X_j^T G_j, where eta_ij is the rate of row i times the rate of token j. The weights of token i are never built: with
/// Q the rows that read, <c>Q W - (eta * (Q X^T)) G</c>, eta cut to j up to i (the dual form of Sun et al. 2024, arXiv 2407.04620, section 2.5); a bias
/// is the weight of an input that is always 1.
/// </summary>
public sealed class FastPass
{
    private readonly FastWeights start;
    private readonly Tensor rates;
    private readonly Tensor rows;
    private readonly Tensor eta;
    private readonly (Tensor Input, Tensor Gradient)[] learnt;

    /// <param name="start">The weights that the mini-batch started with, and what was gathered in it before this call.</param>
    /// <param name="rates">[batch, groups or 1, time]: of the token that is learnt from.</param>
    /// <param name="rows">[time, 1]: of the token that reads.</param>
    internal FastPass(FastWeights start, Tensor rates, Tensor rows)
    {
        this.start = start;
        this.rates = rates;
        this.rows = rows;
        eta = (rows * rates.unsqueeze(-2)).tril();
        learnt = new (Tensor, Tensor)[start.Maps.Length];
    }

    /// <summary>A fast map at the weights that the mini-batch started with: [batch, time, groups..., in] to [batch, time, groups..., out].</summary>
    public Tensor AtStart(int map, Tensor x) => Values(start.Maps[map].Apply(Rows(x, map)), x);

    /// <summary>A fast map with the weights that each token reads with; of this call's tokens all have been learnt from.</summary>
    public Tensor Apply(int map, Tensor x)
    {
        FastMap from = start.Maps[map];
        Tensor reading = Rows(x, map), y = from.Apply(reading);
        if (from.Gathered is { } gathered)
        {
            Tensor before = reading.matmul(gathered);
            y -= rows * (from.GatheredBias is { } bias ? before.Plus(bias) : before);
        }

        var (input, gradient) = learnt[map];
        Tensor alike = reading.matmul(input.transpose(-2, -1));
        y -= (eta * (from.Bias is null ? alike : alike.Plus(1))).matmul(gradient);
        return Values(y, x);
    }

    /// <summary>The gradient of a fast map's input, given that of its output.</summary>
    public Tensor Back(int map, Tensor gradient) => Values(Rows(gradient, map).matmul(start.Maps[map].Weight.transpose(-2, -1)), gradient);

    /// <summary>What a fast map read, and the gradient of what it gave.</summary>
    public void Learn(int map, Tensor input, Tensor gradient) => learnt[map] = (Rows(input, map), Rows(gradient, map));

    /// <summary>The weights with this call's tokens gathered.</summary>
    internal FastWeights Gather() => new([.. start.Maps.Select((map, i) =>
    {
        Tensor weighed = learnt[i].Gradient * rates.unsqueeze(-1);
        Tensor sum = learnt[i].Input.transpose(-2, -1).matmul(weighed);
        Tensor? bias = map.Bias is null ? null : weighed.sum([-2], keepdim: true);
        return map with
        {
            Gathered = map.Gathered is null ? sum : map.Gathered.Plus(sum),
            GatheredBias = bias is null || map.GatheredBias is null ? bias : map.GatheredBias.Plus(bias),
        };
    })]);

    /// <summary>[batch, time, groups..., n] as [batch, all groups, time, n].</summary>
    private Tensor Rows(Tensor x, int map) => x.reshape(x.shape[0], x.shape[1], start.Maps[map].Groups, x.shape[^1]).transpose(1, 2);

    /// <summary>The way back, to the axes that <paramref name="like"/> has before its channels.</summary>
    private static Tensor Values(Tensor rows, Tensor like) => rows.transpose(1, 2).reshape([.. like.shape[..^1], rows.shape[^1]]);
}

/// <summary>One fast map in the middle of a mini-batch.</summary>
/// <param name="Name">The last word of the weight's key.</param>
/// <param name="BiasName">The last word of the bias's key.</param>
/// <param name="Weight">[batch or 1, groups, in, out]: the weight that the mini-batch started with.</param>
/// <param name="Bias">[batch or 1, groups, 1, out], or null.</param>
/// <param name="Gathered">The sum of rate times gradient over the mini-batch's tokens so far; null before the first.</param>
/// <param name="GatheredBias">The same of the bias.</param>
internal sealed record FastMap(string Name, string BiasName, Tensor Weight, Tensor? Bias, Tensor? Gathered, Tensor? GatheredBias)
{
    internal long Groups => Weight.shape[1];

    internal Tensor Apply(Tensor rows)
    {
        Tensor y = rows.matmul(Weight);
        return Bias is null ? y : y.Plus(Bias);
    }
}

/// <summary>All fast maps of a learner.</summary>
internal sealed class FastWeights(FastMap[] maps)
{
    internal FastMap[] Maps => maps;

    /// <summary>As the declaration's weights are: the same for every row.</summary>
    internal static FastWeights Of(ILearner learner) => new([.. learner.FastMaps.Select(product =>
    {
        Tensor weight = product.Matrices();
        Tensor? bias = product.Offsets();
        Tensor matrices = weight.reshape(1, -1, weight.shape[^2], weight.shape[^1]);
        return new FastMap(LastWord(product.Weight.Key), LastWord(product.Bias?.Key ?? ""), matrices, bias?.reshape(1, -1, 1, bias.shape[^1]), null, null);
    })]);

    /// <summary>The next mini-batch's: rows that have read the whole of this one start from its last token's weights.</summary>
    /// <param name="last">The rate of a mini-batch's last row.</param>
    /// <param name="complete">bool [batch, 1, 1, 1]; null: all rows have.</param>
    internal FastWeights Next(Tensor last, Tensor? complete) => new([.. maps.Select(map =>
    {
        Tensor weight = map.Weight - (last * map.Gathered!);
        Tensor? bias = map.Bias is null ? null : map.Bias - (last * map.GatheredBias!);
        if (complete is null)
        {
            return map with { Weight = weight, Bias = bias, Gathered = null, GatheredBias = null };
        }

        Tensor Kept(Tensor gathered) => torch.where(complete, torch.zeros_like(gathered), gathered);
        return map with
        {
            Weight = torch.where(complete, weight, map.Weight),
            Bias = bias is null ? null : torch.where(complete, bias, map.Bias!),
            Gathered = Kept(map.Gathered!),
            GatheredBias = bias is null ? null : Kept(map.GatheredBias!),
        };
    })]);

    private static string LastWord(string key) => key[(key.LastIndexOf('.') + 1)..];
}
