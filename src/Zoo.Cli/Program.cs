using System;
using System.Threading;
using Zoo.Cli;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    // The first Ctrl+C finishes the step and saves; the second one ends the process.
    pressed.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
};
return ZooCommands.Run(args, CliContext.Terminal(new DeclaredZoo(), stop.Token));
