package io.sparkformer.jobs;

import static io.sparkformer.datasets.LocalFiles.hadoop;

import ai.djl.Device;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.model.TextReading;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/** Small models for tests, with random weights. */
public final class ModelFixture {

  private ModelFixture() {}

  /** Writes a model of a context of 16 tokens. */
  public static void write(Path directory, int vocabSize, Optional<Tokenizer> tokenizer)
      throws IOException {
    Kernels.threads(1);
    ModelConfig config = ModelConfig.gpt2(vocabSize, 16, 2, 2, 16);
    try (Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), 1)) {
      model.weights().values().forEach(weight -> weight.muli(5));
      at(directory)
          .save(
              model, new TextProcessing(tokenizer, Optional.empty(), List.of(), TextReading.PLAIN));
    }
  }

  public static ModelDirectory at(Path directory) {
    return ModelDirectory.at(new Configuration(), hadoop(directory));
  }

  /** A tokenizer of a text's characters. */
  public static CharTokenizer tokenizer(String text) {
    return CharTokenizer.of(text.codePoints().sorted().distinct().toArray());
  }
}
