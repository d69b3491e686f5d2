package io.sparkformer.jobs.export;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import io.sparkformer.datasets.Storage;
import io.sparkformer.gguf.GgufExport;
import io.sparkformer.jobs.JobCommand;
import io.sparkformer.jobs.ModelArguments;
import io.sparkformer.jobs.OutputArguments;
import io.sparkformer.jobs.cluster.SparkContexts;
import io.sparkformer.jobs.output.OutputDirectory;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.model.TorchScriptExport;
import io.sparkformer.safetensors.TensorWriter;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
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
        "Writes a model for other programs: PyTorch and all that is built on DJL (torchscript), transformers (safetensors), or llama.cpp (gguf).")
public final class ExportCommand implements JobCommand, Callable<ExportResult> {

  /** What is said of it in the result. */
  private record Written(String file, long parameters, long bytes, List<String> labels) {}

  @Spec private CommandSpec spec;

  @Mixin private ModelArguments model;

  @Option(
      names = "--format",
      required = true,
      paramLabel = "FORMAT",
      description = {
        "torchscript: model.pt with the weights inside, for torch.jit.load and DJL, with tokenizer.json, config.json, serving.properties.",
        "safetensors: a model directory as transformers writes it: model.safetensors, or shards of it, config.json, tokenizer.json, tokenizer_config.json.",
        "gguf: model.gguf with weights and tokenizer inside, for llama.cpp; of language models of GPT-2's form with a byte-level BPE tokenizer."
      })
  private Format format;

  @Option(
      names = "--dtype",
      defaultValue = "fp32",
      paramLabel = "TYPE",
      description =
          "What the weights are written as, rounded to the nearest: fp32, fp16 or bf16; torchscript is fp32 always. Default: ${DEFAULT-VALUE}.")
  private Dtype dtype;

  @Option(
      names = "--max-shard-size",
      paramLabel = "SIZE",
      description =
          "Of safetensors: a file's tensors are not more together, such as 5GB (10^9 bytes each) or 500MB; a larger tensor has a file of its own. Default: one file.")
  private Optional<String> maxShardSize = Optional.empty();

  @Mixin private OutputArguments output;

  @Override
  public ExportResult call() throws IOException {
    long started = System.nanoTime();
    require(
        format != Format.TORCHSCRIPT || dtype == Dtype.FP32,
        "--dtype %s does not go with --format torchscript, whose weights are fp32: leave --dtype away, or pass --format safetensors",
        dtype);
    require(
        format == Format.SAFETENSORS || maxShardSize.isEmpty(),
        "--max-shard-size does not go with --format %s, which is one file: leave it away, or pass --format safetensors",
        format);
    TensorWriter writer =
        new TensorWriter(dtype.format(), maxShardSize.map(ShardSize::bytes).orElse(Long.MAX_VALUE));
    Configuration hadoop = SparkContexts.hadoopConfiguration();
    ModelDirectory directory = model.open(hadoop);
    if (format == Format.SAFETENSORS) {
      output.requireNothingElse(ModelDirectory.FILES, hadoop);
    }
    try (OutputDirectory target = output.besideModel(model, format.marker(), hadoop)) {
      target.startAfresh();
      Written written =
          switch (format) {
            case TORCHSCRIPT -> torchScript(directory, target);
            case SAFETENSORS -> safetensors(directory, target, writer);
            case GGUF -> gguf(directory, target);
          };
      target.commit();
      return new ExportResult(
          format.toString(),
          dtype.toString(),
          written.file(),
          written.parameters(),
          written.bytes(),
          written.labels(),
          model.path(),
          Storage.shown(target.output()),
          (System.nanoTime() - started) / 1e9);
    }
  }

  private Written torchScript(ModelDirectory directory, OutputDirectory target) throws IOException {
    TorchScriptExport.Written written =
        TorchScriptExport.write(directory, target.fileSystem(), target.staging());
    if (!written.tokenizer()) {
      spec.commandLine()
          .getErr()
          .println("the model has no tokenizer: who uses it must make token ids by themselves");
    }
    return new Written(
        TorchScriptExport.MODULE, written.parameters(), written.moduleBytes(), written.labels());
  }

  private Written safetensors(ModelDirectory source, OutputDirectory target, TensorWriter writer)
      throws IOException {
    try (Gpt gpt = source.load(Precision.FP32, Device.cpu())) {
      ModelDirectory copy = ModelDirectory.at(target.fileSystem(), target.staging());
      copy.save(gpt.config(), gpt.weights(), source.processing(), writer);
      return new Written(
          copy.weightsFile(), gpt.parameterCount(), copy.weightsBytes(), source.labels());
    }
  }

  private Written gguf(ModelDirectory directory, OutputDirectory target) throws IOException {
    GgufExport.Written written =
        GgufExport.write(directory, dtype.format(), target.fileSystem(), target.staging());
    return new Written(GgufExport.FILE, written.parameters(), written.fileBytes(), List.of());
  }
}
