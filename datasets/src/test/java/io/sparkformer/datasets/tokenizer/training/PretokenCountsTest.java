package io.sparkformer.datasets.tokenizer.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.TokenizerFixture;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class PretokenCountsTest {

  @Test
  void countsOfManyWordsAreThoseOfAMap() {
    Map<String, Long> expected = new TreeMap<>();

    PretokenCounts counts = random(1, expected);

    assertThat(map(counts)).isEqualTo(expected);
    assertThat(counts.size()).isEqualTo(expected.size());
    assertThat(counts.total())
        .isEqualTo(expected.values().stream().mapToLong(count -> count).sum());
  }

  @Test
  void othersCountsAreAdded() {
    Map<String, Long> expected = new TreeMap<>();
    PretokenCounts counts = random(1, expected);

    counts.addAll(random(2, expected));

    assertThat(map(counts)).isEqualTo(expected);
  }

  @Test
  void whatIsSentInPartsIsTheWhole() {
    Map<String, Long> expected = new TreeMap<>();
    PretokenCounts sent = random(1, expected);
    sent.add(new byte[PretokenCounts.MAX_BYTES + 1], 0, PretokenCounts.MAX_BYTES + 1, 5);
    PretokenCounts received = new PretokenCounts();

    for (byte[] part : sent.toParts(7)) {
      received.addSerialized(part);
    }
    received.addSerialized(new PretokenCounts().toBytes());

    assertThat(map(received)).isEqualTo(expected);
    assertThat(received.ignored()).isEqualTo(5);
  }

  @Test
  void aPretokensPartIsTheSameWhoeverCountedIt() {
    byte[][] some = random(1, new TreeMap<>()).toParts(3);
    byte[][] others = random(2, new TreeMap<>()).toParts(3);

    int together = 0;
    Map<String, Long> all = new TreeMap<>();
    for (int part = 0; part < 3; part++) {
      PretokenCounts counts = new PretokenCounts();
      counts.addSerialized(some[part]);
      counts.addSerialized(others[part]);
      together += counts.size();
      all.putAll(map(counts));
    }

    assertThat(all).hasSize(together);
  }

  @Test
  void longPretokensAreIgnoredAndEmptyOnesAreNone() {
    PretokenCounts counts = new PretokenCounts();

    counts.add(new byte[300], 0, PretokenCounts.MAX_BYTES, 1);
    counts.add(new byte[300], 0, PretokenCounts.MAX_BYTES + 1, 3);
    counts.add(new byte[300], 7, 7, 1);

    assertThat(counts.size()).isEqualTo(1);
    assertThat(counts.ignored()).isEqualTo(3);
  }

  @Test
  void textsAreCutIntoPretokens() {
    PretokenCounts counts = new PretokenCounts();
    byte[] text = "...lower".getBytes(StandardCharsets.UTF_8);

    for (int time = 0; time < 2; time++) {
      counts.addText(Pretokenizer.GPT2, text, 3, text.length);
    }
    counts.addText(Pretokenizer.GPT2, text, 3, 3);

    assertThat(map(counts)).containsExactly(Map.entry("lower", 2L));
  }

  @Test
  void damagedCountsAreRefused() {
    assertThatThrownBy(() -> new PretokenCounts().addSerialized(new byte[9]))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessage("the counts are damaged");
  }

  private static PretokenCounts random(long seed, Map<String, Long> expected) {
    Random random = new Random(seed);
    PretokenCounts counts = new PretokenCounts();
    for (int i = 0; i < 5000; i++) {
      String word = Integer.toString(random.nextInt(3000), 3 + random.nextInt(5));
      long count = 1L << random.nextInt(40);
      TokenizerFixture.add(counts, word, count);
      expected.merge(word, count, Long::sum);
    }
    return counts;
  }

  private static Map<String, Long> map(PretokenCounts counts) {
    Map<String, Long> map = new TreeMap<>();
    for (int i = 0; i < counts.size(); i++) {
      map.put(new String(counts.pretoken(i), StandardCharsets.UTF_8), counts.count(i));
    }
    return map;
  }
}
