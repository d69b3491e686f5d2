package io.sparkformer.train;

import static io.sparkformer.SharedFiles.largestDifference;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.index.NDIndex;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Precision;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.run.TinyRun;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Five updates of each rule beside torch.optim's, what decays, and what stays frozen. */
@SuppressWarnings("FloatingPointLiteralPrecision") // As PyTorch printed them.
class OptimizerTest {

  private static final String EMBEDDING = "transformer.wte.weight";
  private static final String MATRIX = "lm_head.weight";
  private static final String BIAS = "lm_head.bias";

  /** An embedding of two numbers, and a linear layer: logits = embedding[id] W^T + b. */
  private static final String[] LINEAR = {
    "model.context-length=6",
    "model.num-layers=0",
    "model.embedding-dim=2",
    "model.positions=none",
    "model.norm=none",
    "model.dropout=0",
    "model.head.output=own",
    "model.head.bias=true",
    "training.micro-batch-size=1",
    "training.global-batch-size=1",
    "schedule.kind=constant",
    "schedule.warmup-steps=0",
    "optimizer.max-grad-norm=0",
  };

  // PyTorch 2.13 in float64, all of the constants below (weights rounded to float32):
  //   E = tensor([[.5, -.3], [.1, .8], [-.6, .2]]); W = tensor([[.4, .2], [-.5, .7], [.3, -.9]])
  //   b = tensor([.1, -.2, .3]); ids = tensor([0, 1, 2, 0, 1, 1]); y = tensor([1, 2, 0, 1, 0, 2])
  //   for _ in range(5): zero_grad(); F.cross_entropy(F.linear(E[ids], W, b), y).backward(); step()
  // The optimizer is in each test's comment.
  private static final double FIRST_LOSS = 1.5653665474686813;

  @Test
  void adamDecaysByItsGradientAsPyTorchsDoes() {
    // Adam([{'params': [E, W], 'weight_decay': .1}, {'params': [b], 'weight_decay': 0}],
    //      lr=.05, betas=(.9, .999), eps=1e-8)
    assertFiveUpdates(
        1.2537027408466488,
        new float[] {
          0.25643328f, -0.05505816f, 0.33809593f,
          0.55300814f, -0.35364312f, 0.43825254f
        },
        new float[] {
          0.15408325f, 0.44184f, -0.25931123f,
          0.4536751f, 0.09971302f, -0.6545603f
        },
        new float[] {-0.10857853f, 0.026300479f, 0.25842386f},
        "optimizer.kind=adam",
        "optimizer.learning-rate=0.05",
        "optimizer.beta2=0.999",
        "optimizer.weight-decay=0.1");
  }

  @Test
  void adamWOverAllWeightsIsPyTorchsAsItComes() {
    // AdamW([E, W, b], lr=.05, betas=(.9, .95), eps=1e-8, weight_decay=.1)
    assertFiveUpdates(
        1.2421785508655514,
        new float[] {
          0.2455466f, -0.04876929f, 0.33979547f,
          0.5351868f, -0.34112626f, 0.44060785f
        },
        new float[] {
          0.14534676f, 0.4426683f, -0.25000668f,
          0.43824884f, 0.1539011f, -0.63521385f
        },
        new float[] {-0.10895078f, 0.030519016f, 0.24291955f},
        "optimizer.kind=adamw",
        "optimizer.learning-rate=0.05",
        "optimizer.beta2=0.95",
        "optimizer.weight-decay=0.1",
        "optimizer.decay=all");
  }

