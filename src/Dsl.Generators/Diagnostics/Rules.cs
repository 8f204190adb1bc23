using System.Collections.Immutable;
using Dsl.Generators.Model;
using Microsoft.CodeAnalysis;

namespace Dsl.Generators.Diagnostics;

/// <summary>The words of every problem: what is wrong, with the names and sizes that <see cref="Problem.Arguments"/> brings. One page of help each.</summary>
internal static class Rules
{
    /// <summary>Where the help pages stand, from the root of the repository.</summary>
    public const string Help = "docs/diagnostics/";

    private const string Page = ".md";
    private const string Declaration = "Dsl.Declaration";
    private const string Config = "Dsl.Config";
    private const string Names = "Dsl.Names";
    private const string Shapes = "Dsl.Shapes";
    private const string Keys = "Dsl.Keys";
    private const string Functions = "Dsl.Functions";
    private const DiagnosticSeverity Error = DiagnosticSeverity.Error;

    private static readonly DiagnosticDescriptor NotPartial = new(
        Problems.NotPartial, "A declaration is partial",
        "'{0}' must be declared partial: its code is written into another part of it",
        Declaration, Error, true, helpLinkUri: Help + Problems.NotPartial + Page);

    private static readonly DiagnosticDescriptor ConfigNotRecord = new(
        Problems.ConfigNotRecord, "A config is a record with members",
        "'{0}' must be a record with members: sizes and options are read from them",
        Config, Error, true, helpLinkUri: Help + Problems.ConfigNotRecord + Page);

    private static readonly DiagnosticDescriptor SpreadDataflow = new(
        Problems.SpreadDataflow, "Dataflow stands on one part of the class",
        "The dataflow of '{0}' stands on several parts of the class: brackets have an order only where they all stand on one",
        Declaration, Error, true, helpLinkUri: Help + Problems.SpreadDataflow + Page);

    private static readonly DiagnosticDescriptor NameUnknown = new(
        Problems.NameUnknown, "A value has the name",
        "No value is named '{0}' here: {1}",
        Names, Error, true, helpLinkUri: Help + Problems.NameUnknown + Page);

    private static readonly DiagnosticDescriptor NameTwice = new(
        Problems.NameTwice, "A name is given once",
        "'{0}' names a value already: every name is given once",
        Names, Error, true, helpLinkUri: Help + Problems.NameTwice + Page);

    private static readonly DiagnosticDescriptor MemberUnknown = new(
        Problems.MemberUnknown, "The config has the member",
        "'{1}' has no member '{0}': {2}",
        Config, Error, true, helpLinkUri: Help + Problems.MemberUnknown + Page);

    private static readonly DiagnosticDescriptor MemberKindWrong = new(
        Problems.MemberKindWrong, "An argument is of the kind that is read",
        "'{0}' ({1}) cannot stand here: expected is {2}",
        Config, Error, true, helpLinkUri: Help + Problems.MemberKindWrong + Page);

    private static readonly DiagnosticDescriptor ResidualWidth = new(
        Problems.ResidualWidth, "A residual adds equal widths",
        "The residual does not fit: {0} has the width {1}, {2} has {3}",
        Shapes, Error, true, helpLinkUri: Help + Problems.ResidualWidth + Page);

    private static readonly DiagnosticDescriptor SizesDiffer = new(
        Problems.SizesDiffer, "Sizes are equal where parts meet",
        "Sizes differ: {0} has {1}, {2} has {3}",
        Shapes, Error, true, helpLinkUri: Help + Problems.SizesDiffer + Page);

    private static readonly DiagnosticDescriptor SizeUnfixed = new(
        Problems.SizeUnfixed, "Every size is fixed by something",
        "Nothing fixes the size of {0}: name a size, or let something after it demand one",
        Shapes, Error, true, helpLinkUri: Help + Problems.SizeUnfixed + Page);

    private static readonly DiagnosticDescriptor HeadGroups = new(
        Problems.HeadGroups, "Key heads divide query heads",
        "{0} key heads cannot serve {1} query heads: {0} does not divide {1}",
        Shapes, Error, true, helpLinkUri: Help + Problems.HeadGroups + Page);

