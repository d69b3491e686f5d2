package io.sparkformer.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.Kernels.Group;
import io.sparkformer.model.Kernels.Tensors;
import io.sparkformer.recipe.OptimizerConfig;
import io.sparkformer.recipe.OptimizerConfig.Decay;
import io.sparkformer.recipe.OptimizerConfig.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Updates a model's weights, of which some decay and some may be frozen, by their gradients. */
public final class Optimizer implements AutoCloseable {

  private final Gpt model;
  private final OptimizerConfig config;
  private final Map<String, NDArray> state;
  private final NDArray step;
  private final List<List<NDArray>> moments;
  private final Part decayed;
  private final Part plain;

  /** Weights that are updated alike, by their places among all. */
  private record Part(List<Integer> places, Group group) {

    List<NDArray> of(List<NDArray> all) {
      return pick(places, all);
    }

    void close() {
      group.parameters().close();
      group.firstMoments().close();
      group.secondMoments().close();
    }
  }

  private Optimizer(Gpt model, OptimizerConfig config, Set<String> frozen) {
    this.model = model;
    this.config = config;
    this.state = new LinkedHashMap<>();
    this.step = model.manager().zeros(new Shape(), DataType.FLOAT32);
    state.put("step", step);
    this.moments =
        config.kind() == Kind.SGD
            ? List.of(moments("momentum_buffer."))
            : List.of(moments("exp_avg."), moments("exp_avg_sq."));
    Set<String> decaying = decaying(frozen);
    Set<String> others = new LinkedHashSet<>(model.weights().keySet());
    others.removeAll(decaying);
    others.removeAll(frozen);
    this.decayed = part(decaying);
    this.plain = part(others);
  }

  /**
   * An optimizer without history.
   *
   * @param frozen names of weights that it leaves as they are
   * @throws io.sparkformer.datasets.InvalidInputException if a pattern of the config matches
   *     nothing
   */
  public static Optimizer of(Gpt model, OptimizerConfig config, Set<String> frozen) {
    return new Optimizer(model, config, frozen);
  }

  private Set<String> decaying(Set<String> frozen) {
    Set<String> names = new LinkedHashSet<>(model.weights().keySet());
    if (config.decay() == Decay.MATRICES) {
      names.removeIf(name -> model.weights().get(name).getShape().dimension() < 2);
    }
    names.removeAll(
        NamePatterns.matching("optimizer.no-decay", config.noDecay(), model.weights().keySet()));
    names.removeAll(frozen);
    return names;
  }

  private List<NDArray> moments(String prefix) {
    List<NDArray> arrays = new ArrayList<>();
    model
        .weights()
        .forEach(
            (name, weight) -> {
              NDArray moment = model.manager().zeros(weight.getShape(), DataType.FLOAT32);
              state.put(prefix + name, moment);
              arrays.add(moment);
            });
    return arrays;
  }

  private Part part(Set<String> names) {
    List<Integer> places = new ArrayList<>();
    List<String> all = List.copyOf(model.weights().keySet());
    for (int i = 0; i < all.size(); i++) {
      if (names.contains(all.get(i))) {
        places.add(i);
      }
    }
    List<NDArray> second = moments.size() > 1 ? pick(places, moments.get(1)) : List.of();
    return new Part(
        places,
        new Group(
            Tensors.of(pick(places, model.weightList().arrays())),
            Tensors.of(pick(places, moments.get(0))),
            Tensors.of(second)));
  }

  private static List<NDArray> pick(List<Integer> places, List<NDArray> all) {
    return places.stream().map(all::get).toList();
  }

  /**
   * One update of the weights, in place.
   *
   * @param gradientSums for each weight, in the model's order; overwritten
   * @param count what the sums are divided by: the update is by their mean
   * @return the norm of the mean, before it was clipped
   */
  public double update(
      NDManager manager, List<NDArray> gradientSums, double count, double learningRate) {
    Kernels.Update update =
        new Kernels.Update(
            learningRate,
            config.kind() == Kind.SGD ? config.momentum() : config.beta1(),
            config.beta2(),
            config.epsilon(),
            config.weightDecay(),
            config.maxGradNorm());
    return model
        .kernels()
        .update(
            manager,
            config.kind().rule(),
            decayed.group(),
            decayed.of(gradientSums),
            plain.group(),
            plain.of(gradientSums),
            step,
            count,
            update)
        .toFloatArray()[0];
  }

  /** Moments of each kind, each in the model's order. */
  public List<List<NDArray>> moments() {
    return moments;
  }

  /** Sets how many updates there were. */
  public void step(long updates) {
    try (NDManager scratch = model.manager().newSubManager()) {
      model.kernels().copy(scratch, List.of(step), List.of(scratch.create((float) updates)));
    }
  }

  /** Moments and step count by name; writing to an array changes the optimizer. */
  public Map<String, NDArray> state() {
    return state;
  }

  @Override
  public void close() {
    decayed.close();
    plain.close();
    state.values().forEach(NDArray::close);
  }
}
