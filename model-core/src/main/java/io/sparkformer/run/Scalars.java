package io.sparkformer.run;

import java.util.LinkedHashMap;
import java.util.Map;

/** A metric's numbers under the tags by which TensorBoard groups them. */
final class Scalars {

  private Scalars() {}

  static Map<String, Double> of(Metric metric) {
    Map<String, Double> scalars = new LinkedHashMap<>();
    String group =
        switch (metric.event()) {
          case TRAIN -> "train/";
          case EVALUATION -> "evaluation/" + metric.split() + "/";
        };
    scalars.put(group + "loss", metric.loss());
    put(scalars, group + "accuracy", metric.accuracy());
    put(scalars, group + "macro_f1", metric.macroF1());
    put(scalars, group + "weighted_f1", metric.weightedF1());
    put(scalars, group + "lr", metric.lr());
    put(scalars, group + "grad_norm", metric.gradNorm());
    put(scalars, group + "tokens_per_second", metric.tokensPerSecond());
    put(scalars, group + "step_ms", metric.stepMs());
    put(scalars, group + "epoch", metric.epoch());
    return scalars;
  }

  private static void put(Map<String, Double> scalars, String tag, Double value) {
    if (value != null) {
      scalars.put(tag, value);
    }
  }
}
