using System;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// What scalar functions need of whole tensors beyond TorchSharp's own methods; generated code calls it. Tensors of any device and floating type.
/// </summary>
public static class TensorScalar
{
    /// <summary>
    /// x as a branch sees it: the same values, but a gradient comes back only where <paramref name="mask"/> holds. It is selected, not multiplied, so
    /// that an infinite or undefined derivative where the branch is not taken leaves no NaN.
    /// </summary>
    public static Tensor Within(Tensor? mask, Tensor x) => x.requires_grad && mask is not null ? torch.where(mask, x, x.detach()) : x;

    /// <summary>Element by element, one or the other.</summary>
    public static Tensor Where(Tensor condition, Tensor yes, Tensor no) => torch.where(condition, yes, no);

    /// <summary>Element by element, a tensor's or a number.</summary>
    public static Tensor Where(Tensor condition, Tensor yes, double no) => torch.where(condition, yes, torch.full([], Scalars.Of(no), yes.dtype, yes.device));

    /// <summary>Element by element, a number or a tensor's.</summary>
    public static Tensor Where(Tensor condition, double yes, Tensor no) => torch.where(condition, torch.full([], Scalars.Of(yes), no.dtype, no.device), no);

    /// <summary>Element by element, one of two numbers, in the type of <paramref name="like"/>.</summary>
    public static Tensor Where(Tensor condition, double yes, double no, Tensor like) =>
        torch.where(condition, torch.full([], Scalars.Of(yes), like.dtype, like.device), torch.full([], Scalars.Of(no), like.dtype, like.device));

    /// <summary>Entries of a table [rows, columns] at int64 indices that broadcast against each other.</summary>
    /// <param name="table">The table.</param>
    /// <param name="row">Which rows.</param>
    /// <param name="column">Which columns.</param>
    /// <param name="seen">Where all of these hold the entry counts; elsewhere an index may be anything, and some entry is read.</param>
    /// <exception cref="IndexOutOfRangeException">An entry that counts is outside of the table.</exception>
    public static Tensor Entries(Tensor table, Tensor row, Tensor column, params Tensor?[] seen) =>
        table.index(TensorIndex.Tensor(Within(row, table.shape[0], "row", seen)), TensorIndex.Tensor(Within(column, table.shape[1], "column", seen)));

    /// <summary>Entries of one row.</summary>
    public static Tensor Entries(Tensor table, long row, Tensor column, params Tensor?[] seen) =>
        table.select(0, Within(row, table.shape[0], "row")).index(TensorIndex.Tensor(Within(column, table.shape[1], "column", seen)));

    /// <summary>Entries of one column.</summary>
    public static Tensor Entries(Tensor table, Tensor row, long column, params Tensor?[] seen) =>
        table.select(1, Within(column, table.shape[1], "column")).index(TensorIndex.Tensor(Within(row, table.shape[0], "row", seen)));

    /// <summary>One entry.</summary>
    public static Tensor Entries(Tensor table, long row, long column, params Tensor?[] seen) =>
        table.select(0, Within(row, table.shape[0], "row")).select(0, Within(column, table.shape[1], "column"));

    /// <summary>Of a computed value, for each query and key, the element of the query at an int64 place.</summary>
    /// <param name="table">[b or 1, t or 1, h or 1, n].</param>
    /// <param name="place">[b or 1, h or 1, t or 1, s or 1], or less: which elements.</param>
    /// <param name="seen">Where all of these hold the element counts; elsewhere a place may be anything.</param>
    /// <returns>[b or 1, h or 1, t or 1, s or 1].</returns>
    /// <exception cref="IndexOutOfRangeException">An element that counts is outside of the value's last axis.</exception>
    public static Tensor AtQuery(Tensor table, Tensor place, params Tensor?[] seen) => Gathered(table, Four(Within(place, table.shape[3], "element", seen)));

    /// <summary>Of a computed value, the element of each query at one place.</summary>
    public static Tensor AtQuery(Tensor table, long place, params Tensor?[] seen) => OfToken(table, place);