    private static readonly DiagnosticDescriptor SplitSizes = new(
        Problems.SplitSizes, "The parts of a split fill the axis",
        "The parts of the split have {0} together, the axis has {1}",
        Shapes, Error, true, helpLinkUri: Help + Problems.SplitSizes + Page);

    private static readonly DiagnosticDescriptor AxesWrong = new(
        Problems.AxesWrong, "A part reads axes of its kind",
        "Axes do not fit: {0} is {1}, expected is {2}",
        Shapes, Error, true, helpLinkUri: Help + Problems.AxesWrong + Page);

    private static readonly DiagnosticDescriptor KeyTwice = new(
        Problems.KeyTwice, "A key is one weight",
        "Key '{0}' is named twice: a key is one weight, and {1}",
        Keys, Error, true, helpLinkUri: Help + Problems.KeyTwice + Page);

    private static readonly DiagnosticDescriptor KeyUnknown = new(
        Problems.KeyUnknown, "A key that is shared or tied to was named before",
        "No weight has the key '{0}' here: {1}",
        Keys, Error, true, helpLinkUri: Help + Problems.KeyUnknown + Page);

    private static readonly DiagnosticDescriptor TiedShape = new(
        Problems.TiedShape, "Tied weights have one shape",
        "'{0}' cannot be tied to '{2}': one has {1}, the other {3}",
        Keys, Error, true, helpLinkUri: Help + Problems.TiedShape + Page);

    private static readonly DiagnosticDescriptor FunctionUnknown = new(
        Problems.FunctionUnknown, "A named function exists",
        "'{1}' has no static function '{0}': {2}",
        Functions, Error, true, helpLinkUri: Help + Problems.FunctionUnknown + Page);

    private static readonly DiagnosticDescriptor FunctionKindWrong = new(
        Problems.FunctionKindWrong, "A named function has the attribute that is read",
        "'{0}' has {2}, expected is {1}",
        Functions, Error, true, helpLinkUri: Help + Problems.FunctionKindWrong + Page);

    private static readonly DiagnosticDescriptor FunctionSignature = new(
        Problems.FunctionSignature, "A function has the arguments that are read",
        "'{0}' is {1}, expected is {2}",
        Functions, Error, true, helpLinkUri: Help + Problems.FunctionSignature + Page);

    private static readonly DiagnosticDescriptor BlockUnknown = new(
        Problems.BlockUnknown, "A used class is a block or a layer",
        "'{0}' is no block: a class that Use or Repeat names says Block<C>, or Layer<C> where its forward is written by hand",
        Declaration, Error, true, helpLinkUri: Help + Problems.BlockUnknown + Page);

    private static readonly DiagnosticDescriptor OwnLayerUnfit = new(
        Problems.OwnLayerUnfit, "A layer written by hand has what is called",
        "'{0}' {1}",
        Declaration, Error, true, helpLinkUri: Help + Problems.OwnLayerUnfit + Page);

    private static readonly DiagnosticDescriptor BlockConfig = new(
        Problems.BlockConfig, "A block shares the config of its user",
        "'{0}' is built from {1}, but here there is only {2}: use one config, or let it extend the other",
        Config, Error, true, helpLinkUri: Help + Problems.BlockConfig + Page);

    private static readonly DiagnosticDescriptor BlockInput = new(
        Problems.BlockInput, "With names inputs of the block",
        "'{0}' has no input '{1}': {2}",
        Names, Error, true, helpLinkUri: Help + Problems.BlockInput + Page);

    private static readonly DiagnosticDescriptor ModifierPlace = new(
        Problems.ModifierPlace, "A modifier stands first in its bracket",
        "'{0}' says something of the whole bracket: it must stand first",
        Declaration, Error, true, helpLinkUri: Help + Problems.ModifierPlace + Page);

    private static readonly DiagnosticDescriptor BaseUnknown = new(
        Problems.BaseUnknown, "A base is a declaration",
        "'{0}' declares nothing to derive from: a base says Block<C> or Model<C>, and is not derived from itself",
        Declaration, Error, true, helpLinkUri: Help + Problems.BaseUnknown + Page);

