package io.sparkformer.datasets.tokenizer.training;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.AddedTokensJson;
import io.sparkformer.datasets.tokenizer.BpeModel;
import io.sparkformer.datasets.tokenizer.BpeModel.Merges;
import io.sparkformer.datasets.tokenizer.BpeModel.PrefixSpace;
import io.sparkformer.datasets.tokenizer.BpeModel.WholePieces;
import io.sparkformer.datasets.tokenizer.ByteAlphabet;
import io.sparkformer.datasets.tokenizer.ByteStrings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntConsumer;

/**
 * Trains a byte-level BPE vocabulary (Sennrich et al. 2016, arXiv:1508.07909, algorithm 1).
 *
 * <p>The most frequent pair of neighbouring tokens within words becomes a token, again and again.
 * Of pairs as frequent the one with the smallest ids is taken: the result depends on the counts
 * alone, not on the order in which they came.
 *
 * <p>Ids: the 256 bytes in GPT-2's order, the tokens that were learned, the special tokens.
 */
public final class BpeTrainer {

  /** The special token of a vocabulary for which none are given. */
  public static final String END_OF_TEXT = "<|endoftext|>";

  private static final int BYTES = 256;

  private final Settings settings;
  private final ByteStrings vocabulary = new ByteStrings();
  private final Set<String> specialTexts;
  private final PairCounts pairs = new PairCounts();
  private final List<int[]> merges = new ArrayList<>();

  /**
   * What to train.
   *
   * @param vocabSize the 256 bytes and the special tokens included
   * @param minPairCount a pair must occur as often as that to become a token, at least once
   * @param pretokenizer the one that the words were cut with
   * @param specialTokens without white space; they get the last ids, in this order
   */
  public record Settings(
      int vocabSize, long minPairCount, Pretokenizer pretokenizer, List<String> specialTokens) {

    public Settings {
      specialTokens = List.copyOf(specialTokens);
      int least = BYTES + specialTokens.size();
      require(
          vocabSize >= least,
          "a vocabulary of %d tokens is too small: it has 256 bytes and %d special tokens, ask for %d or more",
          vocabSize,
          specialTokens.size(),
          least);
      require(
          minPairCount >= 1, "the least count of a pair is %d: it must be 1 or more", minPairCount);
      Set<String> seen = new HashSet<>();
      for (String token : specialTokens) {
        require(
            isSpecial(token) && seen.add(token),
            "'%s' cannot be a special token: give distinct ones of two characters or more, without"
                + " white space and such as <|name|>",
            token);
      }
    }

    /** GPT-2's way to cut texts, and {@value BpeTrainer#END_OF_TEXT}; pairs must occur twice. */
    public static Settings ofSize(int vocabSize) {
      return new Settings(vocabSize, 2, Pretokenizer.GPT2, List.of(END_OF_TEXT));
    }

    /** The size of a vocabulary that has learned nothing: the bytes and the special tokens. */
    public int leastVocabSize() {
      return BYTES + specialTokens.size();
    }

    private static boolean isSpecial(String token) {
      return token.length() > 1
          && token.codePoints().noneMatch(AddedTokensJson::isSpace)
          && ByteAlphabet.decodesToItself(token);
    }
  }

  private BpeTrainer(Settings settings) {
    this.settings = settings;
    this.specialTexts = Set.copyOf(settings.specialTokens());
  }

  /**
   * Trains a vocabulary; a smaller one than asked for if no more pairs are frequent enough.
   *
   * @param progress is told how many tokens have been learned, after each merge
   */
  public static BpeModel train(PretokenCounts pretokens, Settings settings, IntConsumer progress) {
    return new BpeTrainer(settings).train(pretokens, progress);
  }

  private BpeModel train(PretokenCounts pretokens, IntConsumer progress) {
    int[] idOfByte = new int[BYTES];
    for (int id = 0; id < BYTES; id++) {
      byte b = ByteAlphabet.byteOfGpt2Id(id);
      idOfByte[b & 0xFF] = id;
      vocabulary.add(new byte[] {b}, 0, 1);
    }
    TrainingWords words = new TrainingWords(pretokens, idOfByte);
    words.count(pairs);
    int wanted = settings.vocabSize() - settings.specialTokens().size();
    PairCounts.Best best = pairs.takeBest();
    while (vocabulary.size() < wanted && best.count() >= settings.minPairCount()) {
      learn(best, words);
      progress.accept(merges.size());
      best = pairs.takeBest();
    }
    return model();
  }

  private void learn(PairCounts.Best best, TrainingWords words) {
    byte[] left = vocabulary.get(best.left());
    byte[] right = vocabulary.get(best.right());
    byte[] token = Arrays.copyOf(left, left.length + right.length);
    System.arraycopy(right, 0, token, left.length, right.length);
    // A special token is never made by merges: in files it would be one with it.
    if (!specialTexts.contains(ByteAlphabet.text(token))) {
      // A new one: the same bytes are merged in the same way wherever they are not cut.
      int merged = vocabulary.add(token, 0, token.length);
      merges.add(new int[] {best.left(), best.right(), merged});
      for (int i = 0; i < best.wordCount(); i++) {
        words.merge(best.words()[i], best.left(), best.right(), merged, pairs);
      }
    }
  }

  private BpeModel model() {
    int learned = vocabulary.size();
    byte[][] tokens = new byte[learned + settings.specialTokens().size()][];
    SortedMap<String, Integer> special = new TreeMap<>();
    for (int id = 0; id < tokens.length; id++) {
      tokens[id] = id < learned ? vocabulary.get(id) : new byte[0];
      if (id >= learned) {
        special.put(settings.specialTokens().get(id - learned), id);
      }
    }
    return new BpeModel(
        settings.pretokenizer(),
        tokens,
        new Merges(column(0), column(1), column(2)),
        Collections.unmodifiableSortedMap(special),
        WholePieces.MERGED,
        PrefixSpace.NONE);
  }

  private int[] column(int of) {
    return merges.stream().mapToInt(merge -> merge[of]).toArray();
  }
}
