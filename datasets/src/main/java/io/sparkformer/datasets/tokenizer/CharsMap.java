package io.sparkformer.datasets.tokenizer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;

/**
 * SentencePiece's map of characters: u32 bytes of a trie, its units of u32, and texts that end with
 * a zero byte.
 *
 * <p>Source: github.com/huggingface/spm_precompiled, src/lib.rs; github.com/s-yata/darts-clone.
 */
final class CharsMap {

  private static final int LABELS = 256;
  private static final int LEAF = 1 << 8;

  private final int[] units;
  private final ByteBuffer texts;

  private CharsMap(int[] units, ByteBuffer texts) {
    this.units = units;
    this.texts = texts;
  }

  /** Whether no text leads out of it. */
  static boolean isWhole(byte[] map) {
    ByteBuffer content = ByteBuffer.wrap(map).order(ByteOrder.LITTLE_ENDIAN);
    if (map.length < Integer.BYTES) {
      return false;
    }
    int bytes = content.getInt();
    if (bytes < Integer.BYTES || bytes % Integer.BYTES != 0 || bytes > content.remaining()) {
      return false;
    }
    int[] units = new int[bytes / Integer.BYTES];
    content.asIntBuffer().get(units);
    ByteBuffer texts = content.position(content.position() + bytes).slice();
    return isUtf8(texts) && new CharsMap(units, texts).isWhole();
  }

  private static boolean isUtf8(ByteBuffer texts) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(texts.duplicate());
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  private boolean isWhole() {
    BitSet seen = new BitSet(units.length);
    Deque<Integer> open = new ArrayDeque<>();
    open.push(offset(units[0]));
    while (!open.isEmpty()) {
      int node = open.pop();
      for (int label = 1; label < LABELS; label++) { // a zero byte ends the search
        int child = node ^ label;
        if (child >= units.length) {
          return false;
        }
        int unit = units[child];
        if ((unit & (1 << 31 | 0xFF)) == label && !seen.get(child)) {
          seen.set(child);
          int next = child ^ offset(unit);
          if ((unit & LEAF) != 0 && !isText(next)) {
            return false;
          }
          open.push(next);
        }
      }
    }
    return true;
  }

  private static int offset(int unit) {
    return (unit >>> 10) << ((unit & 1 << 9) >>> 6);
  }

  /** Whether a unit says where a text begins. */
  private boolean isText(int node) {
    if (node >= units.length) {
      return false;
    }
    int at = units[node] & Integer.MAX_VALUE;
    return at < texts.limit() && (texts.get(at) & 0xC0) != 0x80;
  }
}
