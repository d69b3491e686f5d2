package io.sparkformer.exchange;

import static io.sparkformer.SharedFiles.largestDifference;
import static io.sparkformer.datasets.LocalFiles.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.generate.SamplingOptions;
import io.sparkformer.generate.TextGenerator;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.predict.Classification;
import io.sparkformer.predict.SequenceModel;
import io.sparkformer.predict.TextReader;
import io.sparkformer.predict.Trust;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Directories that transformers wrote give here what they give there. */
class ModelsOfTransformersTest {

  private static final Configuration HADOOP = new Configuration();

  /** Two names of one key that differ: transformers takes one of them, here they are refused. */
  private static final String CONTRADICTORY = "lm_aliases_win";

  @TempDir Path directory;

  static List<String> languageModels() throws IOException {
    return TransformersCase.named("lm_").stream()
        .filter(name -> !name.equals(CONTRADICTORY))
        .toList();
  }

  static List<String> classifiers() throws IOException {
    return TransformersCase.named("cls_");
  }

  @ParameterizedTest
  @MethodSource("languageModels")
  void aLanguageModelReadsPredictsAndContinuesAsThere(String name) throws IOException {
    JsonNode expected = TransformersCase.expected(name);
    ModelDirectory model = open(TransformersCase.copy(name, directory));
    int[] prompt =
        TextReader.uncut(model, model.tokenizer().orElseThrow())
            .read(expected.path("prompt").asText());
    assertThat(prompt).containsExactly(TransformersCase.ids(expected.path("prompt_ids")));
    try (Gpt gpt = model.load(Precision.FP32, Device.cpu())) {
      float[] logits = TransformersCase.floats(expected.path("logits"));
      assertThat(largestDifference(lastLogits(gpt, prompt), logits)).isLessThan(2e-5);
      int[] greedy = TransformersCase.ids(expected.path("greedy_ids"));
      int[] found = greedy(gpt, model.endOfText(), prompt);
      boolean ended =
          found.length < greedy.length && model.endOfText().contains(greedy[greedy.length - 1]);
      assertThat(found).containsExactly(ended ? Arrays.copyOf(greedy, greedy.length - 1) : greedy);
    }
  }

  private static float[] lastLogits(Gpt gpt, int[] prompt) {
    try (NDManager step = gpt.manager().newSubManager()) {
      long[] ids = Arrays.stream(prompt).asLongStream().toArray();
      NDArray logits =
          gpt.kernels()
              .logits(
                  step,
                  step.create(ids, new Shape(1, ids.length)),
                  step.create(new long[] {ids.length}),
                  gpt.weightList());
      float[] all = logits.toFloatArray();
      return Arrays.copyOfRange(all, all.length - gpt.config().vocabSize(), all.length);
    }
  }

  private static int[] greedy(Gpt gpt, List<Integer> endOfText, int[] prompt) {
    SamplingOptions options =
        new SamplingOptions(12, SamplingOptions.Choice.MOST_LIKELY, 1, 0, 1, 1, 1);
    return TextGenerator.of(gpt, endOfText)
        .generate(prompt, options, (sample, id) -> {})
        .get(0)
        .ids()
        .stream()
        .mapToInt(id -> id)
        .toArray();
  }

  @ParameterizedTest
  @MethodSource("classifiers")
  void aClassifierReadsAndDecidesAsThere(String name) throws IOException {
    JsonNode expected = TransformersCase.expected(name);
    Path copy = TransformersCase.copy(name, directory);
    try (SequenceModel model =
        SequenceModel.open(copy.toString(), HADOOP, Device.cpu(), Trust.OURS)) {
      TextReader reader = model.reader(Optional.empty());
      for (int i = 0; i < expected.path("texts").size(); i++) {
        String text = expected.path("texts").path(i).asText();
        int[] read = reader.read(text);
        // What is passed over at the end is not put through the model.
        assertThat(Arrays.copyOf(TransformersCase.ids(expected.path("ids").path(i)), read.length))
            .as(text)
            .containsExactly(read);
        float[] logits = model.logits(List.of(read))[0];
        assertThat(
                largestDifference(logits, TransformersCase.floats(expected.path("logits").path(i))))
            .as(text)
            .isLessThan(2e-5);
        Classification found = Classification.of(model.classes().problem(), logits).orElseThrow();
        for (int rank = 0; rank < found.classes().length; rank++) {
          assertThat(model.classes().labels().get(found.classes()[rank]))
              .isEqualTo(expected.path("labels").path(i).path(rank).asText());
          assertThat(found.probabilities()[rank])
              .isCloseTo(expected.path("scores").path(i).path(rank).asDouble(), within(1e-5));
        }
      }
    }
  }

  @Test
  void twoNamesOfOneKeyThatDifferAreRefused() throws IOException {
    ModelDirectory model = open(TransformersCase.copy(CONTRADICTORY, directory));
    assertThatThrownBy(model::config)
        .isInstanceOf(InvalidInputException.class)
        .hasMessageMatching(
            ".*config.json: 'n_head' is \\d+, but 'num_attention_heads', another name of it, is \\d+:"
                + " leave the wrong one away");
  }

  private static ModelDirectory open(Path path) throws IOException {
    return ModelDirectory.open(HADOOP, hadoop(path));
  }
}
