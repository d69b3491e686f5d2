package io.sparkformer.datasets.tokenizer;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.sparkformer.datasets.InvalidInputException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** A tokenizer in HuggingFace's own library, without padding. Safe for many threads. */
public final class HuggingFaceLibrary implements AutoCloseable {

  private static final String ADD_SPECIAL_TOKENS = "addSpecialTokens";
  private static final String TRUNCATION = "truncation";

  private final HuggingFaceTokenizer tokenizer;
  private final boolean addsSpecialTokens;

  private HuggingFaceLibrary(HuggingFaceTokenizer tokenizer, boolean addsSpecialTokens) {
    this.tokenizer = tokenizer;
    this.addsSpecialTokens = addsSpecialTokens;
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
    return load(json, name, Map.of(ADD_SPECIAL_TOKENS, "false", TRUNCATION, "false"));
  }

  /** The same, with the special tokens that the file puts around texts. */
  public static HuggingFaceLibrary withSpecialTokens(byte[] json, String name) {
    return load(json, name, Map.of(ADD_SPECIAL_TOKENS, "true", TRUNCATION, "false"));
  }

  /** The same, of texts cut so that not more tokens than these are left, special ones included. */
  public static HuggingFaceLibrary withSpecialTokens(byte[] json, String name, int longest) {
    String length = Integer.toString(longest);
    return load(
        json,
        name,
        Map.of(
            ADD_SPECIAL_TOKENS,
            "true",
            TRUNCATION,
            "true",
            "maxLength",
            length,
            "modelMaxLength",
            length));
  }

  private static HuggingFaceLibrary load(byte[] json, String name, Map<String, String> options) {
    Map<String, String> all = new HashMap<>(options);
    all.put("padding", "false");
    try {
      return new HuggingFaceLibrary(
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), all),
          Boolean.parseBoolean(options.get(ADD_SPECIAL_TOKENS)));
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

  /**
   * The ids of a text; without the offsets that the library's Java side always asks for.
   *
   * @throws InvalidInputException if the tokenizer has none for it
   */
  public int[] ids(String text) {
    try {
      long encoding = TokenizersLibrary.LIB.encode(tokenizer.getHandle(), text, addsSpecialTokens);
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
