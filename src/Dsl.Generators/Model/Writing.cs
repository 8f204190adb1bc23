using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Model;

/// <summary>A field of a generated class, as its other members name it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Optional">Whether a config may leave it null.</param>
internal sealed record FieldReference(string Name, bool Optional)
{
    /// <summary>Where it is known to be there.</summary>
    public string ToCode() => Name + (Optional ? "!" : "");
}

/// <summary>An operation whose result runs along a time axis of its own, of which it knows what is padding.</summary>
internal interface IPassMaker
{
    /// <summary>The pass along the new axis, as an expression; null where nothing of it is padding.</summary>
    string? PassOf(Calling at);
}

/// <summary>What a stateful form keeps for one node.</summary>
/// <param name="Name">What a person would call it.</param>
/// <param name="Type">Its type.</param>
/// <param name="Value">What makes it, over the owner of the state and the module that it is the state of.</param>
/// <param name="Optional">Whether a config may leave it null.</param>
internal sealed record StateField(string Name, string Type, Func<string, string, string> Value, bool Optional = false);

/// <summary>Names and members of the class that is being written, for whoever writes a part of it.</summary>
internal interface IClassText
{
    /// <summary>How this class calls a function: by its name where it may, else a copy of it.</summary>
    string Host(FunctionUse function);

    /// <summary>A scalar function over whole tensors, as a method of this class. Returns the method's name.</summary>
    string TensorMethod(FunctionUse function);

    /// <summary>
    /// A pointwise function of every element, as a method of this class: by a kernel where that pays, else over whole tensors. Returns the method's name.
    /// </summary>
    string PointwiseMethod(FunctionUse function);

    /// <summary>What a score rule adds to the scores, over whole tensors; null where it does more than add.</summary>
    string? BiasMethod(FunctionUse function);

    /// <summary>The derivative of a pointwise function by one of its values, as a method of this class. Returns the method's name.</summary>
    string SlopeMethod(FunctionUse function, string value);

    /// <summary>The kernel of a recurrence, as a type inside this class. Returns its name.</summary>
    string Kernel(FunctionUse function);

    /// <summary>The text of a transfer function over whole tensors, as a type inside this class. Returns its name.</summary>
    string TransferKernel(FunctionUse function);

    /// <summary>A block's type as this namespace writes it.</summary>
    string TypeOf(BlockUse block);

    /// <summary>An activation: a field of the class, or what the config names.</summary>
    string Activation(ActivationSetting activation);

    /// <summary>A checkpoint key as a C# string.</summary>
    string Key(string key);

    /// <summary>What the config's file calls a size, as a C# string.</summary>
    string Called(Size size);
}

/// <summary>What an operation may ask of whoever writes its class.</summary>
internal abstract class Writing(IClassText text)
{
    /// <summary>A field that <see cref="Construction"/> has made.</summary>
    public abstract FieldReference Field(string slot = "");

    /// <summary>A size as C#.</summary>
    public abstract string Code(Size size);

    public string Host(FunctionUse function) => text.Host(function);

    public string TensorMethod(FunctionUse function) => text.TensorMethod(function);

    public string PointwiseMethod(FunctionUse function) => text.PointwiseMethod(function);

    public string? BiasMethod(FunctionUse function) => text.BiasMethod(function);

    public string SlopeMethod(FunctionUse function, string value) => text.SlopeMethod(function, value);

    public string Kernel(FunctionUse function) => text.Kernel(function);

    public string TransferKernel(FunctionUse function) => text.TransferKernel(function);

    public string TypeOf(BlockUse block) => text.TypeOf(block);

    public string Activation(ActivationSetting activation) => text.Activation(activation);

    public string Key(string key) => text.Key(key);

    public string Called(Size size) => text.Called(size);

    public string KeyOrNull(string? key) => key is null ? "null" : Key(key);

    public static string Text(string text) => Constant.OfText(text).ToSource();

    public static string List<T>(IEnumerable<T> items, Func<T, string> code) => "[" + string.Join(", ", items.Select(code)) + "]";
}

/// <summary>Where an operation writes what the constructor builds for it.</summary>
internal abstract class Construction(IClassText text) : Writing(text)
{
    /// <summary>Which layer this is, as the constructor knows it.</summary>
    public abstract string Layer { get; }

    /// <summary>A field of the operation's own.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="name">The name it gets unless that is taken.</param>
    /// <param name="value">What it is set to.</param>
    /// <param name="slot">Which of several fields.</param>
    /// <param name="list">Whether an empty one stands for what a config leaves out, so that it is never null.</param>
    public abstract FieldReference Field(string type, string name, string value, string slot = "", bool list = false);

    /// <summary>A field that equal values share.</summary>
    public FieldReference Shared(string type, string name, string value, string slot = "") => Field(type, name, value, slot, list: type == "double");

    public abstract void Line(string line);

    /// <summary>Refuses configs in which one size is more than another; what constants decide was checked with the declaration.</summary>
    public void AtMost(Size size, Size limit, string? called = null)
    {
        if (size is not Size.Number || limit is not Size.Number)
        {
            Line($"Require.AtMost({Code(size)}, {(called is null ? Called(size) : Text(called))}, {Code(limit)}, {Called(limit)});");
        }
    }

    /// <summary>Refuses configs that say less than nothing where something is counted from 0.</summary>
    public void NotNegative(Size size)
    {
        if (size is not Size.Number)
        {
            Line($"Require.Within(\"config.json\", {Code(size)}, {Called(size)}, 0);");
        }
    }

    public abstract void Block(string? head, Action body, string tail = "");

    /// <summary>Builds the nodes of the operation's two bodies: the first where the condition holds, the second where it does not.</summary>
    public abstract void Branch(string condition);
}

/// <summary>Where an operation writes its call in one form.</summary>
internal abstract class Calling(IClassText text) : Writing(text)
{
    public abstract Node Node { get; }

    /// <summary>The node with all that it reads; in a step <see cref="Node"/> reads only what its block has not kept.</summary>
    public abstract Node Whole { get; }

    /// <summary>What the state keeps for the node: null in a form that has none, perhaps null where one text serves both.</summary>
    public abstract string State { get; }

    /// <summary>Two calls, of which the form has one; one text for both forms asks which it is.</summary>
    /// <param name="parallel">Without a state.</param>
    /// <param name="stateful">With what the state keeps for the node.</param>
    public abstract string ByForm(string parallel, Func<string, string> stateful);

    /// <summary>An input's name.</summary>
    public abstract string In(int index = 0);

    /// <summary>The pass along a time axis.</summary>
    public abstract string PassOf(string? axis);

    /// <summary>False in a learner, which is read in mini-batches that no pass knows.</summary>
    public abstract bool HasPass { get; }

    /// <summary>The pass along the time axis of an input; of a weight or an image, any.</summary>
    public string Pass(int index = 0) => PassOf(Node.Inputs[index].PassAxis);

    /// <summary>A name for a local that nothing else has.</summary>
    public abstract string Local(string wanted);

    /// <summary>Writes the statement that makes the one output.</summary>
    public abstract void Result(string expression, string comment = "");

    /// <summary>Writes the statement that makes another output, after the one that makes the first.</summary>
    public abstract void Also(int output, string expression);

    /// <summary>Writes the statement that makes all outputs, as parts of one value.</summary>
    public abstract void Results(string name, string expression, string comment = "");

    public abstract void Line(string line);

    public abstract void Block(string? head, Action body);

    /// <summary>Writes the bodies, of which one runs, and makes its result the output.</summary>
    public abstract void Branch(string condition);
}
