using Zoo.Cli;

using var signals = new StopSignals();
return ZooCommands.Run(args, CliContext.Terminal(new DeclaredZoo(), signals.Token));
