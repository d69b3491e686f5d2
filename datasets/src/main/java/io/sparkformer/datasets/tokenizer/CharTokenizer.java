package io.sparkformer.datasets.tokenizer;

import io.sparkformer.datasets.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.OptionalInt;

/**
 * One token per Unicode code point; the id is the code point's rank in the vocabulary.
 *
 * <p>The same ids as nanoGPT's {@code sorted(set(text))}. A character outside the vocabulary is an
 * error, there is no unknown token and no end-of-text token. Immutable and safe for use by many
 * threads.
 */
public final class CharTokenizer implements Tokenizer {

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

  @Override
  public int vocabSize() {
    return codePoints.length;
  }

  /** The id of a code point, -1 if the vocabulary does not have it. */
  public int idOf(int codePoint) {
    return codePoint >= 0 && codePoint < idsByCodePoint.length ? idsByCodePoint[codePoint] : ABSENT;
  }

  @Override
  public int addedCount() {
    return 0;
  }

  @Override
  public AroundText around() {
    return AroundText.NOTHING;
  }

  @Override
  public OptionalInt endOfText() {
    return OptionalInt.empty();
  }

  @Override
  public boolean canCut() {
    return true;
  }

  @Override
  public Encoder encoder() {
    return new CharEncoder(this);
  }

  @Override
  public DecodeStream decodeStream() {
    return new ByteDecodeStream(this);
  }

  @Override
  public byte[] decodeBytes(int[] ids) {
    requireKnown(ids);
    StringBuilder text = new StringBuilder(ids.length);
    for (int id : ids) {
      text.appendCodePoint(codePoints[id]);
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public byte[] json() {
    return CharTokenizerJson.write(codePoints);
  }

  @Override
  public String fingerprint() {
    ByteBuffer canonical = ByteBuffer.allocate(codePoints.length * Integer.BYTES);
    canonical.asIntBuffer().put(codePoints);
    MessageDigest digest = Sha256.digest();
    digest.update("char".getBytes(StandardCharsets.US_ASCII));
    return HexFormat.of().formatHex(digest.digest(canonical.array()));
  }

  public static boolean isScalarValue(int codePoint) {
    return Character.isValidCodePoint(codePoint)
        && !(codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE);
  }
}
