package io.sparkformer.model;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.model.ProblemType.MULTI_LABEL_CLASSIFICATION;
import static io.sparkformer.model.ProblemType.REGRESSION;
import static io.sparkformer.model.ProblemType.SINGLE_LABEL_CLASSIFICATION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProblemTypeTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Offset<Double> CLOSE = within(1e-12);

  @TempDir private Path directory;

  @Test
  void oneLabelOfSeveralHasTheSoftmaxOfAllLogits() {
    double[] scores = SINGLE_LABEL_CLASSIFICATION.scores(new float[] {1, 2, 4});

    double sum = Math.exp(1) + Math.exp(2) + Math.exp(4);
    assertThat(scores[0]).isCloseTo(Math.exp(1) / sum, CLOSE);
    assertThat(scores[1]).isCloseTo(Math.exp(2) / sum, CLOSE);
    assertThat(scores[2]).isCloseTo(Math.exp(4) / sum, CLOSE);
    assertThat(SINGLE_LABEL_CLASSIFICATION.scores(new float[] {1e30f, 0, -1e30f}))
        .containsExactly(1, 0, 0);
  }

  @Test
  void labelsOfWhichAnyNumberHoldsHaveTheSigmoidsOfTheirLogits() {
    double[] scores = MULTI_LABEL_CLASSIFICATION.scores(new float[] {-2, 0, 3, -1e30f, 1e30f});

    assertThat(scores[0]).isCloseTo(1 / (1 + Math.exp(2)), CLOSE);
    assertThat(scores[1]).isEqualTo(0.5);
    assertThat(scores[2]).isCloseTo(1 / (1 + Math.exp(-3)), CLOSE);
    assertThat(scores[3]).isZero();
    assertThat(scores[4]).isEqualTo(1);
  }

  @Test
  void aRegressionsNumbersAreItsLogits() {
    assertThat(REGRESSION.scores(new float[] {-2.5f, 40})).containsExactly(-2.5, 40);
  }

  @Test
  void aConfigSaysTheProblemAndALoneLabelIsNoChoice() throws IOException {
    assertThat(of("{}", 3)).isEqualTo(SINGLE_LABEL_CLASSIFICATION);
    assertThat(of("{'problem_type': null}", 3)).isEqualTo(SINGLE_LABEL_CLASSIFICATION);
    assertThat(of("{}", 1)).isEqualTo(MULTI_LABEL_CLASSIFICATION);
    for (ProblemType type : ProblemType.values()) {
      assertThat(of("{'problem_type': '" + type.key() + "'}", 2)).isEqualTo(type);
    }
    assertThat(of("{'problem_type': 'single_label_classification'}", 1))
        .isEqualTo(MULTI_LABEL_CLASSIFICATION);
    assertThat(of("{'problem_type': 'regression'}", 1)).isEqualTo(REGRESSION);
    assertThatThrownBy(() -> of("{'problem_type': 'ranking'}", 2))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "m/config.json: problem_type is 'ranking': it must be single_label_classification,"
                + " multi_label_classification or regression");
  }

  private static ProblemType of(String config, int labels) throws IOException {
    return ProblemType.of(
        JSON.readTree(config.replace('\'', '"')),
        labels,
        new org.apache.hadoop.fs.Path("m/config.json"));
  }

  @Test
  void aSavedModelSaysItsProblemAndNeverThatALoneLabelIsAChoice() throws IOException {
    for (ProblemType type : ProblemType.values()) {
      assertThat(saved(2, type).problem()).isEqualTo(type);
    }
    // Which transformers refuses.
    assertThat(saved(1, SINGLE_LABEL_CLASSIFICATION).problem())
        .isEqualTo(MULTI_LABEL_CLASSIFICATION);
    JsonNode config = JSON.readTree(Files.readString(directory.resolve("config.json")));
    assertThat(config.get("problem_type").asText()).isEqualTo("multi_label_classification");
  }

  private ModelDirectory saved(int labels, ProblemType problem) throws IOException {
    ModelConfig config =
        ModelConfig.gpt2(4, 4, 1, 1, 4).with(Head.ofSequences(labels, Head.Pooling.LAST));
    ModelDirectory saved = ModelDirectory.at(new Configuration(), hadoop(directory));
    try (Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), 1)) {
      saved.save(
          model,
          new TextProcessing(Optional.empty(), List.of(), List.of(), problem, TextReading.PLAIN));
    }
    return saved;
  }
}
