package io.sparkformer.datasets.tokenizer;

import static io.sparkformer.datasets.tokenizer.NotByteLevelException.require;

import io.sparkformer.datasets.tokenizer.BpeModel.Merges;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;

/** Puts a {@link BpeModel}'s vocabulary and merges together from the texts that files have. */
final class BpeAssembly {

  private static final int BYTES = 256;

  /** Ids that are not used, beyond as many as are: what is damaged must not ask for gigabytes. */
  private static final int MAX_UNUSED = 1 << 14;

  private static final byte[] UNUSED = {};

  private final Map<String, Integer> ids;
  private final SortedMap<String, Integer> addedTokens;
  private final byte[][] tokens;
  private final Merges merges;

  /**
   * Checks and converts.
   *
   * @param ids by text in {@link ByteAlphabet}, added tokens' too or not
   * @param merges {@code left right} each
   * @param addedTokens ids by content
   * @throws NotByteLevelException if they do not fit together, or not a byte-level BPE
   */
  BpeAssembly(Map<String, Integer> ids, List<String> merges, SortedMap<String, Integer> addedTokens)
      throws NotByteLevelException {
    this.ids = ids;
    this.addedTokens = addedTokens;
    this.merges = merges(merges);
    this.tokens = new byte[vocabSize()][];
    putTokens();
    requireAllBytes();
    dropUnreachable();
  }

  byte[][] tokens() {
    return tokens;
  }

  Merges merges() {
    return merges;
  }

  private int vocabSize() throws NotByteLevelException {
    int max = -1;
    for (Map<String, Integer> some : List.of(ids, addedTokens)) {
      for (Map.Entry<String, Integer> entry : some.entrySet()) {
        int id = entry.getValue();
        require(id >= 0, "token '%s' has the id %d", entry.getKey(), id);
        max = Math.max(max, id);
      }
    }
    int used = ids.size() + addedTokens.size();
    require(max < 2L * used + MAX_UNUSED, "the largest id is %d, of %d tokens", max, used);
    return max + 1;
  }

  private Merges merges(List<String> texts) throws NotByteLevelException {
    int[] left = new int[texts.size()];
    int[] right = new int[texts.size()];
    int[] merged = new int[texts.size()];
    Set<String> seen = new HashSet<>(2 * texts.size());
    for (int rank = 0; rank < texts.size(); rank++) {
      String text = texts.get(rank);
      int space = text.indexOf(' ');
      require(
          space > 0 && space < text.length() - 1 && text.indexOf(' ', space + 1) < 0,
          "merge %d is '%s', not two tokens",
          rank,
          text);
      require(seen.add(text), "merge %d, '%s', is there twice", rank, text);
      String first = text.substring(0, space);
      String second = text.substring(space + 1);
      left[rank] = partId(first, rank, text);
      right[rank] = partId(second, rank, text);
      merged[rank] = partId(first + second, rank, text);
    }
    return new Merges(left, right, merged);
  }

  private int partId(String part, int rank, String merge) throws NotByteLevelException {
    Integer id = ids.get(part);
    require(
        id != null, "merge %d, '%s', needs the token '%s', which is missing", rank, merge, part);
    return id == null ? -1 : id;
  }

  private void putTokens() throws NotByteLevelException {
    for (Map.Entry<String, Integer> entry : ids.entrySet()) {
      String text = entry.getKey();
      int id = entry.getValue();
      require(tokens[id] == null, "the id %d is there twice, once for '%s'", id, text);
      Optional<byte[]> bytes = ByteAlphabet.bytes(text);
      require(
          bytes.isPresent() || addedTokens.containsKey(text),
          "token '%s' has characters that stand for no byte",
          text);
      tokens[id] = bytes.orElse(UNUSED);
    }
    for (Map.Entry<String, Integer> added : addedTokens.entrySet()) {
      int id = added.getValue();
      boolean own = Integer.valueOf(id).equals(ids.get(added.getKey()));
      require(own || tokens[id] == null, "the id %d is there twice: '%s'", id, added.getKey());
    }
    for (int id = 0; id < tokens.length; id++) {
      tokens[id] = tokens[id] == null ? UNUSED : tokens[id];
    }
  }

  private void requireAllBytes() throws NotByteLevelException {
    for (int b = 0; b < BYTES; b++) {
      String text = ByteAlphabet.text(new byte[] {(byte) b});
      require(ids.containsKey(text), "the token '%s' for the byte 0x%02X is missing", text, b);
    }
  }

  /**
   * Added tokens are cut out of texts before: as the model's they only count as parts of others.
   */
  private void dropUnreachable() {
    boolean[] used = new boolean[tokens.length];
    for (int[] some : List.of(merges.left(), merges.right(), merges.merged())) {
      Arrays.stream(some).forEach(id -> used[id] = true);
    }
    for (int id : addedTokens.values()) {
      if (!used[id] && tokens[id].length > 1) {
        tokens[id] = UNUSED;
      }
    }
  }
}
