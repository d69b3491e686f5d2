package io.sparkformer.jobs.cluster;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import java.io.FileNotFoundException;
import java.nio.file.AccessDeniedException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.security.AccessControlException;

/** What a failed job's exception tells its user. */
public final class Failure {
  private static final Pattern MISTAKE_IN_TEXT =
      Pattern.compile(Pattern.quote(InvalidInputException.class.getName()) + ": ([^\\n]+)");

  private static final Pattern CAUSE_IN_TEXT =
      Pattern.compile("(?m)^(?:Caused by: )?(?:\\w+\\.)+(\\w+(?:Exception|Error)(?:: .*)?)$");

  private Failure() {}

  /** The message for the user, if it was the user's mistake. */
  public static Optional<String> mistakeIn(Throwable failure) {
    List<Throwable> causes = Reason.causesOf(failure);
    Optional<String> thrown =
        causes.stream()
            .filter(InvalidInputException.class::isInstance)
            .map(Throwable::getMessage)
            .findFirst()
            .or(() -> causes.stream().filter(Failure::isDenied).map(Failure::denied).findFirst());
    // A failed barrier stage brings its task's exception as text alone.
    return thrown.or(() -> causes.stream().flatMap(e -> mistakeInText(e).stream()).findFirst());
  }

  /** One line for any other failure: its root cause. */
  public static String rootOf(Throwable failure) {
    List<Throwable> causes = Reason.causesOf(failure);
    Throwable root = causes.get(causes.size() - 1);
    String name = root.getClass().getSimpleName();
    Optional<MatchResult> inText =
        CAUSE_IN_TEXT
            .matcher(Objects.requireNonNullElse(root.getMessage(), ""))
            .results()
            .reduce((first, next) -> next);
    if (inText.isPresent()) {
      return inText.get().group(1).strip();
    }
    String reason = Reason.of(root);
    return reason.equals(name) ? name : name + ": " + reason;
  }

  private static boolean isDenied(Throwable e) {
    return e instanceof AccessDeniedException
        || e instanceof AccessControlException
        || (e instanceof FileNotFoundException
            && String.valueOf(e.getMessage()).endsWith("(Permission denied)"));
  }

  private static String denied(Throwable e) {
    String what = Reason.of(e).replace(" (Permission denied)", "");
    return what + ": permission denied: change its permissions, or run as a user who may use it";
  }

  private static Optional<String> mistakeInText(Throwable e) {
    Matcher matcher = MISTAKE_IN_TEXT.matcher(Objects.requireNonNullElse(e.getMessage(), ""));
    return matcher.find() ? Optional.of(matcher.group(1).strip()) : Optional.empty();
  }
}
