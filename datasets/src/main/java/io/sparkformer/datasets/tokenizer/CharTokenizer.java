package io.sparkformer.datasets.tokenizer;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * One token per Unicode code point; the id is the code point's rank in the vocabulary.
 *
 * <p>The same ids as nanoGPT's {@code sorted(set(text))}. A character outside the vocabulary is an
 * error, there is no unknown token and no end-of-text token. Immutable and safe for use by many
 * threads.
 */
public final class CharTokenizer {

  /** Name of the file that {@link #write} makes, as HuggingFace's libraries expect it. */
  public static final String FILE_NAME = "tokenizer.json";

  private static final int ABSENT = -1;

  private final int[] codePoints;
  private final int[] idsByCodePoint;

  private CharTokenizer(int[] codePoints) {
    this.codePoints = codePoints;
    this.idsByCodePoint = new int[codePoints[codePoints.length - 1] + 1];
    Arrays.fill(idsByCodePoint, ABSENT);
    for (int id = 0; id < codePoints.length; id++) {
      idsByCodePoint[codePoints[id]] = id;
    }
  }

  /**
   * A tokenizer over these characters.
   *
   * @param sortedCodePoints strictly ascending Unicode scalar values, at least one
   * @throws IllegalArgumentException if they are not
   */
  public static CharTokenizer of(int[] sortedCodePoints) {
    if (sortedCodePoints.length == 0) {
      throw new IllegalArgumentException("a character vocabulary needs at least one character");
    }
    int previous = -1;
    for (int codePoint : sortedCodePoints) {
      if (codePoint <= previous || !isScalarValue(codePoint)) {
        throw new IllegalArgumentException(
            String.format(
                "0x%X is not a Unicode scalar value above its predecessor 0x%X",
                codePoint, previous));
      }
      previous = codePoint;
    }
    return new CharTokenizer(sortedCodePoints.clone());
  }

  /**
   * Reads {@value #FILE_NAME} in a directory.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if it is missing, damaged, or a tokenizer
   *     of another kind
   */
  public static CharTokenizer read(FileSystem fileSystem, Path directory) throws IOException {
    return of(CharTokenizerJson.read(fileSystem, new Path(directory, FILE_NAME)));
  }

  /** Writes {@value #FILE_NAME} into a directory, in HuggingFace's format. */
  public void write(FileSystem fileSystem, Path directory) throws IOException {
    CharTokenizerJson.write(codePoints, fileSystem, new Path(directory, FILE_NAME));
  }

  public int vocabSize() {
    return codePoints.length;
  }

  /** The id of a code point, -1 if the vocabulary does not have it. */
  public int idOf(int codePoint) {
    return codePoint >= 0 && codePoint < idsByCodePoint.length ? idsByCodePoint[codePoint] : ABSENT;
  }

  /**
   * The ids of a text's code points.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if a character is not in the vocabulary
   */
  public int[] encode(CharSequence text) {
    int[] ids = text.codePoints().toArray();
    for (int position = 0; position < ids.length; position++) {
      int codePoint = ids[position];
      int id = idOf(codePoint);
      require(
          id != ABSENT,
          "character U+%04X%s at position %d is not in the tokenizer's vocabulary of %d characters:"
              + " leave it out, or use a model that was trained on text with it",
          codePoint,
          isVisible(codePoint) ? " '" + Character.toString(codePoint) + "'" : "",
          position,
          codePoints.length);
      ids[position] = id;
    }
    return ids;
  }

  /**
   * The text of ids.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if an id is not in the vocabulary
   */
  public String decode(int[] ids) {
    StringBuilder text = new StringBuilder(ids.length);
    for (int position = 0; position < ids.length; position++) {
      int id = ids[position];
      require(
          id >= 0 && id < codePoints.length,
          "token %d at position %d is not in the tokenizer's vocabulary: use ids from 0 to %d",
          id,
          position,
          codePoints.length - 1);
      text.appendCodePoint(codePoints[id]);
    }
    return text.toString();
  }

  /**
   * Hex SHA-256 of the vocabulary; two tokenizers give the same ids for every text if and only if
   * theirs are equal.
   */
  public String fingerprint() {
    ByteBuffer canonical = ByteBuffer.allocate(codePoints.length * Integer.BYTES);
    canonical.asIntBuffer().put(codePoints);
    MessageDigest digest = Sha256.digest();
    digest.update("char".getBytes(StandardCharsets.US_ASCII));
    return HexFormat.of().formatHex(digest.digest(canonical.array()));
  }

  static boolean isScalarValue(int codePoint) {
    return Character.isValidCodePoint(codePoint)
        && !(codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE);
  }

  private static boolean isVisible(int codePoint) {
    return isScalarValue(codePoint)
        && !Character.isISOControl(codePoint)
        && !Character.isWhitespace(codePoint);
  }
}
