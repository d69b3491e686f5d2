package io.sparkformer.predict;

import static io.sparkformer.model.ProblemType.MULTI_LABEL_CLASSIFICATION;
import static io.sparkformer.model.ProblemType.REGRESSION;
import static io.sparkformer.model.ProblemType.SINGLE_LABEL_CLASSIFICATION;
import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.model.ProblemType;
import org.junit.jupiter.api.Test;

class ClassificationTest {

  private static final float[] LOGITS = {-1, 2, 0, 2};

  @Test
  void classesStandTheLikeliestFirstAndEqualOnesById() {
    for (ProblemType problem : ProblemType.values()) {
      Classification found = Classification.of(problem, LOGITS).orElseThrow();

      assertThat(found.classes()).containsExactly(1, 3, 2, 0);
      double[] scores = problem.scores(LOGITS);
      assertThat(found.probabilities()).containsExactly(scores[1], scores[3], scores[2], scores[0]);
    }
  }

  @Test
  void theLikeliestHoldsOrThoseAboveTheThresholdOrNone() {
    assertThat(holding(SINGLE_LABEL_CLASSIFICATION, 0.99)).isEqualTo(1);
    assertThat(holding(MULTI_LABEL_CLASSIFICATION, 0.4)).isEqualTo(3);
    assertThat(holding(MULTI_LABEL_CLASSIFICATION, 0.5)).as("of which one is 0.5").isEqualTo(2);
    assertThat(holding(MULTI_LABEL_CLASSIFICATION, 0.9)).isZero();
    assertThat(holding(REGRESSION, 0.5)).isZero();
  }

  private static int holding(ProblemType problem, double threshold) {
    return Classification.of(problem, LOGITS).orElseThrow().holding(threshold);
  }

  @Test
  void logitsThatAreNoNumbersMeanNothing() {
    for (ProblemType problem : ProblemType.values()) {
      assertThat(Classification.of(problem, new float[] {0, Float.NaN})).isEmpty();
      assertThat(Classification.of(problem, new float[] {Float.NEGATIVE_INFINITY})).isEmpty();
    }
  }
}