  @Test
  void adamWWithClippingAndPatternsOfWhatDoesNotDecayIsPyTorchsWithGroups() {
    // AdamW([{'params': [E], 'weight_decay': .5}, {'params': [W, b], 'weight_decay': 0.}], lr=.05,
    //       betas=(.8, .99), eps=1e-2), and clip_grad_norm_([E, W, b], .1) before each step
    assertFiveUpdates(
        1.2855134093017326,
        new float[] {
          0.25511608f, -0.066011846f, 0.2519443f,
          0.50524646f, -0.41418272f, 0.24955785f
        },
        new float[] {
          0.23581167f, 0.27723348f, -0.33178696f,
          0.50674015f, 0.2572806f, -0.7131384f
        },
        new float[] {0.027917406f, -0.12310301f, 0.29033682f},
        "optimizer.kind=adamw",
        "optimizer.learning-rate=0.05",
        "optimizer.beta1=0.8",
        "optimizer.beta2=0.99",
        "optimizer.epsilon=0.01",
        "optimizer.weight-decay=0.5",
        "optimizer.decay=all",
        "optimizer.no-decay=[lm_head.*]",
        "optimizer.max-grad-norm=0.1");
  }

  @Test
  void gradientDescentWithMomentumAndDecayIsPyTorchs() {
    // SGD([E, W, b], lr=.3, momentum=.9, weight_decay=.1)
    assertFiveUpdates(
        1.053637365122933,
        new float[] {
          -0.3200727f, 0.6381722f, 0.46222836f,
          -0.3586427f, -0.22414717f, 0.23148324f
        },
        new float[] {
          -0.10420978f, 0.1802051f, 0.00830565f,
          -0.03330089f, 0.22248343f, -0.14690422f
        },
        new float[] {-0.014282103f, 0.0033264856f, 0.13753492f},
        "optimizer.kind=sgd",
        "optimizer.learning-rate=0.3",
        "optimizer.momentum=0.9",
        "optimizer.weight-decay=0.1",
        "optimizer.decay=all");
  }

  @Test
  void plainGradientDescentIsPyTorchs() {
    // SGD([E, W, b], lr=.3)
    assertFiveUpdates(
        1.215952157931864,
        new float[] {
          0.20429909f, 0.08880659f, 0.28101227f,
          0.3989168f, -0.52496016f, 0.24262592f
        },
        new float[] {
          0.23075674f, 0.22873856f, -0.33842158f,
          0.46662247f, 0.30766484f, -0.695361f
        },
        new float[] {0.05755983f, -0.1454261f, 0.28786626f},
        "optimizer.kind=sgd",
        "optimizer.learning-rate=0.3",
        "optimizer.weight-decay=0");
  }

  private static void assertFiveUpdates(
      double lastLoss, float[] embedding, float[] matrix, float[] bias, String... settings) {
    List<String> all = new ArrayList<>(List.of(LINEAR));
    all.addAll(List.of(settings));
    Recipe recipe = TinyRun.recipe(all.toArray(String[]::new)).bind(DataShape.ofVocabulary(3));
    TokenBatch batch =
        TokenBatch.full(new long[] {0, 1, 2, 0, 1, 1}, new long[] {1, 2, 0, 1, 0, 2}, 1, 6);
    try (Gpt model = Gpt.empty(recipe.model(), Precision.FP32, Device.cpu());
        Optimizer optimizer = Optimizer.of(model, recipe.optimizer(), Set.of());
        Trainer trainer = Trainer.alone(recipe, model, optimizer)) {
      assertThat(model.weights()).containsOnlyKeys(EMBEDDING, MATRIX, BIAS);
      model.weights().get(EMBEDDING).set(new float[] {.5f, -.3f, .1f, .8f, -.6f, .2f});
      model.weights().get(MATRIX).set(new float[] {.4f, .2f, -.5f, .7f, .3f, -.9f});
      model.weights().get(BIAS).set(new float[] {.1f, -.2f, .3f});
      double loss = 0;
      for (int step = 0; step < 5; step++) {
        loss = trainer.step((s, m) -> batch, step).loss();
        if (step == 0) {
          assertThat(loss).isCloseTo(FIRST_LOSS, within(1e-6));
        }
      }

      assertThat(loss).isCloseTo(lastLoss, within(2e-6));
      assertThat(largestDifference(values(model, EMBEDDING), embedding)).isLessThan(3e-6);
      assertThat(largestDifference(values(model, MATRIX), matrix)).isLessThan(3e-6);
      assertThat(largestDifference(values(model, BIAS), bias)).isLessThan(3e-6);
    }
  }

