package io.sparkformer.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.Kernels.Group;
import io.sparkformer.model.Kernels.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) over a model's weights; decay applies to
 * weights of two dimensions or more.
 */
public final class AdamW implements AutoCloseable {

  private final Gpt model;
  private final Recipe.Optimizer config;
  private final Map<String, NDArray> state;
  private final NDArray step;
  private final boolean[] decays;
  private final Group decayed;
  private final Group plain;

  private AdamW(Gpt model, Recipe.Optimizer config) {
    this.model = model;
    this.config = config;
    this.state = new LinkedHashMap<>();
    this.step = model.manager().zeros(new ai.djl.ndarray.types.Shape(), DataType.FLOAT32);
    List<NDArray> weights = model.weightList().arrays();
    this.decays = new boolean[weights.size()];
    for (int i = 0; i < decays.length; i++) {
      decays[i] = weights.get(i).getShape().dimension() > 1;
    }
    state.put("step", step);
    List<NDArray> first = moments("exp_avg.");
    List<NDArray> second = moments("exp_avg_sq.");
    this.decayed = group(true, weights, first, second);
    this.plain = group(false, weights, first, second);
  }

  /** An optimizer without history. */
  public static AdamW of(Gpt model, Recipe.Optimizer config) {
    return new AdamW(model, config);
  }

  private List<NDArray> moments(String prefix) {
    List<NDArray> moments = new ArrayList<>();
    model
        .weights()
        .forEach(
            (name, weight) -> {
              NDArray moment = model.manager().zeros(weight.getShape(), DataType.FLOAT32);
              state.put(prefix + name, moment);
              moments.add(moment);
            });
    return moments;
  }

  private Group group(
      boolean decay, List<NDArray> weights, List<NDArray> first, List<NDArray> second) {
    return new Group(
        Tensors.of(pick(decay, weights)),
        Tensors.of(pick(decay, first)),
        Tensors.of(pick(decay, second)));
  }

  private List<NDArray> pick(boolean decay, List<NDArray> all) {
    List<NDArray> picked = new ArrayList<>();
    for (int i = 0; i < decays.length; i++) {
      if (decays[i] == decay) {
        picked.add(all.get(i));
      }
    }
    return picked;
  }

  /**
   * One update of the weights, in place.
   *
   * @param gradientSums for each weight, in the model's order; overwritten
   * @param count how many gradients were summed: the update is by their mean
   * @return the norm of the mean, before it was clipped
   */
  public double update(
      NDManager manager, List<NDArray> gradientSums, int count, double learningRate) {
    Kernels.Update update =
        new Kernels.Update(
            learningRate,
            config.beta1(),
            config.beta2(),
            config.epsilon(),
            config.weightDecay(),
            config.maxGradNorm());
    return model
        .kernels()
        .adamW(
            manager,
            decayed,
            pick(true, gradientSums),
            plain,
            pick(false, gradientSums),
            step,
            count,
            update)
        .toFloatArray()[0];
  }

  /** First and second moments, each in the model's order. */
  List<List<NDArray>> moments() {
    List<NDArray> all = List.copyOf(state.values()); // the step stands first
    int count = decays.length;
    return List.of(all.subList(1, 1 + count), all.subList(1 + count, 1 + 2 * count));
  }

  /** Sets how many updates there were. */
  void step(long updates) {
    step.set(new float[] {updates});
  }

  /** Moments and step count by name; writing to an array changes the optimizer. */
  public Map<String, NDArray> state() {
    return state;
  }

  @Override
  public void close() {
    for (Group group : List.of(decayed, plain)) {
      group.parameters().close();
      group.firstMoments().close();
      group.secondMoments().close();
    }
    state.values().forEach(NDArray::close);
  }
}
