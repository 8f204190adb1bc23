using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Text;
using Dsl.Training.Metrics;

namespace Dsl.Training.Objectives;

/// <summary>How often each token occurs in a text.</summary>
public static class TokenCounts
{
    /// <summary>The number of tokens of parts of texts, and their unigram entropy in nats; one shard is held at a time.</summary>
    public static (long Tokens, double Entropy) Of(IEnumerable<TextShards> parts, ITokenizer tokenizer)
    {
        var counts = new Dictionary<int, long>();
        foreach (TextShards shards in parts)
        {
            long offset = 0;
            do
            {
                (string text, offset) = shards.Read(offset);
                foreach (int id in Sentences.Of(text, tokenizer).SelectMany(sentence => sentence.Ids))
                {
                    counts[id] = counts.GetValueOrDefault(id) + 1;
                }
            }
            while (offset != 0);
        }

        return (counts.Values.Sum(), Perplexity.UnigramEntropy(counts.Values));
    }
}
