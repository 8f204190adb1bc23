using System;
using System.Linq;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Dsl.Generators.Tests.Pipeline;

/// <summary>An edit costs what it concerns: <see cref="Compiling.Generate(SourceFile[])"/> asserts in every test that unrelated edits cost nothing.</summary>
public sealed class IncrementalTests
{
    [Fact]
    public void Zoo_is_generated_without_warnings_under_strict_options()
    {
        var run = Compiling.Generate(Compiling.Zoo());
        Assert.Empty(run.Diagnostics);
        run.AssertCompiles();
        Assert.Contains("Zoo.Decoders.Llama.g.cs", run.Texts.Keys);
    }

    [Fact]
    public void Two_runs_write_the_same_text_in_any_order_of_files()
    {
        var first = Compiling.Start(Compiling.Create(Compiling.Zoo()));
        var second = Compiling.Start(Compiling.Create(Compiling.Zoo().Reverse()));
        Assert.Equal(first.Texts, second.Texts);
    }

    [Fact]
    public void Text_has_no_carriage_return_no_machine_path_and_no_trailing_space()
    {
        var run = Compiling.Start(Compiling.Create(Compiling.Zoo()));
        foreach (var (hint, text) in run.Texts)
        {
            Assert.DoesNotContain("\r", text);
            Assert.DoesNotContain(Compiling.Repository, text);
            Assert.Contains("#nullable enable", text);
            Assert.All(text.Split('\n'), line => Assert.True(line == line.TrimEnd(), $"{hint}: '{line}'"));
            Assert.EndsWith("}\n", text);
            Assert.DoesNotContain("\n\n\n", text);
        }
    }

    [Fact]
    public void A_changed_block_is_written_anew_with_its_users_alone()
    {
        AssertRewritten(Declared.Block, Declared.Block.Replace("norm2", "norm_two", StringComparison.Ordinal), "DslModels.g.cs", "User.TinyBlock.g.cs");
    }

    [Fact]
    public void A_block_that_takes_another_size_is_written_anew_with_its_users()
    {
        AssertRewritten(
            Declared.Block,
            Declared.Block
                .Replace("[Block<TinyConfig>,", "[Block<TinyConfig>, Input(\"more\", \"b t\"),", StringComparison.Ordinal)
                .Replace(
                    "Activation.Gelu)]", "Activation.Gelu)]\n[From(\"more\"), Embedding(\"more\", 7, nameof(TinyConfig.Hidden))]", StringComparison.Ordinal),
            "DslModels.g.cs", "User.Tiny.g.cs", "User.TinyBlock.g.cs");
    }

    [Fact]
    public void A_changed_model_is_written_anew_alone()
    {
        AssertRewritten(Declared.Model, Declared.Model.Replace("\"norm\"", "\"final_norm\"", StringComparison.Ordinal), "DslModels.g.cs", "User.Tiny.g.cs");
    }

    [Fact]
    public void A_block_that_nothing_uses_is_written_anew_alone()
    {
        AssertRewritten(Declared.Lonely, Declared.Lonely.Replace("only", "lonely", StringComparison.Ordinal), "DslModels.g.cs", "User.Lonely.g.cs");
    }

    [Fact]
    public void A_method_body_beside_the_brackets_is_no_part_of_the_declaration()
    {
        AssertRewritten(Declared.Block, Declared.Block.Replace("=> 1", "=> 12", StringComparison.Ordinal));
    }

    [Fact]
    public void A_changed_default_of_a_config_writes_its_reader_anew_alone()
    {
        AssertRewritten(Declared.Config, Declared.Config.Replace("1e-5", "1e-6", StringComparison.Ordinal), "DslModels.g.cs", "User.TinyConfigJson.g.cs");
    }

    [Fact]
    public void An_extended_config_writes_anew_no_base()
    {
        var extended = Declared.In("User.More", "[Extend<TinyConfig>] public sealed partial record MoreConfig([Key(\"more\")] int More = 1);\n");
        var (before, after) = (Compiling.Create([Declared.All(), extended]), Compiling.Create(
            [Declared.All(), extended with { Text = extended.Text.Replace("= 1", "= 2", StringComparison.Ordinal) }]));
        var first = Compiling.Start(before);
        Assert.Empty(first.Again(after).Rewritten(first));
    }

    [Fact]
    public void A_half_typed_declaration_leaves_the_others_alone()
    {
        AssertRewritten(
            Declared.Lonely,
            Declared.Lonely.Replace(", nameof(TinyConfig.Hidden)", ", nameof(", StringComparison.Ordinal),
            "DslModels.g.cs",
            "User.Lonely.g.cs");
    }

    private static void AssertRewritten(string part, string edited, params string[] expected)
    {
        Assert.NotEqual(part, edited);
        var file = Declared.All();
        var first = Compiling.Generate(file);
        first.AssertCompiles();
        var after = Compiling.Create([file with { Text = file.Text.Replace(part, edited, StringComparison.Ordinal) }]);
        Assert.Equal(expected, first.Again(after).Rewritten(first));
    }
}
