package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.jobs.JobProcess;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.RecipeFile;
import io.sparkformer.run.RunDirectory;
import io.sparkformer.run.RunDirectory.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a recipe's micro-batches come to be one for each worker at least. */
class MicroBatchesTest {

  private static final DataShape DATA = new DataShape(65, List.of("bad", "good"), 10_000, 1_000);

  @TempDir private Path directory;
  private RunDirectory output;

  @BeforeEach
  void nameOutput() {
    output =
        RunDirectory.of(
            new Configuration(),
            new org.apache.hadoop.fs.Path(directory.resolve("out").toString()));
  }

  @Test
  void theReadmesRecipesNeedNoSettingForTwoWorkers() throws IOException {
    for (String name :
        List.of("quickstart", "reviews", "sentiment", "sentiment-best", "shakespeare-char-cpu")) {
      String yaml = Files.readString(JobProcess.CHECKOUT.resolve("conf/" + name + ".yaml"));
      RecipeFile recipe = RecipeFile.parse(yaml, name);
      RecipeFile split = MicroBatches.split(recipe, DATA, 2, output, Mode.START);

      assertThat(split.bind(DATA).training().gradAccumSteps()).as(name).isGreaterThan(1);
      assertThat(split.bind(DATA).training().globalBatchSize())
          .as(name)
          .isEqualTo(recipe.bind(DATA).training().globalBatchSize());
    }
  }

  @Test
  void theyAreTheLargestThatFitAndStayWhereThereAreEnough() throws IOException {
    RecipeFile whole = recipe(12, 12);

    assertThat(MicroBatches.split(whole, DATA, 1, output, Mode.START)).isSameAs(whole);
    assertThat(size(whole, 2, Mode.START)).isEqualTo(6);
    assertThat(size(whole, 3, Mode.START)).isEqualTo(4);
    assertThat(size(whole, 5, Mode.START)).isEqualTo(2);
    assertThat(size(whole, 12, Mode.START)).isEqualTo(1);
    assertThat(size(recipe(4, 12), 3, Mode.START)).isEqualTo(4);
  }

  @Test
  void aRunGoesOnWithTheSizeThatItBeganWithWhateverTheWorkers() throws IOException {
    RecipeFile whole = recipe(12, 12);
    begin(MicroBatches.split(whole, DATA, 3, output, Mode.START));

    for (Mode mode : List.of(Mode.RESUME, Mode.RESUME_CHANGED)) {
      assertThat(size(whole, 1, mode)).isEqualTo(4);
      assertThat(size(whole, 2, mode)).isEqualTo(4);
      assertThat(size(whole, 6, mode)).isEqualTo(2);
    }
    assertThat(size(whole, 1, Mode.OVERWRITE)).isEqualTo(12);
  }

  @Test
  void moreWorkersThanRowsAreRefused() {
    assertThatThrownBy(() -> size(recipe(4, 4), 5, Mode.START))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "--workers 5 is more than the rows of a step, 4 (training.global-batch-size): lower --workers, or raise"
                + " the global batch size");
  }

  private int size(RecipeFile recipe, int workers, Mode mode) throws IOException {
    return MicroBatches.split(recipe, DATA, workers, output, mode)
        .bind(DATA)
        .training()
        .microBatchSize();
  }

  private void begin(RecipeFile recipe) throws IOException {
    Files.createDirectories(directory.resolve("out"));
    Files.writeString(directory.resolve("out").resolve(RunDirectory.RECIPE), recipe.yaml());
  }

  private static RecipeFile recipe(int micro, int global) {
    return RecipeFile.parse(
        """
        model: {context-length: 8, num-layers: 1, num-heads: 2, embedding-dim: 16}
        training: {max-steps: 20, micro-batch-size: %d, global-batch-size: %d}
        """
            .formatted(micro, global),
        "tiny.yaml");
  }
}
