package io.sparkformer.jobs.input;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.Storage;
import java.io.EOFException;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskKilledException;
import org.apache.spark.sql.AnalysisException;

/** What Spark SQL's exceptions mean to users. */
public final class TableProblem {

  /** Whoever throws an IOException in these has found bytes that are not of the file's format. */
  private static final List<String> FORMATS =
      List.of(
          "com.fasterxml.jackson.",
          "com.github.luben.zstd.",
          "com.google.protobuf.",
          "com.univocity.",
          "java.util.zip.",
          "org.apache.hadoop.io.compress.",
          "org.apache.hive.",
          "org.apache.orc.",
          "org.apache.parquet.",
          "org.apache.spark.sql.catalyst.",
          "org.xerial.snappy.");

  private static final Pattern FILE =
      Pattern.compile(
          "reading file (.+?)\\. Details|path=([^;]+);|(\\w+:/.+?) is not a Parquet file");

  private static final int REASON_CHARACTERS = 200;

  private TableProblem() {}

  /**
   * What went wrong with finding or planning the inputs: the user's mistake if Spark SQL says so.
   */
  public static RuntimeException explain(Throwable failure, TableOptions options) {
    for (Throwable e : Reason.causesOf(failure)) {
      if (e instanceof AnalysisException analysis) {
        return new InvalidInputException(analysisProblem(analysis, options), failure);
      }
    }
    // Not every reader of schemas says which file it was.
    return unreadable(failure, file(failure).orElse("a file of " + options.shownInputs()))
        .map(RuntimeException.class::cast)
        .orElseGet(() -> new IllegalStateException(options.shownInputs() + " failed", failure));
  }

  /** The user's mistake if it is one already, or if Spark could not read a file for its content. */
  public static Optional<InvalidInputException> unreadableFile(Throwable failure) {
    if (failure instanceof InvalidInputException mistake) {
      return Optional.of(mistake);
    }
    return file(failure).flatMap(file -> unreadable(failure, file));
  }

  /** What Spark SQL has against an expression, in one line. */
  public static String reasonOf(AnalysisException e) {
    return reason(e);
  }

  /**
   * The user's mistake if a file's content was the failure's cause.
   *
   * @param what the file, and how far it could be read
   * @return empty if another attempt may succeed
   */
  public static Optional<InvalidInputException> unreadable(Throwable failure, String what) {
    List<Throwable> causes = Reason.causesOf(failure);
    if (!causes.stream().allMatch(TableProblem::isOfContent)) {
      return Optional.empty();
    }
    String reason = reason(causes.get(causes.size() - 1));
    String message =
        reason.contains("UTF-8")
            ? "%s cannot be read (%s): convert it to UTF-8".formatted(what, reason)
            : "%s cannot be read (%s): copy it again, or leave it out".formatted(what, reason);
    // An executor whose task fails with an Error among the causes ends itself.
    return Optional.of(
        causes.stream().anyMatch(Error.class::isInstance)
            ? new InvalidInputException(message)
            : new InvalidInputException(message, failure));
  }

  /** A path as users write it, of one that Spark has encoded as a URI. */
  static String shownPath(String encoded) {
    try {
      return Storage.shown(new Path(URI.create(encoded)));
    } catch (IllegalArgumentException e) {
      return encoded;
    }
  }

  private static String analysisProblem(AnalysisException e, TableOptions options) {
    String inputs = options.shownInputs();
    String path = e.getMessageParameters().getOrDefault("path", inputs);
    return switch (String.valueOf(e.getErrorClass())) {
      case "PATH_NOT_FOUND" ->
          "--input %s: no such file or directory, and no match: check the path"
              .formatted(Storage.shown(Storage.path(path)));
      case "TABLE_OR_VIEW_NOT_FOUND" ->
          inputs + ": no such table or view: check its name, and that the catalog is configured";
      case "UNABLE_TO_INFER_SCHEMA" ->
          "%s has no %s files: give files of that format, or a directory with some"
              .formatted(inputs, options.format().option());
      default ->
          "%s cannot be read as %s: %s".formatted(inputs, options.format().option(), reason(e));
    };
  }

  private static boolean isOfContent(Throwable e) {
    if (e instanceof IOException) {
      String thrower = e.getStackTrace().length == 0 ? "" : e.getStackTrace()[0].getClassName();
      return e instanceof ChecksumException
          || (e instanceof EOFException && !thrower.startsWith("org.apache.hadoop.hdfs."))
          || FORMATS.stream()
              .anyMatch(f -> e.getClass().getName().startsWith(f) || thrower.startsWith(f));
    }
    return (e instanceof Exception || e instanceof StackOverflowError)
        && !(e instanceof InterruptedException)
        && !(e instanceof TaskKilledException);
  }

  private static Optional<String> file(Throwable failure) {
    for (Throwable e : Reason.causesOf(failure)) {
      Matcher matcher = FILE.matcher(String.valueOf(e.getMessage()));
      if (matcher.find()) {
        for (int group = 1; group <= matcher.groupCount(); group++) {
          if (matcher.group(group) != null) {
            return Optional.of(shownPath(matcher.group(group)));
          }
        }
      }
    }
    return Optional.empty();
  }

  private static String reason(Throwable e) {
    String reason = Reason.of(e);
    return reason.length() <= REASON_CHARACTERS
        ? reason
        : String.format(Locale.ROOT, "%s...", reason.substring(0, REASON_CHARACTERS));
  }
}
