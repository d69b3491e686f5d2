package io.sparkformer.datasets.tokenizer;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.NativeFolder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.Map;

/** A tokenizer in HuggingFace's own library, without padding. Safe for many threads. */
public final class HuggingFaceLibrary implements AutoCloseable {

  private static boolean loaded;

  private final HuggingFaceTokenizer tokenizer;

  private HuggingFaceLibrary(HuggingFaceTokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * Loads the library, if it is not, and a tokenizer that gives the tokens of texts as they are,
   * whatever the file says of special tokens and truncation.
   *
   * @param json UTF-8
   * @param name of the file, for messages
   * @throws InvalidInputException if the library cannot read it
   */
  public static HuggingFaceLibrary plain(byte[] json, String name) {
    Map<String, String> options =
        Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");
    try {
      requireLoaded();
      return new HuggingFaceLibrary(
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), options));
    } catch (InvalidInputException e) {
      throw e;
    } catch (IOException e) {
      throw new UncheckedIOException(e); // an array has no I/O
    } catch (EngineException e) {
      throw new IllegalStateException(
          "HuggingFace's library cannot be loaded: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      throw new InvalidInputException(
          String.format(
              "%s is not a tokenizer that HuggingFace's library reads (%s): copy it again, or make it again",
              name, e.getMessage()),
          e);
    }
  }

  private static synchronized void requireLoaded() {
    if (!loaded) {
      NativeFolder.load(
          () -> {
            LibUtils.checkStatus(); // which loads it
            return true;
          });
      loaded = true;
    }
  }

  /**
   * The ids of a text; without the offsets that the library's Java side always asks for.
   *
   * @throws InvalidInputException if the tokenizer has none for it
   */
  public int[] ids(String text) {
    try {
      long encoding = TokenizersLibrary.LIB.encode(tokenizer.getHandle(), text, false);
      try {
        return Arrays.stream(TokenizersLibrary.LIB.getTokenIds(encoding))
            .mapToInt(Math::toIntExact)
            .toArray();
      } finally {
        TokenizersLibrary.LIB.deleteEncoding(encoding);
      }
    } catch (RuntimeException e) {
      throw new InvalidInputException(
          String.format(
              "the tokenizer has no tokens for a text of %d characters (%s): leave it out, or use"
                  + " another tokenizer",
              text.length(), e.getMessage()),
          e);
    } finally {
      Reference.reachabilityFence(tokenizer);
    }
  }

  /** The text of ids. */
  public String text(int[] ids) {
    return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), false);
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
