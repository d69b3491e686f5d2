package io.sparkformer.run;

import static io.sparkformer.SharedFiles.floats;
import static io.sparkformer.SharedFiles.longs;
import static io.sparkformer.SharedFiles.relativeError;
import static io.sparkformer.SharedFiles.tensors;
import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.model.Gpt;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.recipe.RecipeFile;
import io.sparkformer.safetensors.SafeTensors;
import io.sparkformer.safetensors.StoredTensor;
import io.sparkformer.train.Optimizer;
import io.sparkformer.train.Trainer;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Twenty steps of PyTorch's AdamW, gradient accumulation and clipping included, step by step. */
class ReferenceTrajectoryTest {

  private static final String GOLDEN = "golden/gpt_tiny/";
  private static final double PERCENT_1E4 = 0.01;

  @Test
  void lossesNormsRatesAndFinalWeightsFollowPyTorch() throws IOException {
    JsonNode expected =
        new ObjectMapper().readTree(SharedData.beside(GOLDEN + "expected.json").toFile());
    Map<String, StoredTensor> batches = tensors(GOLDEN + "batches.safetensors");
    long[] inputs = longs(batches.get("inputs"));
    long[] targets = longs(batches.get("targets"));
    Recipe recipe = recipe();
    try (Gpt model = Gpt.empty(recipe.model(), recipe.training().precision(), Device.cpu());
        Optimizer optimizer = Optimizer.of(model, recipe.optimizer(), Set.of())) {
      Map<String, StoredTensor> init = tensors(GOLDEN + "init.safetensors");
      SafeTensors.copyInto(localFiles(), model.weights(), init, hadoop(SharedData.beside(GOLDEN)));
      Trainer trainer = Trainer.alone(recipe, model, optimizer);
      Trainer.Batches given =
          (step, microBatch) -> {
            int from = (int) (step * 2 + microBatch) * 4 * 32;
            return TokenBatch.full(
                Arrays.copyOfRange(inputs, from, from + 4 * 32),
                Arrays.copyOfRange(targets, from, from + 4 * 32),
                4,
                32);
          };

      for (int step = 0; step < 20; step++) {
        Trainer.Step done = trainer.step(given, step);
        String at = "step " + step;
        assertThat(done.loss())
            .as(at)
            .isCloseTo(expected.get("loss").get(step).asDouble(), withinPercentage(PERCENT_1E4));
        assertThat(done.gradNorm())
            .as(at)
            .isCloseTo(
                expected.get("grad_norm").get(step).asDouble(), withinPercentage(PERCENT_1E4));
        assertThat(done.learningRate())
            .as(at)
            .isCloseTo(expected.get("lr").get(step).asDouble(), withinPercentage(PERCENT_1E4));
      }

      Map<String, StoredTensor> last = tensors(GOLDEN + "final.safetensors");
      assertThat(model.weights().keySet()).containsExactlyInAnyOrderElementsOf(last.keySet());
      model
          .weights()
          .forEach(
              (name, weight) ->
                  assertThat(relativeError(weight.toFloatArray(), floats(last.get(name))))
                      .as(name)
                      .isLessThan(1e-3));
    }
  }

  private static Recipe recipe() {
    return RecipeFile.defaults()
        .with(
            List.of(
                "model.context-length=32",
                "model.num-layers=2",
                "model.embedding-dim=64",
                "training.max-steps=20",
                "training.micro-batch-size=4",
                "training.global-batch-size=8",
                "optimizer.learning-rate=3e-3",
                "schedule.warmup-steps=5",
                "schedule.min-learning-rate=3e-4"))
        .bind(DataShape.ofVocabulary(65));
  }
}
