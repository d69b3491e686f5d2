package io.sparkformer.datasets.tokenizer;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.pretokenizer.SafeCuts;
import java.io.IOException;
import java.util.Arrays;

/**
 * {@link BpeTokenizer}'s encoder: encodes up to the last place of what it has that is safe to cut
 * at, and holds back what is behind it.
 */
public final class BpeEncoder implements Encoder {

  /** How much text without a place to cut it at is held back at most. */
  public static final int MAX_HELD_BACK = 64 << 20;

  private static final int FIRST_ROOM = 1 << 12;

  /** More is given back at a document's end. */
  private static final int KEPT_ROOM = 1 << 20;

  private static final int MAX_CHARACTER = 4;
  private static final int NONE = -1;

  private final AddedTokens addedTokens;
  private final StretchEncoder stretches;
  private final int maxHeldBack;

  /** How much behind a place has to be known to say whether it is safe. */
  private final int lookAhead;

  private byte[] heldBack = new byte[FIRST_ROOM];
  private int held;

  /** No place up to here in {@link #heldBack} is safe to cut at, whatever follows. */
  private int searched;

  BpeEncoder(BpeTokenizer tokenizer, int maxHeldBack) {
    this.addedTokens = tokenizer.addedTokens();
    this.stretches = new StretchEncoder(tokenizer);
    this.maxHeldBack = maxHeldBack;
    this.lookAhead = Math.max(MAX_CHARACTER, addedTokens.longest());
  }

  @Override
  public void append(byte[] utf8, int from, int to, TokenSink sink) throws IOException {
    int start = from;
    while (held > 0 && start < to) {
      int before = held;
      int count = Math.min(to - start, Math.max(FIRST_ROOM, held));
      hold(utf8, start, start + count);
      start += count;
      int cut = lastCut(heldBack, 0, searched, held);
      if (cut == NONE) {
        searched = Math.max(0, held - lookAhead);
        continue;
      }
      stretches.encode(heldBack, 0, cut, sink);
      held -= cut;
      searched = 0;
      if (cut >= before) {
        // What is left is in the caller's array, too.
        start -= held;
        held = 0;
      } else {
        System.arraycopy(heldBack, cut, heldBack, 0, held);
      }
    }
    if (start < to) {
      appendToNothing(utf8, start, to, sink);
    }
  }

  private void appendToNothing(byte[] utf8, int from, int to, TokenSink sink) throws IOException {
    int cut = lastCut(utf8, from, from, to);
    if (cut != NONE) {
      stretches.encode(utf8, from, cut, sink);
    }
    hold(utf8, cut == NONE ? from : cut, to);
    searched = Math.max(0, held - lookAhead);
  }

  @Override
  public void endDocument(TokenSink sink) throws IOException {
    if (held > 0) {
      stretches.encode(heldBack, 0, held, sink);
    }
    stretches.endDocument();
    held = 0;
    searched = 0;
    if (heldBack.length > KEPT_ROOM) {
      heldBack = new byte[FIRST_ROOM];
    }
  }

  private void hold(byte[] utf8, int from, int to) {
    int count = to - from;
    require(
        held <= maxHeldBack - count,
        "%,d bytes of a text have no place where they could be cut, such as a space behind a"
            + " word or a single line feed, and %,d is the most that is held in memory:"
            + " put line feeds into it, or leave the document out",
        (long) held + count,
        maxHeldBack);
    if (held + count > heldBack.length) {
      heldBack = Arrays.copyOf(heldBack, Math.max(held + count, 2 * heldBack.length));
    }
    System.arraycopy(utf8, from, heldBack, held, count);
    held += count;
  }

  /**
   * The last place behind {@code after} that is safe to cut at.
   *
   * @param from where the text begins that has not been encoded
   */
  private int lastCut(byte[] utf8, int from, int after, int to) {
    for (int at = to - lookAhead; at > after; at--) {
      if (SafeCuts.isSafe(utf8, from, at, to) && !isWithinAddedToken(utf8, from, at, to)) {
        return at;
      }
    }
    return NONE;
  }

  private boolean isWithinAddedToken(byte[] utf8, int from, int at, int to) {
    return addedTokens.holdsWhiteSpace() && addedTokens.reachAcross(utf8, from, at, to);
  }
}
