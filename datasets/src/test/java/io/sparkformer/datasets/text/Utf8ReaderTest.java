package io.sparkformer.datasets.text;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.datasets.SharedData;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

class Utf8ReaderTest {

  /**
   * Bytes on the edges of UTF-8's classes, so that random strings of them are often nearly valid.
   */
  private static final int[] EDGES = {
    'a', 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF,
    0xF0, 0xF1, 0xF4, 0xF5, 0xFF
  };

  @Test
  void emojiDecodeTheSameInRangesOfAnySize() throws Exception {
    byte[] bytes = Files.readAllBytes(SharedData.file("corpus/emoji-test.txt"));
    int[] expected = new String(bytes, StandardCharsets.UTF_8).codePoints().toArray();

    for (int rangeBytes :
        new int[] {1, 2, 3, 5, 1_000, 65_533, 65_536, bytes.length, bytes.length + 1}) {
      int[] some = rangeBytes < 5 ? Arrays.copyOf(expected, 20_000) : expected;
      byte[] part = rangeBytes < 5 ? utf8(some) : bytes;
      assertThat(Arrays.equals(decodeInRanges(part, rangeBytes), some))
          .as("ranges of %d bytes", rangeBytes)
          .isTrue();
    }
  }

  @Test
  void malformedBytesBecomeWhatJavasDecoderMakesOfThemWhateverTheRanges() throws Exception {
    Random random = new Random(2);
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = new byte[1 + random.nextInt(14)];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) EDGES[random.nextInt(EDGES.length)];
      }
      int[] expected = new String(bytes, StandardCharsets.UTF_8).codePoints().toArray();
      int rangeBytes = 1 + random.nextInt(bytes.length);
      assertThat(decodeInRanges(bytes, rangeBytes))
          .as("%s in ranges of %d", java.util.HexFormat.of().formatHex(bytes), rangeBytes)
          .isEqualTo(expected);
    }
  }

  @Test
  void theFirstMalformedByteOfDickensIsFound() throws Exception {
    byte[] bytes;
    try (InputStream in =
        new GZIPInputStream(Files.newInputStream(SharedData.file("corpus/dickens.txt.gz")))) {
      bytes = in.readAllBytes();
    }
    int first = 0;
    while (bytes[first] >= 0) {
      first++;
    }

    try (Utf8Reader reader = Utf8Reader.over(new ByteArrayInputStream(bytes), 0, bytes.length)) {
      int[] block = new int[1 << 16];
      long count = 0;
      for (int n = reader.read(block); n >= 0; n = reader.read(block)) {
        count += n;
      }
      assertThat(count).isEqualTo(bytes.length);
      assertThat(reader.malformed()).isEqualTo(8);
      assertThat(reader.firstMalformedByte()).isEqualTo(first);
      assertThat(reader.firstMalformedValue()).isEqualTo(bytes[first] & 0xFF);
    }
  }

  @Test
  void theOffsetOfAMalformedByteCountsFromTheFilesStart() throws Exception {
    byte[] bytes = "0123456789\u00e9\u00e9".getBytes(StandardCharsets.ISO_8859_1);
    InputStream in = new ByteArrayInputStream(bytes);
    in.skipNBytes(5);

    try (Utf8Reader reader = Utf8Reader.over(in, 5, bytes.length)) {
      int[] block = new int[20];
      assertThat(reader.read(block)).isEqualTo(7);
      assertThat(reader.read(block)).isEqualTo(-1);
      assertThat(reader.malformed()).isEqualTo(2);
      assertThat(reader.firstMalformedByte()).isEqualTo(10);
      assertThat(reader.firstMalformedValue()).isEqualTo(0xE9);
    }
  }

  @Test
  void aByteOrderMarkIsAnOrdinaryCharacter() throws Exception {
    assertThat(decodeInRanges("\ufeffa".getBytes(StandardCharsets.UTF_8), 10))
        .containsExactly(0xFEFF, 'a');
  }

  private static int[] decodeInRanges(byte[] bytes, int rangeBytes) throws IOException {
    int[] all = new int[bytes.length];
    int count = 0;
    int[] block = new int[7];
    for (int start = 0; start < bytes.length; start += rangeBytes) {
      InputStream in = new ByteArrayInputStream(bytes, start, bytes.length - start);
      try (Utf8Reader reader =
          Utf8Reader.over(in, start, Math.min(start + rangeBytes, bytes.length))) {
        for (int n = reader.read(block); n >= 0; n = reader.read(block)) {
          System.arraycopy(block, 0, all, count, n);
          count += n;
        }
      }
    }
    return Arrays.copyOf(all, count);
  }

  private static byte[] utf8(int[] codePoints) {
    return new String(codePoints, 0, codePoints.length).getBytes(StandardCharsets.UTF_8);
  }
}
