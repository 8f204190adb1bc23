using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Zoo.Tests.Models;

/// <summary>Training steps as users write them leave the number of live tensors as it was.</summary>
public sealed class TrainingLeakTests
{
    [Theory]
    [InlineData("llama3")]
    [InlineData("gpt2, scaled by layer")]
    [InlineData("t5_v11")]
    [InlineData("bert")]
    [InlineData("mamba")]
    [InlineData("rwkv4")]
    public void Forwards_and_training_steps_leave_nothing_behind(string name)
    {
        TinyCase tiny = TinyConfigs.All[name];
        torch.manual_seed(1);
        using IModel model = tiny.Entry.Create(tiny.Config);
        using Tensor ids = torch.randint(2, 99, [2, 8], dtype: ScalarType.Int64);
        var inputs = model.Inputs.Where(input => input.EndsWith("input_ids")).ToDictionary(input => input, _ => ids);
        string output = model.Outputs.First(each => each.EndsWith("logits"));

        using (torch.no_grad())
        {
            long idle = 0;
            for (int i = 0; i < 203; i++)
            {
                idle = i == 3 ? Live : idle;
                Dispose(model.Run(inputs, output));
            }

            Assert.Equal(idle, Live);
        }

        model.Module.train();
        using var optimiser = new AdamW(Optimizer.DecayMatrices(model.Module.named_parameters().Select(pair => (pair.name, pair.parameter)), 0.1));
        long before = 0;
        for (int i = 0; i < 53; i++)
        {
            before = i == 3 ? Live : before;
            model.Module.zero_grad();
            IReadOnlyDictionary<string, Tensor> outputs = model.Run(inputs, output);
            using (Tensor loss = Losses.CrossEntropy(outputs[output], ids))
            {
                loss.backward();
            }

            Dispose(outputs);
            optimiser.Step(1e-3);
        }

        Assert.Equal(before, Live);
    }

    private static long Live => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

    private static void Dispose(IReadOnlyDictionary<string, Tensor> outputs)
    {
        foreach (Tensor each in outputs.Values)
        {
            each.Dispose();
        }
    }
}
