using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dsl.Files;

namespace Dsl.Generation.Evaluation;

/// <summary>
/// What a model has answered so far, a request a line, so that an evaluation that was stopped goes on where it was. A request is known by its model and ids:
/// other tasks, shots and models may share a file. A last line that was cut short is passed over.
/// </summary>
public sealed class EvaluationJournal : IDisposable
{
    private const long MostBytes = 1L << 30;

    private readonly Dictionary<string, JsonObject> answers = [];
    private readonly GrowingFile writer;
    private readonly string model;

    /// <param name="path">Created, or gone on with.</param>
    /// <param name="model">What tells the model's weights from others'.</param>
    public EvaluationJournal(string path, string model)
    {
        this.model = model;
        FilePath = path;
        if (File.Exists(path))
        {
            foreach (string line in UserFile.ReadText(path, MostBytes, FileErrors.Plain).Split('\n'))
            {
                Take(line);
            }
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);

        // Only whole lines are kept: what follows a cut one would be read as its end.
        writer = new GrowingFile(path, string.Concat(answers.Values.Select(answer => answer.ToJsonString() + "\n")), FileErrors.Plain);
    }

    /// <summary>The file.</summary>
    public string FilePath { get; }

    /// <summary>How many answers are known.</summary>
    public int Count => answers.Count;

    /// <inheritdoc/>
    public void Dispose() => writer.Dispose();

    internal Score? Find(ScoreRequest request) => answers.TryGetValue(Key(request.Read, request.Continuation, ""), out JsonObject? found)
        ? new Score((double)found["score"]!, (bool)found["greedy"]!) : null;

    internal void Add(ScoreRequest request, Score score) =>
        Add(Key(request.Read, request.Continuation, ""), new JsonObject { ["score"] = score.LogLikelihood, ["greedy"] = score.IsGreedy });

    internal int[]? Find(WriteRequest request, IReadOnlyList<string> stops) => answers.TryGetValue(Key(request, stops), out JsonObject? found)
        ? Array.ConvertAll([.. found["ids"]!.AsArray()], id => (int)id!) : null;

    internal void Add(WriteRequest request, IReadOnlyList<string> stops, int[] written) =>
        Add(Key(request, stops), new JsonObject { ["ids"] = new JsonArray([.. Array.ConvertAll(written, id => (JsonNode)id)]) });

    private void Add(string key, JsonObject answer)
    {
        answer.Insert(0, "key", key);
        if (answers.TryAdd(key, answer))
        {
            writer.Add(answer.ToJsonString() + "\n");
            writer.Flush();
        }
    }

    private void Take(string line)
    {
        try
        {
            if (JsonNode.Parse(line) is JsonObject answer && (string?)answer["key"] is { } key
                && (answer["ids"] is JsonArray || (answer["score"] is JsonValue && answer["greedy"] is JsonValue)))
            {
                answers[key] = answer;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Cut short when the process ended: the request is asked again.
        }
    }

    private string Key(WriteRequest request, IReadOnlyList<string> stops) =>
        Key(request.Context, [request.MaxTokens], $"write {JsonSerializer.Serialize(stops)}");

    private string Key(int[] context, int[] continuation, string more)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{model}\n{more}\n{context.Length}\n"));
        hash.AppendData(MemoryMarshal.AsBytes(context.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(continuation.AsSpan()));
        return Convert.ToHexStringLower(hash.GetHashAndReset()[..16]);
    }
}
