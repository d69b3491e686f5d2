package io.sparkformer.datasets.pretokenizer;

import static io.sparkformer.datasets.pretokenizer.CharacterClasses.LETTER;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.NUMBER;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.WHITE;

/** {@link Pretokenizer#GPT2}. */
final class Gpt2Scanner {

  private static final int KIND = LETTER | NUMBER | WHITE;

  private Gpt2Scanner() {}

  static int end(byte[] utf8, int from, int to) {
    int start = utf8[from] == ' ' && from + 1 < to ? from + 1 : from;
    int kind = CharacterClasses.at(utf8, start, to) & KIND;
    if (kind == WHITE) {
      return Runs.white(utf8, from, to);
    }
    if (utf8[from] == '\'' && from + 1 < to) {
      int length = Runs.contraction(utf8[from + 1], from + 2 < to ? utf8[from + 2] : 0);
      if (length > 0) {
        return from + length;
      }
    }
    return Runs.ofKind(utf8, start, to, kind);
  }
}
