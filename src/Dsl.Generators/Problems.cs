using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators;

/// <summary>One thing wrong with a declaration, at a place of its syntax.</summary>
/// <param name="Id">A constant of <see cref="Problems"/>.</param>
/// <param name="Place">Where.</param>
/// <param name="Arguments">What the message names.</param>
internal sealed record Problem(string Id, Place Place, EquatableArray<string> Arguments)
{
    private const string Question = "did you mean '";

    /// <summary>The name that was probably meant, where the last argument asks so.</summary>
    public string? Nearest =>
        Arguments.LastOrDefault() is { } last && last.StartsWith(Question, StringComparison.Ordinal) && last.EndsWith("'?", StringComparison.Ordinal)
            ? last.Substring(Question.Length, last.Length - Question.Length - 2)
            : null;

    /// <summary>The name that stands there instead.</summary>
    public string? Wrong => Nearest is null ? null : Arguments[Id is Problems.BlockInput or Problems.InputUnmatched ? 1 : 0];

    /// <summary>A last argument that asks for the nearest of these names, or lists them.</summary>
    public static string Suggest(string name, IEnumerable<string> candidates)
    {
        var all = candidates.Distinct().ToList();
        return Names.Nearest(name, all) is { } near ? Question + near + "'?"
            : all.Count == 0 ? "there are none"
            : "there are " + string.Join(", ", all.OrderBy(a => a, StringComparer.Ordinal).Take(12).Select(a => $"'{a}'")) + (all.Count > 12 ? ", ..." : "");
    }
}

/// <summary>Ids of everything that can be wrong. The words stand in <c>Diagnostics/Rules.cs</c>.</summary>
internal static class Problems
{
    public const string NotPartial = "DSL001";
    public const string ConfigNotRecord = "DSL002";
    public const string SpreadDataflow = "DSL003";
    public const string NameUnknown = "DSL004";
    public const string NameTwice = "DSL005";
    public const string MemberUnknown = "DSL006";
    public const string MemberKindWrong = "DSL007";
    public const string ResidualWidth = "DSL008";
    public const string SizesDiffer = "DSL009";
    public const string SizeUnfixed = "DSL010";
    public const string HeadGroups = "DSL011";
    public const string SplitSizes = "DSL012";
    public const string AxesWrong = "DSL013";
    public const string KeyTwice = "DSL014";
    public const string KeyUnknown = "DSL015";
    public const string TiedShape = "DSL016";
    public const string FunctionUnknown = "DSL017";
    public const string FunctionKindWrong = "DSL018";
    public const string FunctionSignature = "DSL019";
    public const string BlockUnknown = "DSL020";
    public const string BlockConfig = "DSL021";
    public const string BlockInput = "DSL022";
    public const string ModifierPlace = "DSL023";
    public const string BaseUnknown = "DSL024";
    public const string AddressUnknown = "DSL025";
    public const string OptionUnknown = "DSL026";
    public const string PresetDivision = "DSL027";
    public const string PatternWrong = "DSL028";
    public const string Recursive = "DSL029";
    public const string WordUnknown = "DSL030";
    public const string KeyIndexUnknown = "DSL031";
    public const string MemberWithoutKey = "DSL032";
    public const string OutputTwice = "DSL033";
    public const string WidthOdd = "DSL035";
    public const string SizeNotPositive = "DSL036";
    public const string ReplaceAlone = "DSL037";
    public const string NothingDeclared = "DSL038";
    public const string ScalarForm = "DSL039";
    public const string PresetSizes = "DSL040";
    public const string ExtendNotPartial = "DSL041";
    public const string ChoiceWithoutBy = "DSL042";
    public const string PartPlace = "DSL043";
    public const string AxisDivision = "DSL044";
    public const string InputUnmatched = "DSL045";
    public const string LearnsNothing = "DSL050";
    public const string NotLearnable = "DSL051";
    public const string LearnIncomplete = "DSL052";
    public const string NameOfMember = "DSL046";
    public const string TransferAlone = "DSL047";
    public const string TransferUnfit = "DSL048";
    public const string ClassUnfit = "DSL053";
    public const string ConfigUnfit = "DSL054";
    public const string MemberOfGenerated = "DSL055";
    public const string KeysOfSugar = "DSL062";
    public const string NotExperts = "DSL065";
    public const string OwnLayerUnfit = "DSL066";
    public const string DerivesItself = "DSL060";
    public const string BeyondBounds = "DSL061";
    public const string AddressAmbiguous = "DSL064";
    public const string Unread = "DSL068";
}
