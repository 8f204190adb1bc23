using System;
using System.IO;
using System.Threading;
using Dsl.Text;
using Spectre.Console;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>What a command works with; tests give their own.</summary>
/// <param name="Zoo">The declared models.</param>
/// <param name="Output">Results.</param>
/// <param name="Error">One line when something is wrong.</param>
/// <param name="Console">Tables and colours, on the same output.</param>
/// <param name="Interactive">A person is looking at a terminal.</param>
/// <param name="Stop">Ctrl+C and its like (<see cref="StopSignals"/>).</param>
public sealed record CliContext(IZoo Zoo, TextWriter Output, TextWriter Error, IAnsiConsole Console, bool Interactive, CancellationToken Stop)
{
    /// <summary>Plain text to writers.</summary>
    public static CliContext Plain(IZoo zoo, TextWriter output, TextWriter error, CancellationToken stop = default)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        console.Profile.Width = 160;
        return new CliContext(zoo, output, error, console, Interactive: false, stop);
    }

    /// <summary>The process's own console.</summary>
    public static CliContext Terminal(IZoo zoo, CancellationToken stop) => System.Console.IsOutputRedirected
        ? Plain(zoo, System.Console.Out, System.Console.Error, stop)
        : new CliContext(zoo, System.Console.Out, System.Console.Error, AnsiConsole.Console, Interactive: true, stop);
}

/// <summary>A command cannot do what was asked; the message is one sentence and the code is the process's.</summary>
public sealed class CommandException(string message, int code = 1) : Exception(message)
{
    /// <summary>2 for what was typed, 1 for everything else.</summary>
    public int Code { get; } = code;
}

/// <summary>Words that several commands read alike.</summary>
internal static class Arguments
{
    /// <summary>A codec; what is odd about its files is said.</summary>
    internal static T Warned<T>(CliContext context, T codec)
        where T : ITextCodec
    {
        foreach (string warning in codec is ITokenizer tokenizer ? tokenizer.Warnings : [])
        {
            context.Error.WriteLine($"warning: {warning}");
        }

        return codec;
    }

    internal static Device Device(string name)
    {
        try
        {
            Device device = torch.device(name);
            if (device.type == DeviceType.CUDA && !cuda.is_available())
            {
                throw new CommandException($"--device {name}, but no CUDA device is there; expected cpu");
            }

            return device;
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw new CommandException($"--device '{name}', expected cpu, cuda, cuda:1 or mps", 2);
        }
    }

    /// <summary>Refuses a number.</summary>
    internal static void Require(bool holds, string name, double value, string expected)
    {
        if (!holds)
        {
            throw new CommandException(FormattableString.Invariant($"--{name} {value}, expected {expected}"), 2);
        }
    }

    /// <summary>The known word that is nearest to a misspelt one, if any is near.</summary>
    internal static string? Nearest(string word, System.Collections.Generic.IEnumerable<string> known)
    {
        string? best = null;
        int least = Math.Max(2, word.Length / 3) + 1;
        foreach (string candidate in known)
        {
            int distance = Distance(word, candidate);
            if (distance < least)
            {
                (best, least) = (candidate, distance);
            }
        }

        return best;
    }

    private static int Distance(string a, string b)
    {
        // Bounded: a word from a command line may be any length.
        if (a.Length > 64 || b.Length > 64)
        {
            return int.MaxValue;
        }

        var row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
        {
            row[j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
