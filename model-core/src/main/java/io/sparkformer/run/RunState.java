package io.sparkformer.run;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.datasets.Sha256;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.ShardFile;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.recipe.DataConfig;
import io.sparkformer.recipe.EvaluationConfig;
import io.sparkformer.recipe.OptimizerConfig;
import io.sparkformer.recipe.Recipe;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import org.apache.hadoop.fs.Path;

/**
 * What a run knows beside its weights and moments.
 *
 * @param step updates done; with the seed this is the sampler's position too
 * @param best the monitored figure of the model in best/; infinitely bad before the first
 * @param bestSeen the same of all evaluations, kept or not
 * @param evaluationsSinceBest in a row that were not better
 * @param dataFingerprint of the data set that it trains on
 * @param model its shape
 * @param seed of initialization, samples and dropout
 * @param globalBatchSize rows of a step
 * @param microBatchSize rows of a pass
 * @param data how the data set is read
 * @param optimizer the rule, which decides what moments there are
 * @param monitor what {@code best} and {@code bestSeen} are figures of
 * @param direction which way is better: min or max
 */
record RunState(
    long step,
    double best,
    double bestSeen,
    long evaluationsSinceBest,
    String dataFingerprint,
    ModelConfig model,
    long seed,
    int globalBatchSize,
    int microBatchSize,
    DataConfig data,
    OptimizerConfig.Kind optimizer,
    EvaluationConfig.Monitor monitor,
    EvaluationConfig.Best direction) {

  /** How far a run is, beside its steps. */
  record Bests(double best, double bestSeen, long evaluationsSinceBest) {}

  /** Names of the model's keys as recipes have them. */
  private static final ObjectMapper KEBAB =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE).build();

  private static final int SHOWN_DIGITS = 12;

  static RunState of(long step, Bests bests, Recipe recipe, DatasetManifest data) {
    Recipe.Training training = recipe.training();
    return new RunState(
        step,
        bests.best(),
        bests.bestSeen(),
        bests.evaluationsSinceBest(),
        fingerprint(data),
        recipe.model(),
        training.seed(),
        training.globalBatchSize(),
        training.microBatchSize(),
        recipe.data(),
        recipe.optimizer().kind(),
        recipe.evaluation().monitor(),
        recipe.evaluation().direction());
  }

  Bests bests() {
    return new Bests(best, bestSeen, evaluationsSinceBest);
  }

  private static String fingerprint(DatasetManifest manifest) {
    MessageDigest digest = Sha256.digest();
    digest.update(manifest.tokenizer().fingerprint().getBytes(StandardCharsets.US_ASCII));
    for (DatasetManifest.Split split : manifest.splits().values()) {
      for (ShardFile file : split.allFiles()) {
        digest.update(file.sha256().getBytes(StandardCharsets.US_ASCII));
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * Checks that a run of another recipe or data set is not taken for this one.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if it would be
   */
  void requireContinuedBy(RunState now, Path run) {
    same(
        run,
        "the data set (its fingerprint)",
        dataFingerprint.substring(0, SHOWN_DIGITS),
        now.dataFingerprint.substring(0, SHOWN_DIGITS));
    same(run, "model.", KEBAB.valueToTree(model), KEBAB.valueToTree(now.model));
    same(run, "data.", KEBAB.valueToTree(data), KEBAB.valueToTree(now.data));
    same(run, "optimizer.kind", word(optimizer), word(now.optimizer));
    same(run, "evaluation.monitor", word(monitor), word(now.monitor));
    same(run, "evaluation.best", word(direction), word(now.direction));
    same(run, "training.seed", seed, now.seed);
    same(run, "training.global-batch-size", globalBatchSize, now.globalBatchSize);
    same(run, "training.micro-batch-size", microBatchSize, now.microBatchSize);
  }

  private static String word(Enum<?> choice) {
    return KEBAB.valueToTree(choice).asText();
  }

  private static void same(Path run, String section, JsonNode before, JsonNode now) {
    for (Map.Entry<String, JsonNode> key : now.properties()) {
      JsonNode then = before.path(key.getKey());
      if (key.getValue().isObject()) {
        same(run, section + key.getKey() + ".", then, key.getValue());
      } else {
        same(run, section + key.getKey(), text(then), text(key.getValue()));
      }
    }
  }

  private static String text(JsonNode value) {
    return value.isValueNode() ? value.asText() : value.toString();
  }

  private static void same(Path run, String what, Object before, Object now) {
    require(
        before.equals(now),
        "cannot resume %s: %s was %s and is %s: use what the run was started with, or start another --output",
        Storage.shown(run),
        what,
        before,
        now);
  }
}
