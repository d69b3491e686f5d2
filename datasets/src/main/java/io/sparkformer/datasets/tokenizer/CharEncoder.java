package io.sparkformer.datasets.tokenizer;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** {@link CharTokenizer}'s encoder. */
final class CharEncoder implements Encoder {

  private static final int BLOCK_CHARS = 1 << 13;
  private static final int MAX_CARRIED_BYTES = 3;

  private final CharTokenizer tokenizer;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private final CharBuffer chars = CharBuffer.allocate(BLOCK_CHARS);
  private final ByteBuffer carried = ByteBuffer.allocate(2 * MAX_CARRIED_BYTES + 2);
  private final int[] tokens = new int[BLOCK_CHARS];
  private long position;

  CharEncoder(CharTokenizer tokenizer) {
    this.tokenizer = tokenizer;
    carried.flip();
  }

  @Override
  public void append(byte[] utf8, int from, int to, TokenSink sink) throws IOException {
    ByteBuffer piece = ByteBuffer.wrap(utf8, from, to - from);
    // A character that the last piece left unfinished.
    while (carried.hasRemaining() && piece.hasRemaining()) {
      carried.compact().put(piece.get()).flip();
      decode(carried, sink);
    }
    decode(piece, sink);
    if (piece.hasRemaining()) {
      carried.clear().put(piece).flip();
    }
  }

  @Override
  public void endDocument(TokenSink sink) throws IOException {
    decoder.decode(carried, chars, true);
    decoder.flush(chars);
    emit(sink);
    decoder.reset();
    carried.clear().flip();
    position = 0;
  }

  private void decode(ByteBuffer bytes, TokenSink sink) throws IOException {
    boolean more = true;
    while (more) {
      more = decoder.decode(bytes, chars, false).isOverflow();
      emit(sink);
    }
  }

  private void emit(TokenSink sink) throws IOException {
    chars.flip();
    int count = 0;
    while (chars.hasRemaining()) {
      char first = chars.get();
      // The decoder gives surrogates in pairs.
      int codePoint =
          Character.isHighSurrogate(first) ? Character.toCodePoint(first, chars.get()) : first;
      tokens[count] = idOf(codePoint, position + count);
      count++;
    }
    chars.clear();
    if (count > 0) {
      position += count;
      sink.accept(tokens, count);
    }
  }

  private int idOf(int codePoint, long at) {
    int id = tokenizer.idOf(codePoint);
    require(
        id >= 0,
        "character U+%04X%s at position %d is not in the tokenizer's vocabulary of %d characters:"
            + " leave it out, or use a model that was trained on text with it",
        codePoint,
        isVisible(codePoint) ? " '" + Character.toString(codePoint) + "'" : "",
        at,
        tokenizer.vocabSize());
    return id;
  }

  private static boolean isVisible(int codePoint) {
    return CharTokenizer.isScalarValue(codePoint)
        && !Character.isISOControl(codePoint)
        && !Character.isWhitespace(codePoint);
  }
}
