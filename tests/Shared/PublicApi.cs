using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using Xunit;

namespace Dsl.Tests;

/// <summary>What a library shows to its users, as text; <c>DSL_APPROVE=1</c> in the environment writes <c>tests/Api</c> instead of comparing with it.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> Words = new()
    {
        [typeof(void)] = "void",
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(int)] = "int",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(string)] = "string",
        [typeof(char)] = "char",
        [typeof(object)] = "object",
    };

    /// <summary>Compares an assembly with its approved list.</summary>
    /// <param name="library">Whose public types.</param>
    /// <param name="nameOnly">Types whose members are not listed.</param>
    internal static void Match(Assembly library, Func<Type, bool>? nameOnly = null)
    {
        string path = Path.Combine(GoldenFolder.InRepository(), "..", "Api", library.GetName().Name + ".txt");
        string text = Of(library, nameOnly ?? (_ => false));
        if (Environment.GetEnvironmentVariable("DSL_APPROVE") == "1")
        {
            File.WriteAllText(path, text);
            return;
        }

        Assert.True(File.Exists(path), $"{path} is not there: approve it by running the test with DSL_APPROVE=1");
        string[] approved = File.ReadAllLines(path), actual = text.TrimEnd('\n').Split('\n');
        IEnumerable<string> gone = approved.Except(actual).Select(line => "- " + line), added = actual.Except(approved).Select(line => "+ " + line);
        Assert.True(text == File.ReadAllText(path).ReplaceLineEndings("\n"),
            $"the public API of {library.GetName().Name} is not the approved one; if that is meant, run the test with DSL_APPROVE=1\n"
            + string.Join('\n', gone.Concat(added)));
    }

    private static string Of(Assembly library, Func<Type, bool> nameOnly)
    {
        var text = new StringBuilder();
        foreach (Type type in library.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(Head(type)).Append('\n');
            if (!nameOnly(type) && !typeof(Delegate).IsAssignableFrom(type))
            {
                foreach (string member in Members(type).Order(StringComparer.Ordinal))
                {
                    text.Append("    ").Append(member).Append('\n');
                }
            }
        }

        return text.ToString();
    }

    private static string Head(Type type)
    {
        string kind = type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct"
            : typeof(Delegate).IsAssignableFrom(type) ? "delegate " + Name(type.GetMethod("Invoke")!.ReturnType)
            : type is { IsAbstract: true, IsSealed: true } ? "static class" : type.IsAbstract ? "abstract class" : type.IsSealed ? "sealed class" : "class";
        string name = $"{type.Namespace}.{Name(type)}";
        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return $"{kind} {name}({Parameters(type.GetMethod("Invoke")!)})";
        }

        bool derives = type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum);
        return derives ? $"{kind} {name} : {Name(type.BaseType!)}" : $"{kind} {name}";
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name), CultureInfo.InvariantCulture)}");
        }

        IEnumerable<string> constructors = type.GetConstructors(Declared).Where(Shown).Where(made => !IsCopy(made))
            .Select(made => $"{Access(made)}new({Parameters(made)})");
        IEnumerable<string> methods = type.GetMethods(Declared).Where(Shown)
            .Where(method => (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)) && !IsWritten(method))
            .Select(method =>
                $"{Access(method)}{(method.IsStatic ? "static " : "")}{Name(method.ReturnType)} {method.Name}{Generic(method)}({Parameters(method)})");
        IEnumerable<string> fields = type.GetFields(Declared).Where(field => field.IsPublic || field.IsFamily)
            .Select(field => $"{(field.IsLiteral ? "const " : field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}");
        IEnumerable<string> properties = type.GetProperties(Declared)
            .Where(property => property.GetAccessors(nonPublic: true).Any(Shown) && property.Name != "EqualityContract").Select(property =>
            {
                MethodInfo any = property.GetAccessors(nonPublic: true).First(Shown);
                ParameterInfo[] keys = property.GetIndexParameters();
                string index = keys.Length > 0 ? $"[{string.Join(", ", keys.Select(key => Name(key.ParameterType)))}]" : "";
                bool init = property.SetMethod?.ReturnParameter.GetRequiredCustomModifiers().Any(type => type.Name == "IsExternalInit") == true;
                string get = property.GetMethod is { } read && Shown(read) ? "get; " : "";
                string set = property.SetMethod is { } write && Shown(write) ? init ? "init; " : "set; " : "";
                return $"{Access(any)}{(any.IsStatic ? "static " : "")}{Name(property.PropertyType)} {property.Name}{index} {{ {get}{set}}}";
            });
        IEnumerable<string> events = type.GetEvents(Declared).Where(raised => Shown(raised.AddMethod!))
            .Select(raised => $"event {Name(raised.EventHandlerType!)} {raised.Name}");
        return [.. constructors, .. methods, .. fields, .. properties, .. events];
    }

    private static bool Shown(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    /// <summary>What the compiler writes for records.</summary>
    private static bool IsWritten(MethodInfo method) => method.IsDefined(typeof(CompilerGeneratedAttribute)) || method.Name == "<Clone>$";

    private static bool IsCopy(ConstructorInfo made) =>
        made.IsDefined(typeof(CompilerGeneratedAttribute)) && made.GetParameters() is [{ } one] && one.ParameterType == made.DeclaringType;

    private static string Generic(MethodInfo method) =>
        method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(argument => argument.Name))}>" : "";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
    {
        string by = parameter.IsOut ? "out " : parameter.IsIn ? "in " : parameter.ParameterType.IsByRef ? "ref "
            : parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : "";
        Type type = parameter.ParameterType.IsByRef ? parameter.ParameterType.GetElementType()! : parameter.ParameterType;
        return $"{by}{Name(type)} {parameter.Name}{(parameter.HasDefaultValue ? " = " + Default(parameter.DefaultValue) : "")}";
    }));

    private static string Default(object? value) => value switch
    {
        null => "default",
        string text => $"\"{text}\"",
        bool on => on ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static string Name(Type type)
    {
        if (Words.TryGetValue(type, out string? word))
        {
            return word;
        }

        if (type.IsArray)
        {
            return $"{Name(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        }

        if (type.IsPointer)
        {
            return Name(type.GetElementType()!) + "*";
        }

        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            return Name(value) + "?";
        }

        string name = type.Name.Split('`')[0];
        if (type.IsGenericType)
        {
            // Arguments of the types around it come first.
            int outer = type.DeclaringType?.GetGenericArguments().Length ?? 0;
            Type[] own = type.GetGenericArguments()[outer..];
            name = own.Length == 0 ? name : type.FullName?.StartsWith("System.ValueTuple`", StringComparison.Ordinal) == true
                ? $"({string.Join(", ", own.Select(Name))})" : $"{name}<{string.Join(", ", own.Select(Name))}>";
        }

        return type is { IsNested: true, IsGenericParameter: false } ? $"{Name(type.DeclaringType!)}.{name}" : name;
    }
}