    /// <summary>Of a computed value, for each query and key, the element of the key at an int64 place.</summary>
    /// <param name="table">[b or 1, s or 1, h or 1, n].</param>
    /// <param name="place">[b or 1, h or 1, t or 1, s or 1], or less: which elements.</param>
    /// <param name="seen">Where all of these hold the element counts; elsewhere a place may be anything.</param>
    /// <returns>[b or 1, h or 1, t or 1, s or 1].</returns>
    /// <exception cref="IndexOutOfRangeException">An element that counts is outside of the value's last axis.</exception>
    public static Tensor AtKey(Tensor table, Tensor place, params Tensor?[] seen) =>
        Gathered(table, Four(Within(place, table.shape[3], "element", seen)).transpose(2, 3)).transpose(2, 3);

    /// <summary>Of a computed value, the element of each key at one place.</summary>
    public static Tensor AtKey(Tensor table, long place, params Tensor?[] seen) => OfToken(table, place).transpose(-1, -2);

    /// <summary>[b or 1, h or 1, tokens or 1, 1].</summary>
    private static Tensor OfToken(Tensor table, long place) => table.narrow(3, Within(place, table.shape[3], "element"), 1).transpose(1, 2);

    /// <summary>Elements of a weight [n] at int64 places.</summary>
    /// <param name="weight">The weight.</param>
    /// <param name="place">Which elements.</param>
    /// <param name="seen">Where all of these hold the element counts; elsewhere a place may be anything.</param>
    /// <exception cref="IndexOutOfRangeException">An element that counts is outside of the weight.</exception>
    public static Tensor Element(Tensor weight, Tensor place, params Tensor?[] seen) =>
        weight.index(TensorIndex.Tensor(Within(place, weight.shape[0], "element", seen)));

    /// <summary>One element.</summary>
    public static Tensor Element(Tensor weight, long place, params Tensor?[] seen) => weight.select(0, Within(place, weight.shape[0], "element"));

    /// <summary>A divisor of integers, 1 where it is 0 and does not count.</summary>
    /// <exception cref="DivideByZeroException">A divisor that counts is 0.</exception>
    public static Tensor Divisor(Tensor divisor, params Tensor?[] seen)
    {
        using var scope = torch.NewDisposeScope();
        Tensor zero = divisor.eq(Scalars.Of(0L));
        if (!Any(zero))
        {
            return divisor.alias().MoveToOuterDisposeScope();
        }

        return Any(Counts(zero, seen))
            ? throw new DivideByZeroException("An integer is divided by zero.")
            : divisor.masked_fill(zero, Scalars.Of(1L)).MoveToOuterDisposeScope();
    }

    /// <summary>An integer function of an int64 tensor, called once on the host for each value between the tensor's smallest and largest.</summary>
    /// <param name="argument">The tensor.</param>
    /// <param name="function">The function.</param>
    /// <param name="seen">Where all of these hold the value counts; for others the function is not asked.</param>
    public static Tensor Tabulate(Tensor argument, Func<int, int> function, params Tensor?[] seen) =>
        Look(argument, (low, high) => IntegerTable.Of(function).Between(low, high), ScalarType.Int64, seen);

    /// <summary>A condition on an int64 tensor, asked once on the host for each value between the tensor's smallest and largest.</summary>
    public static Tensor Tabulate(Tensor argument, Func<int, bool> condition, params Tensor?[] seen) =>
        Look(argument, (low, high) => [.. Enumerable.Range((int)low, (int)(high - low + 1)).Select(i => condition(i) ? 1L : 0)], ScalarType.Bool, seen);

    /// <summary>An integer function of two int64 tensors that broadcast against each other.</summary>
    public static Tensor Tabulate(Tensor first, Tensor second, Func<int, int, int> function, params Tensor?[] seen) =>
        Look(first, second, (i, j) => function(i, j), ScalarType.Int64, seen);

    /// <summary>A condition on two int64 tensors that broadcast against each other.</summary>
    public static Tensor Tabulate(Tensor first, Tensor second, Func<int, int, bool> condition, params Tensor?[] seen) =>
        Look(first, second, (i, j) => condition(i, j) ? 1 : 0, ScalarType.Bool, seen);

    /// <summary>Division of integers, towards zero as in C#.</summary>
    public static Tensor Quotient(Tensor left, Tensor right) => left.div(right, RoundingMode.trunc);

    /// <summary>Division of integers, towards zero as in C#.</summary>
    public static Tensor Quotient(Tensor left, long right) => left.div(Scalars.Of(right), RoundingMode.trunc);

