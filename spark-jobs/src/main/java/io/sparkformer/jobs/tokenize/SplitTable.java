package io.sparkformer.jobs.tokenize;

import io.sparkformer.datasets.tokens.DatasetManifest;
import java.util.Locale;

/** What a data set's splits hold, for people. */
final class SplitTable {

  private SplitTable() {}

  static String of(DatasetManifest manifest) {
    StringBuilder table =
        new StringBuilder(
            row("split", "documents", "tokens", "bytes of text", "bytes/token", "shards"));
    manifest
        .splits()
        .forEach(
            (name, split) ->
                table.append(
                    row(
                        name,
                        grouped(split.documents()),
                        grouped(split.tokens()),
                        grouped(split.bytes()),
                        split.tokens() == 0
                            ? "-"
                            : String.format(
                                Locale.ROOT, "%.3f", (double) split.bytes() / split.tokens()),
                        grouped(split.files().size() / 2))));
    DatasetManifest.Skipped skipped = manifest.skipped();
    if (skipped.documents() > 0) {
      table.append(
          String.format(
              Locale.ROOT,
              "skipped: %,d null, %,d empty, %,d duplicate documents%n",
              skipped.nullDocuments(),
              skipped.emptyDocuments(),
              skipped.duplicateDocuments()));
    }
    return table.toString();
  }

  private static String row(Object... cells) {
    return String.format(Locale.ROOT, "%-8s %15s %17s %17s %12s %8s%n", cells);
  }

  private static String grouped(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }
}
