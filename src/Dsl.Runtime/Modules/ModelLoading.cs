using System;
using System.Collections.Generic;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>How a folder becomes a model, whoever asks for it.</summary>
internal static class ModelLoading
{
    /// <exception cref="ConfigException">The config says what this model does not do, or what the folder's weights cannot be.</exception>
    /// <exception cref="CheckpointException">Tensors are missing, unexpected or of another shape; nothing was loaded.</exception>
    public static TModel Load<TConfig, TModel>(
        string folder,
        ConfigReader reader,
        ScalarType dtype,
        Device? device,
        LoadOptions? options,
        Func<ConfigReader, TConfig> read,
        Func<TConfig, Weights, TModel> build)
        where TModel : GeneratedModel
    {
        options ??= new LoadOptions();
        TConfig config = ReadConfig(reader, options.IgnoreKeys, options.Warn, read);
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        var weights = new Weights(dtype, device, initialize: false);
        weights.Table.Limit = new WeightLimit(reader.File, checkpoint.Path, checkpoint.Count);
        TModel? model = null;
        try
        {
            model = Build(reader.File, () => build(config, weights));
            weights.Table.Limit = null;
            var others = OtherFolders.Of(model.KeyRules, folder, reader);
            checkpoint.Join(others, model.AskedNames);
            LoadReport report = Told(others, () => model.LoadWeights(checkpoint, options));
            model.Source = ModelSource.Of(folder, reader, report);
            if (options.Adapter is { } adapter)
            {
                Adapters.Load(model, adapter);
            }

            model.eval();
            return model;
        }
        catch
        {
            model?.Dispose();
            weights.Table.Release();
            throw;
        }
    }

    /// <summary>What does not fit is said together with the folders of other models that are not there.</summary>
    private static LoadReport Told(OtherFolders others, Func<LoadReport> load)
    {
        try
        {
            return load();
        }
        catch (CheckpointException e) when (others.Absent.Count > 0)
        {
            throw new CheckpointException(e.File, $"{e.Problem}; {string.Join("; ", others.Absent)}");
        }
    }

    /// <summary>A record from a config, every key of which is handled, or named in a warning where it cannot matter.</summary>
    /// <exception cref="ConfigException">The config says what this model does not do.</exception>
    public static TConfig ReadConfig<TConfig>(ConfigReader reader, IReadOnlyList<string> ignored, Action<string>? warn, Func<ConfigReader, TConfig> read)
    {
        reader.Ignore(ignored);
        TConfig config = Build(reader.File, () => read(reader));
        Nf4Files.Check(reader);
        reader.Finish();
        if (reader.Unknown.Count > 0)
        {
            warn?.Invoke($"{CheckpointException.NameOf(reader.File)}: passed over {CheckpointException.Line(KeyFit.Listed(reader.Unknown))}, "
                + "which no model here knows and nothing in the arithmetic is called by");
        }

        return config;
    }

    /// <summary>Builds from a config; sizes that cannot be are that config's error.</summary>
    /// <exception cref="ConfigException">It cannot be built; the message names the file.</exception>
    public static T Build<T>(string file, Func<T> build)
    {
        try
        {
            return build();
        }
        catch (ConfigException e) when (e.File == Require.File && e.File != file)
        {
            throw new ConfigException(file, e.Problem, e);
        }
        catch (Exception e)
            when (e is ArgumentException or InvalidOperationException or ArithmeticException or IndexOutOfRangeException or NotSupportedException)
        {
            throw new ConfigException(file, $"no model can be built from it: {e.Message}", e);
        }
    }
}
