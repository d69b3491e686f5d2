package io.sparkformer.datasets.pretokenizer;

import static io.sparkformer.datasets.pretokenizer.CharacterClasses.LENGTH_SHIFT;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.LETTER;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.LINE_END;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.NUMBER;

/** {@link Pretokenizer#CL100K} and {@link Pretokenizer#QWEN2}. */
final class Cl100kScanner {

  private Cl100kScanner() {}

  static int end(byte[] utf8, int from, int to, int digits) {
    int contraction = Runs.contraction(utf8, from, to);
    if (contraction > 0) {
      return from + contraction;
    }
    int flags = CharacterClasses.at(utf8, from, to);
    if ((flags & LETTER) != 0) {
      return Runs.letters(utf8, from, to);
    }
    if ((flags & NUMBER) != 0) {
      return Runs.numbers(utf8, from, to, digits);
    }
    int next = from + (flags >> LENGTH_SHIFT);
    if ((flags & LINE_END) == 0) {
      int end = Runs.letters(utf8, next, to);
      if (end > next) {
        return end;
      }
    }
    int symbols = utf8[from] == ' ' ? next : from;
    int end = Runs.symbols(utf8, symbols, to);
    if (end > symbols) {
      return lineEnds(utf8, end, to);
    }
    return Runs.lines(utf8, from, to);
  }

  private static int lineEnds(byte[] utf8, int from, int to) {
    int at = from;
    while (at < to && (utf8[at] == '\r' || utf8[at] == '\n')) {
      at++;
    }
    return at;
  }
}
