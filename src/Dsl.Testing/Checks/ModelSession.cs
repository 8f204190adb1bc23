using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Files;
using Dsl.Runtime;
using Dsl.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>One check on one model: what it is made of, inputs for it, comparisons.</summary>
internal sealed class ModelSession : IDisposable
{
    private const int FirstRoom = 32;

    /// <summary>The smallest numbers of full precision (IEEE 754, 2.4).</summary>
    private const double SmallestSingle = 1.17549435e-38, SmallestDouble = 2.2250738585072014e-308;

    private readonly Action<string> fail;
    private readonly List<IDisposable> owned = [];
    private readonly Lazy<ModelFacts> facts;
    private string? folder;

    internal ModelSession(ModelEntry entry, object config, ModelCheckOptions options, Lazy<ModelFacts>? known, Action<string> fail)
    {
        this.fail = fail;
        Entry = entry;
        Config = config;
        Options = options;
        using IModel outline = entry.Build(config, new Weights(ScalarType.Float32, META));
        Inputs = outline.Inputs;
        Outputs = outline.Outputs;
        Windows = [.. outline.Masks().Where(place => place.Mask.Window is not null).Select(place => place.Mask.Window!.Value)];
        StepInput = options.StepInput ?? new[] { "decoder_input_ids", "input_ids" }.FirstOrDefault(Inputs.Contains) ?? Inputs[0];
        StepOutput = Outputs.Contains("logits") ? "logits" : Outputs[^1];
        try
        {
            using ModelState state = outline.NewState(1);
            Steps = true;
        }
        catch (NotSupportedException)
        {
            Steps = false;
        }

        // What is read once before the steps may have a length of its own; without steps, all inputs stand along one axis.
        HasMemory = Steps && Inputs.Any(name => name != StepInput && !IsMask(name) && name != "token_type_ids");
        Json = ConfigText();
        Padding = options.PaddingToken ?? ConfigReader.Parse(Json).OptionalInt(["pad_token_id"]) ?? -1;
        facts = known ?? new Lazy<ModelFacts>(() => ModelFacts.Of(entry, config, options, Math.Max(Wanted, Many)));
    }

    internal ModelEntry Entry { get; }

    internal object Config { get; }

    internal ModelCheckOptions Options { get; }

    internal IReadOnlyList<string> Inputs { get; }

    internal IReadOnlyList<string> Outputs { get; }

    internal IReadOnlyList<int> Windows { get; }

    /// <summary>The model has a stateful form.</summary>
    internal bool Steps { get; }

    /// <summary>The tokens along which it steps.</summary>
    internal string StepInput { get; }

    /// <summary>What its stateful form returns.</summary>
    internal string StepOutput { get; }

    /// <summary>Another input is read once, before the steps.</summary>
    internal bool HasMemory { get; }

    /// <summary>The input that a mask is of: the memory, where there is one.</summary>
    internal string MaskedInput => HasMemory ? Inputs.First(name => name != StepInput && !IsMask(name) && name != "token_type_ids") : StepInput;

    /// <summary>The token whose embedding learns nothing; -1: none.</summary>
    internal int Padding { get; }

    /// <summary>The text of <c>config.json</c>.</summary>
    internal string Json { get; }

    /// <summary>Beyond every window, and beyond a cache's first size.</summary>
    internal int LongLength => Fit(Wanted);

    /// <summary>Well beyond every window.</summary>
    internal int Many => Math.Max(96, (8 * Windows.DefaultIfEmpty(0).Max()) + 8);

    /// <summary>What was found out of the model, for further checks of it.</summary>
    internal Lazy<ModelFacts> Facts => facts;

    private int Wanted => Options.Length > 0 ? Options.Length : Math.Max(FirstRoom + 8, (2 * Windows.DefaultIfEmpty(0).Max()) + 3);

    /// <summary>As many tokens as the positions reach, at most.</summary>
    internal int Fit(int length) => Math.Min(length, facts.Value.Limit);

    internal void Fail(string problem) => fail(problem);

    internal void Expect(bool holds, string problem)
    {
        if (!holds)
        {
            fail(problem);
        }
    }

    /// <summary>A folder of this check's own, gone after it.</summary>
    internal string Folder(string name)
    {
        folder ??= Directory.CreateTempSubdirectory("model-checks-").FullName;
        return Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
    }