    /// <summary>Division of integers, towards zero as in C#.</summary>
    public static Tensor Quotient(long left, Tensor right) => torch.tensor(left, device: right.device).div(right, RoundingMode.trunc);

    /// <summary>The remainder with the sign of the left operand, as in C#.</summary>
    public static Tensor Remainder(Tensor left, Tensor right) => left.fmod(right);

    /// <summary>The remainder with the sign of the left operand, as in C#.</summary>
    public static Tensor Remainder(Tensor left, long right) => left.fmod(Scalars.Of(right));

    /// <summary>The remainder with the sign of the left operand, as in C#.</summary>
    public static Tensor Remainder(Tensor left, double right) => left.fmod(torch.full([], Scalars.Of(right), left.dtype, left.device));

    /// <summary>The remainder with the sign of the left operand, as in C#.</summary>
    public static Tensor Remainder(double left, Tensor right) => torch.full([], Scalars.Of(left), right.dtype, right.device).fmod(right);

    /// <summary>Both.</summary>
    public static Tensor And(Tensor left, Tensor right) => left.logical_and(right);

    /// <summary>Both.</summary>
    public static Tensor And(bool left, Tensor right) => left ? right : torch.zeros_like(right);

    /// <summary>Both.</summary>
    public static Tensor And(Tensor left, bool right) => And(right, left);

    /// <summary>One or both.</summary>
    public static Tensor Or(Tensor left, Tensor right) => left.logical_or(right);

    /// <summary>One or both.</summary>
    public static Tensor Or(bool left, Tensor right) => left ? torch.ones_like(right) : right;

    /// <summary>One or both.</summary>
    public static Tensor Or(Tensor left, bool right) => Or(right, left);

    /// <summary>log(1 + exp(x)).</summary>
    public static Tensor Softplus(Tensor x) => Scalars.Softplus(x);

    /// <summary>The larger of the two.</summary>
    public static Tensor Max(Tensor left, Tensor right) => torch.maximum(left, right);

    /// <summary>The larger of two whole numbers, or of a tensor's and a whole number.</summary>
    public static Tensor Max(Tensor left, long right) => left.clamp_min(Scalars.Of(right));

    /// <summary>The larger of the two.</summary>
    public static Tensor Max(long left, Tensor right) => right.clamp_min(Scalars.Of(left));

    /// <summary>The larger of the two.</summary>
    public static Tensor Max(Tensor left, double right) => left.clamp_min(Scalars.Of(right));

    /// <summary>The larger of the two.</summary>
    public static Tensor Max(double left, Tensor right) => right.clamp_min(Scalars.Of(left));

    /// <summary>The smaller of the two.</summary>
    public static Tensor Min(Tensor left, Tensor right) => torch.minimum(left, right);

    /// <summary>The smaller of two whole numbers, or of a tensor's and a whole number.</summary>
    public static Tensor Min(Tensor left, long right) => left.clamp_max(Scalars.Of(right));

    /// <summary>The smaller of the two.</summary>
    public static Tensor Min(long left, Tensor right) => right.clamp_max(Scalars.Of(left));

    /// <summary>The smaller of the two.</summary>
    public static Tensor Min(Tensor left, double right) => left.clamp_max(Scalars.Of(right));

    /// <summary>The smaller of the two.</summary>
    public static Tensor Min(double left, Tensor right) => right.clamp_max(Scalars.Of(left));

    /// <summary>x between the bounds.</summary>
    public static Tensor Clamp(Tensor x, double low, double high) => x.clamp(Scalars.Of(low), Scalars.Of(high));

    /// <summary>x between whole numbers.</summary>
    public static Tensor Clamp(Tensor x, long low, long high) => x.clamp(Scalars.Of(low), Scalars.Of(high));

    /// <summary>x between the bounds.</summary>
    public static Tensor Clamp(Tensor x, Tensor low, Tensor high) => Min(Max(x, low), high);

    /// <summary>A power.</summary>
    public static Tensor Pow(Tensor x, Tensor exponent) => x.pow(exponent);

    /// <summary>A power.</summary>
    public static Tensor Pow(Tensor x, double exponent) => x.pow(Scalars.Of(exponent));

    /// <summary>A power.</summary>
    public static Tensor Pow(double x, Tensor exponent) => torch.full([], Scalars.Of(x), exponent.dtype, exponent.device).pow(exponent);

