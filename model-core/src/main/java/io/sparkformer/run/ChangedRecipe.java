package io.sparkformer.run;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.datasets.Storage;
import io.sparkformer.recipe.Recipe;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a recipe changes of a run that goes on by it.
 *
 * @param before the recipe of the checkpoint
 * @param now the recipe that it is to go on by
 * @param step updates done
 */
record ChangedRecipe(Recipe before, Recipe now, long step) {

  private static final Logger LOG = LoggerFactory.getLogger(ChangedRecipe.class);

  /** Names of keys as recipes have them. */
  private static final ObjectMapper KEBAB =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE).build();

  /** With another of these, weights, moments or the best figure so far would mean nothing. */
  private static final Predicate<String> KEPT =
      Pattern.compile(
              "model\\.(?!dropout$).*|optimizer\\.kind|training\\.freeze|evaluation\\.(monitor|best)")
          .asMatchPredicate();

  /** What decides the learning rate, which is compared itself. */
  private static final Predicate<String> OF_RATE =
      Pattern.compile(
              "schedule\\..*|optimizer\\.learning-rate|training\\.(max-steps|max-epochs|steps-per-epoch)")
          .asMatchPredicate();

  /** What changes nothing that follows, or counts at a run's start alone. */
  private static final Predicate<String> FREE =
      Pattern.compile(
              "checkpoint\\..*|evaluation\\..*|training\\.(threads|log-interval|verify-interval|init-from|initialization)")
          .asMatchPredicate();

  private record Change(String key, String was, String is) {
    @Override
    public String toString() {
      return key + " was " + was + " and is " + is;
    }
  }

  /**
   * Checks that the same follows from the recipe as from that of the checkpoint, or that something
   * else may.
   *
   * @param run for messages
   * @throws io.sparkformer.datasets.InvalidInputException if not
   */
  void requireAllowed(RunDirectory.Mode mode, Path run) {
    List<Change> changes = new ArrayList<>();
    compare("", KEBAB.valueToTree(before), KEBAB.valueToTree(now), changes);
    if (before.evaluation().direction() == now.evaluation().direction()) {
      changes.removeIf(change -> change.key().equals("evaluation.best"));
    }
    for (Change change : changes) {
      require(
          !KEPT.test(change.key()),
          "cannot resume %s: %s: use what the run was started with, or start another --output",
          Storage.shown(run),
          change);
    }
    List<String> followed = new ArrayList<>();
    rate(changes).ifPresent(followed::add);
    changes.stream()
        .filter(change -> !OF_RATE.test(change.key()) && !FREE.test(change.key()))
        .map(change -> change + " from step " + (step + 1) + " on")
        .forEach(followed::add);
    if (followed.isEmpty()) {
      return;
    }
    require(
        mode == RunDirectory.Mode.RESUME_CHANGED,
        "cannot resume %s as it was: %s: use what the run was started with, or give --allow-changes",
        Storage.shown(run),
        String.join("; ", followed));
    LOG.warn("going on with changes: {}", String.join("; ", followed));
  }

  /** The first update that gets another rate, and why. */
  private Optional<String> rate(List<Change> changes) {
    OptionalLong first =
        LongStream.range(step, now.training().maxSteps())
            .filter(each -> before.learningRate(each) != now.learningRate(each))
            .findFirst();
    if (first.isEmpty()) {
      return Optional.empty();
    }
    String causes =
        String.join(
            ", ",
            changes.stream()
                .filter(change -> OF_RATE.test(change.key()))
                .map(Change::toString)
                .toList());
    return Optional.of(
        String.format(
            Locale.ROOT,
            "the learning rate of step %d was to be %.3g and is %.3g (%s)",
            first.getAsLong() + 1,
            before.learningRate(first.getAsLong()),
            now.learningRate(first.getAsLong()),
            causes));
  }

  private static void compare(String section, JsonNode before, JsonNode now, List<Change> changes) {
    for (Map.Entry<String, JsonNode> key : now.properties()) {
      JsonNode then = before.path(key.getKey());
      String name = section + key.getKey();
      if (key.getValue().isObject()) {
        compare(name + ".", then, key.getValue(), changes);
      } else if (!then.equals(key.getValue())) {
        changes.add(new Change(name, text(then), text(key.getValue())));
      }
    }
  }

  private static String text(JsonNode value) {
    return value.isValueNode() ? value.asText() : value.toString();
  }
}
