package io.sparkformer.datasets.tokenizer.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.BpeJson;
import io.sparkformer.datasets.tokenizer.BpeModel;
import io.sparkformer.datasets.tokenizer.BuiltIn;
import io.sparkformer.datasets.tokenizer.NaiveBpe;
import io.sparkformer.datasets.tokenizer.TokenizerFixture;
import io.sparkformer.datasets.tokenizer.training.BpeTrainer.Settings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class BpeTrainerTest {

  @Test
  void theMostFrequentPairIsMergedAgainAndAgain() {
    List<String> learned = new ArrayList<>();
    BpeModel model = TokenizerFixture.toy();
    for (int id = 256; id < 268; id++) {
      learned.add(new String(model.tokens()[id], StandardCharsets.UTF_8));
    }

    assertThat(learned)
        .containsExactly(
            "es", "est", "lo", "low", "ew", "new", "newest", "dest", "idest", "widest", "er",
            "lower");
    assertThat(model.addedTokens()).containsExactly(Map.entry("<|endoftext|>", 268));
    assertThat(model.pretokenizer()).isEqualTo(Pretokenizer.GPT2);
  }

  @Test
  void theFirst256IdsAreGpt2sAndSpecialTokensTheLast() {
    Settings settings = new Settings(260, 1, Pretokenizer.CL100K, List.of("<|b|>", "<|a|>"));

    BpeModel model =
        BpeTrainer.train(TokenizerFixture.lowLowerNewestWidest(), settings, learned -> {});

    BpeModel gpt2 = BuiltIn.GPT2.model();
    for (int id = 0; id < 256; id++) {
      assertThat(model.tokens()[id]).isEqualTo(gpt2.tokens()[id]);
    }
    assertThat(model.addedTokens())
        .containsExactly(Map.entry("<|a|>", 259), Map.entry("<|b|>", 258));
    assertThat(model.pretokenizer()).isEqualTo(Pretokenizer.CL100K);
  }

  @Test
  void wherePairsRunOutTheVocabularyIsSmaller() {
    List<Integer> progress = new ArrayList<>();
    Settings settings = new Settings(1000, 6, Pretokenizer.GPT2, List.of());

    BpeModel model =
        BpeTrainer.train(TokenizerFixture.lowLowerNewestWidest(), settings, progress::add);

    assertThat(model.tokens().length).isEqualTo(256 + 7);
    assertThat(progress).containsExactly(1, 2, 3, 4, 5, 6, 7);
    assertThat(BpeTrainer.train(new PretokenCounts(), settings, progress::add).merges().merged())
        .isEmpty();
  }

  @Test
  void theOrderOfTheWordsMakesNoDifference() {
    List<String> words = new ArrayList<>(randomWords(new Random(3), 300, "abc").keySet());
    PretokenCounts forwards = new PretokenCounts();
    words.forEach(word -> TokenizerFixture.add(forwards, word, word.length()));
    Collections.reverse(words);
    PretokenCounts backwards = new PretokenCounts();
    words.forEach(word -> TokenizerFixture.add(backwards, word, word.length()));

    Settings settings = Settings.ofSize(400);
    TokenizerFixture.assertSame(
        BpeTrainer.train(backwards, settings, learned -> {}),
        BpeTrainer.train(forwards, settings, learned -> {}));
  }

  @Test
  void countingAnewBeforeEveryMergeGivesTheSameMerges() {
    for (int seed = 0; seed < 30; seed++) {
      Random random = new Random(seed);
      Map<String, Long> words = randomWords(random, 60, seed % 2 == 0 ? "ab" : "aab\u00e9c");
      PretokenCounts counts = new PretokenCounts();
      words.forEach((word, count) -> TokenizerFixture.add(counts, word, count));

      BpeModel model =
          BpeTrainer.train(
              counts, new Settings(256 + 60, 2, Pretokenizer.GPT2, List.of()), learned -> {});

      NaiveBpe naive = NaiveBpe.train(words, model.merges().merged().length);
      assertThat(model.merges().left()).isEqualTo(naive.left());
      assertThat(model.merges().right()).isEqualTo(naive.right());
      assertThat(model.merges().merged()).isEqualTo(naive.merged());
    }
  }

  @Test
  void theLibraryReadsWhatWasTrainedAndGivesTheIdsOfTheMerges() throws Exception {
    String text =
        Files.readString(SharedData.file("tinyshakespeare/input.txt")).substring(0, 300_000);
    BpeModel model =
        BpeTrainer.train(
            TokenizerFixture.gpt2Pretokens(text), Settings.ofSize(256 + 2000 + 1), learned -> {});
    NaiveBpe naive = NaiveBpe.of(model);

    try (HuggingFaceTokenizer library = TokenizerFixture.library(BpeJson.write(model))) {
      int[] ids = TokenizerFixture.ids(library, text);
      assertThat(text.length() / (double) ids.length).as("bytes per token").isGreaterThan(3);
      assertThat(TokenizerFixture.ids(library, "a<|endoftext|>")).endsWith(256 + 2000).hasSize(2);
      TokenizerFixture.words(text)
          .limit(500)
          .forEach(
              word ->
                  assertThat(TokenizerFixture.ids(library, word))
                      .as(word)
                      .isEqualTo(naive.encode(word)));
    }
  }

  @Test
  void aSpecialTokenIsNeverLearned() {
    Settings settings = new Settings(300, 1, Pretokenizer.GPT2, List.of("est"));

    BpeModel model =
        BpeTrainer.train(TokenizerFixture.lowLowerNewestWidest(), settings, learned -> {});

    assertThat(
            Arrays.stream(model.tokens()).map(token -> new String(token, StandardCharsets.UTF_8)))
        .doesNotContain("est")
        .contains("es", "lower");
  }

  @Test
  void settingsThatCannotBeMetAreRefused() {
    assertThatThrownBy(() -> Settings.ofSize(256))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "a vocabulary of 256 tokens is too small: it has 256 bytes and 1 special tokens, ask for 257 or more");
    assertThatThrownBy(() -> new Settings(300, 0, Pretokenizer.GPT2, List.of()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("the least count of a pair is 0: it must be 1 or more");
    for (List<String> tokens : List.of(List.of("a b"), List.of("x"), List.of("<a>", "<a>"))) {
      assertThatThrownBy(() -> new Settings(300, 1, Pretokenizer.GPT2, tokens))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("cannot be a special token: give distinct ones of two characters");
    }
  }

  private static Map<String, Long> randomWords(Random random, int count, String alphabet) {
    Map<String, Long> words = new HashMap<>();
    for (int i = 0; i < count; i++) {
      StringBuilder word = new StringBuilder();
      int length = 1 + random.nextInt(12);
      while (word.length() < length) {
        word.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      words.put(word.toString(), 1L + random.nextInt(5));
    }
    return words;
  }
}
