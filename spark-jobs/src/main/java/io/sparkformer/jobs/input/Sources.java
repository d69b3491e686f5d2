package io.sparkformer.jobs.input;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * A corpus as it is found.
 *
 * @param corpus its files; none for tables of the catalog
 */
public record Sources(Source source, Corpus corpus) {

  private static final Corpus NO_FILES = new Corpus(List.of(), List.of());

  /** Work with what is read. */
  @FunctionalInterface
  public interface Reading<T> {
    T read(Source source) throws Exception;
  }

  /**
   * Finds a corpus.
   *
   * @param malformed whether files that are no text are refused
   * @param unitBytes about how much text a unit has
   * @throws io.sparkformer.datasets.InvalidInputException if it does not exist, cannot be read, has
   *     nothing in it, or not the columns
   */
  public static Sources open(
      JavaSparkContext spark,
      CorpusInput input,
      MalformedInput malformed,
      TextSource.LargeDocuments large,
      long unitBytes) {
    if (!input.format().isText()) {
      return ofTables(spark, input, unitBytes);
    }
    Corpus corpus = Corpus.find(input.inputs(), input.selection(), spark.hadoopConfiguration());
    NoText.check(corpus, malformed, spark.hadoopConfiguration());
    return new Sources(TextSource.of(spark, corpus, input.format(), large, unitBytes), corpus);
  }

  /** The files and directories that it names; none for tables of the catalog. */
  public List<Path> roots() {
    return corpus.roots();
  }

  /**
   * Reads it. That files were changed meanwhile is said in place of what came of it, since it is of
   * the one content, of the other, or of both.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if they were
   */
  public <T> T read(Configuration configuration, Reading<T> reading) throws Exception {
    T result;
    try {
      result = reading.read(source);
    } catch (Exception e) { // Spark's are checked ones, too
      try {
        corpus.requireUnchanged(configuration);
      } catch (IOException | RuntimeException changed) {
        if (changed instanceof InvalidInputException) {
          changed.addSuppressed(e);
          throw changed;
        }
        e.addSuppressed(changed);
      }
      throw e;
    }
    corpus.requireUnchanged(configuration);
    return result;
  }

  private static Sources ofTables(JavaSparkContext spark, CorpusInput input, long unitBytes) {
    boolean files = input.format() != InputFormat.TABLE;
    Corpus corpus = files ? Corpus.find(input.inputs(), spark.hadoopConfiguration()) : NO_FILES;
    TableOptions options =
        new TableOptions(
            input.format(), input.inputs(), input.textColumn().orElseThrow(), input.labelColumn());
    TableSource source =
        TableSource.open(TableSession.open(spark, input.format()), options, unitBytes);
    require(source.units() > 0, "%s has no rows: give a table with text", options.shownInputs());
    // What a Delta table reads is never changed, and may be cleared away beside what it reads.
    boolean fixed = input.format() == InputFormat.DELTA;
    return new Sources(source, fixed ? new Corpus(corpus.roots(), List.of()) : corpus);
  }
}
