package io.sparkformer.datasets.synthetic;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.io.Serializable;
import java.util.List;

/** A data set that is made, not read: the same one wherever it is made. */
public sealed interface SyntheticSpec extends Serializable
    permits SyntheticSpec.Reversal, SyntheticSpec.Sentences {

  /**
   * Random digits, of which each is labelled with the one at the same place from the other end.
   *
   * @param symbols how many digits there are: 0 up to symbols - 1
   * @param sequenceLength digits of a sample
   * @param trainSamples sequences of the train split
   * @param validSamples sequences of the valid split
   * @param seed any value
   */
  record Reversal(int symbols, int sequenceLength, long trainSamples, long validSamples, long seed)
      implements SyntheticSpec {

    /** A split is one shard, and is meant to be small. */
    private static final long MAX_TOKENS = 1L << 30;

    public Reversal {
      require(
          symbols >= 2 && symbols <= 10,
          "data.symbols is %d: it must be from 2 to 10, since each is a digit",
          symbols);
      require(
          sequenceLength >= 1, "data.sequence-length is %d: it must be at least 1", sequenceLength);
      requireSamples("data.train-samples", trainSamples, sequenceLength);
      requireSamples("data.valid-samples", validSamples, sequenceLength);
    }

    private static void requireSamples(String key, long samples, int sequenceLength) {
      require(samples >= 1, "%s is %d: it must be at least 1", key, samples);
      require(
          samples <= MAX_TOKENS / sequenceLength,
          "%s (%d) times data.sequence-length (%d) is more than %d tokens: lower one of them",
          key,
          samples,
          sequenceLength,
          MAX_TOKENS);
    }
  }

  /**
   * Given sentences, each a sequence of words between spaces; train and valid split are both all of
   * them.
   *
   * @param sentences at least one, of at least one word each
   */
  record Sentences(List<String> sentences) implements SyntheticSpec {
    public Sentences {
      sentences = List.copyOf(sentences);
      require(!sentences.isEmpty(), "data.sentences is empty: give at least one sentence");
      for (int i = 0; i < sentences.size(); i++) {
        require(
            !WordTokenizerJson.words(sentences.get(i)).isEmpty(),
            "data.sentences has no word in sentence %d: give it some, or leave it out",
            i + 1);
      }
    }
  }
}
