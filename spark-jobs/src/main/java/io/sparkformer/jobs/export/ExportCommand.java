package io.sparkformer.jobs.export;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.Storage;
import io.sparkformer.jobs.attention.AttentionCommand;
import io.sparkformer.jobs.cluster.SparkContexts;
import io.sparkformer.jobs.output.ExistingOutput;
import io.sparkformer.jobs.output.OutputDirectory;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.TorchScriptExport;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code sparkformer export}.
 *
 * <p>Runs in the driver, without a Spark application: there is nothing to distribute.
 */
@Command(
    name = "export",
    sortOptions = false,
    description = "Writes a model for other programs: PyTorch, and all that is built on DJL.")
public final class ExportCommand implements Callable<ExportCommand.Summary> {

  /** What a model is written as. */
  enum Format {
    /** model.pt with the weights inside, tokenizer.json, config.json, serving.properties. */
    TORCHSCRIPT
  }

  /**
   * What was written.
   *
   * @param format its name as on the command line
   * @param parameters numbers in the model
   * @param moduleBytes of model.pt
   * @param labels names of a classifier's classes
   */
  record Summary(
      String format,
      long parameters,
      long moduleBytes,
      List<String> labels,
      String model,
      String output,
      double seconds) {}

  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "The model's directory: config.json, model.safetensors, tokenizer.json.")
  private String model;

  @Option(
      names = "--format",
      required = true,
      paramLabel = "FORMAT",
      description = "torchscript: model.pt with the weights inside, for torch.jit.load and DJL.")
  private Format format;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "DIR",
      description = "For model.pt, tokenizer.json, config.json; must not exist.")
  private String output;

  @Option(names = "--overwrite", description = "Replace the output if it holds a model.pt.")
  private boolean overwrite;

  @Override
  public Summary call() throws IOException {
    long started = System.nanoTime();
    require(!model.isBlank(), "--model is empty: give the model's directory");
    Configuration hadoop = SparkContexts.hadoopConfiguration();
    ModelDirectory directory = ModelDirectory.open(hadoop, Storage.path(model));
    AttentionCommand.requireApart(output, model, directory, hadoop);
    try (OutputDirectory written =
        OutputDirectory.prepare(
            output,
            TorchScriptExport.MODULE,
            overwrite ? ExistingOutput.REPLACE : ExistingOutput.REFUSE,
            List.of(),
            hadoop)) {
      written.startAfresh();
      TorchScriptExport.Written export =
          TorchScriptExport.write(directory, written.fileSystem(), written.staging());
      written.commit();
      if (!export.tokenizer()) {
        spec.commandLine()
            .getErr()
            .println("the model has no tokenizer: who uses it must make token ids by themselves");
      }
      return new Summary(
          format.name().toLowerCase(Locale.ROOT),
          export.parameters(),
          export.moduleBytes(),
          export.labels(),
          model,
          Storage.shown(written.output()),
          (System.nanoTime() - started) / 1e9);
    }
  }
}
