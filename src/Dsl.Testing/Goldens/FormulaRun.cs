using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>
/// One case that no model answers (<see cref="GoldenFormula"/>): its inputs, and what its comparisons are made of. Each <c>out.*</c> and <c>grad.*</c> of
/// <c>io.safetensors</c> that is neither compared nor left out by <see cref="Omit"/> is a row that missed.
/// </summary>
public sealed partial class FormulaRun
{
    private readonly GoldenFormula formula;
    private readonly List<GoldenRow> rows = [];
    private readonly List<GoldenOmission> omitted = [];
    private readonly HashSet<string> compared = new(StringComparer.Ordinal);
    private bool broken;

    internal FormulaRun(GoldenFormula formula, string folder)
    {
        (this.formula, Folder) = (formula, folder);
        (description, data) = (new(() => GoldenJson.Read(folder, "case.json")), new(() => GoldenJson.Read(folder, "io.json")));
        tensors = new(() => GoldenCase.Read(Path.Combine(folder, Stored)));
    }

    /// <summary>What outputs and gradients may differ by, computed in what the kind is computed in.</summary>
    public double Tolerance => GoldenTolerance.Output(formula.Dtype ?? ScalarType.Float64, float32Inside: false);

    /// <summary>Makes some comparisons; tensors made in it are disposed after it, and an exception becomes a row that missed.</summary>
    public void Attempt(string check, Action compare)
    {
        bool held = GoldenVerifier.Attempt(rows, check, formula.Dtype, () =>
        {
            using DisposeScope scope = NewDisposeScope();
            compare();
        });
        broken |= !held;
    }

    /// <summary>Compares with a stored tensor.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="ours">What is compared; null where there is none.</param>
    /// <param name="tolerance">Instead of <see cref="Tolerance"/>.</param>
    /// <param name="check">What the row is called, where that is not the name.</param>
    public void Compare(string name, Tensor? ours, double? tolerance = null, string? check = null) => With(name, ours, check, (mine, reference) =>
        Add(check ?? name, GoldenTolerance.Error(mine, reference), tolerance ?? Tolerance));

    /// <summary>The same of one number.</summary>
    public void Compare(string name, double ours, double? tolerance = null)
    {
        using Tensor one = tensor(ours, dtype: ScalarType.Float64);
        Compare(name, one, tolerance);
    }

    /// <summary>Compares with a list of numbers in JSON.</summary>
    /// <param name="reference">The list; the row is called as it is.</param>
    /// <param name="ours">As many numbers.</param>
    /// <param name="tolerance">Instead of <see cref="Tolerance"/>.</param>
    public void Compare(GoldenJson reference, IReadOnlyList<double> ours, double? tolerance = null) => Attempt(reference.Path, () => Add(
        reference.Path, GoldenTolerance.Error(tensor(ours.ToArray(), dtype: ScalarType.Float64), tensor(reference.Numbers, dtype: ScalarType.Float64)),
        tolerance ?? Tolerance));

    /// <summary>The same of one number.</summary>
    public void Compare(GoldenJson reference, double ours, double? tolerance = null) => Attempt(reference.Path, () => Add(
        reference.Path, GoldenTolerance.Error(tensor(ours, dtype: ScalarType.Float64), tensor(reference.Number, dtype: ScalarType.Float64)),
        tolerance ?? Tolerance));

    /// <summary>Compares with a stored tensor, number by number: all are equal, of the same type, or the row missed.</summary>
    public void Equal(string name, Tensor ours, string? check = null) => With(name, ours, check, (mine, reference) =>
    {
        if (mine.dtype != reference.dtype)
        {
            throw new FormatException($"{mine.dtype}, expected {reference.dtype}");
        }

        // Shapes that differ are an error of this.
        GoldenTolerance.Error(mine, reference);
        using Tensor unequal = mine.ne(reference), count = unequal.sum();
        Differ(check ?? name, count.item<long>(), $"so many of {reference.numel()} differ");
    });

    /// <summary>Compares with a text in JSON.</summary>
    /// <param name="reference">The text; the row is called as it is.</param>
    /// <param name="ours">What is compared.</param>
    public void Equal(GoldenJson reference, string? ours) => Attempt(reference.Path, () =>
        Differ(reference.Path, reference.Text == ours ? 0 : 1, Difference(reference.Text, ours)));

    /// <summary>Adds a row of things that are equal or not.</summary>
    /// <param name="check">What it is called.</param>
    /// <param name="different">How many are not.</param>
    /// <param name="note">What is wrong, where any is.</param>
    public void Differ(string check, long different, string? note) => Add(check, different, 0, different == 0 ? null : note);

    /// <summary>Adds a row of something that cannot be compared.</summary>
    public void Miss(string check, string note) => Add(check, double.PositiveInfinity, 0, note);

    /// <summary>Leaves tensors out of what must be compared; the report says so.</summary>
    /// <param name="beginning">What their names begin with.</param>
    /// <param name="why">In a few words.</param>
    public void Omit(string beginning, string why)
    {
        compared.UnionWith(Names.Where(name => name.StartsWith(beginning, StringComparison.Ordinal)));
        omitted.Add(new GoldenOmission(beginning + "*", why));
    }

    /// <summary>Each value of an object that is none of these is a row that missed: nothing compares it.</summary>
    public void Only(GoldenJson value, params string[] names)
    {
        foreach (GoldenJson other in value.Members.Where(member => !names.Contains(member.Name)))
        {
            Miss(other.Path, Uncompared);
        }
    }

    internal GoldenReport Report()
    {
        string what = "";
        Attempt("case", () =>
        {
            what = Description.Find("what")?.Text ?? "";
            formula.Compare(this);
        });

        // What a broken part of the case left uncompared has its row already.
        if (!broken && File.Exists(Path.Combine(Folder, Stored)))
        {
            Attempt(Stored, () =>
            {
                foreach (string name in Names.Where(IsAnswer).Where(name => !compared.Contains(name)).Order(StringComparer.Ordinal))
                {
                    Miss(name, Uncompared);
                }
            });
        }

        if (tensors.IsValueCreated)
        {
            tensors.Value.Values.ToList().ForEach(tensor => tensor.Dispose());
        }

        return new GoldenReport(GoldenCase.NameOf(Folder), what, rows) { Omitted = omitted };
    }

    private const string Uncompared = "nothing compares it";

    private static bool IsAnswer(string name) => name.StartsWith("out.", StringComparison.Ordinal) || name.StartsWith("grad.", StringComparison.Ordinal);

    private void With(string name, Tensor? ours, string? check, Action<Tensor, Tensor> compare)
    {
        compared.Add(name);
        if (ours is null)
        {
            Miss(check ?? name, "there is none of ours.");
            return;
        }

        GoldenVerifier.Attempt(rows, check ?? name, formula.Dtype, () =>
        {
            using IDisposable off = no_grad();
            compare(ours, Given(name));
        });
    }

    private void Add(string check, double error, double tolerance, string? note = null) =>
        rows.Add(new GoldenRow(check, formula.Dtype, error, tolerance, note));

    /// <summary>What two texts say from where they differ on.</summary>
    private static string Difference(string expected, string? ours)
    {
        const int Most = 60;
        if (ours is null)
        {
            return $"there is none, expected \"{expected[..Math.Min(Most, expected.Length)]}\"";
        }

        int same = expected.AsSpan().CommonPrefixLength(ours);
        string From(string text) => text[same..Math.Min(text.Length, same + Most)].ReplaceLineEndings("\\n");
        return $"from character {same} on \"{From(ours)}\", expected \"{From(expected)}\"";
    }
}
