using System;
using System.Collections.Generic;
using System.Threading;
using Xunit;

namespace Dsl.Training.Tests;

/// <summary>Presses Ctrl+C during a step; notes are faults.</summary>
/// <param name="stop">Is cancelled.</param>
/// <param name="after">During this step; null: never.</param>
internal sealed class StoppingView(CancellationTokenSource stop, int? after) : ITrainingView
{
    public void Show(Action body) => body();

    public void Stepped(in TrainingProgress progress)
    {
        if (progress.Result.Step == after)
        {
            stop.Cancel();
        }
    }

    public void Evaluated(long step, double loss, IReadOnlyList<LossPart> parts) => Assert.True(double.IsFinite(loss));

    public void Note(string sentence) => Assert.Fail(sentence);
}
