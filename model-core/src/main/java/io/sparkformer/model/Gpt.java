package io.sparkformer.model;

import ai.djl.Device;
import ai.djl.engine.Engine;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A decoder transformer of GPT-2's form as a DJL block: token ids int64 [B, T] to float32 logits
 * [B, T, V].
 *
 * <p>Its parameters carry HuggingFace's GPT-2 names and layouts (matrices of blocks are Conv1D's
 * [in, out]), in one fixed order that the kernels rely on: wte, wpe, for each block its norms and
 * matrices each followed by its bias if there are biases, ln_f, and lm_head unless it is tied.
 *
 * <p>Belongs to one thread at a time.
 */
public final class Gpt extends AbstractBlock implements AutoCloseable {

  private static final byte VERSION = 1;
  private static final double INITIAL_STDDEV = 0.02;

  private final ModelConfig config;
  private final NDManager manager;
  private final Kernels kernels;
  private final Map<String, NDArray> weights;
  private final Kernels.Tensors weightList;

  private Gpt(ModelConfig config, NDManager manager, Precision precision) {
    super(VERSION);
    this.config = config;
    this.manager = manager;
    this.kernels = Kernels.load(manager, config, precision);
    this.weights = new LinkedHashMap<>();
    shapes(config).forEach(this::addWeight);
    this.weightList = Kernels.Tensors.of(List.copyOf(weights.values()));
    initialize(manager, DataType.FLOAT32, new Shape(1, config.contextLength()));
  }

  /** A model with zero weights, to be filled from a file. */
  public static Gpt empty(ModelConfig config, Precision precision, Device device) {
    NDManager manager = Engine.getEngine("PyTorch").newBaseManager(device);
    return new Gpt(config, manager, precision);
  }

  /**
   * A model with GPT-2's initialization: normal with deviation 0.02, the matrices that write to the
   * residual stream 0.02 / sqrt(2 numLayers); norms one, biases zero.
   *
   * @param seed the same seed gives the same weights
   */
  public static Gpt initialized(ModelConfig config, Precision precision, Device device, long seed) {
    Gpt model = empty(config, precision, device);
    Kernels.seed(seed);
    double residual = INITIAL_STDDEV / Math.sqrt(2.0 * config.numLayers());
    model.weights.forEach(
        (name, weight) -> {
          if (weight.getShape().dimension() > 1) {
            double stddev = name.endsWith("c_proj.weight") ? residual : INITIAL_STDDEV;
            // Drawn on the CPU, so that every device starts from the same weights.
            try (NDManager scratch = model.manager.newSubManager(Device.cpu())) {
              scratch
                  .randomNormal(0f, (float) stddev, weight.getShape(), DataType.FLOAT32)
                  .copyTo(weight);
            }
          } else if (name.endsWith(".weight")) {
            weight.addi(1f);
          }
        });
    return model;
  }

  /** Names and shapes of the weights of a model, in order. */
  public static Map<String, Shape> shapes(ModelConfig config) {
    int width = config.embeddingDim();
    int inner = config.feedForwardDim();
    Shapes shapes = new Shapes(config.bias());
    shapes.matrix("transformer.wte.weight", config.vocabSize(), width);
    shapes.matrix("transformer.wpe.weight", config.contextLength(), width);
    for (int layer = 0; layer < config.numLayers(); layer++) {
      String block = "transformer.h." + layer + ".";
      shapes.norm(block + "ln_1", width);
      shapes.affine(block + "attn.c_attn", width, 3 * width);
      shapes.affine(block + "attn.c_proj", width, width);
      shapes.norm(block + "ln_2", width);
      shapes.affine(block + "mlp.c_fc", width, inner);
      shapes.affine(block + "mlp.c_proj", inner, width);
    }
    shapes.norm("transformer.ln_f", width);
    if (!config.tiedHead()) {
      shapes.matrix("lm_head.weight", config.vocabSize(), width);
    }
    return shapes.byName;
  }

  private record Shapes(boolean bias, Map<String, Shape> byName) {
    Shapes(boolean bias) {
      this(bias, new LinkedHashMap<>());
    }

    void matrix(String name, int rows, int columns) {
      byName.put(name, new Shape(rows, columns));
    }

    void affine(String name, int in, int out) {
      matrix(name + ".weight", in, out);
      biasOf(name, out);
    }

    void norm(String name, int width) {
      byName.put(name + ".weight", new Shape(width));
      biasOf(name, width);
    }

    private void biasOf(String name, int width) {
      if (bias) {
        byName.put(name + ".bias", new Shape(width));
      }
    }
  }

  private void addWeight(String name, Shape shape) {
    NDArray array = manager.zeros(shape, DataType.FLOAT32);
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

  /** Mean cross entropy of a batch, in nats, without dropout. */
  public float loss(TokenBatch batch) {
    try (NDManager step = manager.newSubManager()) {
      NDArray ids = step.create(batch.inputs(), new Shape(batch.rows(), batch.contextLength()));
      NDArray targets =
          step.create(batch.targets(), new Shape(batch.rows(), batch.contextLength()));
      return kernels.loss(step, ids, targets, weightList).toFloatArray()[0];
    }
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameterStore,
      NDList inputs,
      boolean training,
      PairList<String, Object> params) {
    NDArray ids = inputs.singletonOrThrow();
    return new NDList(kernels.logits(ids.getManager(), ids, weightList));
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    return new Shape[] {inputShapes[0].add(config.vocabSize())};
  }

  @Override
  public void close() {
    weightList.close();
    kernels.close();
    manager.close();
  }
}
