package io.sparkformer.model;

import static io.sparkformer.SharedFiles.floats;
import static io.sparkformer.SharedFiles.largestDifference;
import static io.sparkformer.SharedFiles.longs;
import static io.sparkformer.SharedFiles.relativeError;
import static io.sparkformer.SharedFiles.tensors;
import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.safetensors.SafeTensors;
import io.sparkformer.safetensors.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The forward and backward pass beside PyTorch's and HuggingFace's own numbers. */
class ReferenceModelTest {

  private static final String GOLDEN = "golden/gpt_tiny/";
  private static final ModelConfig TINY = ModelConfig.gpt2(65, 32, 2, 4, 64);

  @TempDir Path directory;

  @Test
  void logitsAndHiddenStatesEqualPyTorchsWithin1e5() throws IOException {
    Map<String, StoredTensor> forward = tensors(GOLDEN + "forward.safetensors");
    try (Gpt model = golden();
        NDManager manager = model.manager().newSubManager()) {
      NDArray ids = manager.create(longs(forward.get("input_ids")), new Shape(4, 32));

      NDArray hidden =
          model.kernels().hidden(manager, ids, lengths(manager, ids), model.weightList());
      NDArray logits =
          model
              .forward(new ParameterStore(manager, false), new NDList(ids), false)
              .singletonOrThrow();

      assertThat(hidden.getShape()).isEqualTo(new Shape(4, 32, 64));
      assertThat(logits.getShape()).isEqualTo(new Shape(4, 32, 65));
      assertThat(largestDifference(hidden.toFloatArray(), floats(forward.get("hidden"))))
          .isLessThan(1e-5);
      assertThat(largestDifference(logits.toFloatArray(), floats(forward.get("logits"))))
          .isLessThan(1e-5);
    }
  }

  @Test
  void everyGradientOfTheFirstStepEqualsPyTorchsWithin1e4() throws IOException {
    Map<String, StoredTensor> batches = tensors(GOLDEN + "batches.safetensors");
    Map<String, StoredTensor> expected = tensors(GOLDEN + "gradients_step0.safetensors");
    try (Gpt model = golden();
        NDManager manager = model.manager().newSubManager()) {
      List<NDArray> sums = new ArrayList<>();
      for (int microBatch = 0; microBatch < 2; microBatch++) {
        NDArray ids = microBatch(manager, batches.get("inputs"), microBatch);
        NDArray targets = microBatch(manager, batches.get("targets"), microBatch);
        NDList result =
            model.kernels().gradients(ids, targets, lengths(manager, ids), model.weightList());
        if (microBatch == 0) {
          sums.addAll(result.subList(1, result.size()));
        } else {
          model.kernels().accumulate(manager, sums, result.subList(1, result.size()));
        }
      }

      List<String> names = List.copyOf(model.weights().keySet());
      assertThat(names).containsExactlyInAnyOrderElementsOf(expected.keySet());
      for (int i = 0; i < names.size(); i++) {
        float[] mean = sums.get(i).mul(0.5f / (4 * 32)).toFloatArray();
        assertThat(relativeError(mean, floats(expected.get(names.get(i)))))
            .as(names.get(i))
            .isLessThan(1e-4);
      }
    }
  }

  @Test
  void aHuggingFaceDirectoryIsReadAndGivesItsLogitsWithin1e5() throws IOException {
    JsonNode golden =
        new ObjectMapper()
            .readTree(SharedData.file("tiny_gpt2_loractl/gpt2_tiny_golden.json").toFile());
    long[] ids = new ObjectMapper().convertValue(golden.get("input_ids"), long[].class);
    float[] expected = new ObjectMapper().convertValue(flat(golden.get("logits")), float[].class);
    try (Gpt model = huggingFace().load(Precision.FP32, Device.cpu());
        NDManager manager = model.manager().newSubManager()) {
      NDArray logits =
          model
              .kernels()
              .logits(
                  manager,
                  manager.create(ids, new Shape(1, 8)),
                  manager.create(new long[] {8}),
                  model.weightList());
      assertThat(logits.size()).isEqualTo(8 * 61).isEqualTo(expected.length);
      assertThat(largestDifference(logits.toFloatArray(), expected)).isLessThan(1e-5);
    }
  }

  @Test
  void aHuggingFaceDirectoryIsWrittenBackTensorByTensor() throws IOException {
    ModelDirectory source = huggingFace();
    ModelDirectory copy = ModelDirectory.at(new Configuration(), hadoop(directory));
    try (Gpt model = source.load(Precision.FP32, Device.cpu())) {
      copy.save(model, TextProcessing.NONE);
    }

    Map<String, StoredTensor> expected =
        tensors("data/tiny_gpt2_loractl/" + ModelDirectory.WEIGHTS);
    Map<String, StoredTensor> actual =
        SafeTensors.read(localFiles(), hadoop(directory.resolve(ModelDirectory.WEIGHTS)));
    assertThat(actual.keySet()).containsExactlyInAnyOrderElementsOf(expected.keySet());
    expected.forEach(
        (name, entry) -> {
          assertThat(actual.get(name).shape()).as(name).isEqualTo(entry.shape());
          assertThat(actual.get(name).dtype()).as(name).isEqualTo(entry.dtype());
          assertThat(floats(actual.get(name))).as(name).isEqualTo(floats(entry));
        });
    assertThat(copy.config()).isEqualTo(source.config());
  }

