using System;
using System.IO;
using System.Linq;
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

    [Fact]
    public void No_private_copy_is_left_behind()
    {
        TorchLibrary.Load();
        Assert.Empty(Directory.EnumerateDirectories(AppContext.BaseDirectory, ".torch-*"));
    }

    [LinuxFact]
    public void A_missing_library_of_TorchSharp_is_said_in_one_sentence()
    {
        var e = Assert.Throws<TorchLoadException>(() => TorchLibrary.LoadFrom([]));
        Assert.Equal(
            "TorchSharp's library libLibTorchSharp.so is missing: it belongs beside the application or in its folder runtimes/linux-x64/native.", e.Message);
    }

    [LinuxFact]
    public void A_missing_backend_is_said_in_one_sentence() => InFolder(folder =>
    {
        File.WriteAllText(Path.Combine(folder, "libLibTorchSharp.so"), "");
        var e = Assert.Throws<TorchLoadException>(() => TorchLibrary.LoadFrom([folder]));
        Assert.Equal("libtorch is missing: the application must reference the package TorchSharp-cpu or TorchSharp-cuda-linux.", e.Message);
    });

    [LinuxFact]
    public void What_the_system_says_of_a_broken_library_is_passed_on() => InFolder(folder =>
    {
        File.WriteAllText(Path.Combine(folder, "libLibTorchSharp.so"), "");
        File.WriteAllText(Path.Combine(folder, "libtorch.so"), string.Concat(Enumerable.Repeat("not a library ", 100)));
        var e = Assert.Throws<TorchLoadException>(() => TorchLibrary.LoadFrom([folder]));
        Assert.Equal($"TorchSharp cannot be loaded: {folder}/libtorch.so: invalid ELF header.", e.Message);
    });

    private static void InFolder(Action<string> test)
    {
        string folder = Directory.CreateTempSubdirectory("torch-library-").FullName;
        try
        {
            test(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed class LinuxFactAttribute : FactAttribute
    {
        public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "Other systems load TorchSharp by themselves.";
    }
}
