package io.sparkformer.datasets.tokenizer.training;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.pretokenizer.SafeCuts;
import io.sparkformer.datasets.tokenizer.BpeEncoder;
import java.util.Arrays;

/**
 * Counts the pre-tokens of documents that come in pieces, wherever the pieces are cut; for one
 * thread.
 *
 * <p>Counts up to the last place of what it has that is safe to cut at, and holds back what is
 * behind it.
 */
public final class PretokenCounter {

  private static final int FIRST_ROOM = 1 << 12;

  /** How far from its end a text has to be searched again when more of it is known. */
  private static final int LOOK_BEHIND = 16;

  private final Pretokenizer pretokenizer;
  private final PretokenCounts counts = new PretokenCounts();
  private byte[] heldBack = new byte[FIRST_ROOM];
  private int held;

  public PretokenCounter(Pretokenizer pretokenizer) {
    this.pretokenizer = pretokenizer;
  }

  /**
   * Counts in a further piece of the open document.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if too much text has no place to cut it
   *     at
   */
  public void append(byte[] utf8, int from, int to) {
    if (held > 0) {
      int searched = Math.max(0, held - LOOK_BEHIND);
      hold(utf8, from, to);
      int cut = Math.max(0, SafeCuts.last(heldBack, searched, held));
      counts.addText(pretokenizer, heldBack, 0, cut);
      held -= cut;
      System.arraycopy(heldBack, cut, heldBack, 0, held);
    } else {
      int cut = Math.max(from, SafeCuts.last(utf8, from, to));
      counts.addText(pretokenizer, utf8, from, cut);
      hold(utf8, cut, to);
    }
  }

  /** Ends the open document. */
  public void endDocument() {
    counts.addText(pretokenizer, heldBack, 0, held);
    held = 0;
  }

  /** What was counted, up to the last document that ended. */
  public PretokenCounts counts() {
    return counts;
  }

  private void hold(byte[] utf8, int from, int to) {
    int count = to - from;
    require(
        held <= BpeEncoder.MAX_HELD_BACK - count,
        "%,d bytes of a text have no place where they could be cut, such as a space between two"
            + " ASCII letters or a single line feed, and %,d is the most that is held in memory:"
            + " put line feeds into it, or leave the document out",
        (long) held + count,
        BpeEncoder.MAX_HELD_BACK);
    if (held + count > heldBack.length) {
      heldBack = Arrays.copyOf(heldBack, Math.max(held + count, 2 * heldBack.length));
    }
    System.arraycopy(utf8, from, heldBack, held, count);
    held += count;
  }
}
