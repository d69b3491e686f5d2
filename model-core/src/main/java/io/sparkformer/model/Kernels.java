package io.sparkformer.model;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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

  private static final String SOURCE = "kernels.py";

  /** Both modes are the thread's own in the engine; with the optimizer on, bf16 backward fails. */
  private static final ThreadLocal<Boolean> MODES =
      ThreadLocal.withInitial(
          () -> {
            JniUtils.setGraphExecutorOptimize(false);
            JniUtils.setGradMode(true);
            return true;
          });

  private final PtSymbolBlock module;
  private final Map<String, NDArray> methods = new HashMap<>();

  private Kernels(PtSymbolBlock module, NDManager manager) {
    this.module = module;
    for (String method :
        List.of("hidden", "logits", "loss", "gradients", "accumulate", "adamw", "decode")) {
      NDArray selector = manager.create(0f);
      selector.setName("module_method:" + method); // an array of such a name selects a method
      methods.put(method, selector);
    }
  }

  /** Compiles the kernels for one shape of model; they live until closed. */
  public static Kernels load(NDManager manager, ModelConfig config, Precision precision) {
    byte[] archive = TorchArchive.of("Kernels", source(), attributes(config, precision));
    MODES.get();
    try {
      // The last argument: no length precedes the archive.
      PtSymbolBlock module =
          JniUtils.loadModule(
              (PtNDManager) manager, new ByteArrayInputStream(archive), false, false);
      return new Kernels(module, manager);
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
    return attributes;
  }

  /** AdamW's numbers for one update. */
  public record Update(
      double learningRate,
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay,
      double maxGradNorm) {}

  /** A group of weights with their gradients' running moments, in one order. */
  public record Group(
      List<NDArray> weights, List<NDArray> firstMoments, List<NDArray> secondMoments) {}

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
  public NDArray hidden(NDManager manager, NDArray ids, List<NDArray> weights) {
    return single(manager, "hidden", new NDList(ids).addAll(list("p", weights)));
  }

  /** Ids [B, T] -> float32 [B, T, V]. */
  public NDArray logits(NDManager manager, NDArray ids, List<NDArray> weights) {
    return single(manager, "logits", new NDList(ids).addAll(list("p", weights)));
  }

  /** Mean cross entropy, in nats, without dropout: ids and targets [B, T] -> scalar. */
  public NDArray loss(NDManager manager, NDArray ids, NDArray targets, List<NDArray> weights) {
    return single(manager, "loss", new NDList(ids, targets).addAll(list("p", weights)));
  }

  /**
   * Mean cross entropy with dropout, and its gradients.
   *
   * @return the loss, then one float32 gradient for each weight, attached to ids' manager
   */
  public NDList gradients(NDArray ids, NDArray targets, List<NDArray> weights) {
    return call("gradients", new NDList(ids, targets).addAll(list("p", weights)));
  }

  /** Adds gradients to sums, in place. */
  public void accumulate(List<NDArray> sums, List<NDArray> gradients) {
    call("accumulate", list("s", sums).addAll(list("g", gradients))).close();
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
    double[] numbers = {
      count,
      update.learningRate(),
      update.beta1(),
      update.beta2(),
      update.epsilon(),
      update.weightDecay(),
      update.maxGradNorm()
    };
    NDList inputs = new NDList(onHost(manager, numbers), step);
    inputs.addAll(list("a", decayed.weights())).addAll(list("b", decayedSums));
    inputs.addAll(list("c", decayed.firstMoments())).addAll(list("d", decayed.secondMoments()));
    inputs.addAll(list("e", plain.weights())).addAll(list("f", plainSums));
    inputs.addAll(list("g", plain.firstMoments())).addAll(list("h", plain.secondMoments()));
    return single(manager, "adamw", inputs);
  }

  /**
   * Feeds tokens to a model that remembers the ones before.
   *
   * @param ids [B, T]; T = 1 unless position is 0
   * @param position of the first token in the context; position + T is at most the caches' length
   * @param keys for each block [B, H, length, D], written in place
   * @param values likewise
   * @return float32 logits [B, V] of the last token
   */
  public NDArray decode(
      NDManager manager,
      NDArray ids,
      int position,
      List<NDArray> keys,
      List<NDArray> values,
      List<NDArray> weights) {
    NDList inputs = new NDList(ids, onHost(manager, position));
    inputs.addAll(list("k", keys)).addAll(list("v", values)).addAll(list("p", weights));
    return single(manager, "decode", inputs);
  }

  /** Numbers as an array, since only arrays can be handed over; read by the host, so kept there. */
  private static NDArray onHost(NDManager manager, double... numbers) {
    return manager.create(numbers).toDevice(Device.cpu(), false);
  }

  /** Arrays of one such name become one list argument. */
  private static NDList list(String name, List<NDArray> arrays) {
    String listName = name + "[]";
    NDList named = new NDList(arrays);
    named.forEach(array -> array.setName(listName));
    return named;
  }

  private NDArray single(NDManager manager, String method, NDList inputs) {
    NDArray result = call(method, inputs).singletonOrThrow();
    result.attach(manager);
    return result;
  }

  /**
   * Runs a method with autograd at hand; results are attached to the first input's manager.
   *
   * <p>DJL's other way, without autograd, takes numbers too, but leaks its argument lists unless
   * each is closed. Weights require no gradient, so nothing is recorded here unless a kernel asks
   * for it.
   */
  private NDList call(String method, NDList inputs) {
    MODES.get();
    inputs.add(methods.get(method));
    return IValueUtils.forward(module, inputs, true);
  }

  @Override
  public void close() {
    methods.values().forEach(NDArray::close);
    module.close();
  }
}
