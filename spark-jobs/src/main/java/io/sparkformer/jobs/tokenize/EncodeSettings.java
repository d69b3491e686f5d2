package io.sparkformer.jobs.tokenize;

import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.jobs.input.CleanDocuments;
import io.sparkformer.jobs.input.Documents;
import io.sparkformer.jobs.input.KeptDocuments;
import io.sparkformer.jobs.input.MalformedInput;
import io.sparkformer.jobs.tokenize.TokenizeOptions.EndOfText;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * What all units are tokenized with.
 *
 * @param units the directory that gets a directory for each unit
 * @param unitCount their number
 * @param kept where the documents to keep are listed; empty for all
 * @param labels the classes, in {@link LabelOrder}; none if the data set has no labels
 */
record EncodeSettings(
    Broadcast<SerializableConfiguration> configuration,
    ExecutorTokenizer tokenizer,
    SplitWriter.ShardLayout layout,
    String units,
    int unitCount,
    String kept,
    MalformedInput malformed,
    EndOfText endOfText,
    SplitRule rule,
    ArrayList<String> labels)
    implements Serializable {

  Configuration hadoop() {
    return configuration.value().value();
  }

  /** A unit's documents with text that are wanted. */
  CleanDocuments clean(int unit, Documents documents) throws IOException {
    return CleanDocuments.of(documents, malformed, KeptDocuments.of(kept, unit, hadoop()));
  }

  /** The token to put behind documents. */
  OptionalInt endOfText(Tokenizer of) {
    return endOfText == EndOfText.APPENDED ? of.endOfText() : OptionalInt.empty();
  }

  /** The split of the document whose first piece is at hand, where its place does not matter. */
  SplitName split(CleanDocuments document) {
    if (rule instanceof SplitRule.Hash hash) {
      return hash.split(document.headHash(hash.seed()));
    }
    if (rule instanceof SplitRule.Stratified stratified) {
      return stratified.split(document.label(), document.headHash(stratified.seed()));
    }
    throw new IllegalStateException("a split by place: " + rule);
  }

  boolean isLabelled() {
    return !labels.isEmpty();
  }

  int labelId(String label) throws IOException {
    int id = Collections.binarySearch(labels, label, LabelOrder.COMPARATOR);
    if (id < 0) {
      throw new IOException(
          "label '" + label + "' was not there before: the input changed, run the job again");
    }
    return id;
  }
}
