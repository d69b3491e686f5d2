package io.sparkformer.datasets.tokenizer.training;

/** The words that a vocabulary is trained on, as the tokens that they consist of so far. */
final class TrainingWords {

  private final int[] tokens; // of all words
  private final int[] starts;
  private final int[] lengths;
  private final long[] counts;

  /** The words in the order of their bytes. */
  TrainingWords(PretokenCounts pretokens, int[] idOfByte) {
    int[] order = pretokens.sorted();
    this.tokens = new int[pretokens.distinctBytes()];
    this.starts = new int[order.length];
    this.lengths = new int[order.length];
    this.counts = new long[order.length];
    int end = 0;
    for (int word = 0; word < order.length; word++) {
      starts[word] = end;
      for (byte b : pretokens.pretoken(order[word])) {
        tokens[end++] = idOfByte[b & 0xFF];
      }
      lengths[word] = end - starts[word];
      counts[word] = pretokens.count(order[word]);
    }
  }

  /** Counts all pairs. */
  void count(PairCounts pairs) {
    for (int word = 0; word < starts.length; word++) {
      for (int i = starts[word]; i + 1 < starts[word] + lengths[word]; i++) {
        pairs.increase(tokens[i], tokens[i + 1], counts[word], word);
      }
    }
  }

  /** Replaces a pair in a word, from left to right, and corrects the counts. */
  void merge(int word, int left, int right, int merged, PairCounts pairs) {
    long count = counts[word];
    int start = starts[word];
    int end = start + lengths[word];
    int to = start;
    int from = start;
    while (from < end) {
      if (from + 1 < end && tokens[from] == left && tokens[from + 1] == right) {
        if (to > start) {
          pairs.decrease(tokens[to - 1], left, count);
          pairs.increase(tokens[to - 1], merged, count, word);
        }
        pairs.decrease(left, right, count);
        if (from + 2 < end) {
          pairs.decrease(right, tokens[from + 2], count);
          pairs.increase(merged, tokens[from + 2], count, word);
        }
        tokens[to++] = merged;
        from += 2;
      } else {
        tokens[to++] = tokens[from++];
      }
    }
    lengths[word] = to - start;
  }
}