    private static readonly DiagnosticDescriptor AddressUnknown = new(
        Problems.AddressUnknown, "An address finds a part of the base",
        "'{1}' has no part at '{0}': {2}",
        Names, Error, true, helpLinkUri: Help + Problems.AddressUnknown + Page);

    private static readonly DiagnosticDescriptor AddressAmbiguous = new(
        Problems.AddressAmbiguous, "An address finds one part",
        "'{1}' has {2} parts at '{0}': name one of them by its key, its As name, or by a part and a word beside it ('key.word')",
        Names, Error, true, helpLinkUri: Help + Problems.AddressAmbiguous + Page);

    private static readonly DiagnosticDescriptor OptionUnknown = new(
        Problems.OptionUnknown, "A part has the option",
        "'{1}' has no option '{0}': {2}",
        Names, Error, true, helpLinkUri: Help + Problems.OptionUnknown + Page);

    private static readonly DiagnosticDescriptor PresetDivision = new(
        Problems.PresetDivision, "The sizes of a preset divide",
        "Preset '{0}': {1} = {2} does not divide {3} = {4}",
        Config, Error, true, helpLinkUri: Help + Problems.PresetDivision + Page);

    private static readonly DiagnosticDescriptor PatternWrong = new(
        Problems.PatternWrong, "A pattern of axes can be read",
        "The pattern '{0}' cannot be read: {1}",
        Shapes, Error, true, helpLinkUri: Help + Problems.PatternWrong + Page);

    private static readonly DiagnosticDescriptor Recursive = new(
        Problems.Recursive, "A block does not use itself",
        "'{0}' uses itself: the model would have no end",
        Declaration, Error, true, helpLinkUri: Help + Problems.Recursive + Page);

    private static readonly DiagnosticDescriptor WordUnknown = new(
        Problems.WordUnknown, "A word is one of those that are read",
        "No {1} is named '{0}': {2}",
        Names, Error, true, helpLinkUri: Help + Problems.WordUnknown + Page);

    private static readonly DiagnosticDescriptor KeyIndexUnknown = new(
        Problems.KeyIndexUnknown, "Braces in a key name an index",
        "'{0}' in the key '{1}' is neither the layer nor an integer or text of the config: {2}",
        Keys, Error, true, helpLinkUri: Help + Problems.KeyIndexUnknown + Page);

    private static readonly DiagnosticDescriptor MemberWithoutKey = new(
        Problems.MemberWithoutKey, "A config member says where it stands in the file",
        "'{0}' of '{1}' has no Key: say where config.json holds it, or derive it with => from other members",
        Config, Error, true, helpLinkUri: Help + Problems.MemberWithoutKey + Page);

    private static readonly DiagnosticDescriptor OutputTwice = new(
        Problems.OutputTwice, "An output is named once",
        "'{0}' is an output already: every output has a name of its own",
        Names, Error, true, helpLinkUri: Help + Problems.OutputTwice + Page);

    private static readonly DiagnosticDescriptor WidthOdd = new(
        Problems.WidthOdd, "Rotation pairs channels",
        "{0} channels cannot be rotated in pairs: the width must be even",
        Shapes, Error, true, helpLinkUri: Help + Problems.WidthOdd + Page);

    private static readonly DiagnosticDescriptor SizeNotPositive = new(
        Problems.SizeNotPositive, "A size is positive",
        "{0} is no size: expected is an integer from 1 to 2147483647",
        Shapes, Error, true, helpLinkUri: Help + Problems.SizeNotPositive + Page);

    private static readonly DiagnosticDescriptor ReplaceAlone = new(
        Problems.ReplaceAlone, "A change has a base",
        "'{0}' changes a base, but this declaration derives from none: say Derive<...>",
        Declaration, Error, true, helpLinkUri: Help + Problems.ReplaceAlone + Page);

    private static readonly DiagnosticDescriptor NothingDeclared = new(
        Problems.NothingDeclared, "A declaration has dataflow",
        "'{0}' declares no dataflow: after Block or Model stands at least one bracket of parts",
        Declaration, Error, true, helpLinkUri: Help + Problems.NothingDeclared + Page);

