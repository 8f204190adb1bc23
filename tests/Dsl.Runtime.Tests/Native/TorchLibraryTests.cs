using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using Dsl.Runtime.Native;
using TorchSharp;
using Xunit;

namespace Dsl.Runtime.Tests.Native;

public class TorchLibraryTests
{
    [Fact]
    public void A_tensor_can_be_made_without_doing_anything_first()
    {
        using var ones = torch.ones(2, 3);
        Assert.Equal(6f, ones.sum().item<float>());
    }

    [Fact]
    public void Loading_may_be_asked_for_any_number_of_times()
    {
        TorchLibrary.Load();
        TorchLibrary.Load();
        Assert.Equal(1f, torch.ones(1).item<float>());
    }
}
