using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>Something that must hold of a model and did not.</summary>
/// <param name="Check">One of <see cref="ModelChecks.Names"/>.</param>
/// <param name="Problem">What was found and what was expected, in a sentence.</param>
public sealed record ModelFailure(string Check, string Problem)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Check}: {Problem}";
}

/// <summary>What <see cref="ModelChecks"/> cannot know by itself.</summary>
public sealed record ModelCheckOptions
{
    /// <summary>Decides weights, tokens and directions.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Tokens of the long sequence; 0: beyond every window and beyond a cache's first size, as far as the positions reach.</summary>
    public int Length { get; init; }

    /// <summary>Only these checks; empty: all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Checks that do not apply, each with the reason.</summary>
    public IReadOnlyDictionary<string, string> Except { get; init; } = new Dictionary<string, string>();

    /// <summary>Weights that no output reaches, each with the reason.</summary>
    public IReadOnlyDictionary<string, string> WithoutGradient { get; init; } = new Dictionary<string, string>();

    /// <summary>The token that padding is, whose embedding learns nothing; null: what <c>pad_token_id</c> in config.json says, else there is none.</summary>
    public int? PaddingToken { get; init; }

    /// <summary>The input along which the model steps; null: <c>decoder_input_ids</c>, <c>input_ids</c>, or the first.</summary>
    public string? StepInput { get; init; }

    /// <summary>
    /// Makes an input that is neither tokens, token types nor a mask: name, rows, dtype to tensor. Null: inputs of other names are tokens, too.
    /// </summary>
    public Func<string, int, ScalarType, Tensor>? MakeInput { get; init; }

    /// <summary>Runs in a check that nothing is left behind.</summary>
    public int Forwards { get; init; } = 200;

    /// <summary>Training steps in a check that nothing is left behind.</summary>
    public int TrainingSteps { get; init; } = 50;

    /// <summary>Training steps within which a model must know one batch by heart; a preset that is too small for that is no use in checks.</summary>
    public int OverfitSteps { get; init; } = 300;

    /// <summary>How far two ways to the same numbers may differ in float64, relative to the largest of them.</summary>
    public double Tolerance { get; init; } = 1e-9;

    /// <summary>The same in float32.</summary>
    public double SingleTolerance { get; init; } = 3e-5;
}

/// <summary>
/// What must hold of every declared model, whatever it is: its forms agree, rows are independent of padding and of one another, gradients are right, files
/// and states do what they say, nothing leaks, and it can learn. No test framework is needed:
/// <code>Assert.Empty(ModelChecks.Run(DslModels.All.Single(m => m.Name == "MyModel"), new MyConfig(...)));</code>
/// </summary>
public static class ModelChecks
{
    private static readonly (string Name, Action<ModelSession> Check)[] All =
    [
        ("save and load", FileChecks.SaveAndLoad),
        ("unknown config key", FileChecks.UnknownKey),
        ("module", ModuleChecks.Module),
        ("optimiser step", ModuleChecks.OptimiserStep),
        ("live tensors", ModuleChecks.LiveTensors),
        ("live tensors in training", ModuleChecks.LiveTensorsInTraining),
        ("forms", FormChecks.Forms),
        ("padded forms", FormChecks.PaddedForms),
        ("rows", FormChecks.Rows),
        ("causal", FormChecks.Causal),
        ("masks", MaskChecks.Masks),
        ("state", StateChecks.State),
        ("constant state", StateChecks.ConstantSize),
        ("recurrent state", StateChecks.Recurrent),
        ("gradients", GradientChecks.Gradients),
        ("losses in blocks", HeadChecks.Losses),
        ("overfit", GradientChecks.Overfit),
    ];

    /// <summary>Names of the checks, in the order in which they run.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(check => check.Name)];

    /// <summary>
    /// Runs all checks on models of one (small) configuration; empty when all hold. What a model does not have (a stateful form) is not asked of it.
    /// </summary>
    /// <exception cref="ArgumentException">The options name a check that does not exist.</exception>
    public static IReadOnlyList<ModelFailure> Run(ModelEntry entry, object config, ModelCheckOptions? options = null)
    {
        options ??= new ModelCheckOptions();
        if (options.Only.Concat(options.Except.Keys).FirstOrDefault(name => !Names.Contains(name)) is { } unknown)
        {
            throw new ArgumentException($"'{unknown}' is no check; the checks are {string.Join(", ", Names)}.", nameof(options));
        }

        var failures = new List<ModelFailure>();
        Lazy<ModelFacts>? facts = null;

        // The models are small: several threads would wait for one another longer than they compute.
        int threads = torch.get_num_threads();
        torch.set_num_threads(1);
        try
        {
            foreach ((string name, Action<ModelSession> check) in All)
            {
                if (!options.Except.ContainsKey(name) && (options.Only.Count == 0 || options.Only.Contains(name)))
                {
                    Run(name, check, entry, config, options, ref facts, failures);
                }
            }
        }
        finally
        {
            torch.set_num_threads(threads);
        }

        return failures;
    }

    private static void Run(
        string name, Action<ModelSession> check, ModelEntry entry, object config, ModelCheckOptions options, ref Lazy<ModelFacts>? facts,
        List<ModelFailure> failures)
    {
        try
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using var session = new ModelSession(entry, config, options, facts, problem => failures.Add(new ModelFailure(name, problem)));
            facts = session.Facts;
            check(session);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            failures.Add(new ModelFailure(name, $"{e.GetType().Name}: {e.Message}{Environment.NewLine}{e.StackTrace}"));
        }
    }
}
