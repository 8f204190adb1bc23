using System;
using System.Collections.Generic;
using System.Linq;
using System.Linq.Expressions;
using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Dsl.Reference.Interpreting;

/// <summary>What one call of a user's function is given: for each parameter, by its index, the slot of its kind.</summary>
internal sealed class CallSlots(int count, object config)
{
    public double[] Numbers { get; } = new double[count];

    public int[] Indices { get; } = new int[count];

    public double[][] Spans { get; } = new double[count][];

    public Complex[] Complexes { get; } = new Complex[count];

    public Complex[][] ComplexSpans { get; } = new Complex[count][];

    public Matrix[] Tables { get; } = new Matrix[count];

    public object Config { get; } = config;

    /// <summary>Moves each number that a function is given; null: nothing is moved.</summary>
    public Rounding? Rounding { get; init; }
}

/// <summary>A method of the user's own, called through a delegate that is made once: spans cannot go through <see cref="MethodBase.Invoke"/>.</summary>
internal sealed class UserFunction
{
    private readonly Func<CallSlots, double> call;

    internal UserFunction(MethodInfo method)
    {
        Method = method;
        Parameters = method.GetParameters();
        IndexNames = [.. Parameters.Select(p => IsIndex(p) ? p.Name : null)];
        Values = [.. Enumerable.Range(0, Parameters.Length).Where(i => IsValue(Parameters[i]))];
        ParameterExpression slots = Expression.Parameter(typeof(CallSlots), "slots");
        Expression invoked = Expression.Call(method, Parameters.Select((p, i) => Argument(slots, p.ParameterType, i)));
        Type returns = method.ReturnType;
        Expression result = returns == typeof(bool) ? Expression.Condition(invoked, Expression.Constant(1.0), Expression.Constant(0.0))
            : returns == typeof(void) || returns == typeof(Complex) ? Expression.Block(invoked, Expression.Constant(0.0))
            : Expression.Convert(invoked, typeof(double));
        call = Expression.Lambda<Func<CallSlots, double>>(result, slots).Compile();
    }

    internal MethodInfo Method { get; }

    internal ParameterInfo[] Parameters { get; }

    /// <summary>The names of the parameters that are indices, null for the others.</summary>
    internal string?[] IndexNames { get; }

    /// <summary>Which parameters are values that flow in.</summary>
    internal int[] Values { get; }

    /// <summary>The function; a truth is 1 or 0, what is no real number is 0.</summary>
    internal double Call(CallSlots slots)
    {
        for (int i = 0; slots.Rounding is not null && i < Parameters.Length; i++)
        {
            slots.Numbers[i] = Parameters[i].ParameterType == typeof(double) ? slots.Rounding.Move(slots.Numbers[i], slots.Numbers[i]) : slots.Numbers[i];
        }

        try
        {
            return call(slots);
        }
        catch (ArithmeticException)
        {
            // Math.Sign of what is no number: the compiled forms pass it on.
            return double.NaN;
        }
    }

    /// <param name="run">Whose config it gets; a function that was written for the config which that one extends gets one of its own type.</param>
    internal CallSlots NewSlots(Run run)
    {
        Type wanted = Parameters.FirstOrDefault(IsConfig)?.ParameterType ?? run.Config.GetType();
        return new CallSlots(Parameters.Length, ConfigOf(run.Config, wanted)) { Rounding = run.Rounding };
    }

    /// <summary>The config, as what was written for the config that it extends gets it.</summary>
    internal static object ConfigOf(object config, Type wanted) => wanted.IsInstanceOfType(config) ? config : Extended(config, wanted);

    internal static bool IsSpan(ParameterInfo parameter) => Element(parameter.ParameterType) is not null;

    /// <summary>A span that the function writes, or a <c>ref</c>: state.</summary>
    internal static bool IsState(ParameterInfo parameter) => parameter.ParameterType is { IsByRef: true } && !parameter.IsIn
        || (parameter.ParameterType.IsGenericType && parameter.ParameterType.GetGenericTypeDefinition() == typeof(Span<>));

    internal static bool IsComplex(ParameterInfo parameter) =>
        (Element(parameter.ParameterType) ?? (parameter.ParameterType.IsByRef ? parameter.ParameterType.GetElementType() : parameter.ParameterType))
            == typeof(Complex);

