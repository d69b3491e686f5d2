package io.sparkformer.jobs;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.Storage;
import io.sparkformer.jobs.output.ExistingOutput;
import io.sparkformer.jobs.output.OutputDirectory;
import java.io.IOException;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Option;

/** The options that say where a job writes what it makes as a whole. */
public final class OutputArguments {

  @Option(
      names = "--output",
      required = true,
      paramLabel = "DIR",
      description = "The directory to write; must not exist.")
  private String output;

  @Option(
      names = "--overwrite",
      description = "Replace the output if it is of the kind that this job makes.")
  private boolean overwrite;

  /** As it was given. */
  public String path() {
    return output;
  }

  public ExistingOutput existing() {
    return overwrite ? ExistingOutput.REPLACE : ExistingOutput.REFUSE;
  }

  /**
   * Checks that what is to be replaced holds nothing but files that the job writes.
   *
   * @param names a pattern of their names
   * @throws io.sparkformer.datasets.InvalidInputException if it holds something else
   */
  public void requireNothingElse(Pattern names, Configuration hadoop) throws IOException {
    Path to = Storage.path(output);
    FileSystem fileSystem = Storage.fileSystem(to, hadoop);
    if (existing() != ExistingOutput.REPLACE || !fileSystem.exists(to)) {
      return;
    }
    for (FileStatus file : fileSystem.listStatus(to)) {
      String name = file.getPath().getName();
      require(
          file.isFile() && names.matcher(name).matches(),
          "--output %s holds %s, which this job does not write, so it is not replaced: choose another"
              + " directory, or move it away",
          output,
          name);
    }
  }

  /**
   * Locks a directory for what is made of a model.
   *
   * @param marker the file by which such a directory is known
   * @throws io.sparkformer.datasets.InvalidInputException if output and model are not apart, or the
   *     output cannot be made
   */
  public OutputDirectory besideModel(ModelArguments model, String marker, Configuration hadoop)
      throws IOException {
    Path from = Storage.path(model.path());
    Path to = Storage.path(output);
    require(
        !Storage.overlap(Storage.qualified(to, hadoop), Storage.qualified(from, hadoop)),
        "--output %s and --model %s are the same or one lies in the other: choose an output outside the model",
        output,
        model.path());
    return OutputDirectory.prepare(output, marker, existing(), List.of(), hadoop);
  }
}
