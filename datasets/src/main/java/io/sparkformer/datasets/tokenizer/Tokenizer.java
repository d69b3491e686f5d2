package io.sparkformer.datasets.tokenizer;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.pretokenizer.SafeCuts;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalInt;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Text to token ids and back, with the ids of HuggingFace's tokenizers library.
 *
 * <p>Special tokens in a text become their ids; none are added. Immutable and safe for use by many
 * threads, each with an {@link Encoder} of its own.
 */
public sealed interface Tokenizer permits BpeTokenizer, CharTokenizer, LibraryTokenizer {

  /** Name of the file that {@link #write} makes, as HuggingFace's libraries expect it. */
  String FILE_NAME = "tokenizer.json";

  /** Ids are from 0 to below this. */
  int vocabSize();

  /**
   * Hex SHA-256; two tokenizers give the same ids for every text if theirs are equal.
   *
   * <p>It does not depend on how tokenizer.json is laid out.
   */
  String fingerprint();

  /**
   * Whether it is the one of a fingerprint, which an earlier build may have taken.
   *
   * @see #fingerprint
   */
  default boolean isOf(String otherFingerprint) {
    return fingerprint().equals(otherFingerprint);
  }

  /** The token that ends a document, if there is one. */
  OptionalInt endOfText();

  /** What its file puts around texts, which is not added here. */
  AroundText around();

  /** Tokens that were added to its vocabulary, or stand in it, to be found in texts literally. */
  int addedCount();

  /** Whether {@link SafeCuts} are safe with it. */
  boolean canCut();

  /** A new encoder. */
  Encoder encoder();

  /**
   * The bytes that tokens stand for.
   *
   * @throws InvalidInputException if an id is not in the vocabulary
   */
  byte[] decodeBytes(int[] ids);

  /** As tokenizer.json, UTF-8. */
  byte[] json();

  /**
   * The tokens of a text.
   *
   * @throws InvalidInputException if there is no token for a character
   */
  default int[] encode(CharSequence text) {
    byte[] utf8 = text.toString().getBytes(StandardCharsets.UTF_8);
    TokenList tokens = new TokenList();
    Encoder encoder = encoder();
    try {
      encoder.append(utf8, 0, utf8.length, tokens);
      encoder.endDocument(tokens);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a list has no I/O
    }
    return tokens.toArray();
  }

  /**
   * The text of tokens; bytes that are not UTF-8 show as U+FFFD.
   *
   * @throws InvalidInputException if an id is not in the vocabulary
   */
  default String decode(int[] ids) {
    return new String(decodeBytes(ids), StandardCharsets.UTF_8);
  }

  /** Decodes tokens that come a few at a time. */
  DecodeStream decodeStream();

  /** Writes {@value #FILE_NAME} into a directory. */
  default void write(FileSystem fileSystem, Path directory) throws IOException {
    try (OutputStream out = fileSystem.create(new Path(directory, FILE_NAME), true)) {
      out.write(json());
    }
  }

  /** Whether an id is in the vocabulary. */
  default boolean isToken(int id) {
    return id >= 0 && id < vocabSize();
  }

  /**
   * Makes sure that tokens are in the vocabulary.
   *
   * @throws InvalidInputException if one is not
   */
  default void requireKnown(int[] ids) {
    for (int i = 0; i < ids.length; i++) {
      require(
          isToken(ids[i]),
          "token %d at position %d is not in the tokenizer's vocabulary: use ids from 0 to %d",
          ids[i],
          i,
          vocabSize() - 1);
    }
  }

  /** Collects tokens. */
  final class TokenList implements TokenSink {
    private int[] tokens = new int[64];
    private int size;

    @Override
    public void accept(int[] from, int count) {
      if (size + count > tokens.length) {
        tokens = Arrays.copyOf(tokens, Math.max(size + count, 2 * tokens.length));
      }
      System.arraycopy(from, 0, tokens, size, count);
      size += count;
    }

    public int size() {
      return size;
    }

    public int[] toArray() {
      return Arrays.copyOf(tokens, size);
    }
  }
}
