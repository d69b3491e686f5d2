package io.sparkformer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.torch.TorchArchive;
import io.sparkformer.torch.TorchModule;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The model's mathematics, one engine call each: a TorchScript module without parameters whose
 * source is forward.py, inference.py and training.py beside this class.
 *
 * <p>DJL binds no fused attention, tanh GELU, fused optimizer or autocast; through TorchScript
 * every operator of the engine is reachable, autograd included. Weights are a {@link Tensors} list
 * in {@link WeightLayout}'s order.
 *
 * <p>B = batch, T = sequence, C = width of the stream, K = classes (tokens or labels), H =
 * numHeads, D = headDim, N = predictions: B * T, or B for a classifier of sequences. Rows are
 * padded on the right; lengths int64 [B] are their real tokens.
 */
public final class Kernels implements AutoCloseable {

  /** The forward pass. */
  static final String FORWARD = "forward.py";

  private static final List<String> SOURCES =
      Stream.of(FORWARD, "inference.py", "training.py")
          .map(name -> TorchArchive.methods(Kernels.class, name))
          .toList();

  private final TorchModule module;
  private final NDArray gradientsMethod;
  private final NDArray classWeights;

  private Kernels(TorchModule module, NDArray gradientsMethod, NDArray classWeights) {
    this.module = module;
    this.gradientsMethod = gradientsMethod;
    this.classWeights = classWeights;
  }

