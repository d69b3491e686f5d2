package io.sparkformer.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.evaluation.ClassificationReport.Scores;
import io.sparkformer.evaluation.LabelSetReport.LabelCounts;
import java.util.List;
import org.junit.jupiter.api.Test;

class LabelSetReportTest {

  private static final LabelSetReport REPORT =
      LabelSetReport.of(
          List.of(
              new LabelCounts("sad", 3, 4, 6),
              new LabelCounts("fear", 0, 0, 2),
              new LabelCounts("joy", 1, 4, 1)),
          5,
          20);

  @Test
  void everyLabelIsJudgedByItself() {
    assertThat(REPORT.labels().get(0).scores()).isEqualTo(new Scores(0.5, 0.75, 0.6, 4));
    assertThat(REPORT.labels().get(1).scores()).isEqualTo(new Scores(0, 0, 0, 0));
    assertThat(REPORT.labels().get(2).scores()).isEqualTo(new Scores(1, 0.25, 0.4, 4));
  }

  @Test
  void averagesAreOfAllTogetherAndOfTheLabels() {
    assertThat(REPORT.microAverage()).isEqualTo(new Scores(4 / 9.0, 0.5, 8 / 17.0, 8));
    assertThat(REPORT.macroAverage()).isEqualTo(new Scores(0.5, 1 / 3.0, 1 / 3.0, 8));
    assertThat(REPORT.accuracy()).isEqualTo(0.25);
  }

  @Test
  void theTableIsThatOfScikitLearn() {
    assertThat(REPORT.text())
        .isEqualTo(
            """
                       precision    recall  f1-score   support

                  sad       0.50      0.75      0.60         4
                 fear       0.00      0.00      0.00         0
                  joy       1.00      0.25      0.40         4

             accuracy                           0.25         8
            micro avg       0.44      0.50      0.47         8
            macro avg       0.50      0.33      0.33         8
            """);
  }
}
