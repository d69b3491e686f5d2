package io.sparkformer.datasets.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MergeTest {

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /** A vocabulary whose merges do not come in the order in which their parts become tokens. */
  private static final String[] DISORDERED = {
    "a|b", "ab|a", "b|a", "a|a", "aa|a", "ba|ba", "ab|ab", "c|a", "aa|b", "b|b", "bb|bb", "a|c"
  };

  @Test
  void shortAndLongPiecesAreMergedAsTheDefinitionSays() {
    Random random = new Random(9);
    for (int round = 0; round < 300; round++) {
      BpeModel model = shuffled(random);
      MergeTable table = table(model);
      LongMerge longMerge = new LongMerge(table);
      ShortMerge shortMerge = new ShortMerge(table);
      for (int piece = 0; piece < 20; piece++) {
        byte[] bytes = new byte[1 + random.nextInt(64)];
        for (int i = 0; i < bytes.length; i++) {
          bytes[i] = (byte) ('a' + Math.max(0, random.nextInt(5) - 2));
        }
        int[] expected = merged(model.merges(), bytes);
        int count = shortMerge.merge(bytes, 0, bytes.length);
        assertThat(Arrays.copyOf(shortMerge.ids(), count)).isEqualTo(expected);
        int longCount = longMerge.merge(bytes, 0, bytes.length);
        assertThat(Arrays.copyOf(longMerge.ids(), longCount)).isEqualTo(expected);
      }
    }
  }

  @Test
  void aMegabyteOfOneLetterIsMergedInTimeNearLinearInIt() {
    BpeTokenizer gpt2 = BpeTokenizer.of(BpeModels.gpt2());
    for (String unit : new String[] {"a", " ", "\ud83d\ude80", "ab", "abcdefghij"}) {
      String text = unit.repeat((1 << 20) / unit.length());
      gpt2.encode(text);
      long started = THREADS.getCurrentThreadCpuTime();
      int[] ids = gpt2.encode(text);
      // A quadratic merge would take hours; this is a hundredth of the rate that is expected.
      assertThat((THREADS.getCurrentThreadCpuTime() - started) / 1e9).as(unit).isLessThan(10);
      assertThat(gpt2.decode(ids)).isEqualTo(text);
    }
  }

  @Test
  void ofAPairThatIsListedTwiceTheLaterRankCounts() {
    BpeModel model = BpeModels.ofMerges(Pretokenizer.GPT2, "a|b", "b|c", "a|b");
    assertThat(BpeTokenizer.of(model).encode("abc")).containsExactly('a', 257);
  }

  private static BpeModel shuffled(Random random) {
    List<String> merges = new ArrayList<>(List.of(DISORDERED));
    BpeModel model = BpeModels.ofMerges(Pretokenizer.GPT2, merges.toArray(String[]::new));
    BpeModel.Merges pairs = model.merges();
    for (int i = pairs.left().length - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      for (int[] ids : List.of(pairs.left(), pairs.right(), pairs.merged())) {
        int kept = ids[i];
        ids[i] = ids[other];
        ids[other] = kept;
      }
    }
    return model;
  }

  private static MergeTable table(BpeModel model) {
    int[] idOfByte = new int[256];
    Arrays.setAll(idOfByte, b -> b);
    return MergeTable.of(model.merges(), idOfByte);
  }

  /** The definition: again and again, the first pair of the lowest rank. */
  private static int[] merged(BpeModel.Merges merges, byte[] bytes) {
    List<Integer> ids = new ArrayList<>();
    for (byte b :
        new String(bytes, StandardCharsets.US_ASCII).getBytes(StandardCharsets.US_ASCII)) {
      ids.add(b & 0xFF);
    }
    for (int rank = 0; rank < merges.left().length; rank++) {
      for (int i = 0; i + 1 < ids.size(); i++) {
        if (ids.get(i) == merges.left()[rank] && ids.get(i + 1) == merges.right()[rank]) {
          ids.set(i, merges.merged()[rank]);
          ids.remove(i + 1);
          rank = -1;
          break;
        }
      }
    }
    return ids.stream().mapToInt(id -> id).toArray();
  }
}
