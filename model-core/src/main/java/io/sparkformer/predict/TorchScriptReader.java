package io.sparkformer.predict;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.LongStream;
import org.apache.hadoop.fs.Path;

/**
 * Reads texts with HuggingFace's library, special tokens included, as DJL's translators do. Safe
 * for many threads.
 */
final class TorchScriptReader implements TextReader, AutoCloseable {

  private final HuggingFaceTokenizer library;
  private final TorchScriptDirectory.Reading reading;

  private TorchScriptReader(HuggingFaceTokenizer library, TorchScriptDirectory.Reading reading) {
    this.library = library;
    this.reading = reading;
  }

  /**
   * Loads a tokenizer.
   *
   * @param directory it is from, for messages
   * @throws InvalidInputException if it is damaged
   */
  static TorchScriptReader of(TorchScriptDirectory.Reading reading, Path directory) {
    String length = Integer.toString(reading.longest());
    boolean cuts = reading.cut() == TorchScriptDirectory.Cut.LIBRARY;
    Map<String, String> options =
        Map.of(
            "addSpecialTokens",
            "true",
            "padding",
            "false",
            "truncation",
            Boolean.toString(cuts),
            "maxLength",
            length,
            "modelMaxLength",
            length);
    try {
      return new TorchScriptReader(
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(reading.tokenizer()), options),
          reading);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // an array has no I/O
    } catch (EngineException e) {
      throw new IllegalStateException(
          "HuggingFace's library cannot be loaded: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      throw new InvalidInputException(
          String.format(
              "%s: its tokenizer.json is none that HuggingFace's library reads (%s): copy it again",
              directory, e.getMessage()),
          e);
    }
  }

  /**
   * A reader that cuts long texts on a side.
   *
   * @throws InvalidInputException if the library does it, and on the other side
   */
  TextReader cutting(Truncation side) {
    require(
        side == Truncation.RIGHT || reading.cut() != TorchScriptDirectory.Cut.LIBRARY,
        "truncation is left, but this TorchScript model's tokenizer cuts long texts on the right: use model");
    return text -> cut(ids(text), side);
  }

  @Override
  public int[] read(String text) {
    boolean left = reading.cut() == TorchScriptDirectory.Cut.LEFT;
    return cut(ids(text), left ? Truncation.LEFT : Truncation.RIGHT);
  }

  private int[] cut(int[] ids, Truncation side) {
    int longest = reading.longest();
    if (ids.length <= longest) {
      return ids;
    }
    return side == Truncation.LEFT
        ? Arrays.copyOfRange(ids, ids.length - longest, ids.length)
        : Arrays.copyOf(ids, longest);
  }

  /** Without the offsets that the library's Java side always asks for. */
  private int[] ids(String text) {
    // Half a surrogate pair is no text to the library.
    String valid = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    try {
      long encoding = TokenizersLibrary.LIB.encode(library.getHandle(), valid, true);
      try {
        return LongStream.of(TokenizersLibrary.LIB.getTokenIds(encoding))
            .mapToInt(Math::toIntExact)
            .toArray();
      } finally {
        TokenizersLibrary.LIB.deleteEncoding(encoding);
      }
    } catch (RuntimeException e) {
      throw new InvalidInputException(
          String.format(
              "the tokenizer has no tokens for a text of %d characters (%s)",
              text.length(), e.getMessage()),
          e);
    } finally {
      Reference.reachabilityFence(library);
    }
  }

  @Override
  public void close() {
    library.close();
  }
}
