package io.sparkformer.jobs.cluster;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;

/**
 * A disk without room, as a failed job's exception tells of it: in no way that names the file, and
 * of tasks often as text alone.
 */
public final class FullDisk {

  private static final String REASON = "(?:No space left on device|Disk quota exceeded)";

  /** Where the system said so, with the calls that led there. */
  private static final Pattern PLACE = Pattern.compile(REASON + "[^\\n]*(?:\\n\\s+at [^\\n]*)*");

  private static final Pattern NAMED =
      Pattern.compile("Exception: (/[^\\n]*?)(?: \\(|: )" + REASON);

  private static final Pattern QUOTA =
      Pattern.compile("QuotaExceededException: (The [^\\n]* is exceeded[^\\n]*)");

  private static final Pattern STORAGE = Pattern.compile("\\sat org\\.apache\\.hadoop\\.");

  private static final Pattern TEMPORARY =
      Pattern.compile(
          "\\sat (org\\.apache\\.spark\\.(storage|shuffle|util\\.collection|io)\\.|java\\.base/java\\.nio\\.file\\.Files\\.)");

  private FullDisk() {}

  /**
   * The message for the user, if a job failed for that.
   *
   * @param output that the job was to write
   */
  public static Optional<String> in(Throwable failure, Optional<String> output) {
    StringWriter text = new StringWriter();
    failure.printStackTrace(new PrintWriter(text, true));
    return in(text.toString(), output);
  }

  private static Optional<String> in(String trace, Optional<String> output) {
    Optional<String> quota = last(QUOTA, trace).map(found -> found.group(1).strip());
    if (quota.isPresent()) {
      return Optional.of(quota.get() + ": delete what is not needed, or have the quota raised");
    }
    List<String> places = PLACE.matcher(trace).results().map(MatchResult::group).toList();
    if (places.isEmpty()) {
      return Optional.empty();
    }
    Optional<String> named = last(NAMED, trace).map(found -> found.group(1));
    if (named.isPresent()) {
      return Optional.of(full(named.get(), "choose a place on another disk"));
    }
    boolean temporary = are(TEMPORARY, places) && !are(STORAGE, places);
    return Optional.of(
        output.isEmpty() || temporary
            ? temporary()
            : full("--output " + output.get(), "choose an --output on another disk"));
  }

  private static boolean are(Pattern calls, List<String> places) {
    return places.stream().anyMatch(place -> calls.matcher(place).find());
  }

  private static String full(String what, String remedy) {
    return "there is no space left on the disk of %s: free some, or %s".formatted(what, remedy);
  }

  private static String temporary() {
    String directory = System.getProperty("java.io.tmpdir");
    return full(
        "temporary files (spark.local.dir is %s, java.io.tmpdir is %s; executors on other machines have their own)"
            .formatted(
                System.getenv()
                    .getOrDefault(
                        "SPARK_LOCAL_DIRS", new SparkConf().get("spark.local.dir", directory)),
                directory),
        "name a directory on another disk with -- --conf spark.local.dir=DIRECTORY");
  }

  private static Optional<MatchResult> last(Pattern pattern, String text) {
    return pattern.matcher(text).results().reduce((first, next) -> next);
  }
}