  private static float[] values(Gpt model, String name) {
    return model.weights().get(name).toFloatArray();
  }

  @Test
  void matricesDecayAndBiasesAndNormsDoNotUnlessAllDo() {
    assertThat(decaying()).isEqualTo(matrices());
    assertThat(decaying("optimizer.decay=all"))
        .hasSize(names().size())
        .contains("transformer.h.0.ln_1.weight", "transformer.h.1.mlp.c_fc.bias");
  }

  @Test
  void patternsTakeWeightsOutOfDecay() {
    Set<String> blocks = new TreeSet<>(matrices());
    blocks.remove("transformer.wte.weight");
    blocks.remove("transformer.wpe.weight");
    assertThat(decaying("optimizer.no-decay=[transformer.w*.weight]")).isEqualTo(blocks);

    Set<String> noBias = new TreeSet<>(names());
    noBias.removeIf(name -> name.endsWith(".bias"));
    assertThat(decaying("optimizer.decay=all", "optimizer.no-decay=['*.bias']")).isEqualTo(noBias);

    assertThat(decaying("optimizer.no-decay=['*']")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"adamw", "adam", "sgd"})
  void frozenWeightsStayBitForBitAndAllOthersChange(String kind) {
    Recipe recipe =
        recipe(
            "optimizer.kind=" + kind,
            "optimizer.decay=all",
            "training.freeze=[transformer.h.0.*, transformer.wte.weight]");
    try (Gpt model = Gpt.initialized(recipe.model(), Precision.FP32, Device.cpu(), 5)) {
      Set<String> frozen = Trainer.frozen(recipe, model.weights().keySet());
      assertThat(frozen)
          .hasSize(13)
          .contains("transformer.wte.weight", "transformer.h.0.attn.c_attn.weight")
          .doesNotContain("transformer.h.1.attn.c_attn.weight");
      Map<String, float[]> before = weights(model);

      train(recipe, model, frozen, 3);

      weights(model)
          .forEach(
              (name, after) -> {
                if (frozen.contains(name)) {
                  assertThat(after).as(name).isEqualTo(before.get(name));
                } else {
                  assertThat(after).as(name).isNotEqualTo(before.get(name));
                }
              });
    }
  }

  @Test
  void frozenWeightsDoNotCountForTheNormThatIsClipped() {
    Recipe whole = recipe();
    Recipe part = recipe("training.freeze=[transformer.*]", "model.head.output=own");
    try (Gpt model = Gpt.initialized(part.model(), Precision.FP32, Device.cpu(), 5)) {
      double ofHead = train(part, model, Trainer.frozen(part, model.weights().keySet()), 1);
      double ofAll;
      try (Gpt same = Gpt.initialized(part.model(), Precision.FP32, Device.cpu(), 5)) {
        ofAll = train(whole, same, Set.of(), 1);
      }
      assertThat(ofHead).isPositive().isLessThan(ofAll);
    }
  }

  @Test
  void aPatternThatMatchesNothingIsRefusedWithTheNamesThatThereAre() {
    Recipe freezing = recipe("training.freeze=[transformer.h.2.*]");
    try (Gpt model = Gpt.empty(freezing.model(), Precision.FP32, Device.cpu())) {
      assertThatThrownBy(() -> Trainer.frozen(freezing, model.weights().keySet()))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageStartingWith(
              "training.freeze: 'transformer.h.2.*' matches no weight: the model has transformer.wte.weight, ")
          .hasMessageContaining("transformer.h.1.mlp.c_fc.weight");
      // A dot is a dot, and a pattern is of the whole name.
      for (String pattern : List.of("transformerxwte.weight", "wte.weight", "transformer.wte")) {
        Recipe none = recipe("optimizer.no-decay=[" + pattern + "]");
        assertThatThrownBy(() -> Optimizer.of(model, none.optimizer(), Set.of()))
            .isInstanceOf(InvalidInputException.class)
            .hasMessageStartingWith(
                "optimizer.no-decay: '" + pattern + "' matches no weight: the model has ");
      }
    }
  }

