using System;
using System.IO;
using System.Linq;
using Dsl.Tests;
using Xunit;

namespace Dsl.Training.Tests;

public sealed class EventsFileTests
{
    [Fact]
    public void TheTableAndTensorBoardsFileSayTheSame()
    {
        using var folder = new ScratchFolder();
        string table = folder["metrics.csv"], events = folder["events.out.tfevents.run"];
        using (var file = new MetricsFile(table, 0, held: false, events))
        {
            file.Add(new MetricsRow(1, 2, 0.5, 4, null, 100, 1) { Parts = [new("reward", 0.25)] });
            file.Add(new MetricsRow(2, 1.5, 0.25, 3, 1.75, 100, 2) { Parts = [new("reward", 0.5)] });
        }

        Assert.Equal(
            [(1L, "train/loss", 2f), (1, "train/rate", 0.5f), (1, "train/gradient_norm", 4f), (1, "train/tokens_per_second", 100f), (1, "train/reward", 0.25f),
                (2, "train/loss", 1.5f), (2, "train/rate", 0.25f), (2, "train/gradient_norm", 3f), (2, "train/tokens_per_second", 100f),
                (2, "train/reward", 0.5f), (2, "held_out/loss", 1.75f)],
            EventsFile.Read(events));

        // A resumed run writes the rows of its checkpoint and goes on: no step stands there twice.
        using (var again = new MetricsFile(table, 1, held: false, events))
        {
            again.Add(new MetricsRow(2, 9, 0.25, 3, null, 100, 3) { Parts = [new("reward", 0.5)] });
        }

        Assert.Equal([2f, 9f], EventsFile.Read(events).Where(figure => figure.Tag == "train/loss").Select(figure => figure.Value));
    }

    /// <summary>The first record of every such file is known: 24 bytes that say the version, under these sums.</summary>
    [Fact]
    public void TheFileBeginsAsTensorFlowWritesIt()
    {
        using var folder = new ScratchFolder();
        using (new EventsFile(folder["events"], [], began: 1))
        {
        }

        byte[] bytes = File.ReadAllBytes(folder["events"]);
        Assert.Equal([0x18, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22, 0x09], bytes[..13]);
        Assert.Equal("brain.Event:2", System.Text.Encoding.ASCII.GetString(bytes[23..36]));
        bytes[25] ^= 1;
        File.WriteAllBytes(folder["events"], bytes);
        Assert.Contains("a record's sum is not that of its bytes", Assert.Throws<InvalidDataException>(() => EventsFile.Read(folder["events"])).Message);
    }
}
