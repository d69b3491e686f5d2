package io.sparkformer.run;

import static io.sparkformer.run.TinyRun.train;
import static io.sparkformer.run.TinyRun.with;
import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.run.RunDirectory.Mode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that learns nothing says so, and one that learns does not. */
class ChanceCheckTest {

  private static final String NOTHING = "nothing is learned";

  /** An epoch has 6 steps, the last of 4 texts. */
  private static final String[] EPOCHS = {
    "model.head.kind=sequence-classification",
    "model.head.pooling=mean",
    "data.order=epochs",
    "data.drop-last=false",
    "evaluation.per=epoch",
    "evaluation.interval=1",
    "schedule.warmup-steps=0"
  };

  @TempDir private Path directory;

  @Test
  void aClassifierThatOnlyKnowsHowFrequentLabelsAreIsWarnedOfOnce() throws IOException {
    List<String> warnings =
        warnings(labelled(), with(EPOCHS, "training.max-epochs=3", "optimizer.learning-rate=1e-9"));

    assertThat(warnings)
        .singleElement()
        .asString()
        .matches(
            "the train loss is 1\\.[01]\\d+ at step 6, after the whole train split, and guessing has 0\\.8877:"
                + " nothing is learned; lower optimizer\\.learning-rate \\(1\\.0E-9\\) or raise"
                + " schedule\\.warmup-steps \\(0\\)");
  }

  @Test
  void aClassifierThatLearnsIsNot() throws IOException {
    assertThat(
            warnings(
                labelled(), with(EPOCHS, "training.max-epochs=6", "optimizer.learning-rate=0.01")))
        .isEmpty();
  }

  @Test
  void aClassifierIsNotJudgedBeforeItHasSeenAllTexts() throws IOException {
    assertThat(
            warnings(
                labelled(),
                with(
                    EPOCHS,
                    "evaluation.per=step",
                    "training.max-steps=5",
                    "optimizer.learning-rate=1e-9")))
        .isEmpty();
  }

  @Test
  void aLanguageModelToWhichAllTokensAreEquallyLikelyIsWarnedOf() throws IOException {
    Path text =
        TinyRun.dataset(directory.resolve("text"), TinyRun.TEXT, TinyRun.TEXT.substring(0, 99));

    assertThat(
            warnings(
                text, "training.max-steps=40", "optimizer.learning-rate=1e-9", "model.dropout=0"))
        .singleElement()
        .asString()
        .contains("at step 30, after the whole train split", "and guessing has 3.3322: ");
    assertThat(warnings(text, "training.max-steps=40")).isEmpty();
  }

  private Path labelled() throws IOException {
    return LabelledText.dataset(
        directory.resolve("labelled"), LabelledText.texts(44, 1), LabelledText.texts(12, 2));
  }

  private List<String> warnings(Path data, String... settings) throws IOException {
    try (Warnings warnings = Warnings.listen()) {
      train(data, directory.resolve("run" + settings.length), Mode.OVERWRITE, settings);
      return warnings.messages().stream().filter(message -> message.contains(NOTHING)).toList();
    }
  }
}