  @Test
  void bf16StaysNearFp32AndItsGradientsPointTheSameWay() throws IOException {
    Map<String, StoredTensor> batches = tensors(GOLDEN + "batches.safetensors");
    Map<String, StoredTensor> expected = tensors(GOLDEN + "gradients_step0.safetensors");
    try (Gpt model = Gpt.empty(TINY, Precision.BF16, Device.cpu());
        NDManager manager = model.manager().newSubManager()) {
      SafeTensors.copyInto(
          localFiles(), model.weights(), tensors(GOLDEN + "init.safetensors"), hadoop(directory));
      NDArray ids = microBatch(manager, batches.get("inputs"), 0);
      NDArray targets = microBatch(manager, batches.get("targets"), 0);
      NDList result =
          model.kernels().gradients(ids, targets, lengths(manager, ids), model.weightList());

      assertThat(result.get(0).toFloatArray()[0] / (4 * 32)).isCloseTo(4.2113f, within(0.02f));
      NDArray embeddingGradient = result.get(1);
      assertThat(embeddingGradient.getDataType()).isEqualTo(ai.djl.ndarray.types.DataType.FLOAT32);
      float[] reference = floats(expected.get("transformer.wte.weight"));
      assertThat(cosine(embeddingGradient.toFloatArray(), reference)).isGreaterThan(0.6);
    }
  }

  @Test
  void aDirectoryWithoutAModelIsRefused() {
    assertThatThrownBy(
            () -> ModelDirectory.open(new Configuration(), hadoop(directory.resolve("none"))))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("none: no such model directory: check the path");
    assertThatThrownBy(() -> ModelDirectory.open(new Configuration(), hadoop(directory)))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("has no config.json, so it is not a model directory");
  }

  @Test
  void aCutWeightsFileIsRefusedByName() throws IOException {
    Path weights = SharedData.file("tiny_gpt2_loractl/" + ModelDirectory.WEIGHTS);
    Files.copy(
        weights.resolveSibling(ModelDirectory.CONFIG), directory.resolve(ModelDirectory.CONFIG));
    byte[] bytes = Files.readAllBytes(weights);
    Files.write(
        directory.resolve(ModelDirectory.WEIGHTS),
        java.util.Arrays.copyOf(bytes, bytes.length - 1));
    ModelDirectory cut = ModelDirectory.open(new Configuration(), hadoop(directory));
    assertThatThrownBy(() -> cut.load(Precision.FP32, Device.cpu()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("model.safetensors is cut short")
        .hasMessageContaining("copy it again");
  }

  @Test
  void aModelOfAnotherKindIsRefused() throws IOException {
    Files.writeString(directory.resolve(ModelDirectory.CONFIG), "{\"model_type\": \"llama\"}");
    Files.writeString(directory.resolve(ModelDirectory.WEIGHTS), "");
    ModelDirectory llama = ModelDirectory.open(new Configuration(), hadoop(directory));
    assertThatThrownBy(llama::config)
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(
            "model_type is 'llama': only gpt2, and models that this program trained, are supported");
  }

  private Gpt golden() throws IOException {
    Gpt model = Gpt.empty(TINY, Precision.FP32, Device.cpu());
    SafeTensors.copyInto(
        localFiles(), model.weights(), tensors(GOLDEN + "init.safetensors"), hadoop(directory));
    return model;
  }

  private static ModelDirectory huggingFace() throws IOException {
    return ModelDirectory.open(
        new Configuration(), hadoop(SharedData.file("tiny_gpt2_loractl/config.json").getParent()));
  }

  private static NDArray microBatch(NDManager manager, StoredTensor all, int number) {
    long[] ids = new long[4 * 32];
    System.arraycopy(longs(all), number * ids.length, ids, 0, ids.length);
    return manager.create(ids, new Shape(4, 32));
  }

  private static NDArray lengths(NDManager manager, NDArray ids) {
    long[] lengths = new long[(int) ids.getShape().get(0)];
    java.util.Arrays.fill(lengths, ids.getShape().get(1));
    return manager.create(lengths);
  }

  private static JsonNode flat(JsonNode nested) {
    com.fasterxml.jackson.databind.node.ArrayNode flat = new ObjectMapper().createArrayNode();
    collect(nested, flat);
    return flat;
  }

  private static void collect(JsonNode node, com.fasterxml.jackson.databind.node.ArrayNode into) {
    if (node.isArray()) {
      node.forEach(child -> collect(child, into));
    } else {
      into.add(node);
    }
  }

  private static double cosine(float[] a, float[] b) {
    double dot = 0;
    double normA = 0;
    double normB = 0;
    for (int i = 0; i < a.length; i++) {
      dot += (double) a[i] * b[i];
      normA += (double) a[i] * a[i];
      normB += (double) b[i] * b[i];
    }
    return dot / Math.sqrt(normA * normB);
  }
}
