using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Threading;
using Dsl.Files;
using TorchSharp;

namespace Dsl.Runtime.Native;

/// <summary>Makes TorchSharp's native libraries load where they would not by themselves, and says in one sentence why when they cannot.</summary>
/// <remarks>
/// <para>TorchSharp's Linux library demands version GLIBCXX_3.4.32 of libstdc++, for a symbol that is never called; Debian 12 and Ubuntu 22.04 have
/// 3.4.30. There, and only there, a copy is loaded in which that demand is weak. The copy is private to the process and deleted once it is loaded,
/// so that processes share nothing and the application's own file (often a hard link into a package cache) is never written to.</para>
/// <para><see cref="Prepare"/> costs next to nothing and loads nothing. It runs before any code of an assembly that is built with this package, by a
/// module initializer that the package compiles into it.</para>
/// </remarks>
public static class TorchLibrary
{
    private const string ManagedName = "LibTorchSharp";
    private const string MissingVersion = "GLIBCXX_3.4.32";

    private static readonly Lock gate = new();
    private static bool prepared;
    private static volatile bool loaded;
    private static nint patched;
    private static TorchLoadException? failure;

    /// <summary>Stands ready to help when TorchSharp's library does not load by itself. May be called any number of times.</summary>
    public static void Prepare()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        lock (gate)
        {
            if (!prepared)
            {
                prepared = true;
                AssemblyLoadContext.GetLoadContext(typeof(torch).Assembly)!.ResolvingUnmanagedDll += Resolve;
            }
        }
    }

    /// <summary>Loads TorchSharp's native libraries now, instead of at the first use of a tensor.</summary>
    /// <exception cref="TorchLoadException">They cannot be loaded; the message says why.</exception>
    public static void Load()
    {
        if (loaded)
        {
            return;
        }
        Prepare();
        try
        {
            NativeLibrary.Load(ManagedName, typeof(torch).Assembly, null);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new TorchLoadException(Explain(e), e);
        }
        if (failure is { } cause)
        {
            throw new TorchLoadException(cause.Message, cause.InnerException);
        }
        loaded = true;
    }

    // Called by the .NET runtime when its own search failed.
    private static nint Resolve(Assembly assembly, string name)
    {
        if (name != ManagedName || assembly.GetName().Name != "TorchSharp")
        {
            return 0;
        }
        lock (gate)
        {
            if (patched != 0)
            {
                return patched;
            }
            try
            {
                return patched = LoadFrom(NativeFolders().ToList());
            }
            catch (TorchLoadException e)
            {
                // An exception thrown here would be swallowed by TorchSharp, which goes on to copy 500 MB of libraries and to print a page about it.
                // So let it believe that it is loaded: its first call of a native function then meets the resolver, whose exception reaches the caller.
                if (failure is null)
                {
                    NativeLibrary.SetDllImportResolver(
                        assembly, (library, _, _) => library == ManagedName ? throw new TorchLoadException(failure!.Message, failure.InnerException) : 0);
                }
                failure = e;
                return NativeLibrary.GetMainProgramHandle();
            }
        }
    }

    /// <summary>Loads libtorch and then TorchSharp's library, or a copy of it that asks for less, from the first of the folders that has them.</summary>
    /// <exception cref="TorchLoadException">One of them is missing or refused by the system.</exception>
    internal static nint LoadFrom(IReadOnlyList<string> folders)
    {
        string platform = RuntimeInformation.RuntimeIdentifier;
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64 || platform.Contains("musl", StringComparison.Ordinal))
        {
            throw new TorchLoadException($"TorchSharp has no native library for {platform}: it runs on linux-x64 (glibc), win-x64, win-arm64 and osx-arm64.");
        }
        string library = Find(folders, "libLibTorchSharp.so")
            ?? throw new TorchLoadException(
                "TorchSharp's library libLibTorchSharp.so is missing: it belongs beside the application or in its folder runtimes/linux-x64/native.");
        string torch = Find(folders, "libtorch.so")
            ?? throw new TorchLoadException("libtorch is missing: the application must reference the package TorchSharp-cpu or TorchSharp-cuda-linux.");

        // First by path, since the copy stands in another folder; the loader then finds it by its name.
        LoadFile(torch);
        try
        {
            return LoadFile(library);
        }
        catch (TorchLoadException e) when (e.Message.Contains($"`{MissingVersion}' not found", StringComparison.Ordinal))
        {
            byte[] elf = UserFile.ReadBytes(library, Array.MaxLength, (_, problem, inner) => new TorchLoadException($"{library}: {problem}", inner));
            if (!ElfVersionNeed.MakeWeak(elf, "libstdc++.so.6", MissingVersion))
            {
                throw;
            }
            return LoadPrivateCopy(elf, Path.GetFileName(library));
        }
    }

    private static nint LoadPrivateCopy(byte[] content, string fileName)
    {
        TorchLoadException? refused = null;
        // A folder may be read-only or mounted without the right to execute, so there are three.
        string[] parents = [Path.GetTempPath(), Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), AppContext.BaseDirectory];
        foreach (string parent in parents)
        {
            if (!Directory.Exists(parent))
            {
                continue;
            }
            string folder = Path.Combine(parent, $".torch-{Guid.NewGuid():N}");
            try
            {
                const UnixFileMode ours = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
#pragma warning disable CA1416 // Only Linux comes here.
                Directory.CreateDirectory(folder, ours);
#pragma warning restore CA1416
                string file = Path.Combine(folder, fileName);
                AtomicFiles.WriteBytes(file, content, FileErrors.Plain);
                return LoadFile(file);
            }
            catch (Exception e) when (e is TorchLoadException or IOException or UnauthorizedAccessException)
            {
                refused = e as TorchLoadException
                    ?? new TorchLoadException($"TorchSharp needs a small private copy of {fileName} on this system: {e.Message}", e);
            }
            finally
            {
                // What is loaded stays mapped.
                try
                {
                    Directory.Delete(folder, recursive: true);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                }
            }
        }
        throw refused ?? new TorchLoadException($"TorchSharp needs a small private copy of {fileName} on this system, and there is no folder to write it to.");
    }

    private static nint LoadFile(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new TorchLoadException(Explain(e), e);
        }
    }

    // The last line is the system's own word (dlerror on Linux and macOS); what .NET says before it is advice.
    private static string Explain(Exception e) =>
        $"TorchSharp cannot be loaded: {e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1].TrimEnd('.')}.";

    private static string? Find(IReadOnlyList<string> folders, string file) =>
        folders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);

    private static IEnumerable<string> NativeFolders()
    {
        string known = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        return known.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Append(Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native"))
            .Append(AppContext.BaseDirectory)
            .Select(Path.TrimEndingDirectorySeparator)
            .Distinct()
            .Where(Directory.Exists);
    }
}
