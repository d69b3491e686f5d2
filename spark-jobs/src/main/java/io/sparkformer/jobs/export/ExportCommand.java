package io.sparkformer.jobs.export;

import io.sparkformer.datasets.Storage;
import io.sparkformer.jobs.JobCommand;
import io.sparkformer.jobs.ModelArguments;
import io.sparkformer.jobs.OutputArguments;
import io.sparkformer.jobs.cluster.SparkContexts;
import io.sparkformer.jobs.output.OutputDirectory;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.TorchScriptExport;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
    description =
        "Writes a model for other programs, PyTorch and all that is built on DJL: model.pt, tokenizer.json, config.json, serving.properties.")
public final class ExportCommand implements JobCommand, Callable<ExportResult> {

  /** What a model is written as. */
  enum Format {
    /** model.pt with the weights inside, tokenizer.json, config.json, serving.properties. */
    TORCHSCRIPT
  }

  @Spec private CommandSpec spec;

  @Mixin private ModelArguments model;

  @Option(
      names = "--format",
      required = true,
      paramLabel = "FORMAT",
      description = "torchscript: model.pt with the weights inside, for torch.jit.load and DJL.")
  private Format format;

  @Mixin private OutputArguments output;

  @Override
  public ExportResult call() throws IOException {
    long started = System.nanoTime();
    Configuration hadoop = SparkContexts.hadoopConfiguration();
    ModelDirectory directory = model.open(hadoop);
    try (OutputDirectory written = output.besideModel(model, TorchScriptExport.MODULE, hadoop)) {
      written.startAfresh();
      TorchScriptExport.Written export =
          TorchScriptExport.write(directory, written.fileSystem(), written.staging());
      written.commit();
      if (!export.tokenizer()) {
        spec.commandLine()
            .getErr()
            .println("the model has no tokenizer: who uses it must make token ids by themselves");
      }
      return new ExportResult(
          format.name().toLowerCase(Locale.ROOT),
          export.parameters(),
          export.moduleBytes(),
          export.labels(),
          model.path(),
          Storage.shown(written.output()),
          (System.nanoTime() - started) / 1e9);
    }
  }
}
