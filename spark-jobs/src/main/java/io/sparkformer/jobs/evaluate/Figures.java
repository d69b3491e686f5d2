package io.sparkformer.jobs.evaluate;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.sparkformer.evaluation.ClassificationReport;
import io.sparkformer.evaluation.ConfusionMatrix;
import io.sparkformer.evaluation.LabelSetReport;
import java.util.Optional;

/** How well a model does, by what it predicts. */
sealed interface Figures {

  /** The same for people, if there is more than a few numbers. */
  default Optional<String> text() {
    return Optional.empty();
  }

  /**
   * A language model's.
   *
   * @param loss mean negative log likelihood of a token, in nats
   * @param accuracy share of the tokens that were the likeliest
   * @param perplexity e^loss
   * @param bitsPerCharacter the loss in bits, for a character of the split's text
   */
  record OfTokens(double loss, double accuracy, double perplexity, double bitsPerCharacter)
      implements Figures {}

  /**
   * Those of a classifier that chooses one label.
   *
   * @param loss mean negative log likelihood of a label, in nats
   * @param accuracy share of the labels that were the likeliest
   * @param report precision, recall and F1 by label
   * @param confusion how often (row) was taken for (column)
   */
  record OfClasses(
      double loss, double accuracy, ClassificationReport report, ConfusionMatrix confusion)
      implements Figures {

    static OfClasses of(double loss, ConfusionMatrix confusion) {
      ClassificationReport report = ClassificationReport.of(confusion);
      return new OfClasses(loss, report.accuracy(), report, confusion);
    }

    @Override
    public Optional<String> text() {
      return Optional.of(report.text() + "\n" + confusion.text());
    }
  }

  /**
   * Those of a classifier of any number of labels.
   *
   * @param loss mean binary cross entropy of a text and a label, in nats
   * @param accuracy share of the texts whose labels were all found, and no others
   * @param report precision, recall and F1 by label
   */
  record OfLabelSets(double loss, double accuracy, LabelSetReport report) implements Figures {

    @Override
    public Optional<String> text() {
      return Optional.of(report.text());
    }
  }

  /**
   * A regression's.
   *
   * @param loss mean squared error
   * @param meanAbsoluteError of a text
   * @param pearson correlation of what is right and what was predicted; null, and not in the
   *     result, if one of them is always the same
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record OfNumbers(double loss, double meanAbsoluteError, Double pearson) implements Figures {}
}
