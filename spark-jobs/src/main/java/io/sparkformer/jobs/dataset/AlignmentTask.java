package io.sparkformer.jobs.dataset;

import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.IndexFile;
import io.sparkformer.jobs.dataset.DatasetVerifyResult.BadFile;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Checks, on an executor, that each sequence of a shard of text has its labels in the shard beside
 * it; of files that are each as recorded.
 */
record AlignmentTask(Broadcast<SerializableConfiguration> configuration, String directory)
    implements Function<AlignmentTask.Pair, List<BadFile>> {

  private static final String REMEDY = ": make the data set again";

  /** A shard of text, and that of its labels. */
  record Pair(Shard text, Shard labels) implements Serializable {

    /** Pairs shards in order, as they are written. */
    static List<Pair> of(List<Shard> text, List<Shard> labels) {
      List<Pair> pairs = new ArrayList<>();
      for (int i = 0; i < text.size(); i++) {
        pairs.add(new Pair(text.get(i), labels.get(i)));
      }
      return pairs;
    }

    private String indexOfLabels() {
      return labels.index().orElseThrow().name();
    }

    private String indexOfText() {
      return text.index().orElseThrow().name();
    }
  }

  @Override
  public List<BadFile> call(Pair pair) throws IOException {
    FileSystem fileSystem = Storage.fileSystem(new Path(directory), configuration.value().value());
    IndexFile text = IndexFile.read(fileSystem, new Path(directory, pair.indexOfText()));
    IndexFile labels = IndexFile.read(fileSystem, new Path(directory, pair.indexOfLabels()));
    return documentsProblem(text, labels, pair.indexOfText())
        .or(() -> lengthsProblem(text, labels))
        .map(reason -> new BadFile(pair.indexOfLabels(), reason + REMEDY))
        .stream()
        .toList();
  }

  private static Optional<String> documentsProblem(IndexFile text, IndexFile labels, String name) {
    int both = Math.min(text.documents(), labels.documents());
    for (int document = 0; document < both; document++) {
      long ofText = text.documentBound(document + 1) - text.documentBound(document);
      long ofLabels = labels.documentBound(document + 1) - labels.documentBound(document);
      if (ofText != ofLabels) {
        return Optional.of(
            "does not go with %s from sequence %d on: document %d is %d sequences of labels and %d of text"
                .formatted(name, text.documentBound(document), document, ofLabels, ofText));
      }
    }
    return text.documents() == labels.documents()
        ? Optional.empty()
        : Optional.of(
            "does not go with %s from sequence %d on: it has %d documents where that has %d"
                .formatted(name, text.documentBound(both), labels.documents(), text.documents()));
  }

  private static Optional<String> lengthsProblem(IndexFile text, IndexFile labels) {
    boolean ofTexts = true;
    boolean ofTokens = true;
    for (int sequence = 0; sequence < text.sequences(); sequence++) {
      boolean one = labels.size(sequence) == 1;
      boolean oneEach = labels.size(sequence) == text.size(sequence);
      if (!(ofTexts && one) && !(ofTokens && oneEach)) {
        return Optional.of(
            "sequence %d has %d labels for %d tokens, where there is to be %s"
                .formatted(
                    sequence,
                    labels.size(sequence),
                    text.size(sequence),
                    ofTexts && ofTokens
                        ? "one for the text or for each token"
                        : ofTexts ? "one for each text" : "one for each token"));
      }
      ofTexts &= one;
      ofTokens &= oneEach;
    }
    return Optional.empty();
  }
}
