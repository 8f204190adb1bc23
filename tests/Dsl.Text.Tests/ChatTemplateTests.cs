using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Tests;
using Dsl.Text.Templates;
using Xunit;

namespace Dsl.Text.Tests;

public sealed class ChatTemplateTests
{
    private const string ChatMl =
        "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + (m['content'] | trim) + '<|im_end|>\\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    private static readonly ChatTurn[] Turns = [new("system", "Be brief."), new("user", " Hi! "), new("assistant", "Hello."), new("user", "Bye?")];

    [ModelFact("smollm2")]
    public void ThePublishedTemplateOfSmolLmWritesTheReferencesPrompts()
    {
        string model = RealModels.Find("smollm2")!;
        string beside = Path.Combine(model, "..", "..", "goldens", "smollm2", "chat.json");
        string golden = File.Exists(GoldenFolder.Case(Path.Combine("smollm2", "chat.json"))) ? GoldenFolder.Case(Path.Combine("smollm2", "chat.json")) : beside;
        using JsonDocument summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(model, "gguf_summary.json")));
        ChatTemplate template = ChatTemplate.Parse(summary.RootElement.GetProperty("metadata").GetProperty("tokenizer.chat_template").GetString()!);
        using JsonDocument chats = JsonDocument.Parse(File.ReadAllText(golden));
        foreach (JsonElement chat in chats.RootElement.EnumerateArray())
        {
            ChatTurn[] turns = [.. chat.GetProperty("messages").EnumerateArray()
                .Select(turn => new ChatTurn(turn.GetProperty("role").GetString()!, turn.GetProperty("content").GetString()!))];
            Assert.Equal(chat.GetProperty("text").GetString(), template.Render(turns, chat.GetProperty("add_generation_prompt").GetBoolean()));
        }
    }

    [Fact]
    public void AConversationBecomesAPrompt() => Assert.Equal(
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi!<|im_end|>\n"
            + "<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nBye?<|im_end|>\n<|im_start|>assistant\n",
        ChatTemplate.Parse(ChatMl).Render(Turns));

    [Theory]
    [InlineData("{{ messages[0].role }}{{ messages[-1]['content'] }}", "systemBye?")]
    [InlineData("{{ messages[1:] | length }}{{ messages[:2] | length }}", "32")]
    [InlineData("{% set ns = namespace(n=0) %}{% for m in messages if m.role == 'user' %}{% set ns.n = ns.n + loop.index %}{% endfor %}{{ ns.n }}", "3")]
    [InlineData("{% for m in messages %}{{ loop.index0 }}{% if not loop.last %},{% endif %}{% endfor %}", "0,1,2,3")]
    [InlineData("{% for m in messages %}{% if loop.first %}{% continue %}{% endif %}{% if loop.index > 2 %}{% break %}{% endif %}{{ m.role }}{% endfor %}",
        "user")]
    [InlineData("{% for k, v in messages[0].items() %}{{ k ~ '=' ~ v }};{% else %}none{% endfor %}", "role=system;content=Be brief.;")]
    [InlineData("{% for m in [] %}x{% else %}none{% endfor %}", "none")]
    [InlineData("{{ 'a' if nothing is defined else 'b' }}{{ nothing is none }}{{ none is none }}", "bFalseTrue")]
    [InlineData("{{ 'sys' in messages[0].role }}{{ 'x' not in ['x'] }}{{ 7 // 2 }}{{ 7 % 2 == 1 and not false }}", "TrueFalse3True")]
    [InlineData("  {% if true %}\n  x\n  {% endif %}\ny", "  x\ny")]
    [InlineData("a {%- if true -%} b {%- endif %} c", "ab c")]
    [InlineData("{# a\ncomment #}x{{ '}}' }}", "x}}")]
    [InlineData("{{ {'a': 1, 'b': ['x', true, none]} | tojson }}", "{\"a\": 1, \"b\": [\"x\", true, null]}")]
    [InlineData("{{ ' x '.strip() + 'a,b'.split(',')[1] + ('n' | upper) + (missing | default('d')) }}", "xbNd")]
    [InlineData("{% if messages[0].role == 'x' %}1{% elif messages | length == 4 %}2{% else %}3{% endif %}", "2")]
    public void TheUsedPartOfJinja(string source, string expected) => Assert.Equal(expected, ChatTemplate.Parse(source).Render(Turns));

    [Theory]
    [InlineData("a\n{% for m in messages %}\nx", "chat_template line 3: 'endfor' expected")]
    [InlineData("{% if true %}\n{% for m in messages %}{% endif %}", "chat_template line 2: 'endfor' expected")]
    [InlineData("{% if true %}x", "chat_template line 1: 'endif' expected")]
    [InlineData("x\n{% endif %}", "chat_template line 2: 'endif' without its beginning")]
    [InlineData("x\n\n{{ 1 + }}", "chat_template line 3: a value expected, got '}}'")]
    [InlineData("{{ 'a }}", "chat_template line 1: ' expected")]
    [InlineData("{{ a", "chat_template line 1: '}}' expected")]
    [InlineData("{% include 'x' %}",
        "chat_template line 1: statement 'include' unknown; known: if, for, set, macro, with, filter, break, continue, generation")]
    [InlineData("{% for m in messages recursive %}{% endfor %}", "chat_template line 1: 'recursive' is not supported")]
    [InlineData("{{ f(*a) }}", "chat_template line 1: '*' before an argument is not supported")]
    [InlineData("{{ (1] }}", "chat_template line 1: ']' without its beginning")]
    [InlineData("{% raw %}x", "chat_template line 1: 'endraw' expected")]
    [InlineData("{{ '\\N{BULLET}' }}", "chat_template line 1: '\\N' is not read")]
    public void WhatCannotBeReadIsOneLine(string source, string message) =>
        Assert.Equal(message, Assert.Throws<TextException>(() => ChatTemplate.Parse(source)).Message);

    [Theory]
    [InlineData("\n{{ raise_exception('roles must alternate') }}", "chat_template line 2: the template refuses: roles must alternate")]
    [InlineData("{{ nothing.more }}", "chat_template line 1: 'more' of a value that is not there: 'nothing' is undefined")]
    [InlineData("{{ 'a' | shout }}", "chat_template line 1: filter 'shout' unknown")]
    [InlineData("{{ open('x') }}", "chat_template line 1: called, but 'open' is undefined")]
    [InlineData("{{ 1 // 0 }}", "chat_template line 1: division by zero")]
    [InlineData("{% macro f(a) %}{{ varargs }}{% endmacro %}{{ f(1) }}", "'varargs' is not supported")]
    [InlineData("{{ lipsum is defined }}", "chat_template line 1: 'lipsum' is not supported")]
    [InlineData("{% set l = range(50000) | list %}{% for i in range(50000) %}{{ l == l }}{% endfor %}", "render budget exceeded")]
    [InlineData("{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}{% endfor %}{% endfor %}{% endfor %}", "render budget exceeded")]
    [InlineData("{% for a in range(100000000) %}{% endfor %}", "render budget exceeded")]
    [InlineData("{% set ns = namespace(t='0123456789') %}{% for a in range(1000) %}{% set ns.t = ns.t + ns.t %}{% endfor %}", "render budget exceeded")]
    [InlineData("{% set ns = namespace(t=[1]) %}{% for a in range(1000) %}{% set ns.t = ns.t + ns.t %}{% endfor %}", "render budget exceeded")]
    [InlineData("{% set ns = namespace(t=[1]) %}{% for a in range(40) %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.t }}", "render budget exceeded")]
    [InlineData("{% set ns = namespace(t=[1]) %}{% for a in range(40) %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.t | tojson }}", "budget exceeded")]
    [InlineData("{% set n = namespace(t=[1], u=[1]) %}{% for a in range(40) %}{% set n.t = [n.t, n.t] %}{% set n.u = [n.u, n.u] %}{% endfor %}{{ n.t == n.u }}",
        "render budget exceeded")]
    [InlineData("{% set n = namespace(t=[1], u=[1]) %}{% for a in range(40) %}{% set n.t = [n.t, n.t] %}{% set n.u = [n.u, n.u] %}{% endfor %}{{ n.t < n.u }}",
        "render budget exceeded")]
    [InlineData("{% set ns = namespace(t=[1]) %}{% for a in range(200) %}{% for b in range(1000) %}{% set ns.t = [ns.t] %}{% endfor %}{% endfor %}{{ ns.t }}",
        "budget exceeded")]
    [InlineData("{% set ns = namespace(t=[1]) %}{% for a in range(20) %}{% for b in range(100) %}{% set ns.t = [ns.t] %}{% endfor %}{% endfor %}{{ ns.t }}",
        "values nested more than 200 deep")]
    [InlineData("{% set ns = namespace(t=1) %}{% for a in range(2000) %}{% set ns.t = {'a': ns.t} %}{% endfor %}{{ ns.t | tojson }}",
        "values nested more than 200 deep")]
    [InlineData("{% set ns = namespace(n=0) %}{% set l = [ns] %}{% set ns.n = l %}{{ l | tojson }}", "a namespace is no JSON")]
    [InlineData("{% set l = range(30000) | list %}{% for i in range(30000) %}{% if -1 in l %}{% endif %}{% endfor %}", "render budget exceeded")]
    [InlineData("{% set l = 'a' * 1000000 %}{% for i in range(30000) %}{% if 'b' in l %}{% endif %}{% endfor %}", "render budget exceeded")]
    [InlineData("{% for i in range(1000) %}{{ range(30000) | join(',') | length }}{% endfor %}", "render budget exceeded")]
    [InlineData("{{ 'a' * 99999999999 }}", "render budget exceeded")]
    [InlineData("{{ 'a'.replace('', 'b' * 20000000) }}", "render budget exceeded")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "more than 200 calls within one another")]
    [InlineData("{% macro m(n) %}{% if n > 0 %}{{ m(n-1) }}{{ m(n-1) }}{% endif %}{% endmacro %}{{ m(60) }}", "render budget exceeded")]
    [InlineData("{{ 2 ** 70 }}", "'**' gives a number beyond 64 bits")]
    [InlineData("{{ messages.append(1) }}", "'append' changes a value, which a template may not")]
    [InlineData("{{ 'x' | safe ~ 'y' }}", "'~' of a text marked as safe")]
    [InlineData("{{ '\u1F50' | upper }}", "in upper case is not supported")]
    public void WhatCannotBeRenderedIsOneLineInBoundedTime(string source, string message)
    {
        Assert.Contains(message, Assert.Throws<TextException>(() => ChatTemplate.Parse(source).Render(Turns)).Message);
    }

    public static TheoryData<int> Pieces => [.. Enumerable.Range(0, Jinja().GetProperty("cases").GetArrayLength())];

    private static JsonElement Jinja() => new Golden(Path.Combine(GoldenFolder.InRepository(), "jinja")).Data;

    /// <summary>Each piece of a template gives what Jinja gives in transformers' setting, or is refused where Jinja refuses it.</summary>
    [Theory, MemberData(nameof(Pieces))]
    [Trait("Category", "Goldens")]
    public void PiecesEqualJinja(int index)
    {
        JsonElement all = Jinja(), piece = all.GetProperty("cases")[index];
        string Render() => ChatTemplate.Parse(piece.GetProperty("template").GetString()!).Render(
            TurnsOf(all), names: new Dictionary<string, string> { ["bos_token"] = "<s>", ["eos_token"] = "</s>" }, clock: new StoppedClock());
        if (piece.TryGetProperty("text", out JsonElement text))
        {
            Assert.Equal(text.GetString(), Render());
        }
        else
        {
            Assert.StartsWith("chat_template", Assert.Throws<TextException>(Render).Message);
        }
    }

    private static ChatTurn[] TurnsOf(JsonElement all) => [.. all.GetProperty("messages").EnumerateArray()
        .Select(turn => new ChatTurn(turn.GetProperty("role").GetString()!, turn.GetProperty("content").GetString()!))];

    private sealed class StoppedClock : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2024, 7, 5, 14, 3, 9, TimeSpan.Zero);
    }

    [Fact]
    public void DepthAndLengthAreBounded()
    {
        foreach (string source in new[]
        {
            "{{ " + new string('(', 10_000) + "1" + new string(')', 10_000) + " }}",
            "{{ 1" + string.Concat(Enumerable.Repeat(" + 1", 10_000)) + " }}",
            "{{ a" + string.Concat(Enumerable.Repeat(".a", 10_000)) + " }}",
            "{{ a" + string.Concat(Enumerable.Repeat("[a", 10_000)) + " }}",
            string.Concat(Enumerable.Repeat("{% if true %}", 10_000)),
            "{{ " + string.Concat(Enumerable.Repeat("a if a else ", 10_000)) + "a }}",
        })
        {
            Assert.Throws<TextException>(() => ChatTemplate.Parse(source));
        }
    }

    [Fact]
    public void TenThousandMutantsRenderOrSayWhy()
    {
        const string Valid = ChatMl + "\n{% set ns = namespace(a=[1, 2.5], b={'k': none}) %}"
            + "{%- if ns.a[0] == 1 and messages[1:] is defined -%} {{ ns.b | tojson }}{% else %}x{% endif %}";
        string[] words =
            ["{%", "%}", "{{", "}}", "'", "(", ")", "[", "]", "endif", "endfor", "not", "is", "in", "|", ".", "+", "\n", "-", "9999999999", "range(99999)",
                "None"];
        var random = new Random(5);
        int rendered = 0;
        for (int i = 0; i < 10_000; i++)
        {
            string mutant = Valid;
            for (int times = random.Next(1, 4); times > 0; times--)
            {
                int at = random.Next(mutant.Length), length = Math.Min(random.Next(6), mutant.Length - at);
                mutant = mutant[..at] + (random.Next(2) == 0 ? words[random.Next(words.Length)] : "") + mutant[(at + length)..];
            }

            try
            {
                ChatTemplate.Parse(mutant).Render(Turns);
                rendered++;
            }
            catch (TextException e)
            {
                Assert.StartsWith("chat_template line ", e.Message);
                Assert.DoesNotContain('\n', e.Message);
            }
        }

        Assert.InRange(rendered, 100, 9_900);
    }
}
