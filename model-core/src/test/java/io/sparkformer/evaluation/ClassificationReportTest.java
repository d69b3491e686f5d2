package io.sparkformer.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.evaluation.ClassificationReport.Scores;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClassificationReportTest {

  /** Of scikit-learn's documentation: y_true = [0, 1, 2, 2, 2], y_pred = [0, 0, 2, 2, 1]. */
  private static final ConfusionMatrix DOCUMENTED =
      new ConfusionMatrix(
          List.of("class 0", "class 1", "class 2"), new long[][] {{1, 0, 0}, {1, 0, 0}, {0, 1, 2}});

  @Test
  void theTableIsTheOneThatScikitLearnDocuments() {
    assertThat(ClassificationReport.of(DOCUMENTED).text())
        .isEqualTo(
            """
                          precision    recall  f1-score   support

                 class 0       0.50      1.00      0.67         1
                 class 1       0.00      0.00      0.00         1
                 class 2       1.00      0.67      0.80         3

                accuracy                           0.60         5
               macro avg       0.50      0.56      0.49         5
            weighted avg       0.70      0.60      0.61         5
            """);
  }

  @Test
  void averagesAreThoseComputedByHand() {
    ConfusionMatrix matrix =
        new ConfusionMatrix(List.of("cat", "dog"), new long[][] {{30, 10}, {5, 55}});
    ClassificationReport report = ClassificationReport.of(matrix);

    assertScores(report.labels().get(0).scores(), 30.0 / 35, 0.75, 0.8, 40);
    assertScores(report.labels().get(1).scores(), 55.0 / 65, 55.0 / 60, 0.88, 60);
    assertScores(
        report.macroAverage(),
        (30.0 / 35 + 55.0 / 65) / 2,
        (0.75 + 55.0 / 60) / 2,
        (0.8 + 0.88) / 2,
        100);
    assertScores(
        report.weightedAverage(), 0.4 * 30 / 35 + 0.6 * 55 / 65, 0.85, 0.4 * 0.8 + 0.6 * 0.88, 100);
    assertThat(report.accuracy()).isEqualTo(0.85);
    assertThat(report.total()).isEqualTo(100);
  }

  @Test
  void whatHasNoExamplesScoresZero() {
    ConfusionMatrix empty = new ConfusionMatrix(List.of("a", "b"), new long[2][2]);
    assertScores(ClassificationReport.of(empty).weightedAverage(), 0, 0, 0, 0);
    assertThat(empty.accuracy()).isZero();

    ConfusionMatrix oneSided =
        new ConfusionMatrix(List.of("a", "b"), new long[][] {{3, 0}, {0, 0}});
    ClassificationReport report = ClassificationReport.of(oneSided);
    assertScores(report.labels().get(1).scores(), 0, 0, 0, 0);
    assertScores(report.macroAverage(), 0.5, 0.5, 0.5, 3);
    assertScores(report.weightedAverage(), 1, 1, 1, 3);
  }

  @Test
  void longNamesWidenTheTable() {
    ConfusionMatrix matrix =
        new ConfusionMatrix(
            List.of("a rather long name", "\ud83d\ude80"), new long[][] {{1, 0}, {0, 1}});
    assertThat(ClassificationReport.of(matrix).text().lines().filter(line -> !line.isEmpty()))
        .allMatch(line -> line.codePointCount(0, line.length()) == 18 + 1 + 4 * 10);
    assertThat(matrix.text())
        .isEqualTo(
            """
            actual \\ predicted  a rather long name  \ud83d\ude80
            a rather long name                   1  0
                             \ud83d\ude80                   0  1
            """);
  }

  @Test
  void countsInARowBecomeAMatrixBeyondWhatFloatsHold() {
    ConfusionMatrix matrix =
        ConfusionMatrix.of(List.of("a", "b", "c"), new long[] {1, 2, 3, 4, 5, 6, 7, 8, 16777217});
    assertThat(matrix.counts())
        .isDeepEqualTo(new long[][] {{1, 2, 3}, {4, 5, 6}, {7, 8, 16777217}});
    assertThat(matrix.total()).isEqualTo(36 + 16777217);
    assertThat(matrix.actual(1)).isEqualTo(15);
    assertThat(matrix.predicted(1)).isEqualTo(15);
  }

  @Test
  void aMatrixIsNotChangedFromOutside() {
    long[][] counts = {{1}};
    ConfusionMatrix matrix = new ConfusionMatrix(List.of("a"), counts);
    counts[0][0] = 7;
    matrix.counts()[0][0] = 8;
    assertThat(matrix.total()).isEqualTo(1);
    assertThat(matrix)
        .isEqualTo(new ConfusionMatrix(List.of("a"), new long[][] {{1}}))
        .hasSameHashCodeAs(new ConfusionMatrix(List.of("a"), new long[][] {{1}}));
  }

  @Test
  void countsThatDoNotFitTheLabelsAreRefused() {
    assertThatThrownBy(() -> ConfusionMatrix.of(List.of("a", "b"), new long[3]))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("3 counts are not a confusion matrix of 2 labels: give 4");
    assertThatThrownBy(() -> new ConfusionMatrix(List.of("a"), new long[][] {{1, 2}}))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("a row of a confusion matrix of 1 labels is [1, 2]");
    assertThatThrownBy(() -> new ConfusionMatrix(List.of("a", "b"), new long[][] {{1, 2}}))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("has 1 rows and 2 labels");
  }

  private static void assertScores(
      Scores scores, double precision, double recall, double f1, long support) {
    assertThat(scores.precision()).isCloseTo(precision, within(1e-12));
    assertThat(scores.recall()).isCloseTo(recall, within(1e-12));
    assertThat(scores.f1()).isCloseTo(f1, within(1e-12));
    assertThat(scores.support()).isEqualTo(support);
  }
}
