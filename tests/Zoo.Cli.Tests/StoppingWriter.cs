using System;
using System.IO;
using System.Threading;

namespace Zoo.Cli.Tests;

/// <summary>Presses Ctrl+C when a text has been written.</summary>
internal sealed class StoppingWriter(string when) : StringWriter
{
    private readonly CancellationTokenSource source = new();

    internal CancellationToken Stop => source.Token;

    public override void Write(string? value)
    {
        base.Write(value);
        if (value?.Contains(when, StringComparison.Ordinal) == true)
        {
            source.Cancel();
        }
    }

    protected override void Dispose(bool disposing)
    {
        source.Dispose();
        base.Dispose(disposing);
    }
}
