package io.sparkformer.run;

import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.evaluation.ConfusionMatrix;
import io.sparkformer.recipe.Recipe;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * Whether a model that has seen all of the train split still does no better than one that knows
 * nothing of its inputs: a classifier that only knows how frequent the labels are, a language model
 * to which all tokens are equally likely.
 */
final class ChanceCheck {

  /** Of the loss of guessing; what is below has begun to learn. */
  private static final double LEARNS_NOTHING = 0.98;

  private final Recipe recipe;
  private final long trainTokens;
  private boolean warned;

  ChanceCheck(Recipe recipe, DatasetManifest data) {
    this.recipe = recipe;
    this.trainTokens = data.has(SplitName.TRAIN) ? data.splits().get(SplitName.TRAIN).tokens() : 0;
  }

  /**
   * What to tell the user, once.
   *
   * @param step updates done
   * @param train the figures of the train split after them
   */
  Optional<String> warning(long step, Evaluation.Result train) {
    double guessing = guessing(train.confusion());
    if (warned || step < epochSteps() || train.loss() < LEARNS_NOTHING * guessing) {
      return Optional.empty();
    }
    warned = true;
    return Optional.of(
        String.format(
            Locale.ROOT,
            "the train loss is %.4f at step %d, after the whole train split, and guessing has %.4f: nothing is learned;"
                + " lower optimizer.learning-rate (%s) or raise schedule.warmup-steps (%d)",
            train.loss(),
            step,
            guessing,
            recipe.optimizer().learningRate(),
            recipe.schedule().warmupSteps()));
  }

  /** Of order random, which has no epochs, as many as draw the split's tokens once. */
  private long epochSteps() {
    Recipe.Training training = recipe.training();
    long stepTokens = (long) training.globalBatchSize() * recipe.model().contextLength();
    return training.stepsPerEpoch() > 0 ? training.stepsPerEpoch() : trainTokens / stepTokens;
  }

  /** The entropy of the labels, or of as many tokens, in nats. */
  private double guessing(ConfusionMatrix confusion) {
    if (confusion.labels().isEmpty()) {
      return Math.log(recipe.model().numClasses());
    }
    double all = confusion.total();
    return Arrays.stream(confusion.counts())
        .mapToDouble(row -> Arrays.stream(row).sum() / all)
        .filter(share -> share > 0)
        .map(share -> -share * Math.log(share))
        .sum();
  }
}
