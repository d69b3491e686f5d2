package io.sparkformer.jobs.dataset;

import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDtype;
import java.util.List;
import java.util.SortedMap;

/**
 * What {@code dataset show} finds.
 *
 * @param tokenizerFingerprint of two data sets with the same one, a token means the same
 */
record DatasetShowResult(
    String data,
    String tokenizerFingerprint,
    int vocabSize,
    TokenDtype dtype,
    SortedMap<SplitName, Split> splits) {

  /**
   * A split.
   *
   * @param bytes of all its files
   * @param samples how its first documents begin, in one line each
   */
  record Split(
      long documents,
      long sequences,
      long tokens,
      long characters,
      long bytes,
      int shards,
      TokensPerDocument tokensPerDocument,
      List<String> samples) {}
}
