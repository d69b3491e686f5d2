package io.sparkformer.jobs.dataset;

import io.sparkformer.datasets.Storage;
import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.cluster.SparkContexts;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExitCodeGenerator;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code sparkformer dataset verify}. */
@Command(
    name = "verify",
    sortOptions = false,
    description =
        "Reads every file of a data set and checks its size, checksum, structure and token ids.")
final class DatasetVerifyCommand implements Callable<DatasetVerifyResult>, IExitCodeGenerator {

  @Option(names = "--data", required = true, paramLabel = "DIR", description = "The data set.")
  private String data;

  @Spec private CommandSpec spec;

  private boolean holds;

  @Override
  public DatasetVerifyResult call() throws Exception {
    try (JavaSparkContext spark = SparkContexts.open("dataset verify")) {
      DatasetVerifyResult result = DatasetVerifyJob.run(spark, Storage.path(data));
      result.bad().forEach(bad -> spec.commandLine().getErr().println(bad));
      holds = result.ok();
      return result;
    }
  }

  @Override
  public int getExitCode() {
    return holds ? ExitCode.DONE : ExitCode.MISUSED;
  }
}
