package io.sparkformer.datasets.tokenizer;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** {@link LibraryTokenizer}'s encoder: holds a document back until it is complete. */
final class LibraryEncoder implements Encoder {

  /** The library needs a multiple of it in memory. */
  private static final int MAX_DOCUMENT_BYTES = 1 << 28;

  private final LibraryTokenizer tokenizer;
  private final int maxDocumentBytes;
  private ByteArrayOutputStream document = new ByteArrayOutputStream();

  LibraryEncoder(LibraryTokenizer tokenizer) {
    this(tokenizer, MAX_DOCUMENT_BYTES);
  }

  LibraryEncoder(LibraryTokenizer tokenizer, int maxDocumentBytes) {
    this.tokenizer = tokenizer;
    this.maxDocumentBytes = maxDocumentBytes;
  }

  @Override
  public void append(byte[] utf8, int from, int to, TokenSink sink) {
    require(
        to - from <= maxDocumentBytes - document.size(),
        "a document has more than %d bytes, and this kind of tokenizer takes whole documents: split it",
        maxDocumentBytes);
    document.write(utf8, from, to - from);
  }

  @Override
  public void endDocument(TokenSink sink) throws IOException {
    String text = document.toString(StandardCharsets.UTF_8);
    document = new ByteArrayOutputStream();
    int[] ids = tokenizer.ids(text);
    if (ids.length > 0) {
      sink.accept(ids, ids.length);
    }
  }
}
