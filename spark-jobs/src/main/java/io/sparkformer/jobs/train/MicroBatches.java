package io.sparkformer.jobs.train;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.recipe.RecipeFile;
import io.sparkformer.run.RunDirectory;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a step's micro-batches smaller where there are fewer of them than ranks. A run has the bits
 * of its micro-batch size, whatever the ranks, so one that goes on keeps the size it began with.
 */
final class MicroBatches {

  private static final Logger LOG = LoggerFactory.getLogger(MicroBatches.class);
  private static final String SIZE = "training.micro-batch-size";

  private MicroBatches() {}

  /**
   * The recipe with at least one micro-batch a step for each rank.
   *
   * @param output of the run, which says what it began with
   * @throws io.sparkformer.datasets.InvalidInputException if a step has fewer rows than ranks
   */
  static RecipeFile split(
      RecipeFile recipe, DataShape data, int workers, RunDirectory output, RunDirectory.Mode mode)
      throws IOException {
    Recipe.Training training = recipe.bind(data).training();
    int rows = training.globalBatchSize();
    int size = training.microBatchSize();
    require(
        rows >= workers,
        "--workers %d is more than the rows of a step, %d (training.global-batch-size): lower --workers, or raise"
            + " the global batch size",
        workers,
        rows);
    int begunWith = mode.resumes() ? begunWith(recipe, data, output) : size;
    int largest =
        IntStream.iterate(begunWith, smaller -> smaller - 1)
            .filter(each -> rows % each == 0 && rows / each >= workers)
            .findFirst()
            .orElseThrow();
    if (largest == size) {
      return recipe;
    }
    LOG.info(
        "{} is {} in place of {}: {}",
        SIZE,
        largest,
        size,
        largest == begunWith
            ? "so the run began"
            : "so each of " + workers + " workers has a part of every step");
    return recipe.with(List.of(SIZE + "=" + largest, "training.global-batch-size=" + rows));
  }

  /** What the run made of the recipe's size. */
  private static int begunWith(RecipeFile recipe, DataShape data, RunDirectory output)
      throws IOException {
    int size = recipe.bind(data).training().microBatchSize();
    Path file = new Path(output.path(), RunDirectory.RECIPE);
    if (!output.fileSystem().exists(file)) {
      return size;
    }
    Recipe.Training begun = RecipeFile.read(output.fileSystem(), file).bind(data).training();
    boolean split =
        begun.microBatchSize() < size
            && begun.globalBatchSize() == recipe.bind(data).training().globalBatchSize();
    return split ? begun.microBatchSize() : size;
  }
}
