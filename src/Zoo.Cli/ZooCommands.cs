using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using Dsl.Images;
using Dsl.Runtime;
using Dsl.Runtime.Native;
using Dsl.Text;
using Dsl.Training;

namespace Zoo.Cli;

/// <summary>The command line: reads words, runs a command, turns what goes wrong into one line and an exit code.</summary>
public static class ZooCommands
{
    /// <summary>What stopping by Ctrl+C returns, as shells do.</summary>
    public const int Interrupted = 130;

    /// <summary>Runs one command line.</summary>
    /// <returns>0: done; 1: something was wrong; 2: the words were wrong; 130: stopped.</returns>
    public static int Run(string[] words, CliContext context)
    {
        RootCommand root = Root(context);
        ParseResult parsed = root.Parse(words);
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction)
        {
            context.Error.WriteLine("error: " + Describe(parsed, root, words));
            return 2;
        }

        try
        {
            return parsed.Invoke(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = context.Output,
                Error = context.Error,
            });
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
        catch (Exception e)
        {
            context.Error.WriteLine("error: " + OneLine(e));
            return e is ArgumentException && e.Message.StartsWith("--", StringComparison.Ordinal) ? 2 : e is CommandException command ? command.Code : 1;
        }
    }

    internal static string OneLine(Exception e)
    {
        string text = e switch
        {
            FileNotFoundException { FileName: { } file } => $"{file}: not found, expected a file",
            AggregateException { InnerException: { } inner } => OneLine(inner),
            ExternalException native => TorchErrors.Sentence(native),
            OutOfMemoryException => e.Message,
            TypeInitializationException { InnerException: { } inner } => OneLine(inner),
            CommandException or CheckpointException or ConfigException or TextException or ImageException or SaveException or TrainingException
                or ArgumentException or IOException or UnauthorizedAccessException or NotSupportedException or InvalidOperationException
                or FormatException or TorchLoadException => e.Message,
            _ => $"{e.GetType().Name}: {e.Message}",
        };
        string line = Escaped.Line(text.ReplaceLineEndings(" ").Trim());
        return line.Length > 0 && line[^1] == '.' ? line[..^1] : line;
    }

    private static RootCommand Root(CliContext context)
    {
        var root = new RootCommand("Neural networks declared in C#: train them, look at them, let them write.")
        {
            TrainCommand.Make(context),
            CurvesCommand.Make(context),
            GenerateCommand.Make(context),
            FillCommand.Make(context),
            ClassifyCommand.Make(context),
            TasksCommand.Make(context),
            ListCommand.Make(context),
            ShowCommand.Make(context),
            DrawCommand.Make(context),
            PagesCommand.Make(context),
            MasksCommand.Make(context),
            VerifyCommand.Make(context),
            TokenizerCommand.Make(context),
            TokenizeCommand.Make(context),
            EmbedCommand.Make(context),
            CheckCommand.Make(context),
            EvaluateCommand.Make(context),
            MergeCommand.Make(context),
            ScalingCommand.Make(context),
            InContextCommand.Make(context),
            EmergenceCommand.Make(context),
        };
        return root;
    }

    /// <summary>One sentence for the first thing that is wrong with the words.</summary>
    private static string Describe(ParseResult parsed, RootCommand root, string[] words)
    {
        if (words.Length == 0)
        {
            return $"no command, expected one of {string.Join(", ", root.Subcommands.Select(command => command.Name))}; --help describes them";
        }

        ParseError error = parsed.Errors[0];
        if (error.SymbolResult is OptionResult option)
        {
            string value = option.Tokens.Count > 0 ? option.Tokens[^1].Value : "";
            if (option.Tokens.Count == 0)
            {
                return $"{option.Option.Name} without a value, expected {Expected(option.Option.ValueType)}";
            }

            return option.Tokens.Count > 1 && option.Option.Arity.MaximumNumberOfValues == 1
                ? $"{option.Option.Name} given {option.Tokens.Count} times, expected once"
                : $"{option.Option.Name} '{value}', expected {Expected(option.Option.ValueType)}";
        }

        if (parsed.UnmatchedTokens.Count > 0)
        {
            string word = parsed.UnmatchedTokens[0];
            Command command = parsed.CommandResult.Command;
            bool isOption = word.StartsWith('-');
            IEnumerable<string> known = isOption ? command.Options.Select(candidate => candidate.Name)
                : command.Subcommands.Select(candidate => candidate.Name);
            string kind = isOption ? "an option" : command == root ? "a command" : "expected here";
            string where = command == root ? "" : $" of {command.Name}";
            return Arguments.Nearest(word, known) is { } nearest
                ? $"'{word}' is not {kind}{(isOption ? where : "")}, expected '{nearest}' perhaps; --help lists them"
                : $"'{word}' is not {kind}{(isOption ? where : "")}; --help lists what is";
        }

        if (error.SymbolResult is ArgumentResult { Argument: { } argument } && argument.ValueType != typeof(bool))
        {
            return $"{parsed.CommandResult.Command.Name} without <{argument.Name}>, expected {argument.Description?.TrimEnd('.')}";
        }

        if (error.SymbolResult is CommandResult { Command: { } of } && of.Arguments.FirstOrDefault() is { } missing && of != root)
        {
            return $"{of.Name} without <{missing.Name}>, expected {missing.Description?.TrimEnd('.')}";
        }

        return error.Message.ReplaceLineEndings(" ").TrimEnd('.');
    }

    private static string Expected(Type type)
    {
        Type bare = Nullable.GetUnderlyingType(type) ?? type;
        return bare == typeof(double) ? "a number"
            : bare == typeof(int) || bare == typeof(long) || bare == typeof(ulong) ? "a whole number"
            : bare == typeof(bool) ? "true or false"
            : "a value";
    }
}
