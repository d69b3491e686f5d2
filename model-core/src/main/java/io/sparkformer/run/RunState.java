package io.sparkformer.run;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.Sha256;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.ShardFile;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;

/**
 * What a run knows beside its weights, its moments and its recipe.
 *
 * @param step updates done; with the seed this is the sampler's position too
 * @param best the monitored figure of the model in best/; infinitely bad before the first
 * @param bestSeen the same of all evaluations, kept or not
 * @param evaluationsSinceBest in a row that were not better
 * @param dataFingerprint of all files of the data set that it trains on
 * @param labels that the data set's labels stand for, by id; none in earlier builds' checkpoints
 */
record RunState(
    long step,
    double best,
    double bestSeen,
    long evaluationsSinceBest,
    String dataFingerprint,
    List<String> labels) {

  /** How far a run is, beside its steps. */
  record Bests(double best, double bestSeen, long evaluationsSinceBest) {}

  private static final int SHOWN_DIGITS = 12;
  private static final Pattern FINGERPRINT = Pattern.compile("[0-9a-f]{64}");

  RunState {
    require(step >= 0, "step is %d: it must be at least 0", step);
    require(
        dataFingerprint != null && FINGERPRINT.matcher(dataFingerprint).matches(),
        "data_fingerprint is '%s': it must have 64 digits of base 16",
        dataFingerprint);
    labels = labels == null ? List.of() : List.copyOf(labels);
  }

  static RunState of(long step, Bests bests, DatasetManifest data) {
    return new RunState(
        step,
        bests.best(),
        bests.bestSeen(),
        bests.evaluationsSinceBest(),
        fingerprint(data),
        data.labels());
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
   * Checks that a run of another data set is not taken for this one.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if it would be
   */
  void requireContinuedBy(RunState now, Path run) {
    if (!labels.isEmpty()) {
      same(run, "the data set's labels", String.join(", ", labels), String.join(", ", now.labels));
    }
    same(
        run,
        "the data set (its fingerprint)",
        dataFingerprint.substring(0, SHOWN_DIGITS),
        now.dataFingerprint.substring(0, SHOWN_DIGITS));
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