    /// <summary>The angle of (x, y).</summary>
    public static Tensor Atan2(Tensor y, Tensor x) => torch.atan2(y, x);

    /// <summary>The real cube root.</summary>
    public static Tensor Cbrt(Tensor x) => x.sign() * x.abs().pow(Scalars.Of(1.0 / 3));

    private static Tensor Four(Tensor place) => place.view([.. Enumerable.Repeat(1L, (int)(4 - place.dim())), .. place.shape]);

    /// <summary>Of a value [b, tokens, h, n] the elements at places [b, h, tokens, any], where an axis of size one stands for any number.</summary>
    private static Tensor Gathered(Tensor table, Tensor place)
    {
        Tensor rows = table.transpose(1, 2);
        long[] all = [.. rows.shape.Zip(place.shape, Math.Max).Take(3)];
        return rows.expand([.. all, rows.shape[3]]).gather(3, place.expand([.. all, place.shape[3]]));
    }

    private static Tensor Look(Tensor argument, Func<long, long, long[]> values, ScalarType type, Tensor?[] seen)
    {
        if (argument.numel() == 0)
        {
            return argument.to(type);
        }

        using var scope = torch.NewDisposeScope();
        var (low, high) = Range(argument, seen);
        var table = torch.tensor(values(low, high), device: argument.device).to(type);
        return table.index(TensorIndex.Tensor(From(argument, low, high))).MoveToOuterDisposeScope();
    }

    private static Tensor Look(Tensor first, Tensor second, Func<int, int, long> function, ScalarType type, Tensor?[] seen)
    {
        if (first.numel() == 0 || second.numel() == 0)
        {
            return first.Plus(second).to(type);
        }

        using var scope = torch.NewDisposeScope();
        var (low1, high1) = Range(first, seen);
        var (low2, high2) = Range(second, seen);
        var width = high2 - low2 + 1;
        var values = new long[(high1 - low1 + 1) * width];
        for (long i = low1; i <= high1; i++)
        {
            for (long j = low2; j <= high2; j++)
            {
                values[((i - low1) * width) + j - low2] = function((int)i, (int)j);
            }
        }

        var table = torch.tensor(values, device: first.device).to(type);
        Tensor row = From(first, low1, high1) * Scalars.Of(width), column = From(second, low2, high2);
        return table.index(TensorIndex.Tensor(row.Plus(column))).MoveToOuterDisposeScope();
    }

    private static Tensor From(Tensor argument, long low, long high) => argument.clamp(Scalars.Of(low), Scalars.Of(high)) - Scalars.Of(low);

    private static (long Low, long High) Range(Tensor argument, Tensor?[] seen)
    {
        if (seen.OfType<Tensor>().Any())
        {
            Tensor counts = Counts(torch.ones_like(argument, dtype: ScalarType.Bool), seen);
            Tensor counting = argument.expand(counts.shape).masked_select(counts);
            if (counting.numel() > 0)
            {
                return Range(counting, []);
            }
        }

        return (argument.min().cpu().item<long>(), argument.max().cpu().item<long>());
    }

    // Where nobody sees what is read, an index outside is 0.
    private static Tensor Within(Tensor index, long size, string what, Tensor?[] seen)
    {
        if (index.numel() == 0)
        {
            return index;
        }

        using var scope = torch.NewDisposeScope();
        Tensor outside = index.lt(Scalars.Of(0L)).logical_or(index.ge(Scalars.Of(size)));
        if (!Any(outside))
        {
            return index.alias().MoveToOuterDisposeScope();
        }

        Tensor wrong = Counts(outside, seen);
        return Any(wrong)
            ? throw new IndexOutOfRangeException(
                $"There is no {what} {index.expand(wrong.shape).masked_select(wrong)[0].cpu().item<long>()}: there are {size} of them.")
            : index.masked_fill(outside, Scalars.Of(0L)).MoveToOuterDisposeScope();
    }

    private static long Within(long index, long size, string what) =>
        index >= 0 && index < size ? index : throw new IndexOutOfRangeException($"There is no {what} {index}: there are {size} of them.");

    private static Tensor Counts(Tensor here, Tensor?[] seen) => seen.OfType<Tensor>().Aggregate(here, (all, one) => all.logical_and(one));

    private static bool Any(Tensor condition) => condition.any().cpu().item<bool>();
}
