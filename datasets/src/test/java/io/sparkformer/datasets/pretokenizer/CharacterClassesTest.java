package io.sparkformer.datasets.pretokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokenizer.Libraries;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CharacterClassesTest {

  private static final int CHUNK = 1 << 12;

  @ParameterizedTest
  @CsvSource({
    "\\s, 1, 1",
    "\\p{N}, 2, 2",
    "\\p{L}, 4, 4",
    "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}], 8, 8",
    "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}], 16, 16",
    "\\p{M}, 28, 24",
    "[\\r\\n], 32, 32"
  })
  void everyCodePointHasTheClassThatTheHuggingFaceLibraryGivesIt(
      String characterClass, int flags, int value) throws Exception {
    List<String> different = new ArrayList<>();
    try (HuggingFaceTokenizer library = Libraries.splitting(characterClass)) {
      for (int begin = 0; begin <= Character.MAX_CODE_POINT; begin += CHUNK) {
        // Twice each: two characters of the class are two tokens, others are not.
        StringBuilder text = new StringBuilder();
        for (int codePoint = begin; codePoint < begin + CHUNK; codePoint++) {
          if (CharTokenizer.isScalarValue(codePoint)) {
            text.appendCodePoint(codePoint).appendCodePoint(codePoint);
          }
        }
        int[] codePoints = text.codePoints().toArray();
        int at = 0;
        for (int length : Libraries.lengths(library, text.toString())) {
          for (int i = at; i < at + length; i++) {
            boolean ours = (CharacterClasses.of(codePoints[i]) & flags) == value;
            if (ours != (length == 1)) {
              different.add(Integer.toHexString(codePoints[i]));
            }
          }
          at += length;
        }
      }
    }
    assertThat(different).isEmpty();
  }

  @Test
  void everyCodePointIsReadFromItsBytes() {
    for (int codePoint = 0; codePoint <= Character.MAX_CODE_POINT; codePoint++) {
      if (!CharTokenizer.isScalarValue(codePoint)) {
        continue;
      }
      byte[] utf8 = Character.toString(codePoint).getBytes(StandardCharsets.UTF_8);
      int flags = CharacterClasses.at(utf8, 0, utf8.length);
      assertThat(flags)
          .isEqualTo(CharacterClasses.of(codePoint) | utf8.length << CharacterClasses.LENGTH_SHIFT);
    }
  }

  @Test
  void bytesThatAreNotUtf8AreSymbolsOfOneByte() {
    int[][] malformed = {
      {0x80},
      {0xBF, 0x80},
      {0xC0, 0x80},
      {0xC1, 0xBF},
      {0xC3},
      {0xC3, 0x41},
      {0xE0, 0x80, 0x80},
      {0xE3, 0x80},
      {0xED, 0xA0, 0x80},
      {0xF0, 0x80, 0x80, 0x80},
      {0xF0, 0x9F, 0x98},
      {0xF4, 0x90, 0x80, 0x80},
      {0xF5, 0x80, 0x80, 0x80},
      {0xF9, 0x80, 0x80, 0x80},
      {0xFF, 0xBF}
    };
    for (int[] values : malformed) {
      byte[] bytes = new byte[values.length];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) values[i];
      }
      assertThat(CharacterClasses.at(bytes, 0, bytes.length))
          .isEqualTo(1 << CharacterClasses.LENGTH_SHIFT);
    }
  }
}
