package io.sparkformer.datasets.tokenizer;

import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import java.io.IOException;

/** Encodes stretches of a text that no pre-token and no added token reaches across. */
final class StretchEncoder {

  private static final int BLOCK_TOKENS = 1 << 13;
  private static final byte SPACE = ' ';

  private final Pretokenizer pretokenizer;
  private final AddedTokens addedTokens;
  private final boolean addsSpace;
  private final PieceMerger merger;
  private final PieceCache cache = new PieceCache();
  private final int[] block = new int[BLOCK_TOKENS + PieceCache.SLACK];
  private byte[] spaced = new byte[64];

  /** Whether the text, or what is behind an added token, begins here. */
  private boolean isBeginning = true;

  StretchEncoder(BpeTokenizer tokenizer) {
    this.pretokenizer = tokenizer.model().pretokenizer();
    this.addedTokens = tokenizer.addedTokens();
    this.addsSpace = tokenizer.model().prefixSpace() == BpeModel.PrefixSpace.ADDED;
    this.merger = new PieceMerger(tokenizer.merges(), tokenizer.wholeTokens());
  }

  /** Encodes the next stretch. */
  void encode(byte[] utf8, int from, int to, TokenSink sink) throws IOException {
    int filled = 0;
    int at = from;
    while (at < to) {
      int found = addedTokens.find(utf8, at, to);
      if (found > at) {
        filled = section(utf8, at, found, filled, sink);
        isBeginning = false;
      }
      at = found;
      if (found < to) {
        filled = room(filled, sink);
        block[filled++] = addedTokens.id(utf8, found, to);
        at = addedTokens.end(utf8, found, to);
        isBeginning = true;
      }
    }
    flush(filled, sink);
  }

  /** What comes next is another text. */
  void endDocument() {
    isBeginning = true;
  }

  /** Text without added tokens. */
  private int section(byte[] utf8, int from, int to, int filled, TokenSink sink)
      throws IOException {
    if (!addsSpace || !isBeginning || utf8[from] == SPACE) {
      return pieces(utf8, from, to, filled, sink);
    }
    int length = to - from + 1;
    if (spaced.length < length) {
      spaced = new byte[length + length / 2];
    }
    spaced[0] = SPACE;
    System.arraycopy(utf8, from, spaced, 1, to - from);
    return pieces(spaced, 0, length, filled, sink);
  }

  private int pieces(byte[] utf8, int from, int to, int begun, TokenSink sink) throws IOException {
    int filled = begun;
    int at = from;
    while (at < to) {
      if (filled >= BLOCK_TOKENS) {
        filled = flush(filled, sink);
      }
      int end = pretokenizer.end(utf8, at, to);
      int length = end - at;
      if (length <= PieceCache.MAX_BYTES) {
        long low = PieceCache.low(utf8, at, length);
        long high = PieceCache.high(utf8, at, length);
        int count = cache.get(low, high, block, filled);
        if (count == 0) {
          count = merger.merge(utf8, at, end);
          int[] ids = merger.ids();
          if (count <= PieceCache.MAX_TOKENS) {
            cache.put(low, high, ids, count);
          }
          filled = copy(ids, count, filled, sink);
        } else {
          filled += count;
        }
      } else {
        int count = merger.merge(utf8, at, end);
        filled = copy(merger.ids(), count, filled, sink);
      }
      at = end;
    }
    return filled;
  }

  private int copy(int[] ids, int count, int begun, TokenSink sink) throws IOException {
    int filled = begun;
    int copied = 0;
    while (copied < count) {
      filled = room(filled, sink);
      int next = Math.min(count - copied, BLOCK_TOKENS - filled);
      System.arraycopy(ids, copied, block, filled, next);
      filled += next;
      copied += next;
    }
    return filled;
  }

  private int room(int filled, TokenSink sink) throws IOException {
    return filled >= BLOCK_TOKENS ? flush(filled, sink) : filled;
  }

  private int flush(int filled, TokenSink sink) throws IOException {
    if (filled > 0) {
      sink.accept(block, filled);
    }
    return 0;
  }
}
