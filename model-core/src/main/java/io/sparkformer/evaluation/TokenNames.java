package io.sparkformer.evaluation;

import io.sparkformer.datasets.tokenizer.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** Single tokens as text for people. */
public final class TokenNames {

  private final Optional<Tokenizer> tokenizer;

  private TokenNames(Optional<Tokenizer> tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** Names from a tokenizer; without one a token's name is its id. */
  public static TokenNames of(Optional<Tokenizer> tokenizer) {
    return new TokenNames(tokenizer);
  }

  /**
   * The token's text. A part of a character shows its bytes as {@code \xE4\xB8}; an id that only
   * the model knows, whose vocabulary may be padded, shows as {@code [50300]}.
   */
  public String of(int id) {
    if (tokenizer.isEmpty()) {
      return Integer.toString(id);
    }
    if (id < 0 || id >= tokenizer.get().vocabSize()) {
      return "[" + id + "]";
    }
    byte[] bytes = tokenizer.get().decodeBytes(new int[] {id});
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      return HexFormat.of().withPrefix("\\x").withUpperCase().formatHex(bytes);
    }
  }

  /** The tokens' texts, one by one. */
  public List<String> of(int[] ids) {
    return Arrays.stream(ids).mapToObj(this::of).toList();
  }
}
