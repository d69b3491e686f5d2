package io.sparkformer.run;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.safetensors.StoredTensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Begins a model with another one's weights. */
final class WarmStart {

  private static final Logger LOG = LoggerFactory.getLogger(WarmStart.class);
  private static final String POSITIONS = "transformer.wpe.weight";

  private static final ObjectMapper KEBAB =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE).build();

  /** What does not decide which weights there are. */
  private static final Set<String> FREE =
      Set.of("context-length", "mask", "dropout", "layer-norm-epsilon", "head");

  private WarmStart() {}

  /**
   * Replaces the backbone's weights, and the head's if it has the same.
   *
   * @param tokenizer of the data set
   * @param labels of the data set, for a classifier; another one's head means nothing for them
   * @throws io.sparkformer.datasets.InvalidInputException if the models or their tokenizers differ
   */
  static void load(ModelDirectory source, Gpt model, Tokenizer tokenizer, List<String> labels)
      throws IOException {
    boolean sameHead =
        model.config().head().equals(source.config().head()) && labels.equals(source.labels());
    Optional<Tokenizer> own = source.tokenizer();
    require(
        own.isEmpty() || own.get().fingerprint().equals(tokenizer.fingerprint()),
        "training.init-from: %s has another tokenizer than the data set: tokenize with --tokenizer %s",
        source.path(),
        source.path());
    requireSameShape(source, model.config());
    Map<String, StoredTensor> entries = source.weights();
    Map<String, NDArray> reused = new LinkedHashMap<>();
    Map<String, StoredTensor> fitting = new LinkedHashMap<>();
    model
        .weights()
        .forEach(
            (name, weight) -> {
              Optional<StoredTensor> entry =
                  Optional.ofNullable(entries.get(name))
                      .filter(e -> sameHead || !Head.isPrefixOf(name))
                      .flatMap(e -> fitted(name, e, weight));
              if (entry.isPresent()) {
                reused.put(name, weight);
                fitting.put(name, entry.get());
              }
            });
    source.copyInto(reused, fitting);
    List<String> fresh =
        model.weights().keySet().stream().filter(name -> !reused.containsKey(name)).toList();
    for (String name : fresh) {
      require(
          Head.isPrefixOf(name),
          "training.init-from: %s has no weight '%s' of this shape: use a model of the same sizes",
          source.path(),
          name);
    }
    LOG.info(
        "{} weights of {}, new: {}",
        reused.size(),
        source.path(),
        fresh.isEmpty() ? "none" : String.join(", ", fresh));
  }

  /** Positions of a longer context begin with those of a shorter one. */
  private static Optional<StoredTensor> fitted(String name, StoredTensor entry, NDArray weight) {
    long[] shape = weight.getShape().getShape();
    if (Arrays.equals(entry.shape(), shape)) {
      return Optional.of(entry);
    }
    boolean longer =
        name.equals(POSITIONS) && entry.shape()[1] == shape[1] && entry.shape()[0] > shape[0];
    return longer ? Optional.of(entry.first(shape[0])) : Optional.empty();
  }

  private static void requireSameShape(ModelDirectory source, ModelConfig config)
      throws IOException {
    ModelConfig theirs = source.config();
    JsonNode other = KEBAB.valueToTree(theirs);
    for (Map.Entry<String, JsonNode> key : KEBAB.valueToTree(config).properties()) {
      require(
          FREE.contains(key.getKey()) || other.get(key.getKey()).equals(key.getValue()),
          "training.init-from: model.%s is %s, but %s has %s: set it to that",
          key.getKey(),
          key.getValue().asText(),
          source.path(),
          other.path(key.getKey()).asText());
    }
    require(
        config.contextLength() <= theirs.contextLength(),
        "training.init-from: model.context-length is %d, but %s has %d: set it to that at most",
        config.contextLength(),
        source.path(),
        theirs.contextLength());
  }
}