    /// <summary>
    /// A model in evaluation whose every weight matters: none is left at zero, at one or at a deviation so small that its part drowns in rounding.
    /// </summary>
    internal IModel Model(ScalarType dtype, int seed = 0)
    {
        IModel model = New(dtype);
        Disturb(model, new Random(Options.Seed + seed));
        return model;
    }

    /// <summary>A model as it starts, in evaluation.</summary>
    internal IModel New(ScalarType dtype)
    {
        torch.manual_seed(Options.Seed);
        IModel model = Entry.Create(Config, dtype);
        owned.Add(model);
        model.Module.eval();
        return model;
    }

    internal IModel Own(IModel model)
    {
        owned.Add(model);
        model.Module.eval();
        return model;
    }

    /// <summary>Adds noise to each weight, in place; what starts at random is replaced by it, so that the seed alone decides.</summary>
    internal void Disturb(IModel model, Random random)
    {
        using IDisposable off = torch.no_grad();
        foreach (Weight weight in model.Weights.All.Where(weight => torch.is_floating_point(weight.Value)))
        {
            using Tensor noise = Normal([.. weight.Shape], weight.Value.dtype, random);
            using Tensor scaled = noise * Scalars.Of(0.1);
            if (weight.Init.Name.StartsWith("normal", StringComparison.Ordinal))
            {
                weight.Value.copy_(scaled);
            }
            else
            {
                weight.Value.Increase(scaled);
            }
        }
    }

    internal static Tensor Normal(long[] shape, ScalarType dtype, Random random)
    {
        var values = new double[shape.Aggregate(1L, (a, b) => a * b)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        }

        return torch.tensor(values, shape, dtype: dtype);
    }

    /// <summary>Tokens [rows, length] of the input of that name, none of them the padding token (its embedding learns nothing, as published).</summary>
    internal Tensor Tokens(int rows, int length, int seed = 0, string? name = null)
    {
        var random = new Random((Options.Seed * 31) + seed);
        int vocabulary = facts.Value.Vocabularies[name ?? StepInput];
        var ids = new long[rows * length];
        for (int i = 0; i < ids.Length; i++)
        {
            do
            {
                ids[i] = random.Next(vocabulary);
            }
            while (ids[i] == Padding && vocabulary > 1);
        }

        return torch.tensor(ids, [rows, length]);
    }

    /// <summary>
    /// All inputs but the masks. The tokens along which it steps are <paramref name="length"/> long, those of the memory <paramref name="memory"/>.
    /// </summary>
    internal Dictionary<string, Tensor> Feed(int rows, int length, int memory = 7, ScalarType dtype = ScalarType.Float64, int seed = 0)
    {
        var feed = new Dictionary<string, Tensor>();
        foreach (string name in Inputs.Where(name => !IsMask(name)))
        {
            int size = HasMemory && name != StepInput ? memory : length;
            feed[name] = name switch
            {
                "token_type_ids" => Types(rows, size),
                _ when facts.Value.Vocabularies.ContainsKey(name) => Tokens(rows, size, seed + name.Length, name),
                _ => Options.MakeInput!(name, rows, dtype),
            };
        }

        return feed;
    }

    internal static bool IsMask(string name) => name.EndsWith("mask", StringComparison.Ordinal);

    /// <summary>Row i becomes what row <paramref name="rows"/>[i] was, in every input.</summary>
    internal static Dictionary<string, Tensor> Pick(Dictionary<string, Tensor> feed, params long[] rows)
    {
        Tensor picks = torch.tensor(rows);
        return feed.ToDictionary(pair => pair.Key, pair => pair.Value.index_select(0, picks));
    }

    /// <summary>The same inputs with other tokens along the steps.</summary>
    internal Dictionary<string, Tensor> With(Dictionary<string, Tensor> feed, Tensor tokens) => new(feed) { [StepInput] = tokens };

    internal Tensor Parallel(IModel model, Dictionary<string, Tensor> feed) => model.Run(feed, StepOutput)[StepOutput];

    /// <summary>The state before the first step: empty, or with the memory read.</summary>
    internal ModelState Begin(IModel model, Dictionary<string, Tensor> feed, int capacity = 4)
    {
        ModelState state = HasMemory ? model.Begin(feed, capacity) : model.NewState((int)feed[StepInput].shape[0], capacity);
        owned.Add(state);
        return state;
    }

