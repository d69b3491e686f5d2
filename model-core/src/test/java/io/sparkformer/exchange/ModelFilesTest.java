package io.sparkformer.exchange;

import static io.sparkformer.SharedFiles.largestDifference;
import static io.sparkformer.datasets.LocalFiles.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.predict.SequenceModel;
import io.sparkformer.predict.TextReader;
import io.sparkformer.predict.Trust;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the files of a directory say together, where they say different things. */
class ModelFilesTest {

  private static final Configuration HADOOP = new Configuration();
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TOKENIZER_CONFIG = "tokenizer_config.json";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "Left, , LEFT",
    "Right, , RIGHT",
    ", , RIGHT",
    ", left, LEFT",
    "Left, right, RIGHT",
    "Right, left, LEFT",
  })
  void aTokenizersConfigSaysWhereTextsAreCutAndElseTheTokenizer(
      String direction, String side, Truncation expected) throws IOException {
    Path model = TransformersCase.copy("cls_single3", folder);
    change(model, TOKENIZER_CONFIG, json -> put(json, "truncation_side", side));
    for (Place place : Place.values()) {
      change(
          model,
          Tokenizer.FILE_NAME,
          json -> {
            ObjectNode truncation = JSON.createObjectNode();
            truncation.put("max_length", 7).put("strategy", "LongestFirst").put("stride", 0);
            ObjectNode rest = json.deepCopy().without("truncation");
            json.removeAll();
            if (place == Place.LAST) {
              json.setAll(rest);
            }
            if (direction != null) {
              json.set("truncation", truncation.put("direction", direction));
            }
            json.setAll(rest);
          });
      assertThat(open(model).reading().truncate()).as("%s", place).isEqualTo(expected);
    }
  }

  private enum Place {
    FIRST,
    LAST
  }

  private static void put(ObjectNode json, String key, String value) {
    json.remove(key);
    if (value != null) {
      json.put(key, value);
    }
  }

  @Test
  void biasesThatAreNotZeroAreUsedWhateverTheConfigSays() throws IOException {
    Path model = TransformersCase.copy("lm_gelu", folder);
    float[] biased = logits(model);
    change(model, ModelDirectory.CONFIG, json -> json.put("bias", false));

    assertThat(open(model).config().bias()).isTrue();
    assertThat(logits(model)).isEqualTo(biased);

    try (Gpt gpt = open(model).load(Precision.FP32, Device.cpu())) {
      gpt.weights()
          .forEach(
              (name, weight) -> {
                if (name.endsWith(".bias")) {
                  weight.muli(0).addi(0); // no negative zeros
                }
              });
      open(model).save(gpt, open(model).processing());
    }
    change(model, ModelDirectory.CONFIG, json -> json.put("bias", false));
    assertThat(open(model).config().bias()).isFalse();
    assertThat(largestDifference(logits(model), biased)).isGreaterThan(1e-3);
  }

  @Test
  void aTextOfPaddingAloneIsReadAsOneToken() throws IOException {
    Path copy = TransformersCase.copy("cls_pad_is_eos", folder);
    try (SequenceModel model =
        SequenceModel.open(copy.toString(), HADOOP, Device.cpu(), Trust.OURS)) {
      TextReader reader = model.reader(Optional.empty());
      assertThat(reader.read("<|endoftext|><|endoftext|>")).containsExactly(299);
      assertThat(reader.read("")).containsExactly(299);
      assertThat(reader.read("x<|endoftext|>")).containsExactly(87);
      assertThat(reader.read("<|endoftext|>x")).containsExactly(299, 87);
      int[] alone = reader.read("<|endoftext|>");
      assertThat(model.logits(List.of(alone))[0]).doesNotContain(Float.NaN);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "3", "", "\"gpt2\"", "null"})
  void aFileThatIsNoObjectIsNamed(String content) throws IOException {
    Path model = TransformersCase.copy("cls_single3", folder);
    for (String file : List.of(TOKENIZER_CONFIG, "generation_config.json", "config.json")) {
      Files.writeString(model.resolve(file), content);
      assertThatThrownBy(() -> open(model).processing())
          .isInstanceOf(InvalidInputException.class)
          .hasMessageEndingWith("/" + file + " is no JSON object: copy the model again");
    }
  }

  private static float[] logits(Path model) throws IOException {
    try (Gpt gpt = open(model).load(Precision.FP32, Device.cpu());
        NDManager step = gpt.manager().newSubManager()) {
      return gpt.kernels()
          .logits(
              step,
              step.create(new long[][] {{5, 77, 260}}),
              step.create(new long[] {3}),
              gpt.weightList())
          .toFloatArray();
    }
  }

  private static ModelDirectory open(Path model) throws IOException {
    return ModelDirectory.open(HADOOP, hadoop(model));
  }

  private static void change(Path model, String file, Consumer<ObjectNode> change)
      throws IOException {
    ObjectNode json = (ObjectNode) JSON.readTree(model.resolve(file).toFile());
    change.accept(json);
    Files.writeString(model.resolve(file), json.toString());
  }
}
