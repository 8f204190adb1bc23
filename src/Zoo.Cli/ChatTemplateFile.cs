using System.IO;
using System.Text.Json;
using Dsl.Files;
using Dsl.Text;
using Dsl.Text.Templates;

namespace Zoo.Cli;

/// <summary>The chat template of a checkpoint's folder.</summary>
internal static class ChatTemplateFile
{
    private const string Settings = "tokenizer_config.json", Own = "chat_template.jinja";

    private static readonly FileError Error = (file, problem, _) => new TextException($"{file}: {problem}");

    /// <summary>
    /// The template in <c>chat_template.jinja</c>, else in <c>tokenizer_config.json</c> (of several, each must be readable); null where there is none.
    /// </summary>
    /// <exception cref="TextException">It cannot be read.</exception>
    internal static ChatTemplate? Find(string folder)
    {
        string own = Path.Combine(folder, Own), settings = Path.Combine(folder, Settings);
        if (File.Exists(own))
        {
            return ChatTemplate.Parse(UserFile.ReadText(own, UserFile.MostOfText, Error), Own);
        }

        if (!File.Exists(settings))
        {
            return null;
        }

        try
        {
            using JsonDocument json = JsonDocument.Parse(UserFile.ReadText(settings, UserFile.MostOfText, Error));
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("chat_template", out JsonElement template))
            {
                return null;
            }

            if (template.ValueKind == JsonValueKind.String)
            {
                return ChatTemplate.Parse(template.GetString()!);
            }

            ChatTemplate? first = null;
            foreach (JsonElement named in template.ValueKind == JsonValueKind.Array ? template.EnumerateArray() : default)
            {
                if (named.ValueKind == JsonValueKind.Object && named.TryGetProperty("template", out JsonElement text) && text.ValueKind == JsonValueKind.String)
                {
                    ChatTemplate parsed = ChatTemplate.Parse(text.GetString()!);
                    first ??= parsed;
                }
            }

            return first;
        }
        catch (JsonException)
        {
            throw new TextException($"{settings}: is not JSON, expected an object");
        }
    }
}
