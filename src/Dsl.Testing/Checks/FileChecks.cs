using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>Checkpoints and configs.</summary>
internal static class FileChecks
{
    internal static void SaveAndLoad(ModelSession s)
    {
        using IDisposable off = torch.no_grad();
        var model = (GeneratedModel)s.Model(ScalarType.Float32);
        Dictionary<string, Tensor> feed = s.Feed(2, s.Fit(9), dtype: ScalarType.Float32);

        // Inference may keep what it derives from the weights; a conversion replaces them, and a write in place changes them.
        model.Run(feed);
        model.to(ScalarType.Float64).to(ScalarType.Float32);
        model.Run(feed);
        s.Disturb(model, new Random(s.Options.Seed + 1));
        IReadOnlyDictionary<string, Tensor> before = model.Run(feed);

        string folder = s.Folder("saved");
        model.Save(folder);
        IModel loaded = s.Own(s.Entry.Load(folder));
        s.ExpectSame(loaded.Run(feed), before, "loaded from what was saved after writes in place");

        string[] keys = [.. model.state_dict().Keys.Order(StringComparer.Ordinal)];
        using (Checkpoint file = Checkpoint.Open(folder))
        {
            string[] stored = [.. file.Names.Order(StringComparer.Ordinal)];
            s.Expect(keys.SequenceEqual(stored), $"the file has {Difference(stored, keys)}, expected exactly the keys of state_dict");
        }

        string again = s.Folder("again");
        ((GeneratedModel)loaded).Save(again);
        s.Expect(
            ModelSession.ConfigText(again) == ModelSession.ConfigText(folder),
            "config.json changes when a loaded model is saved");

        // Second names: a file may hold a shared weight under any of them.
        if (model.Weights.All.Any(weight => weight.Aliases.Count > 0))
        {
            string other = s.Folder("aliases");
            ModelSession.CopyConfig(folder, other);
            Checkpoint.Save(
                other, [.. model.Weights.All.Select(weight => TensorSource.From(weight.Aliases.Count > 0 ? weight.Aliases[0] : weight.Key, weight.Value))]);
            s.ExpectSame(s.Own(s.Entry.Load(other)).Run(feed), before, "loaded from a file that uses the second names");
        }

        Weight[] needed = [.. model.Weights.All.Where(weight => !weight.MayBeMissing)];
        Weight missing = needed[needed.Length / 2];
        string broken = s.Folder("broken");
        ModelSession.CopyConfig(folder, broken);
        Checkpoint.Save(broken, [.. model.Weights.All.Where(weight => weight != missing).Select(weight => TensorSource.From(weight.Key, weight.Value))]);
        try
        {
            s.Own(s.Entry.Load(broken));
            s.Fail($"a file without '{missing.Key}' loads, expected an error that names it");
        }
        catch (CheckpointException e)
        {
            s.Expect(e.Message.Contains(missing.Key, StringComparison.Ordinal), $"a file without '{missing.Key}' gives '{e.Message}', which does not name it");
        }
    }

    internal static void UnknownKey(ModelSession s)
    {
        Read(s, s.Json);
        string json = "{ \"a_norm_that_nothing_handles\": 3," + s.Json[(s.Json.IndexOf('{', StringComparison.Ordinal) + 1)..];
        try
        {
            Read(s, json);
            s.Fail("a config with the key 'a_norm_that_nothing_handles' is read, expected an error");
        }
        catch (ConfigException e)
        {
            s.Expect(
                e.Message.Contains("a_norm_that_nothing_handles", StringComparison.Ordinal), $"an unknown key gives '{e.Message}', which does not name it");
        }
    }

    internal static string Difference(IReadOnlyCollection<string> found, IReadOnlyCollection<string> expected)
    {
        string[] extra = [.. found.Except(expected)], missing = [.. expected.Except(found)];
        static string Listed(string[] names) => names.Length == 0 ? "nothing" : string.Join(", ", names);
        return $"{Listed(extra)} too much and lacks {Listed(missing)}";
    }

    private static void Read(ModelSession s, string json)
    {
        ConfigReader reader = ConfigReader.Parse(json);
        s.Entry.ReadConfig(reader);
        reader.Finish();
    }
}
