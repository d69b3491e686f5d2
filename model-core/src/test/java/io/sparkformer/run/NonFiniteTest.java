package io.sparkformer.run;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.run.TinyRun.train;
import static io.sparkformer.run.TinyRun.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.run.RunDirectory.Mode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A classifier's loss that is no number ends its run as a language model's does. */
class NonFiniteTest {

  private static final String[] CLASSIFIER = {
    "model.head.kind=sequence-classification",
    "model.head.pooling=mean",
    "model.mask=bidirectional",
    "data.order=epochs",
    "data.drop-last=false",
    "training.max-steps=6",
    "evaluation.interval=3",
    "checkpoint.interval=2"
  };

  private static final String REMEDIES =
      ": lower optimizer.learning-rate, raise schedule.warmup-steps or set optimizer.max-grad-norm;"
          + " checkpoints written before it are kept";

  @TempDir private Path directory;
  private Path data;
  private Path output;

  @BeforeEach
  void writeData() throws IOException {
    data =
        LabelledText.dataset(
            directory.resolve("data"), LabelledText.texts(44, 1), LabelledText.texts(9, 2));
    output = directory.resolve("out");
  }

  @ParameterizedTest
  @ValueSource(strings = {"adamw", "sgd"})
  void divergenceNamesTheStepAndKeepsTheLastGoodCheckpoint(String kind) throws IOException {
    String rule = "optimizer.kind=" + kind;
    train(data, output, Mode.START, with(CLASSIFIER, rule, "training.max-steps=4"));
    Map<String, Integer> before = TinyRun.content(output.resolve("checkpoints"));

    assertThatThrownBy(
            () ->
                train(
                    data,
                    output,
                    Mode.RESUME_CHANGED,
                    with(
                        CLASSIFIER,
                        rule,
                        "optimizer.learning-rate=1e38",
                        "schedule.kind=constant",
                        "schedule.warmup-steps=0",
                        "optimizer.max-grad-norm=0")))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageMatching("the loss (is|of the train split is) .* at step [56]: lower .*")
        .hasMessageEndingWith(REMEDIES);

    assertThat(TinyRun.content(output.resolve("checkpoints"))).isEqualTo(before);
    TrainingResult resumed = train(data, output, Mode.RESUME, with(CLASSIFIER, rule));
    assertThat(resumed.resumedFrom()).isEqualTo(4);
    assertThat(resumed.valid().loss()).isFinite();
  }

  @Test
  void weightsThatAreNoNumbersFromTheStartAreSeenInTheFirstStep() throws IOException {
    String[] start = with(CLASSIFIER, "training.max-steps=1");
    train(data, output, Mode.START, start);
    Path broken = directory.resolve("broken");
    ModelDirectory model = ModelDirectory.open(new Configuration(), hadoop(output.resolve("last")));
    try (Gpt weights = model.load(Precision.FP32, Device.cpu())) {
      weights.weights().get("transformer.ln_f.bias").addi(Float.NaN);
      ModelDirectory.at(new Configuration(), hadoop(broken)).save(weights, TextProcessing.NONE);
    }

    assertThatThrownBy(
            () ->
                train(
                    data,
                    directory.resolve("tuned"),
                    Mode.START,
                    with(CLASSIFIER, "training.init-from=" + broken)))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("the loss is NaN and the gradient norm NaN at step 1" + REMEDIES);
    assertThat(directory.resolve("tuned/checkpoints")).isEmptyDirectory();
  }
}
