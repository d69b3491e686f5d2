package io.sparkformer.model;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.datasets.InvalidInputException;
import java.util.Arrays;
import java.util.Locale;
import org.apache.hadoop.fs.Path;

/**
 * What a classifier's logits mean.
 *
 * <p>Source: transformers, {@code problem_type} of a config, and {@code postprocess} of its
 * pipeline for text classification.
 */
public enum ProblemType {
  /** One class of several: the softmax of all logits. */
  SINGLE_LABEL_CLASSIFICATION {
    @Override
    public double[] scores(float[] logits) {
      double max = Double.NEGATIVE_INFINITY;
      for (float logit : logits) {
        max = Math.max(max, logit);
      }
      double[] weights = new double[logits.length];
      double sum = 0;
      for (int i = 0; i < weights.length; i++) {
        weights[i] = Math.exp(logits[i] - max);
        sum += weights[i];
      }
      for (int i = 0; i < weights.length; i++) {
        weights[i] /= sum;
      }
      return weights;
    }
  },
  /** Any number of the classes: the sigmoid of each logit; also of a lone one. */
  MULTI_LABEL_CLASSIFICATION {
    @Override
    public double[] scores(float[] logits) {
      double[] scores = new double[logits.length];
      Arrays.setAll(scores, i -> 1 / (1 + Math.exp(-logits[i])));
      return scores;
    }
  },
  /** No classes but numbers: the logits themselves. */
  REGRESSION {
    @Override
    public double[] scores(float[] logits) {
      double[] scores = new double[logits.length];
      Arrays.setAll(scores, i -> logits[i]);
      return scores;
    }
  };

  private static final String KEY = "problem_type";

  /**
   * What is said of the classes: how likely they are; of a regression, the numbers.
   *
   * @param logits of one sequence, or of one token
   */
  public abstract double[] scores(float[] logits);

  /** Its name in a config.json. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The one that a config.json says; one class of several if it says none.
   *
   * @param file it is from, for messages
   * @throws InvalidInputException if it names something else
   */
  public static ProblemType of(JsonNode config, int numLabels, Path file) {
    String key = config.path(KEY).asText("");
    ProblemType named =
        key.isEmpty()
            ? SINGLE_LABEL_CLASSIFICATION
            : Arrays.stream(values())
                .filter(type -> type.key().equals(key))
                .findFirst()
                .orElseThrow(
                    () ->
                        new InvalidInputException(
                            String.format(
                                "%s: %s is '%s': it must be single_label_classification,"
                                    + " multi_label_classification or regression",
                                file, KEY, key)));
    return named.with(numLabels);
  }

  /** What it is with so many labels: one alone cannot be chosen among others. */
  ProblemType with(int numLabels) {
    return this == SINGLE_LABEL_CLASSIFICATION && numLabels == 1
        ? MULTI_LABEL_CLASSIFICATION
        : this;
  }
}
