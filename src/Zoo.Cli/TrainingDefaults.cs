using Dsl.Training;

namespace Zoo.Cli;

/// <summary>How small models are trained unless something else is asked for.</summary>
internal static class TrainingDefaults
{
    /// <summary>The objective without other words.</summary>
    internal const string NextToken = "clm";

    private static readonly TrainingOptions Objectives = new()
    {
        Steps = 1500,
        Batch = 64,
        Context = 32,
        Rate = 3e-3,
        LastRate = 3e-4,
        WarmUp = 100,
        Decay = 0.01,
        Beta2 = 0.98,
        EvaluateEvery = 200,
        EvaluationBatches = 20,
    };

    /// <summary>For tasks; how many steps there are is the task's to say.</summary>
    internal static TrainingOptions Tasks { get; } = new()
    {
        Batch = 32,
        Context = 40,
        Rate = 1e-3,
        LastRate = 1e-4,
        WarmUp = 60,
        Decay = 0.01,
        Beta2 = 0.98,
        EvaluateEvery = 200,
        EvaluationBatches = 4,
    };

    /// <summary>For an objective.</summary>
    internal static TrainingOptions For(string objective) => objective == NextToken ? new TrainingOptions() : Objectives;
}
