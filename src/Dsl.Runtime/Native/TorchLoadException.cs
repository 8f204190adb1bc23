using System;

namespace Dsl.Runtime.Native;

/// <summary>TorchSharp's native libraries cannot be loaded; the message is one sentence with the cause.</summary>
public sealed class TorchLoadException(string message, Exception? inner = null) : Exception(message, inner);
