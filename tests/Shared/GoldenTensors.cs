using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;

namespace Dsl.Tests;

/// <summary>The tensors of a golden folder, where it has any.</summary>
internal sealed partial class Golden : IDisposable
{
    private readonly SafeTensorsFile? tensors = File.Exists(Path.Combine(folder, "io.safetensors"))
        ? SafeTensorsFile.Open(Path.Combine(folder, "io.safetensors")) : null;

    internal IEnumerable<string> Names => tensors!.Tensors.Select(entry => entry.Name);

    internal bool Has(string name) => tensors is not null && Names.Contains(name);

    internal long[] Shape(string name) => [.. tensors![name].Shape];

    internal double[] Doubles(string name) => tensors!.Read<double>(name);

    internal long[] Longs(string name) => tensors!.Read<long>(name);

    internal byte[] Bytes(string name) => tensors!.Read<byte>(name);

    public void Dispose() => tensors?.Dispose();
}
