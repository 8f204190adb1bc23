using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>The value of the real token before; zero at a row's first.</summary>
internal sealed class ShiftReference : PartReference<Ops.Shift>
{
    protected override void Compute(Node node, Ops.Shift operation, Frame frame)
    {
        var x = new TimeFirst(node.Inputs[0], frame);
        NumberArray y = NumberArray.Zeros(x.Numbers.Shape);
        for (int row = 0; row < x.Time.Rows; row++)
        {
            int before = -1;
            for (int token = 0; token < x.Time.Length; token++)
            {
                for (int i = 0; before >= 0 && i < y.Last; i++)
                {
                    y[row, token, i] = x.Numbers[row, before, i];
                }

                before = x.Time.IsReal(row, token) ? token : before;
            }
        }

        frame.Set(node.Output, x.Back(y));
    }
}
