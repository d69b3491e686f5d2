package io.sparkformer.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.model.Kernels;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Held against transformers' {@code pipeline("text-classification", top_k=None)} for each problem:
 * {@code src/test/python/text_classification.py} wrote models and numbers.
 */
class TextClassificationReferenceTest {

  private static final String REFERENCE = "reference/";
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path directory;

  /**
   * What transformers said of a text.
   *
   * @param problem as the config has it, which may have none
   * @param scores by label, the likeliest first
   */
  record Case(String model, Optional<String> problem, String text, JsonNode scores) {}

  @BeforeAll
  static void useOneThread() {
    Kernels.threads(1);
  }

  static Stream<Case> cases() throws IOException {
    return StreamSupport.stream(JSON.readTree(bytes("expected.json")).spliterator(), false)
        .map(
            json ->
                new Case(
                    json.get("model").asText(),
                    Optional.ofNullable(json.get("problem_type").textValue()),
                    json.get("text").asText(),
                    json.get("scores")));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void labelsAndScoresAreThoseOfTransformersAlsoAsTorchScript(Case expected) throws IOException {
    Path model = model(expected);
    Path exported = ExportedModels.export(model, directory.resolve("exported"));

    for (Path place : List.of(model, exported)) {
      try (SequenceModel opened = ExportedModels.open(place)) {
        assertThat(SequenceModel.check(place.toString(), ExportedModels.HADOOP, Trust.OURS))
            .isEqualTo(opened.classes());
        requireSame(opened, expected);
      }
    }
  }

  private static void requireSame(SequenceModel model, Case expected) {
    Classification found =
        Classification.of(
                model.classes().problem(),
                ExportedModels.logits(model, List.of(expected.text()))[0])
            .orElseThrow();
    List<String> labels = new ArrayList<>();
    for (int id : found.classes()) {
      labels.add(model.classes().labels().get(id));
    }
    List<String> theirs = expected.scores().properties().stream().map(Map.Entry::getKey).toList();
    assertThat(labels).isEqualTo(theirs);
    for (int i = 0; i < labels.size(); i++) {
      assertThat(found.probabilities()[i])
          .isCloseTo(expected.scores().get(labels.get(i)).asDouble(), within(1e-5));
    }
  }

  private Path model(Case expected) throws IOException {
    Path model = Files.createDirectories(directory.resolve("model"));
    for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
      Files.write(model.resolve(file), bytes(expected.model() + "/" + file));
    }
    ObjectNode config = (ObjectNode) JSON.readTree(model.resolve("config.json").toFile());
    expected.problem().ifPresent(problem -> config.put("problem_type", problem));
    JSON.writeValue(model.resolve("config.json").toFile(), config);
    return model;
  }

  private static byte[] bytes(String file) throws IOException {
    try (InputStream in =
        TextClassificationReferenceTest.class.getResourceAsStream(REFERENCE + file)) {
      return in.readAllBytes();
    }
  }
}
