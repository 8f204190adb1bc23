using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using Benchmarks;
using Dsl.Runtime.Native;
using Spectre.Console;

IBenchmark[] all =
[
    new Limits(), new Prefill(), new Train(), new Decode(), new Experts(), new Scan(), new Elements(), new Long(), new Keystroke(), new Load(), new Adapt(),
];

var name = new Argument<string>("name") { Description = string.Join("; ", all.Select(b => $"{b.Name}: {b.Help}")) };
name.Validators.Add(given =>
{
    if (all.All(b => b.Name != given.GetValueOrDefault<string>()))
    {
        given.AddError($"There is no benchmark '{given.GetValueOrDefault<string>()}': {string.Join(", ", all.Select(b => b.Name))} are there.");
    }
});
var quick = new Option<bool>("--quick") { Description = "Fewer repetitions: a first impression, not a figure to report." };
var peak =
    new Option<string?>("--peak") { Description = "Runs one variant alone (case/ours or case/baseline) and prints its peak memory in MB.", Hidden = true };
var root = new RootCommand(
    "Measures this project against the same models written op by op in TorchSharp, and against the limits of the machine.") { name, quick, peak };
root.SetAction(parsed =>
{
    var benchmark = all.Single(b => b.Name == parsed.GetRequiredValue(name));
    if (parsed.GetValue(peak) is { } variant)
    {
        int slash = variant.LastIndexOf('/');
        Console.WriteLine(benchmark.PeakOf(variant[..slash], variant[(slash + 1)..] == "ours").ToString("F1", CultureInfo.InvariantCulture));
        return 0;
    }

    TorchLibrary.Load();
    var effort = new Effort(parsed.GetValue(quick));
    var machine = Machine.Measure(effort);
    var report = new Report(benchmark.Name, machine, benchmark.Run(machine, effort));
    report.Print(AnsiConsole.Console);
    Console.WriteLine(report.ToJson());
    return 0;
});

var result = root.Parse(args);
return result.Errors.Count == 0 ? result.Invoke() : Refuse(result.Errors[0].Message);

static int Refuse(string why)
{
    Console.Error.WriteLine(why);
    return 2;
}
