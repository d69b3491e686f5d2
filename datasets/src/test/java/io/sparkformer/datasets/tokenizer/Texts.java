package io.sparkformer.datasets.tokenizer;

import io.sparkformer.datasets.SharedData;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Random;
import java.util.zip.GZIPInputStream;

/** Texts to tokenize. */
public final class Texts {

  /** Characters that pre-tokenizers treat differently, several of each kind. */
  private static final int[] NASTY =
      ("aabzABZ éÉßſKǅʰªあア中한עא \u0301\u0903\u20dd 019٣Ⅷ²½ \t\n\r\n\n \u000b\u0085\u00a0\u2003\u2028"
              + "\u3000\u1680 ''''strevelmldSTREVELMLD \u2019`.!?,/-_//#$<|>…—€ \ud83d\ude80"
              + "\ud83d\udc69\u200d\ud83d\ude80\ufe0f\u200b\ufeff\u180e\u0378\ue000\u0000\u007f\uffff"
              + "\ud801\udc00\ud801\udc28\ud835\udfd8\ud858\udf3a\u1c89\u1c8a\ud803\udd40")
          .codePoints()
          .toArray();

  private Texts() {}

  /** Of nasty characters, in runs, with some that are drawn from all of Unicode. */
  public static String random(Random random, int length) {
    StringBuilder text = new StringBuilder();
    while (text.length() < length) {
      int codePoint = NASTY[random.nextInt(NASTY.length)];
      if (random.nextInt(20) == 0) {
        codePoint = random.nextInt(random.nextBoolean() ? 0x3000 : Character.MAX_CODE_POINT + 1);
      }
      if (!CharTokenizer.isScalarValue(codePoint)) {
        continue;
      }
      int repeat = random.nextInt(6) == 0 ? random.nextInt(5) : 1;
      text.append(Character.toString(codePoint).repeat(repeat));
    }
    return text.toString();
  }

  static String dickens() {
    try (InputStream in =
        new GZIPInputStream(Files.newInputStream(SharedData.file("corpus/dickens.txt.gz")))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String shared(String file) {
    try {
      return Files.readString(SharedData.file(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
