package io.sparkformer.generate;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.generate.SamplingOptions.Choice.DRAWN;
import static io.sparkformer.generate.SamplingOptions.Choice.MOST_LIKELY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.generate.Continuation.StopReason;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TextGeneratorTest {

  private static final ModelConfig CONFIG = ModelConfig.gpt2(23, 16, 2, 2, 32).with(Head.OWN);
  private static final int[] PROMPT = {3, 1, 4, 1, 5};
  private static final SamplingOptions THREE_DRAWN = new SamplingOptions(50, DRAWN, 1, 0, 1, 11, 3);
  private static final SamplingOptions TWO_GREEDY =
      new SamplingOptions(50, MOST_LIKELY, 1, 0, 1, 11, 2);

  @BeforeAll
  static void useOneThread() {
    // Threads of an operator wait busily for each other: beside other processes, for very long.
    Kernels.threads(1);
  }

  @Test
  void cachedGenerationEqualsThatWithoutCacheTokenForToken() {
    for (int contextLength : new int[] {16, 7, 2, 1}) {
      try (Gpt model = random(contextLength)) {
        assertEqualsUncached(model, PROMPT, THREE_DRAWN);
        assertEqualsUncached(model, PROMPT, TWO_GREEDY);
        assertEqualsUncached(model, IntStream.range(0, 20).toArray(), THREE_DRAWN);
        assertEqualsUncached(model, new int[] {0}, new SamplingOptions(33, DRAWN, 2, 9, 0.9, 5, 2));
      }
    }
  }

  @Test
  void aHuggingFaceModelGeneratesTheSameWithAndWithoutCache() throws IOException {
    ModelDirectory directory =
        ModelDirectory.open(
            new Configuration(),
            hadoop(SharedData.file("tiny_gpt2_loractl/config.json").getParent()));
    try (Gpt model = directory.load(Precision.FP32, Device.cpu())) {
      assertEqualsUncached(model, PROMPT, THREE_DRAWN);
      assertEqualsUncached(model, PROMPT, TWO_GREEDY);
    }
  }

  @Test
  void aSampleIsTheSameAloneAndAmongOthers() {
    try (Gpt model = random(16)) {
      TextGenerator together = generator(model);
      TextGenerator inTurn = together.withCacheBytes(1);
      List<String> heard = new ArrayList<>();

      List<Continuation> samples = together.generate(PROMPT, THREE_DRAWN, (sample, id) -> {});

      assertThat(inTurn.generate(PROMPT, THREE_DRAWN, (sample, id) -> heard.add(sample + " " + id)))
          .isEqualTo(samples);
      assertThat(heard)
          .containsExactlyElementsOf(
              IntStream.range(0, 3)
                  .boxed()
                  .flatMap(i -> samples.get(i).ids().stream().map(id -> i + " " + id))
                  .toList());
    }
  }

  @Test
  void aPromptBecomesTheSameAloneAndAmongOthers() {
    List<int[]> prompts =
        IntStream.range(0, 8).mapToObj(i -> new int[] {i, 22 - i, 3 * i % 23}).toList();
    try (Gpt model = random(16)) {
      for (SamplingOptions options :
          List.of(THREE_DRAWN, TWO_GREEDY, new SamplingOptions(40, DRAWN, 0.8, 9, 0.9, 5, 1))) {
        List<Continuation> together = generator(model).generateAll(prompts, options);

        assertThat(generator(model).withCacheBytes(1).generateAll(prompts, options))
            .isEqualTo(together);
        for (int i = 0; i < prompts.size(); i++) {
          assertThat(generator(model).generateAll(List.of(prompts.get(i)), options))
              .containsExactly(together.get(i));
        }
        List<int[]> turned = new ArrayList<>(prompts.subList(3, 8));
        turned.addAll(prompts.subList(0, 2));
        assertThat(generator(model).generateAll(turned, options))
            .startsWith(together.get(3), together.get(4))
            .endsWith(together.get(0), together.get(1));
      }
    }
  }

  @Test
  void promptsDoNotMakeTheSameDraws() {
    SamplingOptions hot = new SamplingOptions(30, DRAWN, 1e300, 0, 1, 7, 1); // all are as likely
    List<int[]> prompts = IntStream.range(0, 23).mapToObj(i -> new int[] {1, i}).toList();
    try (Gpt model = random(16)) {
      List<Continuation> texts = generator(model).generateAll(prompts, hot);

      assertThat(texts).doesNotHaveDuplicates();
      assertThat(texts.stream().map(text -> text.ids().get(0)).distinct())
          .as("first tokens")
          .hasSizeGreaterThan(8);
      assertThat(generator(model).generateAll(prompts.subList(0, 1), hot))
          .as("again")
          .containsExactly(texts.get(0));
      assertThat(
              generator(model)
                  .generateAll(
                      prompts.subList(0, 1), new SamplingOptions(30, DRAWN, 1e300, 0, 1, 8, 1)))
          .as("another seed")
          .doesNotContain(texts.get(0));
    }
  }

  @Test
  void theListenerHearsEveryTokenInOrder() {
    try (Gpt model = random(16)) {
      List<List<Integer>> heard = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());

      List<Continuation> samples =
          generator(model).generate(PROMPT, THREE_DRAWN, (sample, id) -> heard.get(sample).add(id));

      assertThat(samples.stream().map(Continuation::ids).toList()).isEqualTo(heard);
      assertThat(samples).allSatisfy(s -> assertThat(s.ids()).hasSize(50));
      assertThat(samples).extracting(Continuation::stoppedBy).containsOnly(StopReason.LENGTH);
    }
  }

  @Test
  void theSeedDecidesTheSamplesAndTheyDiffer() {
    try (Gpt model = random(16)) {
      List<Continuation> samples = generate(model, THREE_DRAWN);

      assertThat(generate(model, THREE_DRAWN)).isEqualTo(samples);
      assertThat(samples).doesNotHaveDuplicates();
      assertThat(generate(model, new SamplingOptions(50, DRAWN, 1, 0, 1, 12, 3)))
          .doesNotContainAnyElementsOf(samples);
    }
  }

  @Test
  void endOfTextEndsASampleButNotTheOthers() {
    try (Gpt model = random(8)) {
      SamplingOptions options = new SamplingOptions(60, DRAWN, 1, 0, 1, 3, 6);
      List<Continuation> endless = generate(model, options);
      int end = 9;

      List<Continuation> samples =
          TextGenerator.of(model, List.of(end)).generate(PROMPT, options, (sample, id) -> {});

      for (int i = 0; i < samples.size(); i++) {
        List<Integer> ids = endless.get(i).ids();
        int at = ids.indexOf(end);
        assertThat(samples.get(i))
            .isEqualTo(
                at < 0
                    ? endless.get(i)
                    : new Continuation(ids.subList(0, at), StopReason.END_OF_TEXT));
      }
      assertThat(samples)
          .extracting(Continuation::stoppedBy)
          .contains(StopReason.LENGTH, StopReason.END_OF_TEXT);
    }
  }

  @Test
  void aSampleThatEndsAtOnceIsEmptyWhileOthersGoPastTheContext() {
    try (Gpt model = random(8)) {
      SamplingOptions options = new SamplingOptions(40, DRAWN, 1, 0, 1, 3, 8);
      int end = generate(model, options).get(0).ids().get(0);

      List<Continuation> samples =
          TextGenerator.of(model, List.of(end))
              .generate(new int[] {PROMPT[4]}, options, (sample, id) -> {});

      assertThat(samples).hasSize(8);
      assertThat(samples).extracting(Continuation::stoppedBy).contains(StopReason.LENGTH);
    }
  }

  @Test
  void idsThatTheTokenizerDoesNotKnowAreNeverGenerated() {
    try (Gpt model = random(16)) {
      List<Continuation> samples =
          TextGenerator.of(model, List.of(22))
              .limitedTo(5)
              .generate(PROMPT, new SamplingOptions(200, DRAWN, 9, 0, 1, 1, 8), (sample, id) -> {});

      assertThat(samples).allSatisfy(s -> assertThat(s.ids()).allMatch(id -> id < 5));
      assertThat(samples)
          .as("the end of the text may lie outside")
          .extracting(Continuation::stoppedBy)
          .contains(StopReason.END_OF_TEXT);
    }
  }

  @Test
  void memoryDoesNotGrowWithTheTokens() {
    try (Gpt model = random(16)) {
      int before = model.manager().getManagedArrays().size();

      model.manager().cap(); // an array that is attached to it now would be an error
      generate(model, new SamplingOptions(300, DRAWN, 1, 0, 1, 1, 2));

      assertThat(model.manager().getManagedArrays()).hasSize(before);
    }
  }

  @Test
  void badPromptsAreRefused() {
    try (Gpt model = random(16)) {
      assertThatThrownBy(() -> generator(model).generate(new int[0], TWO_GREEDY, (s, id) -> {}))
          .isInstanceOf(InvalidInputException.class)
          .hasMessage("the prompt is empty: give it at least one character or token id");
      for (int id : new int[] {23, -1}) {
        assertThatThrownBy(
                () -> generator(model).generate(new int[] {0, id}, TWO_GREEDY, (s, i) -> {}))
            .isInstanceOf(InvalidInputException.class)
            .hasMessage(
                "token %d at position 1 of the prompt is not in the model's vocabulary: use ids from 0 to 22",
                id);
      }
    }
  }

  private static void assertEqualsUncached(Gpt model, int[] prompt, SamplingOptions options) {
    List<Continuation> cached = generator(model).generate(prompt, options, (sample, id) -> {});
    List<Continuation> uncached = new ArrayList<>();
    for (int sample = 0; sample < options.numSamples(); sample++) {
      uncached.add(new Continuation(uncached(model, prompt, options, sample), StopReason.LENGTH));
    }
    assertThat(cached).isEqualTo(uncached);
  }

  /** What {@link TextGenerator} promises, with the whole context read for every token. */
  private static List<Integer> uncached(
      Gpt model, int[] prompt, SamplingOptions options, int sample) {
    int contextLength = model.config().contextLength();
    Sampler sampler = Sampler.of(options, sample);
    List<Integer> context =
        new ArrayList<>(Arrays.stream(prompt).boxed().toList())
            .subList(Math.max(0, prompt.length - contextLength), prompt.length);
    List<Integer> generated = new ArrayList<>();
    while (generated.size() < options.maxNewTokens()) {
      int id = sampler.pick(logits(model, context));
      generated.add(id);
      context.add(id);
      if (context.size() > contextLength) {
        int kept = Math.max(1, contextLength / 2);
        context = new ArrayList<>(context.subList(context.size() - kept, context.size()));
      }
    }
    return generated;
  }

  private static float[] logits(Gpt model, List<Integer> context) {
    int vocabSize = model.config().vocabSize();
    try (NDManager manager = model.manager().newSubManager()) {
      long[] ids = context.stream().mapToLong(Integer::longValue).toArray();
      NDArray logits =
          model
              .kernels()
              .logits(
                  manager,
                  manager.create(ids, new Shape(1, ids.length)),
                  manager.create(new long[] {ids.length}),
                  model.weightList());
      float[] all = logits.toFloatArray();
      return Arrays.copyOfRange(all, all.length - vocabSize, all.length);
    }
  }

  private static List<Continuation> generate(Gpt model, SamplingOptions options) {
    return generator(model).generate(PROMPT, options, (sample, id) -> {});
  }

  private static TextGenerator generator(Gpt model) {
    return TextGenerator.of(model, List.of());
  }

  /** Random weights ten times GPT-2's, so that what stands in the context matters. */
  private static Gpt random(int contextLength) {
    ModelConfig config =
        ModelConfig.gpt2(
                CONFIG.vocabSize(),
                contextLength,
                CONFIG.numLayers(),
                CONFIG.numHeads(),
                CONFIG.embeddingDim())
            .with(Head.OWN);
    Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), 17);
    model
        .weights()
        .forEach(
            (name, weight) -> {
              if (weight.getShape().dimension() > 1) {
                weight.muli(10);
              }
            });
    return model;
  }
}