  /** Compiles the kernels for one shape of model; they live until closed. */
  static Kernels load(
      NDManager manager, ModelConfig config, Precision precision, Objective objective) {
    Map<String, Object> attributes = KernelAttributes.forward(config, precision);
    attributes.putAll(KernelAttributes.training(config, objective));
    TorchArchive archive = new TorchArchive(SOURCES, attributes, Map.of());
    TorchModule module = TorchModule.load(manager, archive.bytes());
    NDArray gradientsMethod = manager.create(0f);
    gradientsMethod.setName("module_method:gradients"); // an array of such a name selects a method
    float[] weights = new float[objective.classWeights().size()];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = objective.classWeights().get(i).floatValue();
    }
    NDArray classWeights =
        weights.length == 0
            ? manager.zeros(new Shape(0), DataType.FLOAT32)
            : manager.create(weights);
    return new Kernels(module, gradientsMethod, classWeights);
  }

  /** Arrays that stay together over many calls; as a native list they are handed over for free. */
  public static final class Tensors implements AutoCloseable {
    private final List<NDArray> arrays;
    private final TorchModule.NativeList list;

    private Tensors(List<NDArray> arrays) {
      this.arrays = List.copyOf(arrays);
      this.list = new TorchModule.NativeList(arrays);
    }

    /** The arrays stay the caller's. */
    public static Tensors of(List<NDArray> arrays) {
      return new Tensors(arrays);
    }

    public List<NDArray> arrays() {
      return arrays;
    }

    @Override
    public void close() {
      list.close();
    }
  }

  /**
   * The numbers of one update.
   *
   * @param momentum SGD's, or the decay of Adam's first moment
   * @param beta2 decay of Adam's second moment
   */
  public record Update(
      double learningRate,
      double momentum,
      double beta2,
      double epsilon,
      double weightDecay,
      double maxGradNorm) {}

  /** Which update. */
  public enum Rule {
    /** Adam (Kingma and Ba 2015, arXiv:1412.6980); decay is added to the gradient. */
    ADAM,
    /** AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101). */
    ADAMW,
    /** Gradient descent with momentum, as PyTorch has it. */
    SGD
  }

  /**
   * A group of parameters with its gradients' running moments, in one order.
   *
   * @param secondMoments empty for SGD
   */
  public record Group(Tensors parameters, Tensors firstMoments, Tensors secondMoments) {}

  /** Threads of one operator in this JVM. */
  public static void threads(int threads) {
    TorchModule.threads(threads);
  }

  /** Seeds dropout and initialization. */
  public static void seed(long seed) {
    TorchModule.seed(seed);
  }

  /** The stream after the final norm: ids [B, T] -> float32 [B, T, C]. */
  public NDArray hidden(NDManager manager, NDArray ids, NDArray lengths, Tensors weights) {
    return module.call(manager, "hidden", ids, lengths, weights.list);
  }

  /** Ids [B, T] -> float32 [B, T, K], or [B, K] of a classifier of sequences. */
  public NDArray logits(NDManager manager, NDArray ids, NDArray lengths, Tensors weights) {
    return module.call(manager, "logits", ids, lengths, weights.list);
  }

  /**
   * Plain cross entropy without dropout, and predictions.
   *
   * @param targets [N]
   * @return float32 [1 + N]: the sum of the losses in nats, then the class with the largest logit
   */
  public NDArray evaluate(
      NDManager manager, NDArray ids, NDArray targets, NDArray lengths, Tensors weights) {
    return module.call(manager, "evaluate", ids, targets, lengths, weights.list);
  }

  /**
   * Plain cross entropy of a language model, row by row.
   *
   * @param targets [B, T]
   * @return float32 [B]: the sum of each row's losses, in nats
   */
  public NDArray rowLosses(
      NDManager manager, NDArray ids, NDArray targets, NDArray lengths, Tensors weights) {
    return module.call(manager, "row_losses", ids, targets, lengths, weights.list);
  }

  /**
   * The sum of the objective's losses with dropout, and its gradients.
   *
   * @return the loss, then one float32 gradient for each weight, zero for frozen ones, attached to
   *     ids' manager
   */
  public NDList gradients(NDArray ids, NDArray targets, NDArray lengths, Tensors weights) {
    NDList inputs = new NDList(weights.arrays.size() + 5);
    inputs.add(ids);
    inputs.add(targets);
    inputs.add(lengths);
    inputs.add(classWeights);
    for (NDArray weight : weights.arrays) {
      weight.setName("p[]"); // arrays of one such name become one list argument
      inputs.add(weight);
    }
    inputs.add(gradientsMethod);
    return module.forward(inputs);
  }

  /**
   * What the blocks attend to, recomputed step by step: fused attention leaves no weights behind.
   *
   * @return weights [L, B, H, T, T], values [L, B, H, T, valueDim], and what the fused attention
   *     makes of them [L, B, H, T, valueDim]
   */
  public NDList attention(NDManager manager, NDArray ids, NDArray lengths, Tensors weights) {
    return module.callForList(manager, "attention", ids, lengths, weights.list);
  }

  /** Adds gradients to sums, in place. */
  public void accumulate(NDManager manager, List<NDArray> sums, List<NDArray> gradients) {
    module.call(manager, "accumulate", sums, gradients).close();
  }

  /** Floats [floats] of pinned host memory, from and to which GPUs copy at full speed. */
  public NDArray pinned(NDManager manager, long floats) {
    return module.call(manager, "host_memory", floats, true);
  }

  /**
   * Copies arrays into others of the same shapes, on any device; DJL's own ways go through Java's
   * memory, and have the engine warn of what DJL's native code does.
   */
  public void copy(NDManager manager, List<NDArray> into, List<NDArray> from) {
    module.call(manager, "copy", into, from).close();
  }

  /**
   * One update by the mean of gradients, after clipping it to a global norm; weights, moments and
   * step change in place.
   *
   * @param decayed the group that weight decay applies to
   * @param plain the group that it does not apply to
   * @param step scalar, updates so far
   * @param count what the sums are divided by
   * @return the norm of the mean before clipping, a scalar
   */
  public NDArray update(
      NDManager manager,
      Rule rule,
      Group decayed,
      List<NDArray> decayedSums,
      Group plain,
      List<NDArray> plainSums,
      NDArray step,
      double count,
      Update update) {
    return module.call(
        manager,
        "update",
        rule.name().toLowerCase(Locale.ROOT),
        decayed.parameters().list,
        decayedSums,
        decayed.firstMoments().list,
        decayed.secondMoments().list,
        plain.parameters().list,
        plainSums,
        plain.firstMoments().list,
        plain.secondMoments().list,
        step,
        count,
        update.learningRate(),
        update.momentum(),
        update.beta2(),
        update.epsilon(),
        update.weightDecay(),
        update.maxGradNorm());
  }

  /**
   * Feeds tokens to a causal language model that remembers the ones before.
   *
   * @param ids [B, T]; T = 1 unless position is 0
   * @param position of the first token in the context; position + T is at most contextLength
   * @param cache keys and values [numLayers, B, 2, H, contextLength, max(headDim, valueDim)],
   *     written in place
   * @return float32 logits [B, K] of the last token
   */
  public NDArray decode(
      NDManager manager, NDArray ids, int position, NDArray cache, Tensors weights) {
    return module.call(manager, "decode", ids, (long) position, cache, weights.list);
  }

  @Override
  public void close() {
    gradientsMethod.close();
    classWeights.close();
    module.close();
  }
}
