package io.sparkformer.model;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.safetensors.SafeTensors;
import io.sparkformer.safetensors.StoredTensor;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A model's tensors as GPT-2's files have them, under the names that a {@link Gpt} has for them.
 *
 * <p>The files may say more of the shape than config.json: whether the output projection is really
 * the token embedding, and whether there are biases.
 *
 * @param config the shape, by config.json and the files together
 * @param tensors by the weights' names, and no others
 */
record FoundWeights(ModelConfig config, Map<String, StoredTensor> tensors) {

  private static final String PREFIX = "transformer.";
  static final String EMBEDDING = "transformer.wte.weight";
  private static final String OUTPUT = "lm_head.weight";

  /**
   * Looks at the tensors' headers, and at their numbers where they decide the shape.
   *
   * @param said the shape by config.json
   * @param paddingRow whether the token embedding has a row behind the vocabulary
   * @throws io.sparkformer.datasets.InvalidInputException if they are not of the shape
   */
  static FoundWeights of(
      FileSystem fileSystem,
      Path directory,
      ModelConfig said,
      boolean paddingRow,
      Map<String, StoredTensor> stored)
      throws IOException {
    Map<String, StoredTensor> tensors = named(stored);
    require(
        said.numLayers() <= tensors.size(),
        "%s has %d tensors, but its config asks for %d layers: the two are not of one model:"
            + " copy both again from one place",
        directory,
        tensors.size(),
        said.numLayers());
    ModelConfig config = untied(fileSystem, said, tensors);
    config = biased(fileSystem, config, tensors);
    if (paddingRow && tensors.containsKey(EMBEDDING)) {
      StoredTensor embedding = tensors.get(EMBEDDING);
      embedding.requireShape(new long[] {config.vocabSize() + 1L, config.embeddingDim()});
      tensors.put(EMBEDDING, embedding.first(config.vocabSize()));
    }
    Map<String, long[]> shapes = new LinkedHashMap<>();
    Gpt.shapes(config).forEach((name, shape) -> shapes.put(name, shape.getShape()));
    SafeTensors.requireFit(shapes, tensors, directory);
    return new FoundWeights(config, tensors);
  }

  /** GPT-2's published files have no prefix, and carry the causal mask as a buffer. */
  private static Map<String, StoredTensor> named(Map<String, StoredTensor> stored) {
    Map<String, StoredTensor> named = new LinkedHashMap<>();
    stored.forEach(
        (name, tensor) -> {
          boolean mask = name.endsWith(".attn.bias") || name.endsWith(".attn.masked_bias");
          if (!mask) {
            boolean complete = name.startsWith(PREFIX) || Head.isPrefixOf(name);
            StoredTensor before = named.put(complete ? name : PREFIX + name, tensor);
            require(
                before == null,
                "%s holds tensor '%s' twice, with and without '%s': copy the model again",
                tensor.file(),
                name,
                PREFIX);
          }
        });
    return named;
  }

  /** As transformers does: an output projection in the file that is another one is not tied. */
  private static ModelConfig untied(
      FileSystem fileSystem, ModelConfig config, Map<String, StoredTensor> tensors)
      throws IOException {
    Head head = config.head();
    boolean tied = !head.isClassifier() && head.output() == Head.Output.TIED;
    if (!tied || !tensors.containsKey(OUTPUT)) {
      return config;
    }
    StoredTensor output = tensors.get(OUTPUT);
    StoredTensor embedding = tensors.putIfAbsent(EMBEDDING, output);
    if (embedding != null && !SafeTensors.equal(fileSystem, embedding, output)) {
      return config.with(Head.OWN);
    }
    tensors.remove(OUTPUT);
    return config;
  }

  /** GPT-2 always has biases: what has none is written with zeros, here or by transformers. */
  private static ModelConfig biased(
      FileSystem fileSystem, ModelConfig config, Map<String, StoredTensor> tensors)
      throws IOException {
    if (config.bias()) {
      return config;
    }
    ModelConfig withBias = config.withBias();
    Map<String, StoredTensor> biases = new TreeMap<>(tensors);
    biases.keySet().retainAll(Gpt.shapes(withBias).keySet());
    biases.keySet().removeAll(Gpt.shapes(config).keySet());
    for (StoredTensor bias : biases.values()) {
      if (!SafeTensors.isZero(fileSystem, bias)) {
        return withBias;
      }
    }
    tensors.keySet().removeAll(Set.copyOf(biases.keySet()));
    return config;
  }
}
