using System;
using System.Buffers.Binary;
using System.IO;
using System.Linq;
using System.Text;
using Xunit;

namespace Dsl.Runtime.Tests.Checkpoints;

/// <summary>What breaks a rule of the format, and the line that each gets.</summary>
public class BadSafeTensorsTests
{
    private const string Types = "one of F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL";

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(7)]
    public void TooShort(int bytes) =>
        Raw.Refused(new byte[bytes], $"{bytes} bytes, too short for a safetensors header (8), expected the whole file");

    [Theory]
    [InlineData(9223372036854775808)]
    [InlineData(100_000_001)]
    [InlineData(ulong.MaxValue)]
    public void LengthOverTheLimit(ulong length) =>
        Raw.Refused(Raw.WithLength(length, "{}"u8.ToArray(), 90), $"header length {length}, at most 100000000 expected");

    [Fact]
    public void HeaderBeyondTheEnd() =>
        Raw.Refused(Raw.WithLength(4088, new byte[892], 0), "header needs 4096 bytes, file has 900: truncated?, expected the whole file");

    [Fact]
    public void NotUtf8() => Raw.Refused(Raw.File([(byte)'{', (byte)'"', 0xFF, (byte)'"', (byte)'}'], 0),
        "header is not a JSON object (byte 3), expected an object of tensors in UTF-8");

    [Theory]
    [InlineData("", 1)]
    [InlineData("[]", 1)]
    [InlineData(" {}", 1)]
    [InlineData("12", 1)]
    [InlineData("{,}", 2)]
    [InlineData("{} x", 4)]
    [InlineData("{\"a\":", 6)]
    public void NotAJsonObject(string header, int at) =>
        Raw.Refused(Raw.File(header, 0), $"header is not a JSON object (byte {at}), expected an object of tensors in UTF-8");

    [Fact]
    public void HalfOfASurrogatePairInAName() =>
        Assert.Contains("header is not a JSON object", Message(Raw.File("""{"\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0)),
            StringComparison.Ordinal);

    [Fact]
    public void NestedTooDeep() =>
        Assert.Contains("header is not a JSON object", Message(Raw.File("{\"a\":{\"x\":" + new string('[', 100_000), 0)), StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"wte.weight":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"wte.weight":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""",
        "tensor 'wte.weight' listed twice, expected once")]
    [InlineData("""{"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""",
        "tensor 'a' listed twice, expected once")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", "'__metadata__' listed twice, expected once")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", "__metadata__.a listed twice, expected once")]
    [InlineData("""{"__metadata__":{"step":5}}""", "__metadata__.step is a number, expected a string")]
    [InlineData("""{"__metadata__":{"step":{}}}""", "__metadata__.step is an object, expected a string")]
    [InlineData("""{"__metadata__":[]}""", "__metadata__ is a list, expected an object of strings")]
    [InlineData("""{"a":7}""", "tensor 'a' is a number, expected an object with dtype, shape and data_offsets")]
    [InlineData("""{"a":{"shape":[1],"data_offsets":[0,1]}}""", "tensor 'a': dtype missing, expected dtype, shape and data_offsets")]
    [InlineData("""{"a":{"dtype":"U8","data_offsets":[0,1]}}""", "tensor 'a': shape missing, expected dtype, shape and data_offsets")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1]}}""", "tensor 'a': data_offsets missing, expected dtype, shape and data_offsets")]
    [InlineData("""{"a":{"dtype":"U8","dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", "tensor 'a': dtype listed twice, expected once")]
    [InlineData("""{"a":{"dtype":"F5","shape":[2],"data_offsets":[0,2]}}""", $"tensor 'a': dtype 'F5' unknown, expected {Types}")]
    [InlineData("""{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}""", $"tensor 'a': F4 not supported, expected {Types}")]
    [InlineData("""{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}""", $"tensor 'a': F8_E4M3 not supported, expected {Types}")]
    [InlineData("""{"a":{"dtype":8,"shape":[2],"data_offsets":[0,2]}}""", $"tensor 'a': dtype is a number, expected {Types}")]
    [InlineData("""{"a":{"dtype":"U8","shape":[-1,8],"data_offsets":[0,2]}}""", "tensor 'a': shape [-1,8] has a negative size, expected 0 or more")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,2]}}""", "tensor 'a': shape holds 1.5, expected whole numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":["2"],"data_offsets":[0,2]}}""", "tensor 'a': shape holds a string, expected whole numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":2,"data_offsets":[0,2]}}""", "tensor 'a': shape is a number, expected a list of sizes")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2,9223372036854775807],"data_offsets":[0,2]}}""",
        "tensor 'a': shape [2,9223372036854775807] overflows, expected at most 9223372036854775807 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}""",
        "tensor 'a': shape [4611686018427387904] overflows, expected at most 9223372036854775807 bytes")]
    [InlineData("""{"a":{"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,2]}}""",
        "tensor 'a': shape with size 18446744073709551616 overflows, expected at most 9223372036854775807")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[8,4]}}""",
        "tensor 'a': data_offsets must be [begin,end], got [8,4], expected 0 <= begin <= end (byte 47)")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[8]}}""",
        "tensor 'a': data_offsets must be [begin,end], got [8], expected 0 <= begin <= end (byte 47)")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4,8]}}""",
        "tensor 'a': data_offsets must be [begin,end], got 3 offsets, expected 0 <= begin <= end (byte 47)")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,-4]}}""",
        "tensor 'a': data_offsets must be [begin,end], got other values, expected 0 <= begin <= end (byte 47)")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[[0],{}]}}""",
        "tensor 'a': data_offsets must be [begin,end], got other values, expected 0 <= begin <= end (byte 47)")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,4]}}""", "tensor 'a': F32 [2,2] needs 16 bytes, range has 4, expected them equal")]
    [InlineData("""{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":[4,12]}}""",
        "tensor 'b' starts at 4, previous ends at 8, expected no gap and no overlap")]
    [InlineData("""{"b":{"dtype":"U8","shape":[4],"data_offsets":[12,16]},"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}""",
        "tensor 'b' starts at 12, previous ends at 8, expected no gap and no overlap")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}""", "tensor 'a' starts at 4, previous ends at 0, expected no gap and no overlap")]
    public void HeaderBreaksARule(string header, string message) => Raw.Refused(Raw.File(header, 16), message);

    [Fact]
    public void BytesAfterTheLastTensor() =>
        Raw.Refused(Raw.File("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 38), "34 bytes after the last tensor, expected none");

    [Fact]
    public void LastBytesMissing() => Raw.Refused(Raw.File("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", 14),
        "tensors need 16 bytes, file has 14 after its header: truncated?, expected the whole file");

    [Fact]
    public void MillionsOfNamesOnOneRangeCostLittle()
    {
        var header = new StringBuilder("{", 100_000_000);
        for (int i = 0; header.Length < 99_000_000; i++)
            header.Append(i == 0 ? "" : ",").Append('"').Append(i).Append("\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}");
        byte[] json = Encoding.UTF8.GetBytes(header.Append('}').ToString());
        long before = GC.GetAllocatedBytesForCurrentThread();
        var refusal = Assert.Throws<CheckpointException>(() => SafeTensorsHeader.Parse("m.safetensors", json, 8));
        Assert.Equal("m.safetensors: tensor '1' starts at 0, previous ends at 8, expected no gap and no overlap", refusal.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64_000_000);
    }

    [Fact]
    public void HundredsOfThousandsOfEmptyTensorsAreRead()
    {
        const int Count = 800_000;      // a search quadratic in them would take hours
        var header = new StringBuilder("{");
        for (int i = 0; i < Count; i++)
        {
            header.Append(i == 0 ? "" : ",").Append('"').Append(i).Append("\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}");
        }

        byte[] json = Encoding.UTF8.GetBytes(header.Append('}').ToString());
        Assert.Equal(Count, SafeTensorsHeader.Parse("m.safetensors", json, 0).Entries.Count);
    }

    [Theory]
    [InlineData(new byte[] { 0x50, 0x4B, 3, 4, 0, 0, 8, 8, 0, 0, 0, 0 }, "m.safetensors")]
    [InlineData(new byte[] { 0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A }, "pytorch_model.bin")]
    [InlineData(new byte[] { 0x80, 4, 0x95, 10, 0, 0, 0, 0, 0, 0, 0x7D }, "x.pt")]
    public void Pickle(byte[] head, string name) =>
        Raw.Refused([.. head, .. new byte[100]], "a PyTorch pickle; convert it to safetensors first, expected a safetensors file", name);

    [Fact]
    public void HeaderOf640BytesIsNoPickle()
    {
        using var folder = new TemporaryFolder();
        string header = """{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""".PadRight(640);
        using var file = SafeTensorsFile.Open(folder.Put("m.safetensors", Raw.File(header, 0))); // its length field starts with a pickle's first two bytes
        Assert.Equal("a", Assert.Single(file.Tensors).Name);
    }

    [Fact]
    public void GitLfsPointer()
    {
        byte[] pointer = Encoding.ASCII.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:" + new string('0', 64) + "\nsize 440473133\n");
        Raw.Refused(pointer, $"a Git LFS pointer ({pointer.Length} bytes), not the weights; run git lfs pull, expected a safetensors file");
    }

    [Theory]
    [InlineData("<!DOCTYPE html><html><body>404</body></html>")]
    [InlineData("\n <HTML><body>404</body></html>")]
    public void HtmlPage(string page) => Raw.Refused(Encoding.UTF8.GetBytes(page),
        $"an HTML page ({page.Length} bytes), not the weights; download the file itself, expected a safetensors file");

    [Fact]
    public void Gguf() => Raw.Refused([.. "GGUF"u8, .. new byte[60]], "a GGUF file, expected a safetensors file");

    [Fact]
    public void MissingFileAndFolder()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal("no.safetensors: not found, expected a file", Assert.Throws<CheckpointException>(() =>
            SafeTensorsFile.Open(folder.File("no.safetensors"))).Message);
        Directory.CreateDirectory(folder.File("d.safetensors"));
        Assert.Equal("d.safetensors: is a folder, expected a file", Assert.Throws<CheckpointException>(() =>
            SafeTensorsFile.Open(folder.File("d.safetensors"))).Message);
    }

    [Fact]
    public void NamesInMessagesStayOnOneLine()
    {
        string name = "a\\nb" + new string('x', 5000);
        string message = Message(Raw.File("{\"" + name + "\":{\"dtype\":\"F5\",\"shape\":[],\"data_offsets\":[0,1]}}", 1));
        Assert.DoesNotContain('\n', message);
        Assert.InRange(message.Length, 1, 400);
    }

    [Fact]
    public void UnknownFieldsAreSkippedAsThePublishedReaderDoes()
    {
        using var folder = new TemporaryFolder();
        string header = """{"a":{"dtype":"U8","note":{"x":[1,{}]},"shape":[2],"data_offsets":[0,2]},"__metadata__":null}""";
        using var file = SafeTensorsFile.Open(folder.Put("m.safetensors", Raw.File(header, 2)));
        Assert.Equal([0, 1], file.Read<byte>("a"));
        Assert.Equal("m.safetensors: no tensor 'b', expected one of the 1 names in the file", Assert.Throws<CheckpointException>(() => file["b"]).Message);
    }

    private static string Message(byte[] file)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Put("m.safetensors", file);
        return Assert.Throws<CheckpointException>(() => SafeTensorsFile.Open(path)).Message;
    }

    /// <summary>
    /// Mutants of valid files, structure by structure: each opens with sane ranges, all of it readable, or is refused in one line, in bounded time and memory.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void MutantsLoadOrAreRefused(int seed)
    {
        const int mutants = 3_000;
        var random = new Random(seed);
        using var folder = new TemporaryFolder();
        string path = folder.File("m.safetensors");
        int loaded = 0, refused = 0;
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < mutants; i++)
        {
            byte[] mutant = Mutate(random);
            File.WriteAllBytes(path, mutant);
            try
            {
                using var file = SafeTensorsFile.Open(path);
                long sum = file.Tensors.Sum(entry => (long)file.Bytes(entry.Name).Length);
                foreach (var entry in file.Tensors)
                    foreach (byte value in file.Bytes(entry.Name))
                        sum += value & 0; // touches every byte: a wrong range would fault here
                Assert.True(sum <= mutant.Length, $"seed {seed}, mutant {i}");
                loaded++;
            }
            catch (CheckpointException e)
            {
                Raw.OneLine(e.Message);
                Assert.StartsWith("m.safetensors: ", e.Message, StringComparison.Ordinal);
                Assert.InRange(e.Message.Length, 1, 1000);
                refused++;
            }
        }
        Assert.InRange(loaded, mutants / 100, mutants); // mutations that never load, or never fail, would test nothing
        Assert.InRange(refused, mutants / 3, mutants);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - allocated) / mutants, 0, 400_000);
    }

    private static readonly string[] Tokens =
    [
        "-1", "0", "1", "1.5", "1e3", "-0", "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "4294967296",
        "\"F32\"", "\"F4\"", "\"Q9\"", "\"\"", "null", "true", "[]", "{}", "[[[]]]", "\"\\ud800\"", "\"a\"", "NaN", ",", ":", "}", "]", "\"", "//", "\u00e9",
    ];

    private static byte[] Mutate(Random random)
    {
        // A valid file with a few tensors of mixed types and shapes.
        string[] types = ["F32", "F16", "BF16", "F64", "I64", "I32", "U8", "BOOL"];
        int[] sizes = [4, 2, 2, 8, 8, 4, 1, 1];
        int tensors = random.Next(1, 5), offset = 0;
        var parts = new System.Collections.Generic.List<string>();
        if (random.Next(3) == 0)
            parts.AddRange(["\"__metadata__\"", ":", "{", "\"format\"", ":", "\"pt\"", "}", ","]);
        for (int t = 0; t < tensors; t++)
        {
            int type = random.Next(types.Length);
            int[] shape = Enumerable.Range(0, random.Next(0, 4)).Select(_ => random.Next(0, 5)).ToArray();
            int bytes = shape.Aggregate(sizes[type], (a, b) => a * b);
            parts.AddRange(["\"t" + t + "\"", ":", "{", "\"dtype\"", ":", "\"" + types[type] + "\"", ",", "\"shape\"", ":", "["]);
            for (int d = 0; d < shape.Length; d++)
                parts.AddRange(d == 0 ? [shape[d].ToString()] : [",", shape[d].ToString()]);
            parts.AddRange(["]", ",", "\"data_offsets\"", ":", "[", offset.ToString(), ",", (offset + bytes).ToString(), "]", "}", ","]);
            offset += bytes;
        }
        parts.RemoveAt(parts.Count - 1);
        parts.Insert(0, "{");
        parts.Add("}");
        int kind = random.Next(10);
        if (kind < 6)
        {
            for (int n = random.Next(1, 4); n > 0; n--)
            {
                int at = random.Next(parts.Count);
                switch (random.Next(6))
                {
                    case 0: parts.RemoveAt(at); break;
                    case 1: parts.Insert(at, parts[random.Next(parts.Count)]); break;
                    case 2: parts[at] = Tokens[random.Next(Tokens.Length)]; break;
                    case 3: parts[at] = parts[random.Next(parts.Count)]; break;
                    case 4: parts.Insert(at, " "); break;
                    default:
                        // A number changes a little: offsets, sizes.
                        int number = parts.FindIndex(at, part => int.TryParse(part, out _));
                        if (number >= 0)
                            parts[number] = (int.Parse(parts[number]) + random.Next(-3, 4)).ToString();
                        break;
                }
                if (parts.Count == 0)
                    parts.Add("{");
            }
        }
        byte[] file = Raw.File(string.Concat(parts).PadRight((string.Concat(parts).Length + 7) / 8 * 8), offset);
        switch (kind)
        {
            case 6:
                return file[..random.Next(file.Length + 1)];
            case 7:
                return [.. file, .. new byte[random.Next(0, 20)]];
            case 8:
                ulong length = random.Next(4) switch
                {
                    0 => (ulong)random.NextInt64(),
                    1 => ulong.MaxValue - (ulong)random.Next(16),
                    2 => BinaryPrimitives.ReadUInt64LittleEndian(file) + (ulong)random.Next(8),
                    _ => (ulong)random.Next(file.Length + 8),
                };
                BinaryPrimitives.WriteUInt64LittleEndian(file, length);
                return file;
            case 9:
                for (int n = random.Next(1, 5); n > 0; n--)
                    file[random.Next(file.Length)] = (byte)random.Next(256);
                return file;
            default:
                return file;
        }
    }
}