  @Test
  void freezingEverythingIsRefused() {
    Recipe all = recipe("training.freeze=['transformer.h.*', 'transformer.*']");
    assertThatThrownBy(() -> Trainer.frozen(all, Gpt.shapes(all.model()).keySet()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "training.freeze: transformer.h.*, transformer.* matches every weight, so there is nothing to train: leave some out");
  }

  @Test
  void momentumIsForGradientDescentOnly() {
    assertThatThrownBy(() -> recipe("optimizer.momentum=0.9"))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("optimizer.momentum is 0.9, but optimizer.kind is not sgd: set beta1 instead");
    assertThat(recipe("optimizer.kind=sgd", "optimizer.momentum=0.9").optimizer().momentum())
        .isEqualTo(0.9);
  }

  private static Recipe recipe(String... settings) {
    return TinyRun.recipe(settings).bind(DataShape.ofVocabulary(6));
  }

  private static Set<String> names() {
    return Gpt.shapes(recipe().model()).keySet();
  }

  private static Set<String> matrices() {
    Set<String> matrices = new TreeSet<>();
    Gpt.shapes(recipe().model())
        .forEach(
            (name, shape) -> {
              if (shape.dimension() == 2) {
                matrices.add(name);
              }
            });
    return matrices;
  }

  /** Which weights an update without any gradient makes smaller. */
  private static Set<String> decaying(String... settings) {
    List<String> all = new ArrayList<>(List.of(settings));
    all.add("optimizer.weight-decay=0.5");
    Recipe recipe = recipe(all.toArray(String[]::new));
    try (Gpt model = Gpt.empty(recipe.model(), Precision.FP32, Device.cpu());
        Optimizer optimizer = Optimizer.of(model, recipe.optimizer(), Set.of())) {
      model.weights().values().forEach(weight -> weight.set(new NDIndex("..."), 1f));
      try (ai.djl.ndarray.NDManager scratch = model.manager().newSubManager()) {
        List<ai.djl.ndarray.NDArray> none =
            model.weightList().arrays().stream()
                .map(weight -> scratch.zeros(weight.getShape()))
                .toList();
        optimizer.update(scratch, none, 1, 0.1);
      }
      Set<String> decaying = new LinkedHashSet<>();
      weights(model)
          .forEach(
              (name, values) -> {
                if (values[0] < 1) {
                  assertThat(values).as(name).containsOnly(values[0]);
                  assertThat(values[0]).isCloseTo(0.95f, within(1e-6f));
                  decaying.add(name);
                } else {
                  assertThat(values).as(name).containsOnly(1f);
                }
              });
      return new TreeSet<>(decaying);
    }
  }

  /** Trains on a pattern; returns the last norm. */
  private static double train(Recipe recipe, Gpt model, Set<String> frozen, int steps) {
    TokenBatch batch =
        TokenBatch.full(
            new java.util.Random(1).longs(32, 0, 6).toArray(),
            new java.util.Random(2).longs(32, 0, 6).toArray(),
            4,
            8);
    double norm = 0;
    try (Optimizer optimizer = Optimizer.of(model, recipe.optimizer(), frozen);
        Trainer trainer = Trainer.alone(recipe, model, optimizer)) {
      for (int step = 0; step < steps; step++) {
        norm = trainer.step((s, m) -> batch, step).gradNorm();
      }
    }
    return norm;
  }

  private static Map<String, float[]> weights(Gpt model) {
    Map<String, float[]> weights = new TreeMap<>();
    model.weights().forEach((name, weight) -> weights.put(name, weight.toFloatArray()));
    return weights;
  }
}
