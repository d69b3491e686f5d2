package io.sparkformer.jobs.train;

import io.sparkformer.datasets.synthetic.SyntheticData;
import io.sparkformer.datasets.synthetic.SyntheticSpec;
import io.sparkformer.recipe.RecipeFile;
import io.sparkformer.run.RunDirectory;
import java.io.Serializable;
import org.apache.hadoop.fs.Path;

/**
 * What is to be trained; the same in every attempt.
 *
 * @param runId of this run alone
 * @param recipe its YAML
 * @param data directory of the data set; empty if the recipe makes its own
 * @param output directory of the run
 * @param mode what to do about an output that another run made
 * @param rankTimeoutSeconds how late a rank may be
 */
record TrainSpec(
    String runId,
    String recipe,
    String data,
    String output,
    RunDirectory.Mode mode,
    int rankTimeoutSeconds)
    implements Serializable {

  /** The data set that a recipe makes by itself, on this machine's disk. */
  static Path madeData(RecipeFile recipe) {
    SyntheticSpec made = recipe.data().synthetic(recipe.seed()).orElseThrow();
    return new Path(SyntheticData.local(made).toUri());
  }
}