    private static readonly DiagnosticDescriptor ScalarForm = new(
        Problems.ScalarForm, "A scalar function stays in its form",
        "{0}",
        Functions, Error, true, helpLinkUri: Help + Problems.ScalarForm + Page);

    private static readonly DiagnosticDescriptor PresetSizes = new(
        Problems.PresetSizes, "The sizes of a preset agree",
        "Preset '{0}': {1} = {2}, but {3} = {4}, and both are one axis",
        Config, Error, true, helpLinkUri: Help + Problems.PresetSizes + Page);

    private static readonly DiagnosticDescriptor ExtendNotPartial = new(
        Problems.ExtendNotPartial, "A config that extends another one is partial",
        "'{0}' must be declared partial: the members it extends are written into another part of it",
        Config, Error, true, helpLinkUri: Help + Problems.ExtendNotPartial + Page);

    private static readonly DiagnosticDescriptor ChoiceWithoutBy = new(
        Problems.ChoiceWithoutBy, "A choice of blocks says what chooses",
        "Nothing chooses between {0}: say By = nameof(...), a config member that returns the type",
        Declaration, Error, true, helpLinkUri: Help + Problems.ChoiceWithoutBy + Page);

    private static readonly DiagnosticDescriptor PartPlace = new(
        Problems.PartPlace, "A part stands where it has something to read",
        "'{0}' must stand {1}",
        Declaration, Error, true, helpLinkUri: Help + Problems.PartPlace + Page);

    private static readonly DiagnosticDescriptor AxisDivision = new(
        Problems.AxisDivision, "An axis is cut into whole parts",
        "An axis of {0} cannot be cut into {1}: {2} does not divide {0}",
        Shapes, Error, true, helpLinkUri: Help + Problems.AxisDivision + Page);

    private static readonly DiagnosticDescriptor InputUnmatched = new(
        Problems.InputUnmatched, "Every input of a used block has a value",
        "'{0}' reads '{1}', but no value here has that name: {2}",
        Names, Error, true, helpLinkUri: Help + Problems.InputUnmatched + Page);

    private static readonly DiagnosticDescriptor NameOfMember = new(
        Problems.NameOfMember, "A declaration is not named like a member of its own",
        "'{0}' is the name of a member that is written into the class: a class cannot have a member of its own name",
        Declaration, Error, true, helpLinkUri: Help + Problems.NameOfMember + Page);

    private static readonly DiagnosticDescriptor TransferAlone = new(
        Problems.TransferAlone, "A transfer function belongs to a step",
        "'{0}' gives a kernel and no step: apply the recurrence that it belongs to, with Transfer = nameof({0})",
        Functions, Error, true, helpLinkUri: Help + Problems.TransferAlone + Page);

    private static readonly DiagnosticDescriptor TransferUnfit = new(
        Problems.TransferUnfit, "A transfer function fits its step",
        "'{0}' cannot give the kernel of '{1}': {2}",
        Functions, Error, true, helpLinkUri: Help + Problems.TransferUnfit + Page);

    private static readonly DiagnosticDescriptor LearnsNothing = new(
        Problems.LearnsNothing, "A learnt block has a fast weight",
        "'{0}' has no fast weight: say Fast = true at the linear maps of it that are trained within the sequence",
        Declaration, Error, true, helpLinkUri: Help + Problems.LearnsNothing + Page);

    private static readonly DiagnosticDescriptor NotLearnable = new(
        Problems.NotLearnable, "A learnt block has a derivative",
        "'{0}' cannot be learnt: {1}",
        Declaration, Error, true, helpLinkUri: Help + Problems.NotLearnable + Page);

    private static readonly DiagnosticDescriptor NotExperts = new(
        Problems.NotExperts, "A block of experts can be computed for some of them",
        "'{0}' is no block of experts: {1}",
        Declaration, Error, true, helpLinkUri: Help + Problems.NotExperts + Page);

    private static readonly DiagnosticDescriptor LearnIncomplete = new(
        Problems.LearnIncomplete, "Learn has an input, a target and a loss",
        "Learn needs two values, what is learnt from and the target, and a Loss: {0}",
        Declaration, Error, true, helpLinkUri: Help + Problems.LearnIncomplete + Page);

