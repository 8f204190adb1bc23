using System.Collections.Generic;
using TorchSharp.Modules;

namespace Dsl.Training;

/// <summary>Parameters that share a decay and a rate.</summary>
/// <param name="Parameters">By the key under which their state is saved.</param>
/// <param name="Decay">Weight decay of these parameters.</param>
/// <param name="Rate">A factor on each step's rate.</param>
/// <param name="Excluded">They are of the kind that decay is not for (biases, norms), which LAMB does not scale either.</param>
public sealed record ParameterGroup(
    IReadOnlyList<(string Key, Parameter Parameter)> Parameters, double Decay, double Rate = 1, bool Excluded = false);
