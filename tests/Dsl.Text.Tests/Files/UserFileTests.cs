using System;
using System.IO;
using System.Text;
using System.Threading.Tasks;
using Dsl.Files;
using Dsl.Tests;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Dsl.Text.Tests.Files;

/// <summary>What is no regular file, or too large, is an error at once; nothing waits and nothing grows.</summary>
public sealed class UserFileTests
{
    private const string Pipe = "is a pipe, a socket or a terminal, expected a regular file";
    private const string Device = "is a device or a file of the system, expected a regular file";

    private sealed class Own(string message) : Exception(message);

    private static readonly FileError Error = (file, problem, _) => new Own($"{Path.GetFileName(file)}: {problem}");

    private static string Sentence(string path, long most = 100) => Assert.Throws<Own>(() => UserFile.ReadBytes(path, most, Error)).Message;

    // What waits for ever fails instead.
    private static Task Soon(Action test) => Task.Run(test).WaitAsync(TimeSpan.FromSeconds(60));

    [Fact]
    public Task PipesAndDevicesAreRefused() => Soon(() =>
    {
        using var folder = new ScratchFolder();
        if (!Pipes.Make(folder["pipe"]) || !Pipes.MakeEndless(folder["zero"]))
        {
            return;
        }

        File.CreateSymbolicLink(folder["link"], folder["pipe"]);
        Assert.Equal("pipe: " + Pipe, Sentence(folder["pipe"]));
        Assert.Equal("link: " + Pipe, Sentence(folder["link"]));
        Assert.Equal("zero: " + Device, Sentence(folder["zero"]));
    });

    [Fact]
    public void FoldersMissingAndLargeFilesAreRefused()
    {
        using var folder = new ScratchFolder();
        Directory.CreateDirectory(folder["folder"]);
        File.WriteAllBytes(folder["large"], new byte[101]);
        Assert.Equal("folder: is a folder, expected a file", Sentence(folder["folder"]));
        Assert.Equal("none: not found, expected a file", Sentence(folder["none"]));
        Assert.Equal("none: not found, expected a file", Sentence(Path.Combine(folder["no"], "none")));
        Assert.Equal("large: 101 bytes, expected at most 100", Sentence(folder["large"]));
        Assert.Equal(101, UserFile.ReadBytes(folder["large"], 101, Error).Length);
    }

    [Fact]
    public void TextsAreUtf8WithoutMark()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["text"], "äΩ", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        File.WriteAllBytes(folder["bytes"], [0x61, 0xFF]);
        File.WriteAllBytes(folder["empty"], []);
        Assert.Equal("äΩ", UserFile.ReadText(folder["text"], 100, Error));
        Assert.Equal("", UserFile.ReadText(folder["empty"], 100, Error));
        Assert.Equal("bytes: is not UTF-8, expected a text", Assert.Throws<Own>(() => UserFile.ReadText(folder["bytes"], 100, Error)).Message);
    }

    [Fact]
    public void AFileThatShrinksWhileItIsOpenIsAnError()
    {
        using var folder = new ScratchFolder();
        File.WriteAllBytes(folder["file"], new byte[1000]);
        using SafeFileHandle handle = UserFile.Open(folder["file"], Error);
        using (var other = new FileStream(folder["file"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            other.SetLength(10);
        }

        string message = Assert.Throws<Own>(() => UserFile.Read(folder["file"], handle, 0, new byte[1000], Error)).Message;
        Assert.Equal("file: ends at byte 10: it was shortened while it was read, expected a file that no one else writes", message);
    }

    /// <summary>Every file of a tokenizer that is read: one kind of error, at once.</summary>
    [Theory]
    [InlineData("characters.json")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer.model")]
    [InlineData("vocab.json")]
    [InlineData("vocab.txt")]
    public Task NoTokenizerIsReadFromPipesOrDevices(string name) => Soon(() =>
    {
        foreach ((Func<string, bool> make, string problem) in new (Func<string, bool>, string)[] { (Pipes.Make, Pipe), (Pipes.MakeEndless, Device) })
        {
            using var folder = new ScratchFolder();
            if (make(folder[name]))
            {
                Assert.Contains($"{name}: {problem}", Assert.Throws<TextException>(() => TextCodecs.Open(folder.Path)).Message, StringComparison.Ordinal);
            }
        }
    });
}
