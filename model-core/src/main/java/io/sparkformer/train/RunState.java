package io.sparkformer.train;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.datasets.DatasetManifest;
import io.sparkformer.datasets.Sha256;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.shard.ShardFile;
import io.sparkformer.model.ModelConfig;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import org.apache.hadoop.fs.Path;

/**
 * What a run knows beside its weights and moments.
 *
 * @param step updates done; with the seed this is the sampler's position too
 * @param bestValidLoss of the evaluations so far; infinite before the first
 * @param dataFingerprint of the data set that it trains on
 * @param model its shape
 * @param seed of initialization, samples and dropout
 * @param globalBatchSize rows of a step
 * @param microBatchSize rows of a pass
 */
record RunState(
    long step,
    double bestValidLoss,
    String dataFingerprint,
    ModelConfig model,
    long seed,
    int globalBatchSize,
    int microBatchSize) {

  /** Names of the model's keys as recipes have them. */
  private static final ObjectMapper KEBAB =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE).build();

  private static final int SHOWN_DIGITS = 12;

  static RunState of(long step, double bestValidLoss, Recipe recipe, DatasetManifest data) {
    Recipe.Training training = recipe.training();
    return new RunState(
        step,
        bestValidLoss,
        fingerprint(data),
        recipe.model(),
        training.seed(),
        training.globalBatchSize(),
        training.microBatchSize());
  }

  private static String fingerprint(DatasetManifest manifest) {
    MessageDigest digest = Sha256.digest();
    digest.update(manifest.tokenizer().fingerprint().getBytes(StandardCharsets.US_ASCII));
    for (DatasetManifest.Split split : manifest.splits().values()) {
      for (ShardFile file : split.files()) {
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
    JsonNode shape = KEBAB.valueToTree(model);
    for (Map.Entry<String, JsonNode> key : KEBAB.valueToTree(now.model).properties()) {
      same(run, "model." + key.getKey(), shape.get(key.getKey()).asText(), key.getValue().asText());
    }
    same(run, "training.seed", seed, now.seed);
    same(run, "training.global-batch-size", globalBatchSize, now.globalBatchSize);
    same(run, "training.micro-batch-size", microBatchSize, now.microBatchSize);
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
