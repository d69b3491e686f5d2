package io.sparkformer.datasets.tokenizer;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Where tokenizers come from. */
public final class Tokenizers {

  private Tokenizers() {}

  /**
   * Reads {@value Tokenizer#FILE_NAME} in a directory.
   *
   * @throws InvalidInputException if it is missing, damaged, or no tokenizer
   */
  public static Tokenizer read(FileSystem fileSystem, Path directory) throws IOException {
    Path file = new Path(directory, Tokenizer.FILE_NAME);
    try (InputStream in = fileSystem.open(file)) {
      return ofJson(in.readAllBytes(), file.toString());
    } catch (FileNotFoundException e) {
      throw new InvalidInputException(
          file + " is missing: copy the directory again, or make it again", e);
    }
  }

  /**
   * A tokenizer from the content of a tokenizer.json.
   *
   * @param name of the file, for messages
   * @throws InvalidInputException if it is not one
   */
  public static Tokenizer ofJson(byte[] json, String name) {
    require(json.length > 0, "%s is empty: copy it again, or make it again", name);
    return CharTokenizer.of(CharTokenizerJson.read(json, name));
  }
}
