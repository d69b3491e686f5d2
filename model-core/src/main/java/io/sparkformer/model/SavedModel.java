package io.sparkformer.model;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.safetensors.TensorSource;
import io.sparkformer.safetensors.TensorWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A model's files as they are written, so that transformers reads the same model from them.
 *
 * @param directory is made if need be
 * @param processing what goes with the model
 */
record SavedModel(
    FileSystem fileSystem, Path directory, ModelConfig config, TextProcessing processing) {

  private static final String NAME = "model";
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Writes them.
   *
   * @param weights float32, under the model's names
   */
  void write(Map<String, NDArray> weights, TensorWriter writer) throws IOException {
    fileSystem.mkdirs(directory);
    Optional<SavedTokenizer> tokenizer = Optional.empty();
    if (processing.tokenizer().isPresent()) {
      tokenizer = Optional.of(SavedTokenizer.of(processing.tokenizer().get(), processing));
    }
    Optional<Padding> padding = padding(tokenizer);
    writer.writeModel(fileSystem, directory, NAME, sources(weights, padding));
    if (tokenizer.isPresent()) {
      write(Tokenizer.FILE_NAME, tokenizer.get().tokenizerJson());
      write(ReadingFiles.TOKENIZER_CONFIG, tokenizer.get().configJson(config, padding));
    }
    // Last: without it, nobody takes the directory for a model.
    write(
        ModelDirectory.CONFIG,
        JSON.writerWithDefaultPrettyPrinter()
            .writeValueAsBytes(
                ConfigJson.of(config, processing, writer.format().torchName(), padding)));
  }

  /**
   * The token that fills up rows. Transformers' classifiers look at the last token that is another
   * one, so theirs must not end a text: it is the first behind the vocabulary.
   */
  private Optional<Padding> padding(Optional<SavedTokenizer> tokenizer) {
    if (!config.head().isClassifier()) {
      return tokenizer.flatMap(SavedTokenizer::paddingOfPrompts).map(Padding::known);
    }
    if (processing.reading().padding().isPresent() || !Gpt2Json.expresses(config)) {
      return processing.reading().padding().map(Padding::known);
    }
    if (tokenizer.isEmpty()) {
      return Optional.of(Padding.behind(config.vocabSize()));
    }
    return tokenizer
        .get()
        .paddingBehind()
        .filter(id -> id <= config.vocabSize())
        .map(id -> id == config.vocabSize() ? Padding.behind(id) : Padding.known(id));
  }

  /** The weights as GPT-2's files have them: with biases, and with a row for the padding. */
  private List<TensorSource> sources(Map<String, NDArray> weights, Optional<Padding> padding) {
    boolean gpt2 = Gpt2Json.expresses(config);
    int paddingRows = padding.map(Padding::rows).orElse(0);
    List<TensorSource> sources = new ArrayList<>();
    Gpt.shapes(gpt2 ? config.withBias() : config)
        .forEach(
            (name, shape) -> {
              TensorSource source =
                  weights.containsKey(name)
                      ? TensorSource.of(name, weights.get(name))
                      : TensorSource.zeros(name, shape.getShape());
              boolean embedding = name.equals(FoundWeights.EMBEDDING);
              sources.add(embedding ? source.withZeroRows(paddingRows) : source);
            });
    return sources;
  }

  private void write(String name, byte[] content) throws IOException {
    try (OutputStream out = fileSystem.create(new Path(directory, name), true)) {
      out.write(content);
    }
  }
}
