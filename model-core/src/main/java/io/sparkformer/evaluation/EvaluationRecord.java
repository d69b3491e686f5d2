package io.sparkformer.evaluation;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.sparkformer.datasets.tokens.SplitName;
import java.io.IOException;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * How a model did on a split: {@value #FILE_NAME} beside it.
 *
 * @param step updates that the model has had
 * @param split whose examples
 * @param loss mean cross entropy in nats
 * @param accuracy the share of predictions that were right, of tokens or of labels
 * @param confusion of the labels; null for language models, and then not in the file
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record EvaluationRecord(
    long step, SplitName split, double loss, double accuracy, ConfusionMatrix confusion) {

  public static final String FILE_NAME = "evaluation.json";

  /** The confusion matrix of a classifier. */
  public Optional<ConfusionMatrix> confusionMatrix() {
    return Optional.ofNullable(confusion);
  }

  /** Writes {@value #FILE_NAME} into a directory. */
  public void write(FileSystem fileSystem, Path directory) throws IOException {
    RecordFile.write(fileSystem, new Path(directory, FILE_NAME), this);
  }

  /**
   * Reads a directory's {@value #FILE_NAME}.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if there is none or it is damaged
   */
  public static EvaluationRecord read(FileSystem fileSystem, Path directory) throws IOException {
    return RecordFile.read(fileSystem, new Path(directory, FILE_NAME), EvaluationRecord.class);
  }
}
