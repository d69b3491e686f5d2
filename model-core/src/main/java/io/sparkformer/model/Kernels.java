package io.sparkformer.model;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The model's mathematics, one engine call each: a TorchScript module without parameters whose
 * source is kernels.py beside this class.
 *
 * <p>DJL binds no fused attention, tanh GELU, fused optimizer or autocast; through TorchScript
 * every operator of the engine is reachable, autograd included. This is the only class that uses
 * DJL's JNI layer. Weights are a {@link Tensors} list in {@link Gpt}'s order.
 *
 * <p>B = batch, T = sequence, C = embeddingDim, V = vocabSize, H = numHeads, D = headDim.
 */
public final class Kernels implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Kernels.class);
  private static final String SOURCE = "kernels.py";

  /** Both modes are the thread's own in the engine; with the optimizer on, bf16 backward fails. */
  private static final ThreadLocal<Boolean> MODES =
      ThreadLocal.withInitial(
          () -> {
            JniUtils.setGraphExecutorOptimize(false);
            JniUtils.setGradMode(true);
            return true;
          });

  /**
   * Held for reading by every call. When the JVM ends, its last hook takes it for writing: the
   * engine must not be at work while the C library destroys the engine's globals.
   */
  private static final ReentrantReadWriteLock RUNNING = new ReentrantReadWriteLock();

  private static final int LAST_CALL_SECONDS = 20;

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(Kernels::awaitLastCall, "engine-idle"));
  }

  private final PtSymbolBlock module;
  private final NDArray gradientsMethod;

  private Kernels(PtSymbolBlock module, NDArray gradientsMethod) {
    this.module = module;
    this.gradientsMethod = gradientsMethod;
  }

  /** Compiles the kernels for one shape of model; they live until closed. */
  public static Kernels load(NDManager manager, ModelConfig config, Precision precision) {
    byte[] archive = TorchArchive.of("Kernels", source(), attributes(config, precision));
    MODES.get();
    NDArray gradientsMethod = manager.create(0f);
    gradientsMethod.setName("module_method:gradients"); // an array of such a name selects a method
    try {
      // The last argument: no length precedes the archive.
      PtSymbolBlock module =
          JniUtils.loadModule(
              (PtNDManager) manager, new ByteArrayInputStream(archive), false, false);
      return new Kernels(module, gradientsMethod);
    } catch (IOException e) {
      throw new UncheckedIOException("reading from memory failed", e);
    }
  }

  private static String source() {
    try (InputStream in = Kernels.class.getResourceAsStream(SOURCE)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the resource " + SOURCE, e);
    }
  }

  private static Map<String, Object> attributes(ModelConfig config, Precision precision) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    attributes.put("training", false);
    attributes.put("num_layers", config.numLayers());
    attributes.put("num_heads", config.numHeads());
    attributes.put("bias", config.bias());
    attributes.put("tied_head", config.tiedHead());
    attributes.put("bf16", precision == Precision.BF16);
    attributes.put("gelu", config.activation().approximation());
    attributes.put("epsilon", config.layerNormEpsilon());
    attributes.put("dropout", config.dropout());
    attributes.put("stride", config.bias() ? 2 : 1); // from one weight to the next of its kind
    return attributes;
  }

  /** Arrays that stay together over many calls; as a native list they are handed over for free. */
  public static final class Tensors implements AutoCloseable {
    private final List<NDArray> arrays;
    private final IValue list;

    private Tensors(List<NDArray> arrays) {
      this.arrays = List.copyOf(arrays);
      this.list = listOf(arrays);
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

  /** AdamW's numbers for one update. */
  public record Update(
      double learningRate,
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay,
      double maxGradNorm) {}

  /** A group of parameters with its gradients' running moments, in one order. */
  public record Group(Tensors parameters, Tensors firstMoments, Tensors secondMoments) {}

  /** Threads of one operator in this JVM. */
  public static void threads(int threads) {
    Engine.getEngine("PyTorch"); // The engine sets its own number when it starts.
    JniUtils.setNumThreads(threads);
  }

  /** Seeds dropout and initialization. */
  public static void seed(long seed) {
    JniUtils.setSeed(seed);
  }

  /** The residual stream after the final norm: ids [B, T] -> float32 [B, T, C]. */
  public NDArray hidden(NDManager manager, NDArray ids, Tensors weights) {
    try (IValue idsValue = IValue.from((PtNDArray) ids)) {
      return call(manager, "hidden", idsValue, weights.list);
    }
  }

  /** Ids [B, T] -> float32 [B, T, V]. */
  public NDArray logits(NDManager manager, NDArray ids, Tensors weights) {
    try (IValue idsValue = IValue.from((PtNDArray) ids)) {
      return call(manager, "logits", idsValue, weights.list);
    }
  }

  /** Mean cross entropy, in nats, without dropout: ids and targets [B, T] -> scalar. */
  public NDArray loss(NDManager manager, NDArray ids, NDArray targets, Tensors weights) {
    try (IValue idsValue = IValue.from((PtNDArray) ids);
        IValue targetsValue = IValue.from((PtNDArray) targets)) {
      return call(manager, "loss", idsValue, targetsValue, weights.list);
    }
  }

  /**
   * Mean cross entropy with dropout, and its gradients.
   *
   * @return the loss, then one float32 gradient for each weight, attached to ids' manager
   */
  public NDList gradients(NDArray ids, NDArray targets, Tensors weights) {
    MODES.get();
    NDList inputs = new NDList(weights.arrays.size() + 3);
    inputs.add(ids);
    inputs.add(targets);
    for (NDArray weight : weights.arrays) {
      weight.setName("p[]"); // arrays of one such name become one list argument
      inputs.add(weight);
    }
    inputs.add(gradientsMethod);
    RUNNING.readLock().lock();
    try {
      return IValueUtils.forward(module, inputs, true);
    } finally {
      RUNNING.readLock().unlock();
    }
  }

  /** Adds gradients to sums, in place. */
  public void accumulate(NDManager manager, List<NDArray> sums, List<NDArray> gradients) {
    try (IValue into = listOf(sums);
        IValue from = listOf(gradients)) {
      call(manager, "accumulate", into, from).close();
    }
  }

  /** Floats [floats] of pinned host memory, from and to which GPUs copy at full speed. */
  public NDArray pinned(NDManager manager, long floats) {
    try (IValue count = IValue.from(floats);
        IValue pinned = IValue.from(true)) {
      return call(manager, "host_memory", count, pinned);
    }
  }

  /** Copies arrays into others of the same shapes, on any device. */
  public void copy(NDManager manager, List<NDArray> into, List<NDArray> from) {
    try (IValue target = listOf(into);
        IValue source = listOf(from)) {
      call(manager, "copy", target, source).close();
    }
  }

  /**
   * One AdamW update (Loshchilov and Hutter 2019, arXiv:1711.05101) of the mean of gradients, after
   * clipping it to a global norm; weights, moments and step change in place.
   *
   * @param decayed the group that weight decay applies to
   * @param plain the group that it does not apply to
   * @param step scalar, updates so far
   * @param count how many gradients the sums are of
   * @return the norm of the mean before clipping, a scalar
   */
  public NDArray adamW(
      NDManager manager,
      Group decayed,
      List<NDArray> decayedSums,
      Group plain,
      List<NDArray> plainSums,
      NDArray step,
      int count,
      Update update) {
    try (IValue decayedGradients = listOf(decayedSums);
        IValue plainGradients = listOf(plainSums);
        IValue stepValue = IValue.from((PtNDArray) step);
        IValue countValue = IValue.from((long) count);
        IValue learningRate = IValue.from(update.learningRate());
        IValue beta1 = IValue.from(update.beta1());
        IValue beta2 = IValue.from(update.beta2());
        IValue epsilon = IValue.from(update.epsilon());
        IValue weightDecay = IValue.from(update.weightDecay());
        IValue maxGradNorm = IValue.from(update.maxGradNorm())) {
      return call(
          manager,
          "adamw",
          decayed.parameters().list,
          decayedGradients,
          decayed.firstMoments().list,
          decayed.secondMoments().list,
          plain.parameters().list,
          plainGradients,
          plain.firstMoments().list,
          plain.secondMoments().list,
          stepValue,
          countValue,
          learningRate,
          beta1,
          beta2,
          epsilon,
          weightDecay,
          maxGradNorm);
    }
  }

  /**
   * Feeds tokens to a model that remembers the ones before.
   *
   * @param ids [B, T]; T = 1 unless position is 0
   * @param position of the first token in the context; position + T is at most contextLength
   * @param cache keys and values [numLayers, B, 2, H, contextLength, D], written in place
   * @return float32 logits [B, V] of the last token
   */
  public NDArray decode(
      NDManager manager, NDArray ids, int position, NDArray cache, Tensors weights) {
    try (IValue idsValue = IValue.from((PtNDArray) ids);
        IValue positionValue = IValue.from((long) position);
        IValue cacheValue = IValue.from((PtNDArray) cache)) {
      return call(manager, "decode", idsValue, positionValue, cacheValue, weights.list);
    }
  }

  @SuppressWarnings("LockNotBeforeTry") // Never released: no further call may start.
  private static void awaitLastCall() {
    try {
      if (!RUNNING.writeLock().tryLock(LAST_CALL_SECONDS, TimeUnit.SECONDS)) {
        LOG.warn("the engine is still at work after {} s", LAST_CALL_SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Runs a method without autograd; the arguments stay the caller's. */
  private NDArray call(NDManager manager, String method, IValue... arguments) {
    RUNNING.readLock().lock();
    try (IValue result = run(method, arguments)) {
      return result.toTensor((PtNDManager) manager);
    } finally {
      RUNNING.readLock().unlock();
    }
  }

  private IValue run(String method, IValue... arguments) {
    MODES.get();
    return IValueUtils.runMethod(module, method, arguments);
  }

  private static IValue listOf(List<NDArray> arrays) {
    return IValue.listFrom(arrays.toArray(new PtNDArray[0]));
  }

  @Override
  public void close() {
    gradientsMethod.close();
    module.close();
  }
}
