using System;
using System.Linq;

namespace Dsl.Images;

/// <summary>A picture, or settings of its preprocessing, that cannot be used. The message is one sentence on one line, whatever words of a file are in
/// it.</summary>
public sealed class ImageException(string message)
    : Exception(string.Concat(message.Select(unit => char.IsControl(unit) ? $"\\u{(int)unit:x4}" : unit.ToString())));
