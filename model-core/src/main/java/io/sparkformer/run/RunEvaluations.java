package io.sparkformer.run;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.model.Gpt;
import io.sparkformer.train.GradientAllReduce;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** How a run's model does on both splits, as it was found last. */
final class RunEvaluations {

  private final Gpt model;
  private final TrainingData samples;
  private final List<String> labels;
  private Evaluation.Result train;
  private Evaluation.Result valid;
  private long evaluatedStep = -1;

  /**
   * Of a run that has not been evaluated.
   *
   * @param labels of a classifier; none for a language model
   */
  RunEvaluations(Gpt model, TrainingData samples, List<String> labels) {
    this.model = model;
    this.samples = samples;
    this.labels = labels;
  }

  /**
   * Evaluates, together with all ranks.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if a loss is not finite
   */
  void evaluate(long step, GradientAllReduce allReduce) {
    train = Evaluation.shared(model, samples.train(), labels, allReduce);
    valid = Evaluation.shared(model, samples.valid(), labels, allReduce);
    // An update shows in the loss of the next step, and the last one has no next step.
    require(
        Double.isFinite(train.loss()) && Double.isFinite(valid.loss()),
        "the loss of the train split is %s and of the valid split %s at step %d: "
            + TrainingRun.DIVERGED,
        train.loss(),
        valid.loss(),
        step);
    evaluatedStep = step;
  }

  /** Whether the model has not changed since. */
  boolean areOf(long step) {
    return evaluatedStep == step;
  }

  Evaluation.Result train() {
    return train;
  }

  Evaluation.Result valid() {
    return valid;
  }

  /** Both, train first. */
  Map<SplitName, Evaluation.Result> bySplit() {
    Map<SplitName, Evaluation.Result> results = new EnumMap<>(SplitName.class);
    results.put(SplitName.TRAIN, train);
    results.put(SplitName.VALID, valid);
    return results;
  }
}