    internal static bool IsIndex(ParameterInfo parameter) => parameter.ParameterType == typeof(int);

    /// <summary>Neither a number, a truth, an index, a span nor a table.</summary>
    internal static bool IsConfig(ParameterInfo parameter)
    {
        Type type = parameter.ParameterType.IsByRef ? parameter.ParameterType.GetElementType()! : parameter.ParameterType;
        return Element(type) is null && type != typeof(Matrix) && type != typeof(Complex) && !type.IsPrimitive;
    }

    /// <summary>A number, or a span of numbers, that is neither state, weight, table nor derived: a value that flows in.</summary>
    internal static bool IsValue(ParameterInfo parameter) =>
        !IsState(parameter) && !IsIndex(parameter) && !IsConfig(parameter) && parameter.ParameterType != typeof(Matrix)
        && parameter.GetCustomAttribute<ParameterAttribute>() is null && parameter.GetCustomAttribute<DerivedAttribute>() is null;

    /// <summary>A config of another type with the members that both have.</summary>
    /// <exception cref="NotSupportedException">One of them is derived another way here: the compiled function would read its own.</exception>
    private static object Extended(object config, Type wanted)
    {
        object result = RuntimeHelpers.GetUninitializedObject(wanted);
        foreach (PropertyInfo property in wanted.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite))
        {
            property.SetValue(result, config.GetType().GetProperty(property.Name)!.GetValue(config));
        }

        PropertyInfo? other = wanted.GetProperties(BindingFlags.Public | BindingFlags.Instance).FirstOrDefault(
            p => !p.CanWrite && config.GetType().GetProperty(p.Name) is { } own && !Equals(own.GetValue(config), p.GetValue(result)));
        return other is null ? result : throw new NotSupportedException($"{config.GetType().Name} derives '{other.Name}' another way than {wanted.Name}");
    }

    private static Expression Argument(ParameterExpression slots, Type type, int index)
    {
        Expression Slot(string kind) => Expression.ArrayAccess(Expression.Property(slots, kind), Expression.Constant(index));
        Type plain = type.IsByRef ? type.GetElementType()! : type;
        if (Element(plain) is { } element)
        {
            Expression array = Slot(element == typeof(double) ? nameof(CallSlots.Spans) : nameof(CallSlots.ComplexSpans));
            return Expression.New(plain.GetConstructor([element.MakeArrayType()])!, array);
        }

        return plain == typeof(double) ? Slot(nameof(CallSlots.Numbers))
            : plain == typeof(int) ? Slot(nameof(CallSlots.Indices))
            : plain == typeof(bool) ? Expression.NotEqual(Slot(nameof(CallSlots.Numbers)), Expression.Constant(0.0))
            : plain == typeof(Complex) ? Slot(nameof(CallSlots.Complexes))
            : plain == typeof(Matrix) ? Slot(nameof(CallSlots.Tables))
            : Expression.Convert(Expression.Property(slots, nameof(CallSlots.Config)), plain);
    }

    private static Type? Element(Type type) =>
        type.IsGenericType && (type.GetGenericTypeDefinition() == typeof(Span<>) || type.GetGenericTypeDefinition() == typeof(ReadOnlySpan<>))
            ? type.GetGenericArguments()[0]
            : null;
}

/// <summary>Finds the user's methods in compiled assemblies, by the full name that C# writes.</summary>
internal sealed class UserFunctions(Func<string, Type> findType)
{
    private const BindingFlags Static = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static;

    private readonly Dictionary<string, UserFunction> known = [];

    /// <param name="owner">The class, as C# writes it.</param>
    /// <param name="name">The method.</param>
    /// <param name="parameters">The names of its parameters: which overload.</param>
    internal UserFunction Find(string owner, string name, IReadOnlyList<string> parameters)
    {
        string id = $"{owner}.{name}({string.Join(", ", parameters)})";
        if (!known.TryGetValue(id, out UserFunction? found))
        {
            MethodInfo method = findType(owner).GetMethods(Static).FirstOrDefault(m => m.Name == name
                && m.GetParameters().Select(p => p.Name).SequenceEqual(parameters)) ?? throw new MissingMethodException(owner, name);
            known[id] = found = new UserFunction(method);
        }

        return found;
    }
}
