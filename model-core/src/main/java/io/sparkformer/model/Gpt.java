package io.sparkformer.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.torch.TorchEngine;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/**
 * A decoder transformer as a DJL block: token ids int64 [B, T] and, if rows are padded on the
 * right, their lengths int64 [B], to float32 logits [B, T, K], or [B, K] of a classifier of
 * sequences.
 *
 * <p>Its parameters carry HuggingFace's GPT-2 names and layouts. Belongs to one thread at a time.
 */
public final class Gpt extends AbstractBlock implements AutoCloseable {

  private static final byte VERSION = 1;

  private final ModelConfig config;
  private final Precision precision;
  private final NDManager manager;
  private final Kernels kernels;
  private final Map<String, NDArray> weights;
  private final Kernels.Tensors weightList;

  private Gpt(
      ModelConfig config,
      NDManager manager,
      Precision precision,
      BiFunction<NDManager, Shape, NDArray> array) {
    super(VERSION);
    this.config = config;
    this.precision = precision;
    this.manager = manager;
    this.kernels = Kernels.load(manager, config, precision, Objective.PLAIN);
    this.weights = new LinkedHashMap<>();
    shapes(config).forEach((name, shape) -> addWeight(name, array.apply(manager, shape)));
    this.weightList = Kernels.Tensors.of(List.copyOf(weights.values()));
    initialize(manager, DataType.FLOAT32, new Shape(1, config.contextLength()));
  }

  /** A model whose weights are any numbers, to be filled from a file. */
  public static Gpt empty(ModelConfig config, Precision precision, Device device) {
    return of(config, precision, device, (manager, shape) -> manager.create(shape));
  }

  private static Gpt of(
      ModelConfig config,
      Precision precision,
      Device device,
      BiFunction<NDManager, Shape, NDArray> array) {
    NDManager manager = TorchEngine.get().newBaseManager(device);
    return new Gpt(config, manager, precision, array);
  }

  /** A model with GPT-2's initialization. */
  public static Gpt initialized(ModelConfig config, Precision precision, Device device, long seed) {
    return initialized(config, precision, device, seed, Initialization.GPT2);
  }

  /**
   * A model with random weights.
   *
   * @param seed the same seed gives the same weights
   */
  public static Gpt initialized(
      ModelConfig config,
      Precision precision,
      Device device,
      long seed,
      Initialization initialization) {
    Gpt model = of(config, precision, device, (manager, shape) -> manager.zeros(shape));
    Kernels.seed(seed);
    initialization.fill(config, model.weights, model.kernels);
    return model;
  }

  /** Names and shapes of the weights of a model, in order. */
  public static Map<String, Shape> shapes(ModelConfig config) {
    return WeightLayout.of(config).shapes();
  }

  private void addWeight(String name, NDArray array) {
    Parameter parameter =
        Parameter.builder()
            .setName(name)
            .setType(name.endsWith("bias") ? Parameter.Type.BIAS : Parameter.Type.WEIGHT)
            .optRequiresGrad(false) // The kernels differentiate for themselves.
            .build();
    parameter.setArray(array);
    addParameter(parameter);
    weights.put(name, array);
  }

  public ModelConfig config() {
    return config;
  }

  /** The manager that owns the weights; steps take sub-managers of it. */
  public NDManager manager() {
    return manager;
  }

  public Kernels kernels() {
    return kernels;
  }

  /** Kernels for training towards an objective; the caller closes them before the model. */
  public Kernels kernels(Objective objective) {
    return Kernels.load(manager, config, precision, objective);
  }

  /** The weights by name, in order; writing to an array changes the model. */
  public Map<String, NDArray> weights() {
    return weights;
  }

  public Kernels.Tensors weightList() {
    return weightList;
  }

  /** Number of trainable numbers; tied ones count once. */
  public long parameterCount() {
    return weights.values().stream().mapToLong(NDArray::size).sum();
  }

  /**
   * How a model does on a batch.
   *
   * @param lossSum cross entropy of the targets together, in nats, without dropout
   * @param targets that count
   * @param predictions the likeliest class for each of the batch's targets, also where none counts
   */
  @SuppressWarnings("ArrayRecordComponent") // Compared by no one.
  public record Evaluated(double lossSum, long targets, int[] predictions) {}

  /** Predicts a batch. */
  public Evaluated evaluate(TokenBatch batch) {
    try (NDManager step = manager.newSubManager()) {
      Shape tokens = new Shape(batch.rows(), batch.contextLength());
      float[] result =
          kernels
              .evaluate(
                  step,
                  step.create(batch.inputs(), tokens),
                  step.create(batch.targets()),
                  step.create(batch.lengths()),
                  weightList)
              .toFloatArray();
      int[] predictions = new int[result.length - 1];
      for (int i = 0; i < predictions.length; i++) {
        predictions[i] = (int) result[i + 1];
      }
      long targets =
          Arrays.stream(batch.targets()).filter(target -> target != TokenBatch.IGNORED).count();
      return new Evaluated(result[0], targets, predictions);
    }
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameterStore,
      NDList inputs,
      boolean training,
      PairList<String, Object> params) {
    NDArray ids = inputs.get(0);
    if (inputs.size() > 1) {
      return new NDList(kernels.logits(ids.getManager(), ids, inputs.get(1), weightList));
    }
    try (NDManager scratch = ids.getManager().newSubManager()) {
      Shape shape = ids.getShape();
      long[] full = new long[(int) shape.get(0)];
      Arrays.fill(full, shape.get(1));
      NDArray lengths = scratch.create(full);
      return new NDList(kernels.logits(ids.getManager(), ids, lengths, weightList));
    }
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    Shape ids = inputShapes[0];
    boolean ofSequence = config.head().kind() == Head.Kind.SEQUENCE_CLASSIFICATION;
    return new Shape[] {(ofSequence ? ids.slice(0, 1) : ids).add(config.numClasses())};
  }

  @Override
  public void close() {
    weightList.close();
    kernels.close();
    manager.close();
  }
}
