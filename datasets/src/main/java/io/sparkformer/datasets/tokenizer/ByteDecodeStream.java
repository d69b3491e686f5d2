package io.sparkformer.datasets.tokenizer;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Of a tokenizer whose text has the bytes of each token, one after the other. */
final class ByteDecodeStream implements DecodeStream {

  private final Tokenizer tokenizer;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private ByteBuffer held = ByteBuffer.allocate(0);

  ByteDecodeStream(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  @Override
  public String next(int... ids) {
    byte[] bytes = tokenizer.decodeBytes(ids);
    ByteBuffer all = ByteBuffer.allocate(held.remaining() + bytes.length);
    held = all.put(held).put(bytes).flip();
    CharBuffer text = CharBuffer.allocate(held.remaining());
    decoder.decode(held, text, false);
    return text.flip().toString();
  }

  @Override
  public String rest() {
    CharBuffer text = CharBuffer.allocate(held.remaining());
    decoder.decode(held, text, true);
    decoder.flush(text);
    return text.flip().toString();
  }
}
