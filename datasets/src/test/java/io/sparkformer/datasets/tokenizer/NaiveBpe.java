package io.sparkformer.datasets.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** BPE as it is explained: all pairs are counted, or looked at, anew for every merge. */
public final class NaiveBpe {

  private final List<int[]> merges = new ArrayList<>();
  private final Map<String, Integer> ids = new HashMap<>();
  private final List<String> texts = new ArrayList<>();

  private NaiveBpe() {
    for (int id = 0; id < 256; id++) {
      addToken(ByteAlphabet.text(new byte[] {ByteAlphabet.byteOfGpt2Id(id)}));
    }
  }

  public static NaiveBpe of(BpeModel model) {
    NaiveBpe bpe = new NaiveBpe();
    BpeModel.Merges merges = model.merges();
    for (int i = 0; i < merges.merged().length; i++) {
      bpe.merges.add(new int[] {merges.left()[i], merges.right()[i], merges.merged()[i]});
    }
    return bpe;
  }

  public static NaiveBpe train(Map<String, Long> words, int mergeCount) {
    NaiveBpe bpe = new NaiveBpe();
    Map<List<Integer>, Long> split = new HashMap<>();
    words.forEach((word, count) -> split.merge(bpe.bytes(word), count, Long::sum));
    while (bpe.merges.size() < mergeCount) {
      Map<Long, Long> counts = new TreeMap<>(); // by left id, then right id
      split.forEach(
          (word, count) -> {
            for (int i = 0; i + 1 < word.size(); i++) {
              counts.merge((long) word.get(i) << 32 | word.get(i + 1), count, Long::sum);
            }
          });
      long best = counts.keySet().iterator().next();
      for (Map.Entry<Long, Long> pair : counts.entrySet()) {
        best = pair.getValue() > counts.get(best) ? pair.getKey() : best;
      }
      int left = (int) (best >>> 32);
      int right = (int) best;
      int[] merge = {left, right, bpe.addToken(bpe.texts.get(left) + bpe.texts.get(right))};
      bpe.merges.add(merge);
      Map<List<Integer>, Long> next = new HashMap<>();
      split.forEach((word, count) -> next.merge(apply(word, merge), count, Long::sum));
      split.clear();
      split.putAll(next);
    }
    return bpe;
  }

  public int[] encode(String word) {
    List<Integer> tokens = bytes(word);
    boolean changed = true;
    while (changed) {
      changed = false;
      for (int[] merge : merges) {
        List<Integer> next = apply(tokens, merge);
        if (next.size() < tokens.size()) {
          tokens = next;
          changed = true;
          break;
        }
      }
    }
    return tokens.stream().mapToInt(id -> id).toArray();
  }

  public int[] left() {
    return merges.stream().mapToInt(merge -> merge[0]).toArray();
  }

  public int[] right() {
    return merges.stream().mapToInt(merge -> merge[1]).toArray();
  }

  public int[] merged() {
    return merges.stream().mapToInt(merge -> merge[2]).toArray();
  }

  private static List<Integer> apply(List<Integer> word, int[] merge) {
    List<Integer> next = new ArrayList<>();
    for (int i = 0; i < word.size(); i++) {
      if (i + 1 < word.size() && word.get(i) == merge[0] && word.get(i + 1) == merge[1]) {
        next.add(merge[2]);
        i++;
      } else {
        next.add(word.get(i));
      }
    }
    return next;
  }

  private List<Integer> bytes(String word) {
    List<Integer> tokens = new ArrayList<>();
    for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
      tokens.add(ids.get(ByteAlphabet.text(new byte[] {b})));
    }
    return tokens;
  }

  private int addToken(String text) {
    Integer known = ids.putIfAbsent(text, ids.size());
    if (known == null) {
      texts.add(text);
    }
    return ids.get(text);
  }
}