    private static readonly DiagnosticDescriptor ClassUnfit = new(
        Problems.ClassUnfit, "A declaration is a class that code can be written into",
        "The code of '{0}' cannot be written: {1}",
        Declaration, Error, true, helpLinkUri: Help + Problems.ClassUnfit + Page);

    private static readonly DiagnosticDescriptor ConfigUnfit = new(
        Problems.ConfigUnfit, "A config can be built from a file",
        "'{0}' cannot be built from a config.json: {1}",
        Config, Error, true, helpLinkUri: Help + Problems.ConfigUnfit + Page);

    private static readonly DiagnosticDescriptor MemberOfGenerated = new(
        Problems.MemberOfGenerated, "A member is not named like one that is written beside it",
        "'{0}' is the name of a member that is written into the class: give this one another name",
        Declaration, Error, true, helpLinkUri: Help + Problems.MemberOfGenerated + Page);

    private static readonly DiagnosticDescriptor KeysOfSugar = new(
        Problems.KeysOfSugar, "Sugar has a key for each of its maps",
        "{0} has {1} linear maps, '{2}' is {3}: write them in braces, as in '{4}'",
        Declaration, Error, true, helpLinkUri: Help + Problems.KeysOfSugar + Page);

    private static readonly DiagnosticDescriptor DerivesItself = new(
        Problems.DerivesItself, "A declaration does not derive from itself",
        "'{0}' derives from itself: one of its bases must be declared in full",
        Declaration, Error, true, helpLinkUri: Help + Problems.DerivesItself + Page);

    private static readonly DiagnosticDescriptor BeyondBounds = new(
        Problems.BeyondBounds, "A declaration stays within bounds",
        "'{0}' has more than {2} {1}: expected {2} at most",
        Declaration, Error, true, helpLinkUri: Help + Problems.BeyondBounds + Page);

    private static readonly DiagnosticDescriptor Unread = new(
        Problems.Unread, "What is computed is read",
        "Nothing reads the result of '{0}': what follows reads something else, and no name or output stands for it (As names what stands before it: "
            + "of a Residual, the branch)",
        Declaration, DiagnosticSeverity.Warning, true, helpLinkUri: Help + Problems.Unread + Page);

    /// <summary>A defect of the compiler: no declaration should show it.</summary>
    public static readonly DiagnosticDescriptor Failed = new(
        "DSL999", "The compiler of declarations failed",
        "The compiler of declarations failed on '{0}', which is a defect of it: {1}",
        Declaration, Error, true, helpLinkUri: Help + "DSL999" + Page);

    public static readonly ImmutableArray<DiagnosticDescriptor> All = ImmutableArray.Create(
        NotPartial, ConfigNotRecord, SpreadDataflow, NameUnknown, NameTwice, MemberUnknown, MemberKindWrong, ResidualWidth, SizesDiffer, SizeUnfixed,
        HeadGroups, SplitSizes, AxesWrong, KeyTwice, KeyUnknown, TiedShape, FunctionUnknown, FunctionKindWrong, FunctionSignature, BlockUnknown,
        BlockConfig, BlockInput, ModifierPlace, BaseUnknown, AddressUnknown, AddressAmbiguous, OptionUnknown, PresetDivision, PatternWrong, Recursive,
        WordUnknown, KeyIndexUnknown, MemberWithoutKey, OutputTwice, WidthOdd, SizeNotPositive, ReplaceAlone, NothingDeclared,
        ScalarForm, PresetSizes, ExtendNotPartial, ChoiceWithoutBy, PartPlace, AxisDivision, InputUnmatched, NameOfMember, TransferAlone, TransferUnfit,
        LearnsNothing, NotLearnable, NotExperts, OwnLayerUnfit, LearnIncomplete, ClassUnfit, ConfigUnfit, MemberOfGenerated, KeysOfSugar, DerivesItself,
        BeyondBounds, Unread);

    private static readonly ImmutableDictionary<string, DiagnosticDescriptor> ById = All.ToImmutableDictionary(r => r.Id);

    public static DiagnosticDescriptor Of(string id) => ById[id];
}
