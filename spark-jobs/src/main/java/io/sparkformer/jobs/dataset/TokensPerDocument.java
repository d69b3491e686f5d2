package io.sparkformer.jobs.dataset;

import io.sparkformer.datasets.tokens.IndexFile;
import java.util.Map;
import java.util.TreeMap;

/**
 * How long documents are, in tokens; a document that is cut by a shard's end counts as two.
 *
 * <p>Percentiles are lengths that documents have: the smallest that at least so many do not exceed.
 */
record TokensPerDocument(
    long min, long p10, long median, double mean, long p90, long p99, long max) {

  /** Counts lengths, a shard at a time. */
  static final class Counter {
    private final TreeMap<Long, Long> documentsByTokens = new TreeMap<>();
    private long documents;
    private long tokens;

    void add(IndexFile index) {
      for (int document = 0; document < index.documents(); document++) {
        long length = 0;
        for (long sequence = index.documentBound(document);
            sequence < index.documentBound(document + 1);
            sequence++) {
          length += index.size(Math.toIntExact(sequence));
        }
        documentsByTokens.merge(length, 1L, Long::sum);
        documents++;
        tokens += length;
      }
    }

    /** All zero if there are no documents. */
    TokensPerDocument distribution() {
      if (documents == 0) {
        return new TokensPerDocument(0, 0, 0, 0, 0, 0, 0);
      }
      return new TokensPerDocument(
          documentsByTokens.firstKey(),
          percentile(10),
          percentile(50),
          (double) tokens / documents,
          percentile(90),
          percentile(99),
          documentsByTokens.lastKey());
    }

    private long percentile(int percent) {
      long wanted = (documents * percent + 99) / 100;
      long seen = 0;
      for (Map.Entry<Long, Long> entry : documentsByTokens.entrySet()) {
        seen += entry.getValue();
        if (seen >= wanted) {
          return entry.getKey();
        }
      }
      return documentsByTokens.lastKey();
    }
  }
}
