using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Dsl.Runtime;

namespace Dsl.Testing;

/// <summary>Says that the models of this assembly are to be checked; <see cref="ModelSuite.Of(Assembly)"/> reads it.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class VerifyModelsAttribute : Attribute
{
    /// <summary>Presets of more numbers than this are not built.</summary>
    public long MostParameters { get; set; } = ModelSuite.DefaultMostParameters;

    /// <summary>
    /// A type with a public static property <c>Options</c> of type <c>Func&lt;string, ModelCheckOptions&gt;</c>: a model's name to what its checks need.
    /// </summary>
    public Type? Options { get; set; }
}

/// <summary>
/// Every check of every model of an assembly under a name of its own, so that any test framework can list them and run them one by one. A model is
/// checked at each of its presets that is small; a model without one is a check that fails and says so.
/// </summary>
public sealed class ModelSuite
{
    /// <summary>Presets of more numbers than this are too large to check.</summary>
    public const long DefaultMostParameters = 1_000_000;

    private readonly Dictionary<string, Func<IReadOnlyList<ModelFailure>>> checks = new(StringComparer.Ordinal);

    /// <summary>The checks of given models.</summary>
    /// <param name="models">The models: <c>DslModels.All</c> in the files of the assembly that declares them.</param>
    /// <param name="options">What the checks of a model of that name need; null: nothing.</param>
    /// <param name="mostParameters">Presets of more numbers are not built.</param>
    public ModelSuite(IEnumerable<ModelEntry> models, Func<string, ModelCheckOptions>? options = null, long mostParameters = DefaultMostParameters)
    {
        foreach (ModelEntry entry in models)
        {
            ModelCheckOptions own = options?.Invoke(entry.Name) ?? new ModelCheckOptions();
            ModelPreset[] small = [.. entry.Presets.Where(preset => entry.ParameterCount(preset.Config()) <= mostParameters)];
            if (small.Length == 0)
            {
                checks.Add($"{entry.Name}: has a small preset", () => [new ModelFailure("has a small preset",
                    $"{entry.Name} has no preset of at most {mostParameters} numbers that it could be checked at, expected a [Preset] of its config")]);
            }

            foreach (ModelPreset preset in small)
            {
                foreach (string check in ModelChecks.Names.Where(name => !own.Except.ContainsKey(name) && (own.Only.Count == 0 || own.Only.Contains(name))))
                {
                    checks.Add($"{entry.Name} {preset.Name}: {check}", () => ModelChecks.Run(entry, preset.Config(), own with { Only = [check] }));
                }
            }
        }
    }

    /// <summary>The checks of the models that an assembly declares, as its <see cref="VerifyModelsAttribute"/> says, if it has one.</summary>
    /// <exception cref="ArgumentException">It declares no model.</exception>
    public static ModelSuite Of(Assembly assembly)
    {
        var how = assembly.GetCustomAttribute<VerifyModelsAttribute>() ?? new VerifyModelsAttribute();
        IReadOnlyList<ModelEntry> models = ModelRegistry.Of(assembly).All;
        return models.Count > 0
            ? new ModelSuite(models, (Func<string, ModelCheckOptions>?)how.Options?.GetProperty("Options")?.GetValue(null), how.MostParameters)
            : throw new ArgumentException($"The assembly {assembly.GetName().Name} declares no model.", nameof(assembly));
    }

    /// <summary>The checks' names, "model preset: check", in the order of models and checks.</summary>
    public IEnumerable<string> Names => checks.Keys;

    /// <summary>Runs one check.</summary>
    /// <exception cref="KeyNotFoundException">There is no check of that name.</exception>
    /// <exception cref="ModelCheckException">It does not hold; the message says what was found.</exception>
    public void Run(string name)
    {
        IReadOnlyList<ModelFailure> failures = checks.TryGetValue(name, out var check)
            ? check()
            : throw new KeyNotFoundException($"There is no check '{name}'.");
        if (failures.Count > 0)
        {
            throw new ModelCheckException(string.Join(Environment.NewLine, failures));
        }
    }
}

/// <summary>Something that must hold of a model does not.</summary>
public sealed class ModelCheckException(string message) : Exception(message);
