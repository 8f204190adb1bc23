using System.Collections.Generic;

namespace Dsl.Training.Alignment;

/// <summary>What a stage learns to say.</summary>
public enum PictureLesson
{
    /// <summary>Captions: what stands behind a picture without a question.</summary>
    Captions,

    /// <summary>Answers to questions about a picture.</summary>
    Questions,

    /// <summary>Answers of which each tells of a colour or of a shape alone, about pictures that show no combination of the two that has names.</summary>
    Parts,

    /// <summary>Captions and answers of which the words at the picture's place tell: texts without pictures, for the language model alone.</summary>
    Words,
}

/// <summary>How captions and conversations are spelt, and which model reads them.</summary>
/// <param name="Family">The model that sees.</param>
/// <param name="Rows">How many rows it makes of a picture.</param>
/// <param name="Caption">The template of a caption.</param>
/// <param name="Conversation">The template of questions and answers.</param>
/// <param name="Around">What stands around a picture before a question, <c>{0}</c> for the picture.</param>
/// <param name="Begin">The token before a text; null: none.</param>
/// <param name="End">The token that ends an answer.</param>
/// <param name="Marks">Further special tokens.</param>
public sealed record PictureFormat(
    string Family, int Rows, string Caption, string Conversation, string Around, string? Begin, string End, IReadOnlyList<string> Marks);

/// <summary>Weights that a stage takes from an earlier one.</summary>
/// <param name="Stage">The earlier stage, as its folder is called.</param>
/// <param name="Key">Keys of this model that begin so.</param>
/// <param name="Theirs">What those begin with there; null: the same.</param>
public sealed record Inheritance(string Stage, string Key, string? Theirs = null);

/// <summary>A stage on pictures that are made by rule (<see cref="RulePictures"/>).</summary>
/// <param name="Folder">What its folder is called, after its number.</param>
/// <param name="Format">The model and its texts.</param>
/// <param name="Lesson">What it learns to say.</param>
/// <param name="From">What it begins with; other weights are new.</param>
public sealed record PictureTask(string Folder, PictureFormat Format, PictureLesson Lesson, IReadOnlyList<Inheritance> From)
{
    /// <summary>Beginnings of the keys that are trained, the others stay as they are; null: all are trained.</summary>
    public IReadOnlyList<string>? Trained { get; init; }
}
