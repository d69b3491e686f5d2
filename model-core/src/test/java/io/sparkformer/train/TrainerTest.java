package io.sparkformer.train;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.run.TinyRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Initialization, dropout, and steps of every kind of model on a pattern that can be learned. */
class TrainerTest {

  private static final int VOCAB = 6;

  @TempDir private Path directory;

  @Test
  void weightsStartAsGpt2sDo() {
    Recipe recipe = recipe("model.embedding-dim=64", "model.num-layers=3", "model.head.output=own");
    double residual = 0.02 / Math.sqrt(2 * 3);
    try (Gpt model = model(recipe)) {
      model
          .weights()
          .forEach(
              (name, weight) -> {
                float[] values = weight.toFloatArray();
                if (weight.getShape().dimension() == 1) {
                  float expected = name.endsWith(".bias") ? 0f : 1f;
                  assertThat(values).as(name).containsOnly(expected);
                } else {
                  double stddev = name.endsWith("c_proj.weight") ? residual : 0.02;
                  // Five standard errors.
                  double error = 5 / Math.sqrt(2.0 * values.length);
                  assertThat(deviation(values) / stddev).as(name).isCloseTo(1, within(error));
                }
              });
    }
  }

  @Test
  void oneSeedGivesOneModelAndAnotherAnother() {
    Recipe recipe = recipe();
    try (Gpt first = model(recipe);
        Gpt second = model(recipe);
        Gpt other = model(recipe("training.seed=8"))) {
      assertThat(values(first)).containsExactlyElementsOf(values(second));
      assertThat(values(first)).isNotEqualTo(values(other));
    }
  }

  @Test
  void dropoutIsAFunctionOfItsSeed() {
    Recipe recipe = recipe("model.dropout=0.5");
    try (Gpt model = model(recipe)) {
      float first = lossWithDropout(model, 1);

      assertThat(lossWithDropout(model, 1)).isEqualTo(first);
      assertThat(lossWithDropout(model, 2)).isNotEqualTo(first);
      assertThat(TinyRun.loss(model, batch()))
          .isEqualTo(TinyRun.loss(model, batch()))
          .isNotEqualTo(first);
    }
  }

  @Test
  void everyStepAndMicroBatchHasItsOwnDropout() {
    // One batch at a learning rate of 0: only dropout can make losses differ.
    Recipe recipe =
        recipe("model.dropout=0.5", "optimizer.learning-rate=0", "schedule.kind=constant");
    try (Gpt model = model(recipe);
        Optimizer optimizer = Optimizer.of(model, recipe.optimizer(), Set.of())) {
      Trainer trainer = Trainer.alone(recipe, model, optimizer);
      double first = trainer.step((step, m) -> batch(), 0).loss();

      assertThat(trainer.step((step, m) -> batch(), 1).loss()).isNotEqualTo(first);
      assertThat(trainer.step((step, m) -> batch(), 0).loss()).isEqualTo(first);
    }
    Recipe single = recipe("model.dropout=0.5", "training.global-batch-size=4");
    try (Gpt model = model(recipe);
        Gpt same = model(single);
        Optimizer ofTwo = Optimizer.of(model, recipe.optimizer(), Set.of());
        Optimizer ofOne = Optimizer.of(same, single.optimizer(), Set.of())) {
      double mean = Trainer.alone(recipe, model, ofTwo).step((s, m) -> batch(), 0).loss();
      assertThat(Trainer.alone(single, same, ofOne).step((s, m) -> batch(), 0).loss())
          .isNotEqualTo(mean);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model.bias=true",
        "model.bias=false",
        "model.head.output=own",
        "model.bias=false model.head.output=own model.activation=gelu",
        "model.feed-forward-dim=8",
        "model.dropout=0",
        "training.precision=bf16",
        "training.precision=bf16 model.bias=false model.head.output=own",
      })
  void everyKindOfModelLearnsAndIsReadBackWithEqualLogits(String settings) throws IOException {
    Recipe recipe = recipe((settings + " schedule.kind=constant").split(" "));
    try (Gpt model = model(recipe);
        Optimizer optimizer = Optimizer.of(model, recipe.optimizer(), Set.of())) {
      float before = TinyRun.loss(model, batch());
      Trainer trainer = Trainer.alone(recipe, model, optimizer);
      for (int step = 0; step < 30; step++) {
        trainer.step((s, m) -> batch(), step);
      }

      assertThat(before).isCloseTo((float) Math.log(VOCAB), within(0.1f));
      assertThat(TinyRun.loss(model, batch())).isLessThan(before / 2);
      org.apache.hadoop.fs.Path path = hadoop(directory.resolve("model"));
      ModelDirectory.at(new Configuration(), path).save(model, TextProcessing.NONE);
      try (Gpt read =
          ModelDirectory.open(new Configuration(), path)
              .load(recipe.training().precision(), Device.cpu())) {
        assertThat(read.config()).isEqualTo(model.config());
        assertThat(logits(read)).isEqualTo(logits(model));
      }
    }
  }

