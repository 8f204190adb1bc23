using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Google.Protobuf;

namespace Dsl.Text.Tokenizers;

/// <summary>What a piece of a SentencePiece model is; the numbers are the file's.</summary>
internal enum PieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>The fields of a SentencePiece model file (sentencepiece_model.proto) that say how to encode and decode.</summary>
internal sealed class SentencePieceFile
{
    private const int Unigram = 1, BytePairs = 2;

    private readonly string file;
    private int modelType = Unigram;

    private SentencePieceFile(string file) => this.file = file;

    internal List<(string Text, float Score, PieceKind Kind)> Pieces { get; } = [];

    internal bool IsBytePair => modelType == BytePairs;

    internal bool ByteFallback { get; private set; }

    internal string UnknownSurface { get; private set; } = " \u2047 ";

    internal byte[] CharsMap { get; private set; } = [];

    internal bool DummyPrefix { get; private set; } = true;

    internal bool SqueezesSpaces { get; private set; } = true;

    internal bool EscapesSpaces { get; private set; } = true;

    /// <exception cref="TextException">Not such a file, or of a kind that is not read.</exception>
    internal static SentencePieceFile Read(byte[] bytes, string file)
    {
        var read = new SentencePieceFile(file);
        try
        {
            Each(bytes, (field, type, input) =>
            {
                switch (field)
                {
                    case 1 when type == WireFormat.WireType.LengthDelimited:
                        read.ReadPiece(input.ReadBytes().ToByteArray());
                        return true;
                    case 2 when type == WireFormat.WireType.LengthDelimited:
                        read.ReadTrainer(input.ReadBytes().ToByteArray());
                        return true;
                    case 3 when type == WireFormat.WireType.LengthDelimited:
                        read.ReadNormalizer(input.ReadBytes().ToByteArray());
                        return true;
                    default:
                        return false;
                }
            });
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or IOException)
        {
            throw new TextException($"{file}: not a SentencePiece model: {e.Message.TrimEnd('.')}");
        }

        return read.Pieces.Count > 0 ? read : throw new TextException($"{file}: no pieces, expected a SentencePiece model");
    }

    private void ReadPiece(byte[] bytes)
    {
        (string text, float score, int kind) = ("", 0, 1);
        Each(bytes, (field, type, input) =>
        {
            switch (field)
            {
                case 1 when type == WireFormat.WireType.LengthDelimited:
                    text = input.ReadString();
                    return true;
                case 2 when type == WireFormat.WireType.Fixed32:
                    score = input.ReadFloat();
                    return true;
                case 3 when type == WireFormat.WireType.Varint:
                    kind = input.ReadEnum();
                    return true;
                default:
                    return false;
            }
        });
        if (text.Length == 0 || !float.IsFinite(score) || !Enum.IsDefined((PieceKind)kind))
        {
            throw new TextException(
                $"{file}: piece {Pieces.Count} is '{text}' with the score {score} and the kind {kind}, expected a text, a number and a kind of 1 to 6");
        }

        Pieces.Add((text, score, (PieceKind)kind));
    }

    private void ReadTrainer(byte[] bytes)
    {
        Each(bytes, (field, type, input) =>
        {
            switch (field)
            {
                case 3 when type == WireFormat.WireType.Varint:
                    modelType = input.ReadEnum();
                    return true;
                case 24 when type == WireFormat.WireType.Varint && input.ReadBool():
                    throw new TextException($"{file}: treat_whitespace_as_suffix is not supported, expected spaces before words");
                case 24 when type == WireFormat.WireType.Varint:
                    return true;
                case 35 when type == WireFormat.WireType.Varint:
                    ByteFallback = input.ReadBool();
                    return true;
                case 44 when type == WireFormat.WireType.LengthDelimited:
                    UnknownSurface = input.ReadString();
                    return true;
                default:
                    return false;
            }
        });
        if (modelType is not (Unigram or BytePairs))
        {
            throw new TextException($"{file}: model type {modelType} unknown; known: 1 (unigram), 2 (byte pairs)");
        }
    }

    private void ReadNormalizer(byte[] bytes) => Each(bytes, (field, type, input) =>
    {
        switch (field)
        {
            case 2 when type == WireFormat.WireType.LengthDelimited:
                CharsMap = input.ReadBytes().ToByteArray();
                return true;
            case 3 when type == WireFormat.WireType.Varint:
                DummyPrefix = input.ReadBool();
                return true;
            case 4 when type == WireFormat.WireType.Varint:
                SqueezesSpaces = input.ReadBool();
                return true;
            case 5 when type == WireFormat.WireType.Varint:
                EscapesSpaces = input.ReadBool();
                return true;
            default:
                return false;
        }
    });

    private static void Each(byte[] bytes, Func<int, WireFormat.WireType, CodedInputStream, bool> read)
    {
        using var input = new CodedInputStream(bytes);
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (!read(WireFormat.GetTagFieldNumber(tag), WireFormat.GetTagWireType(tag), input))
            {
                input.SkipLastField();
            }
        }
    }
}
