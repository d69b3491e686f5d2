package io.sparkformer.run;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.sample.SequentialBatches;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.model.Gpt;
import io.sparkformer.train.GradientAllReduce;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** How a run's model does on the splits that there are, as it was found last. */
final class RunEvaluations {

  private final Gpt model;
  private final TrainingData samples;
  private final List<String> labels;
  private final EnumMap<SplitName, Evaluation.Result> bySplit = new EnumMap<>(SplitName.class);
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
   * @param progress told what is being done
   * @throws io.sparkformer.datasets.InvalidInputException if a loss is not finite
   */
  void evaluate(long step, GradientAllReduce allReduce, Consumer<TrainingEvent.Underway> progress) {
    bySplit.put(
        SplitName.TRAIN, shared(step, SplitName.TRAIN, samples.train(), allReduce, progress));
    samples
        .valid()
        .ifPresent(
            valid ->
                bySplit.put(
                    SplitName.VALID, shared(step, SplitName.VALID, valid, allReduce, progress)));
    // An update shows in the loss of the next step, and the last one has no next step.
    require(
        bySplit.values().stream().allMatch(result -> Double.isFinite(result.loss())),
        "the loss of %s at step %d: " + TrainingRun.DIVERGED,
        bySplit.entrySet().stream()
            .map(split -> "the " + split.getKey() + " split is " + split.getValue().loss())
            .collect(Collectors.joining(" and of ")),
        step);
    evaluatedStep = step;
  }

  private Evaluation.Result shared(
      long step,
      SplitName split,
      SequentialBatches batches,
      GradientAllReduce allReduce,
      Consumer<TrainingEvent.Underway> progress) {
    return Evaluation.shared(
        model,
        batches,
        labels,
        allReduce,
        done ->
            progress.accept(
                new TrainingEvent.Underway(
                    step,
                    String.format(
                        Locale.ROOT,
                        "evaluating the %s split: %,d of %,d batches",
                        split,
                        done,
                        batches.batches()))));
  }

  /** Whether the model has not changed since. */
  boolean areOf(long step) {
    return evaluatedStep == step;
  }

  Evaluation.Result train() {
    return bySplit.get(SplitName.TRAIN);
  }

  /** What decides which model is best: the valid split, or the train split if there is none. */
  SplitName monitoredSplit() {
    return samples.valid().isPresent() ? SplitName.VALID : SplitName.TRAIN;
  }

  Evaluation.Result monitored() {
    return bySplit.get(monitoredSplit());
  }

  /** All, train first. */
  Map<SplitName, Evaluation.Result> bySplit() {
    return new EnumMap<>(bySplit);
  }
}
