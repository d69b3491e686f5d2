package io.sparkformer.jobs;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.Storage;
import io.sparkformer.model.ModelDirectory;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Option;

/** The option that names a model. */
public class ModelArguments {

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "The model's directory: config.json, model.safetensors, tokenizer.json.")
  private String model;

  /** The directory as it was given. */
  public final String path() {
    require(!model.isBlank(), "--model is empty: give the model's directory");
    return model;
  }

  /**
   * Opens the directory.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if it is none, or holds no model of ours
   */
  public final ModelDirectory open(Configuration hadoop) throws IOException {
    return ModelDirectory.open(hadoop, Storage.path(path()));
  }
}
