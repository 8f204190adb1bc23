using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace Zoo.Cli;

/// <summary>
/// What asks the process to end: Ctrl+C, SIGTERM, and a terminal or a console window that is closed. The first one asks the command to stop; one that saves
/// finishes its step and saves, every other has a second to end by itself. The second one ends the process at once.
/// </summary>
public sealed class StopSignals : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private static volatile bool saves;

    private readonly CancellationTokenSource stop = new();
    private readonly ManualResetEventSlim ended = new();
    private readonly PosixSignalRegistration[] registrations;

    /// <summary>Listens until it is disposed.</summary>
    public StopSignals() => registrations = Array.ConvertAll(
        [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP], signal => PosixSignalRegistration.Create(signal, Handle));

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => stop.Token;

    /// <summary>The running command ends by itself, however long that takes: it has something to save.</summary>
    internal static void Saves() => saves = true;

    /// <inheritdoc/>
    public void Dispose()
    {
        ended.Set();
        Array.ForEach(registrations, registration => registration.Dispose());
    }

    private void Handle(PosixSignalContext context)
    {
        if (stop.IsCancellationRequested)
        {
            return; // the second one: the system ends the process
        }

        context.Cancel = true;
        stop.Cancel();
        if (!saves)
        {
            new Thread(() => End(Grace)) { IsBackground = true }.Start();
        }
        else if (OperatingSystem.IsWindows() && context.Signal != PosixSignal.SIGINT)
        {
            ended.Wait(); // a closed console ends the process when this returns
        }
    }

    // What runs may be one long call of native code, which no token reaches. Files are whole or not there whenever that is.
    private void End(TimeSpan after)
    {
        if (ended.Wait(after))
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            Environment.Exit(ZooCommands.Interrupted);
        }

        ExitNow(ZooCommands.Interrupted);
    }

    // At once: an orderly exit takes libtorch apart under the call that still runs in it, which takes seconds and may end in a crash.
    [DllImport("libc", EntryPoint = "_exit")]
    private static extern void ExitNow(int code);
}
