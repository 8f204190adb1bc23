using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Checkpoints;

public class CheckpointTests
{
    private static TensorSource Floats(string name, long[] shape, float first = 0) => TensorSource.From<float>(name, ElementType.F32, shape,
        Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(i => first + i).ToArray());

    private static LoadTarget Target(string key, params long[] shape) => new(key, shape, full(shape, Scalars.Of(-1f)));

    private static float[] Values(LoadTarget target) => target.Destination.contiguous().data<float>().ToArray();

    private static string Refused(string path, IReadOnlyList<LoadTarget> targets, LoadOptions? options = null)
    {
        using var checkpoint = Checkpoint.Open(path);
        string message = Assert.Throws<CheckpointException>(() => checkpoint.LoadInto(targets, options)).Message;
        Raw.OneLine(message);
        foreach (var target in targets)
            Assert.All(Values(target), value => Assert.Equal(-1f, value)); // nothing is loaded on a miss
        return message;
    }

    [Fact]
    public void MissingUnexpectedAndMisshapenAreAllNamedAndNothingIsLoaded()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Checkpoint.Save(folder.Path, [Floats("good", [2]), Floats("d", [1]), Floats("lm_head.weight", [3, 4]),
            TensorSource.From<int>("ids", ElementType.I32, [2], new int[2])]);
        string message = Refused(folder.Path, [Target("good", 2), Target("a", 1), Target("b", 1), Target("c", 1), Target("lm_head.weight", 5, 4),
            Target("ids", 2)]);
        Assert.Equal("model.safetensors: 3 tensors missing: 'a', 'b', 'c'; 1 unexpected: 'd'; 'lm_head.weight': file [3,4], model [5,4], "
            + "'ids': file I32, model F32, expected the model's tensors", message);
    }

    [Fact]
    public void LongListsAreCutAndCounted()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Checkpoint.Save(folder.Path, [Floats("x", [1])]);
        string message = Refused(folder.Path, Enumerable.Range(0, 50).Select(i => Target("t" + i, 1)).Append(Target("x", 1)).ToList());
        Assert.StartsWith("model.safetensors: 50 tensors missing: 't0', ", message, StringComparison.Ordinal);
        Assert.Contains("'t19' and 30 more", message, StringComparison.Ordinal);
        Assert.DoesNotContain("'t20'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void PackedViewsAreFilledInPlace()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Checkpoint.Save(folder.Path, [Floats("q", [2, 3], 0), Floats("k", [1, 3], 100), Floats("v", [1, 3], 200)]);
        var packed = nn.Parameter(full([4, 3], Scalars.Of(-1f)));
        using var checkpoint = Checkpoint.Open(folder.Path);
        var report = checkpoint.LoadInto(
        [
            new("q", [2, 3], packed.narrow(0, 0, 2)),
            new("k", [1, 3], packed.narrow(0, 2, 1)),
            new("v", [1, 3], packed.narrow(0, 3, 1)),
        ]);
        Assert.Equal(3, report.Loaded);
        Assert.Equal([0, 1, 2, 3, 4, 5, 100, 101, 102, 200, 201, 202], packed.detach().data<float>().ToArray());
        Assert.True(packed.requires_grad);
        Assert.True(packed.is_leaf);
    }

    [Fact]
    public void TiesMayStandOnceOrTwiceButNotUnequal()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        LoadTarget Tied() => Target("embed_tokens.weight", 3, 2) with { Aliases = ["lm_head.weight"] };

        foreach (string[] names in new string[][] { ["embed_tokens.weight"], ["lm_head.weight"], ["embed_tokens.weight", "lm_head.weight"] })
        {
            Checkpoint.Save(folder.Path, names.Select(name => Floats(name, [3, 2], 5)).ToList());
            using var checkpoint = Checkpoint.Open(folder.Path);
            var target = Tied();
            checkpoint.LoadInto([target]);
            Assert.Equal([5, 6, 7, 8, 9, 10], Values(target));
        }

        Checkpoint.Save(folder.Path, [Floats("embed_tokens.weight", [3, 2]), Floats("lm_head.weight", [3, 2], 1)]);
        Assert.Equal("model.safetensors: 'lm_head.weight' differs from 'embed_tokens.weight' but the model has one weight for both, expected the model's tensors",
            Refused(folder.Path, [Tied()]));

        // Equal values of different types are equal.
        var half = TensorSource.From("lm_head.weight", Scalars.Range(6, ScalarType.Float16).reshape(3, 2));
        Checkpoint.Save(folder.Path, [Floats("embed_tokens.weight", [3, 2]), half]);
        using var mixed = Checkpoint.Open(folder.Path);
        Assert.Equal(1, mixed.LoadInto([Tied()]).Loaded);
    }

    [Fact]
    public void NotFiniteValuesWarnAndLoad()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        float[] nan = new float[1000], infinite = new float[1000];
        nan[999] = float.NaN;
        infinite[3] = float.NegativeInfinity;
        Checkpoint.Save(folder.Path, [Floats("fine", [1000]), TensorSource.From<float>("nan", ElementType.F32, [1000], nan),
            TensorSource.From<float>("inf", ElementType.F32, [1000], infinite), TensorSource.From("overflows", full([9], Scalars.Of(1e6f)))]);
        LoadTarget[] targets = [Target("fine", 1000), Target("nan", 1000), Target("inf", 1000),
            new("overflows", [9], zeros([9], ScalarType.Float16))];
        using var checkpoint = Checkpoint.Open(folder.Path);
        var warnings = new List<string>();
        Assert.Equal(4, checkpoint.LoadInto(targets, new LoadOptions { Warn = warnings.Add }).Loaded);
        Assert.Equal(
            ["model.safetensors: 'nan', 'inf' hold values that are NaN or infinite",
            "model.safetensors: 'overflows' holds values beyond the range of F16, which became infinite; load as BF16 or F32"], warnings);
        Assert.True(float.IsNaN(Values(targets[1])[999]));
        warnings.Clear();
        checkpoint.LoadInto(targets, new LoadOptions { Warn = warnings.Add, CheckFinite = false });
        Assert.Empty(warnings);
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void OneBadValueIsFoundWhereverItStands(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        for (int at = 0; at < 40; at++)
        {
            var values = ones([40]);
            values[at] = at % 2 == 0 ? double.NaN : double.PositiveInfinity;
            SafeTensorsWriter.Write(folder.File("m.safetensors"), [TensorSource.From("x", values.to(type)), TensorSource.From("y", ones([40]).to(type))]);
            using var file = SafeTensorsFile.Open(folder.File("m.safetensors"));
            Assert.False(file.Read("x", zeros([40], type), checkFinite: true), $"at {at}");
            Assert.True(file.Read("y", zeros([40], type), checkFinite: true));
        }
    }

    [Fact]
    public void IgnoredNamesAndAllowedOnes()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Checkpoint.Save(folder.Path, [Floats("a", [1]), Floats("h.0.attn.bias", [1]), Floats("h.11.attn.bias", [1]), Floats("x.position_ids", [1]),
            Floats("other", [1])]);
        var options = new LoadOptions { Ignore = ["*.position_ids", "h.*.attn.bias"] };
        Assert.Equal("model.safetensors: 1 unexpected: 'other', expected the model's tensors", Refused(folder.Path, [Target("a", 1)], options));
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(["other"], checkpoint.LoadInto([Target("a", 1)], options with { AllowUnexpected = true }).Unexpected);
    }

    [Fact]
    public void TheLayoutThatFitsBestIsTaken()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var layouts = new[]
        {
            KeyLayout.Declared,
            KeyLayout.Parse("original", "/rwkv=", "attention=att", "feed_forward=ffn", "embeddings=emb"),
        };
        string[] keys = ["rwkv.embeddings.weight", "rwkv.blocks.0.attention.key.weight", "rwkv.blocks.0.feed_forward.key.weight"];
        Checkpoint.Save(folder.Path, [Floats("emb.weight", [1], 1), Floats("blocks.0.att.key.weight", [1], 2), Floats("blocks.0.ffn.key.weight", [1], 3)]);
        using (var checkpoint = Checkpoint.Open(folder.Path))
        {
            var targets = keys.Select(key => Target(key, 1)).ToList();
            Assert.Equal("original", checkpoint.LoadInto(targets, new LoadOptions { Layouts = layouts }).Layout.Name);
            Assert.Equal([1, 2, 3], targets.Select(target => Values(target)[0]));
        }
        // Problems are those of the layout that fits best.
        Assert.Equal("model.safetensors: 1 tensor missing: 'blocks.0.att.value.weight', expected the model's tensors "
            + "(names read in the layout 'original', which fits best)",
            Refused(folder.Path, keys.Append("rwkv.blocks.0.attention.value.weight").Select(key => Target(key, 1)).ToList(),
                new LoadOptions { Layouts = layouts }));
    }

    [Fact]
    public void OldNamesOfNormsAndAnOptionalPrefix()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Checkpoint.Save(folder.Path, [Floats("encoder.LayerNorm.gamma", [1], 1), Floats("encoder.LayerNorm.beta", [1], 2),
            Floats("bert.dense.weight", [1], 3)]);
        var targets = new[] { "bert.encoder.LayerNorm.weight", "bert.encoder.LayerNorm.bias", "bert.dense.weight" }.Select(key => Target(key, 1)).ToList();
        var layout = KeyLayout.Parse("either", "/bert?=").WithOldNorms();
        using var checkpoint = Checkpoint.Open(folder.Path);
        checkpoint.LoadInto(targets, new LoadOptions { Layouts = [layout] });
        Assert.Equal([1, 2, 3], targets.Select(target => Values(target)[0]));
        Assert.Throws<CheckpointException>(() => checkpoint.LoadInto(targets)); // a rule of the caller's, not of the loader
    }

    [Theory]
    [InlineData("attention=att", "h.0.attention.attention.x", "h.0.att.att.x")]
    [InlineData("attention=att", "h.0.attentions.x", "h.0.attentions.x")]
    [InlineData("a.b=c", "x.a.b.a.b.y", "x.c.c.y")]
    [InlineData("a.b=", "x.a.b.y", "x.y")]
    [InlineData("/model=", "model.model.x", "model.x")]
    [InlineData("/model=transformer.h", "model.x", "transformer.h.x")]
    [InlineData("/model=", "x.model", "x.model")]
    [InlineData("/=bert", "x.y", "bert.x.y")]
    public void Renaming(string rename, string key, string expected) => Assert.Equal(expected, KeyRename.Parse(rename).Apply(key));

    [Theory]
    [InlineData("no equals sign")]
    [InlineData("=x")]
    [InlineData("?=x")]
    public void WhatIsNoRenaming(string text) => Assert.Throws<FormatException>(() => KeyRename.Parse(text));

    [Fact]
    public void ShardsAreWrittenAndReadThroughTheIndex()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Checkpoint.Save(folder.Path, [Floats("stale", [1])]);
        var tensors = Enumerable.Range(0, 5).Select(i => Floats("t" + i, [100], i)).ToList();
        Checkpoint.Save(folder.Path, tensors, maxShardBytes: 900);
        Assert.Equal(["model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors",
            "model.safetensors.index.json"],
            folder.Names());
        using (var index = JsonDocument.Parse(File.ReadAllText(folder.File("model.safetensors.index.json"))))
        {
            Assert.Equal(2000, index.RootElement.GetProperty("metadata").GetProperty("total_size").GetInt64());
            Assert.Equal("model-00002-of-00003.safetensors", index.RootElement.GetProperty("weight_map").GetProperty("t3").GetString());
        }
        var targets = Enumerable.Range(0, 5).Select(i => Target("t" + i, 100)).ToList();
        using (var checkpoint = Checkpoint.Open(folder.Path))
        {
            Assert.Equal("pt", checkpoint.Metadata["format"]);
            checkpoint.LoadInto(targets);
            using var read = checkpoint.ReadTensor("t4");
            Assert.Equal(103f, read[99].item<float>());
        }
        Assert.Equal([0, 1, 2, 3, 4], targets.Select(target => (int)Values(target)[0]));

        // A single file replaces the shards and their index.
        Checkpoint.Save(folder.Path, tensors);
        Assert.Equal(["model.safetensors"], folder.Names());
    }

    [Fact]
    public void AnInterruptedSaveKeepsTheCheckpointThatWasThere()
    {
        using var folder = new TemporaryFolder();
        Checkpoint.Save(folder.Path, Enumerable.Range(0, 4).Select(i => Floats("t" + i, [10], i)).ToList(), maxShardBytes: 80);
        string[] names = folder.Names();
        byte[][] contents = names.Select(name => File.ReadAllBytes(folder.File(name))).ToArray();
        using var cancel = new CancellationTokenSource();
        var last = new TensorSource("t3", ElementType.F32, [10], (_, token) =>
        {
            cancel.Cancel();
            token.ThrowIfCancellationRequested();
        });
        Assert.ThrowsAny<OperationCanceledException>(() =>
            Checkpoint.Save(folder.Path, [Floats("t0", [10], 7), Floats("t1", [10], 7), Floats("t2", [10], 7), last], maxShardBytes: 80, cancel: cancel.Token));
        Assert.Equal(names, folder.Names());
        Assert.Equal(contents, names.Select(name => File.ReadAllBytes(folder.File(name))));
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"../x"}}""", "shard '../x' leaves the model folder, expected a file in it")]
    [InlineData("""{"weight_map":{"a":"/etc/passwd"}}""", "shard '/etc/passwd' leaves the model folder, expected a file in it")]
    [InlineData("""{"weight_map":{"a":"x/../../y"}}""", "shard 'x/../../y' leaves the model folder, expected a file in it")]
    [InlineData("""{"weight_map":{"a":"..\\x"}}""", "shard '..\\x' leaves the model folder, expected a file in it")]
    [InlineData("""{"weight_map":{"a":"C:x"}}""", "shard 'C:x' leaves the model folder, expected a file in it")]
    [InlineData("""{"weight_map":{"a":""}}""", "shard '' leaves the model folder, expected a file in it")]
    [InlineData("""{"weight_map":{"a":"model-00009.safetensors"}}""", "shard 'model-00009.safetensors' not found, expected it in the model folder")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","h.9.w":"one.safetensors"}}""",
        "tensor 'h.9.w' not in one.safetensors although the index says so, expected an index of these shards")]
    [InlineData("""{"weight_map":{"a":"two.safetensors","b":"one.safetensors"}}""",
        "tensor 'a' not in two.safetensors although the index says so, expected an index of these shards")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","c":"copy.safetensors"}}""", "tensor 'a' in several shards, expected it in one")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","a":"one.safetensors"}}""", "tensor 'a' listed twice, expected once")]
    [InlineData("""{"weight_map":{"a":1}}""", "weight_map: 'a' is a number, expected the name of a shard")]
    [InlineData("""{"weight_map":[]}""", "weight_map is a list, expected an object of shards by tensor")]
    [InlineData("""{"metadata":{}}""", "weight_map missing, expected an object of shards by tensor")]
    [InlineData("""{"weight_map":{},"weight_map":{}}""", "weight_map listed twice, expected once")]
    [InlineData("""[]""", "is not a JSON object (byte 1), expected an object with weight_map")]
    [InlineData("""{"weight_map":{""", "is not a JSON object (byte 16), expected an object with weight_map")]
    public void BadIndex(string index, string message)
    {
        using var folder = new TemporaryFolder();
        SafeTensorsWriter.Write(folder.File("one.safetensors"), [Floats("a", [1])]);
        SafeTensorsWriter.Write(folder.File("two.safetensors"), [Floats("b", [1])]);
        SafeTensorsWriter.Write(folder.File("copy.safetensors"), [Floats("a", [1]), Floats("c", [1])]);
        File.WriteAllText(folder.File("model.safetensors.index.json"), index);
        var refusal = Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Path));
        Assert.Equal("model.safetensors.index.json: " + message, refusal.Message);
    }

    [Fact]
    public void SavingOverABrokenIndexDeletesNoFileThatIsNoWeights()
    {
        using var folder = new TemporaryFolder();
        folder.Put("config.json", "{}"u8.ToArray());
        File.WriteAllText(folder.File("model.safetensors.index.json"), """{"weight_map":{"a":"config.json"}}""");
        Checkpoint.Save(folder.Path, [Floats("a", [1])]);
        Assert.Equal(["config.json", "model.safetensors"], folder.Names());
    }

    [Fact]
    public void FoldersWithoutWeights()
    {
        using var folder = new TemporaryFolder();
        Assert.EndsWith(": holds no weights, expected model.safetensors or model.safetensors.index.json",
            Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Path)).Message, StringComparison.Ordinal);
        folder.Put("pytorch_model.bin", [0x80, 2]);
        Assert.Contains(": holds PyTorch pickles only (pytorch_model.bin); convert them to safetensors first, expected model.safetensors",
            Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Path)).Message, StringComparison.Ordinal);
    }
}
