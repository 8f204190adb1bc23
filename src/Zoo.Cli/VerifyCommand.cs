using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Runtime.Loader;
using Dsl.Runtime;

namespace Zoo.Cli;

/// <summary><c>verify</c>: models, and what trains them, against what the published implementations answer.</summary>
internal static class VerifyCommand
{
    internal static Command Make(CliContext context)
    {
        var folders = new Argument<string[]>("folder") { Description = "folders of golden cases.", Arity = ArgumentArity.OneOrMore };
        var assembly = new Option<string?>("--assembly") { Description = "an assembly (.dll) of your own; its models come before the zoo's." };
        var command = new Command("verify",
            "Compare models, losses, data and optimisers with golden cases: each output's and gradient's error against its tolerance; exit 1 on a miss.")
        {
            folders, assembly,
        };
        command.SetAction(words => context.Zoo.Verify(words.GetRequiredValue(folders), words.GetValue(assembly), context.Console));
        return command;
    }
}

/// <summary>Models that another assembly declares.</summary>
internal static class DeclaredElsewhere
{
    /// <summary>Its models, then others.</summary>
    /// <exception cref="CommandException">It is not there, cannot be loaded, or declares no model.</exception>
    internal static ModelRegistry With(string path, ModelRegistry others)
    {
        string full = Path.GetFullPath(path);
        if (!File.Exists(full))
        {
            throw new CommandException($"--assembly {path}: there is no such file", 2);
        }

        // What it references lies beside it; what runs here already (the runtime itself) is the same there.
        var beside = new AssemblyDependencyResolver(full);
        AssemblyLoadContext.Default.Resolving += (context, name) => beside.ResolveAssemblyToPath(name) is { } found
            ? context.LoadFromAssemblyPath(found) : null;
        try
        {
            ModelRegistry own = ModelRegistry.Of(AssemblyLoadContext.Default.LoadFromAssemblyPath(full));
            return own.All.Count > 0
                ? new ModelRegistry([.. own.All.Concat(others.All)])
                : throw new CommandException($"--assembly {path} declares no model", 2);
        }
        catch (Exception e) when (e is BadImageFormatException or IOException or System.Reflection.ReflectionTypeLoadException)
        {
            throw new CommandException($"--assembly {path} cannot be loaded: {e.Message}", 2);
        }
    }
}