  @Test
  void masterWeightsAndMomentsStayFloat32UnderBf16() {
    Recipe recipe = recipe("training.precision=bf16", "optimizer.learning-rate=1e-6");
    try (Gpt model = model(recipe);
        Optimizer optimizer = Optimizer.of(model, recipe.optimizer(), Set.of())) {
      float[] before = model.weights().get("transformer.wpe.weight").toFloatArray();
      Trainer.alone(recipe, model, optimizer).step((s, m) -> batch(), 0);

      // A change of 2.5e-7 to a weight of 0.02 is lost in bfloat16.
      assertThat(model.weights().get("transformer.wpe.weight").toFloatArray()).isNotEqualTo(before);
      assertThat(recipe.training().precision()).isEqualTo(Precision.BF16);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"training.precision=fp32", "training.precision=bf16"})
  void aStepLeavesNoArraysBehind(String precision) {
    Recipe recipe = recipe(precision, "training.max-steps=200");
    try (Gpt model = model(recipe);
        Optimizer optimizer = Optimizer.of(model, recipe.optimizer(), Set.of())) {
      Trainer trainer = Trainer.alone(recipe, model, optimizer);
      trainer.step((s, m) -> batch(), 0);
      int before = resources(model.manager());
      model.manager().cap(); // from here on an array that is attached to it is an error

      for (int step = 1; step < 200; step++) {
        trainer.step((s, m) -> batch(), step);
        TinyRun.loss(model, batch());
      }

      assertThat(resources(model.manager())).isEqualTo(before).isPositive();
    }
  }

  private static int resources(NDManager manager) {
    return manager.getManagedArrays().size();
  }

  private static Gpt model(Recipe recipe) {
    return Gpt.initialized(
        recipe.model(), recipe.training().precision(), Device.cpu(), recipe.training().seed());
  }

  private static Recipe recipe(String... settings) {
    return TinyRun.recipe(settings).bind(DataShape.ofVocabulary(VOCAB));
  }

  /** Four rows of 0 1 2 3 4 5 0 1 ..., each from another start. */
  private static TokenBatch batch() {
    return TokenBatch.full(counting(0), counting(1), 4, 8);
  }

  private static long[] counting(int from) {
    return LongStream.range(0, 32).map(i -> (i / 8 + i % 8 + from) % VOCAB).toArray();
  }

  private static float lossWithDropout(Gpt model, long seed) {
    Kernels.seed(seed);
    try (NDManager scratch = model.manager().newSubManager()) {
      NDArray ids = scratch.create(batch().inputs(), new Shape(4, 8));
      NDArray targets = scratch.create(batch().targets());
      NDArray lengths = scratch.create(batch().lengths());
      return model
          .kernels()
          .gradients(ids, targets, lengths, model.weightList())
          .get(0)
          .toFloatArray()[0];
    }
  }

  private static float[] logits(Gpt model) {
    try (NDManager scratch = model.manager().newSubManager()) {
      NDArray ids = scratch.create(batch().inputs(), new Shape(4, 8));
      NDArray lengths = scratch.create(batch().lengths());
      return new NDList(model.kernels().logits(scratch, ids, lengths, model.weightList()))
          .singletonOrThrow()
          .toFloatArray();
    }
  }

  private static List<Float> values(Gpt model) {
    List<Float> values = new ArrayList<>();
    for (Map.Entry<String, NDArray> weight : model.weights().entrySet()) {
      for (float value : weight.getValue().toFloatArray()) {
        values.add(value);
      }
    }
    return values;
  }

  private static double deviation(float[] values) {
    double squares = 0;
    for (float value : values) {
      squares += (double) value * value;
    }
    return Math.sqrt(squares / values.length);
  }
}
