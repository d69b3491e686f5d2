package io.sparkformer.jobs.bench;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;

/** Texts that {@code bench} makes, the same ones each time. */
final class BenchText {

  private static final int SHORT = 1 << 20;
  private static final int LONG = 4 << 20;
  private static final int WORDS = 20_000;

  /** First letters of alphabets and how many letters of them are used. */
  private static final int[][] ALPHABETS = {{'а', 32}, {'α', 25}, {0x4E00, 3000}, {0x0628, 35}};

  private BenchText() {}

  static List<BenchTexts.Text> generated() {
    return List.of(
        text("words of four scripts", multilingual()),
        text("words that never repeat", neverRepeating()),
        text("one letter", "a".repeat(SHORT)),
        text("spaces", " ".repeat(SHORT)),
        text("one emoji", "\ud83d\ude80".repeat(SHORT / 4)),
        text("random letters", letters(new Random(3), SHORT)),
        new BenchTexts.Text("random bytes", randomBytes()));
  }

  private static BenchTexts.Text text(String name, String content) {
    return new BenchTexts.Text(name, content.getBytes(StandardCharsets.UTF_8));
  }

  /** Cyrillic, Greek, Chinese and Arabic words, each drawn by the inverse of its rank. */
  private static String multilingual() {
    Random random = new Random(1);
    String[][] words = new String[ALPHABETS.length][WORDS];
    for (int script = 0; script < words.length; script++) {
      for (int i = 0; i < WORDS; i++) {
        words[script][i] = word(random, ALPHABETS[script]);
      }
    }
    StringBuilder text = new StringBuilder();
    while (text.length() < LONG / 2) {
      int script = random.nextInt(words.length);
      for (int i = 5 + random.nextInt(15); i > 0; i--) {
        int rank = (int) Math.pow(WORDS, random.nextDouble()) - 1;
        text.append(words[script][rank]).append(script == 2 ? "" : " ");
      }
      text.append(script == 2 ? "。\n" : ".\n");
    }
    return text.toString();
  }

  private static String word(Random random, int[] alphabet) {
    int length = alphabet[1] > 100 ? 1 + random.nextInt(2) : 1 + random.nextInt(11);
    StringBuilder word = new StringBuilder();
    for (int i = 0; i < length; i++) {
      // Some letters are far more frequent than others.
      int letter = (int) (alphabet[1] * Math.pow(random.nextDouble(), 2));
      word.appendCodePoint(alphabet[0] + letter);
    }
    return word.toString();
  }

  private static String neverRepeating() {
    Random random = new Random(2);
    StringBuilder text = new StringBuilder();
    while (text.length() < LONG / 2) {
      text.append(' ').append(letters(random, 6 + random.nextInt(6)));
    }
    return text.toString();
  }

  private static String letters(Random random, int count) {
    StringBuilder text = new StringBuilder(count);
    for (int i = 0; i < count; i++) {
      text.append((char) ('a' + random.nextInt(26)));
    }
    return text.toString();
  }

  private static byte[] randomBytes() {
    byte[] bytes = new byte[SHORT];
    new Random(4).nextBytes(bytes);
    return bytes;
  }
}
