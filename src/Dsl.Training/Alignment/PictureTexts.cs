using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Text.Templates;
using Dsl.Training.Alignment.Data;
using Dsl.Training.Objectives;

namespace Dsl.Training.Alignment;

/// <summary>A row to learn, and the picture that its placeholders stand for; null where words stand there.</summary>
public sealed record PictureRow(TuningRow Text, ShapePicture? Picture);

/// <summary>Captions and conversations about pictures as ids.</summary>
public sealed class PictureTexts
{
    /// <summary>Stands for a row of a picture.</summary>
    public const string Place = "<image>";

    private const string Pad = "<pad>", Nothing = "nothing";

    private readonly PictureFormat format;
    private readonly TuningTokens captions;

    /// <param name="format">How texts are spelt.</param>
    public PictureTexts(PictureFormat format)
    {
        this.format = format;
        ITokenizer vocabulary = Vocabulary(format);
        captions = new TuningTokens(vocabulary, ChatTemplate.Parse(format.Caption));
        Tokens = new TuningTokens(vocabulary, ChatTemplate.Parse(format.Conversation));
    }

    /// <summary>The vocabulary, with the template of conversations.</summary>
    public TuningTokens Tokens { get; }

    /// <summary>The id that stands for a row of a picture.</summary>
    public int Placeholder => Tokens.Tokenizer.IdOf(Place)!.Value;

    /// <summary>Rows of a lesson that a seed decides.</summary>
    /// <param name="lesson">What is learned.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="seed">Decides them.</param>
    /// <param name="heldOut">About pictures that are held out, or about the others.</param>
    public IReadOnlyList<PictureRow> Rows(PictureLesson lesson, int count, long seed, bool heldOut)
    {
        var draws = new SeededDraws(SeededRandom.For((ulong)seed, [13, heldOut ? 1 : 0]));
        IEnumerable<ShapePicture> pictures = lesson == PictureLesson.Words ? Enumerable.Range(0, count).Select(_ => RulePictures.Told(draws))
            : lesson == PictureLesson.Parts && !heldOut ? RulePictures.Parts(count, seed)
            : RulePictures.Draw(count, seed, heldOut);
        return [.. pictures.Select((picture, i) =>
        {
            bool asks = lesson is PictureLesson.Questions or PictureLesson.Parts || (lesson == PictureLesson.Words && draws.Integer(0, 3) > 0);
            (string question, string answer) = lesson == PictureLesson.Parts ? RulePictures.AskPart(picture, draws)
                : asks ? RulePictures.Ask(picture, draws) : ("", picture.Caption);
            string place = lesson == PictureLesson.Words ? InWords(picture, draws) : InRows();
            var line = new TuningLine(i) { Whole = new Passage([User(place, question), new ChatTurn("assistant", answer)]) };
            TuningRow row = TuningRows.Example(line, asks ? Tokens : captions, new TuningOptions { AssistantOnly = true }).Row;
            return new PictureRow(row, lesson == PictureLesson.Words ? null : picture);
        })];
    }

    /// <summary>The ids that an answer is written after.</summary>
    /// <param name="question">Null: a caption is asked for.</param>
    public int[] Prompt(string? question) => (question is null ? captions : Tokens).Prompt(new Passage([User(InRows(), question ?? "")]));

    private ChatTurn User(string place, string question) =>
        new("user", question.Length == 0 ? place : format.Around.Replace("{0}", place, StringComparison.Ordinal) + question);

    private string InRows() => string.Concat(Enumerable.Repeat(Place, format.Rows));

    /// <summary>As many words as a picture has rows: names of its colour and its shape among words that say nothing.</summary>
    private string InWords(ShapePicture picture, IDraws draws)
    {
        string[] words = [.. Enumerable.Range(0, format.Rows).Select(_ => draws.Integer(0, 3) switch
        {
            0 => picture.ColourName,
            1 => picture.ShapeName,
            _ => Nothing,
        })];
        int[] order = draws.Permutation(words.Length);
        (words[order[0]], words[order[1]]) = (picture.ColourName, picture.ShapeName);
        return string.Concat(words.Select(word => " " + word));
    }

    private static ITokenizer Vocabulary(PictureFormat format)
    {
        string[] words =
        [
            .. RulePictures.Colours.Select(colour => colour.Name), .. RulePictures.Shapes,
            .. RulePictures.Kinds.SelectMany(kind => kind.TrimEnd('?').Split(' ')), "Is", "a", "in", "yes", "no", Nothing,
            "USER", "ASSISTANT", "Human", "Assistant",
        ];
        var purposes = new Dictionary<string, string> { ["eos_token"] = format.End, ["pad_token"] = Pad };
        if (format.Begin is { } begin)
        {
            purposes["bos_token"] = begin;
        }

        string single = format.Begin is null ? "A:0" : $"{format.Begin}:0 A:0";
        var layout = new VocabularyLayout(
            "pictures", [], [.. new[] { format.Begin, format.End, Pad, Place }.OfType<string>(), .. format.Marks], single, $"{single} B:0", purposes);
        string sample = string.Concat(Enumerable.Repeat(string.Concat(words.Distinct().Select(word => $"{word} {word}:\n{word} {word}?\n")), 20));
        return TokenizerTraining.BytePair(sample, 1000, layout);
    }
}