    /// <summary>The stateful form over columns [from, to) in pieces of <paramref name="chunk"/>.</summary>
    internal static Tensor Advance(IModel model, ModelState state, Tensor tokens, int chunk, int from = 0, int? to = null, Tensor? mask = null)
    {
        var pieces = new List<Tensor>();
        int end = to ?? (int)tokens.shape[1];
        for (int at = from; at < end; at += chunk)
        {
            int n = Math.Min(chunk, end - at);
            pieces.Add(model.Advance(tokens.narrow(1, at, n), state, mask?.narrow(1, at, n)));
        }

        return torch.cat(pieces, 1);
    }

    /// <summary>AdamW over all that is trained, without decay.</summary>
    internal static Optimizer OptimiserOf(IModel model) =>
        new AdamW(Optimizer.DecayMatrices(model.Weights.All.Where(weight => weight.Trainable).Select(weight => (weight.Key, weight.Value)), 0));

    /// <summary>The largest difference over the largest reference value; infinite where shapes differ or a number is none.</summary>
    internal static double Error(Tensor ours, Tensor reference)
    {
        if (!ours.shape.SequenceEqual(reference.shape))
        {
            return double.PositiveInfinity;
        }

        if (reference.numel() == 0)
        {
            return 0;
        }

        double difference = (ours.to_type(ScalarType.Float64) - reference.to_type(ScalarType.Float64)).abs().max().item<double>();
        double scale = reference.to_type(ScalarType.Float64).abs().max().item<double>();

        // Numbers that small have lost their digits: they agree as zeros do.
        double least = reference.dtype == ScalarType.Float64 ? SmallestDouble : SmallestSingle;
        return double.IsNaN(difference) ? double.PositiveInfinity : difference / (scale < least ? 1 : scale);
    }

    /// <summary>The same shape and numbers, to the bit.</summary>
    internal static bool Same(Tensor ours, Tensor reference) => ours.shape.SequenceEqual(reference.shape) && ours.ne(reference).sum().item<long>() == 0;

    internal void ExpectClose(Tensor ours, Tensor reference, string what)
    {
        double error = Error(ours, reference), allowed = reference.dtype == ScalarType.Float64 ? Options.Tolerance : Options.SingleTolerance;
        if (error > allowed)
        {
            fail(ours.shape.SequenceEqual(reference.shape)
                ? FormattableString.Invariant($"{what}: differs by {error:g3} of the largest value, {allowed:g1} is allowed{Where(ours, reference)}")
                : $"{what}: the shape is [{string.Join(", ", ours.shape)}], expected [{string.Join(", ", reference.shape)}]");
        }
    }

    internal void ExpectSame(IReadOnlyDictionary<string, Tensor> ours, IReadOnlyDictionary<string, Tensor> reference, string what)
    {
        foreach ((string name, Tensor value) in reference)
        {
            Expect(Same(ours[name], value),
                FormattableString.Invariant($"{what}: output '{name}' differs by {Error(ours[name], value):g3}, expected the same bits"));
        }
    }

    /// <summary>Whether an output has one value for each token of an axis of that length.</summary>
    internal static bool IsAlong(Tensor output, int length) => output.dim() >= 2 && output.shape[1] == length;

    public void Dispose()
    {
        foreach (IDisposable each in Enumerable.Reverse(owned))
        {
            each.Dispose();
        }

        if (folder is not null)
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Where(Tensor ours, Tensor reference)
    {
        if (ours.dim() < 2)
        {
            return "";
        }

        Tensor worst = (ours - reference).abs().flatten(2 < ours.dim() ? 2 : 1);
        worst = worst.dim() > 2 ? worst.amax([2]) : worst;
        long at = worst.argmax().item<long>();
        return $" (worst at row {at / worst.shape[1]}, column {at % worst.shape[1]})";
    }

    private Tensor Types(int rows, int length)
    {
        var random = new Random(Options.Seed);
        int types = facts.Value.Vocabularies["token_type_ids"];
        return torch.tensor(Enumerable.Range(0, rows * length).Select(_ => (long)random.Next(types)).ToArray(), [rows, length]);
    }

    private string ConfigText()
    {
        using IModel model = Entry.Create(Config);
        string at = Folder("config");
        ((GeneratedModel)model).Save(at);
        return ConfigText(at);
    }

    /// <summary>The text of a folder's <c>config.json</c>.</summary>
    internal static string ConfigText(string folder) =>
        UserFile.ReadText(Path.Combine(folder, "config.json"), UserFile.MostOfText, FileErrors.Plain);

    /// <summary>Writes one folder's <c>config.json</c> into another.</summary>
    internal static void CopyConfig(string from, string to) => AtomicFiles.WriteText(Path.Combine(to, "config.json"), ConfigText(from), FileErrors.Plain);
}
