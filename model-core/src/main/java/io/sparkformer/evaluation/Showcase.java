package io.sparkformer.evaluation;

import java.io.IOException;
import java.util.List;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A trained model at work, on a few examples: {@value #FILE_NAME} in the run's directory. What a
 * kind of model does not do is empty.
 *
 * @param step updates that the model has had
 * @param generated what a language model writes
 * @param predicted what a classifier says
 * @param prompt the text that nextTokens and attention are about
 * @param nextTokens what may come after the prompt, the most likely first
 * @param attentionTokens the prompt's tokens
 * @param attention weights [layers, heads, query, key]
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one.
public record Showcase(
    long step,
    List<GeneratedText> generated,
    List<PredictedText> predicted,
    String prompt,
    List<NextToken> nextTokens,
    List<String> attentionTokens,
    float[][][][] attention) {

  public static final String FILE_NAME = "showcase.json";

  public Showcase {
    generated = List.copyOf(generated);
    predicted = List.copyOf(predicted);
    nextTokens = List.copyOf(nextTokens);
    attentionTokens = List.copyOf(attentionTokens);
  }

  /**
   * A text that a model wrote.
   *
   * @param prompt what it was to continue
   * @param text the continuation, without the prompt
   */
  public record GeneratedText(String prompt, String text) {}

  /**
   * What a classifier says of a text.
   *
   * @param text shortened for people
   * @param actual its label; the labels of its tokens, joined by spaces, where tokens have them
   * @param predicted likewise
   * @param probability of the predicted label; of tokens' labels the mean
   */
  public record PredictedText(String text, String actual, String predicted, double probability) {}

  /** A token that may come next, as text, and how likely it is. */
  public record NextToken(String token, double probability) {}

  /** Writes {@value #FILE_NAME} into a directory. */
  public void write(FileSystem fileSystem, Path directory) throws IOException {
    RecordFile.write(fileSystem, new Path(directory, FILE_NAME), this);
  }

  /**
   * Reads a directory's {@value #FILE_NAME}.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if there is none or it is damaged
   */
  public static Showcase read(FileSystem fileSystem, Path directory) throws IOException {
    return RecordFile.read(fileSystem, new Path(directory, FILE_NAME), Showcase.class);
  }
}
