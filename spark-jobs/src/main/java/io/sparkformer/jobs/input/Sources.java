package io.sparkformer.jobs.input;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * A corpus as it is found.
 *
 * @param roots the files and directories that it names; none for tables of the catalog
 */
public record Sources(Source source, List<Path> roots) {

  /**
   * Finds a corpus.
   *
   * @param unitBytes about how much text a unit has
   * @throws io.sparkformer.datasets.InvalidInputException if it does not exist, cannot be read, has
   *     nothing in it, or not the columns
   */
  public static Sources open(
      JavaSparkContext spark, CorpusInput input, TextSource.LargeDocuments large, long unitBytes) {
    if (!input.format().isText()) {
      return ofTables(spark, input, unitBytes);
    }
    Corpus corpus = Corpus.find(input.inputs(), spark.hadoopConfiguration());
    return new Sources(
        TextSource.of(spark, corpus, input.format(), large, unitBytes), corpus.roots());
  }

  private static Sources ofTables(JavaSparkContext spark, CorpusInput input, long unitBytes) {
    boolean files = input.format() != InputFormat.TABLE;
    List<Path> roots =
        files ? Corpus.find(input.inputs(), spark.hadoopConfiguration()).roots() : List.of();
    TableOptions options =
        new TableOptions(
            input.format(), input.inputs(), input.textColumn().orElseThrow(), input.labelColumn());
    TableSource source =
        TableSource.open(TableSession.open(spark, input.format()), options, unitBytes);
    require(source.units() > 0, "%s has no rows: give a table with text", options.shownInputs());
    return new Sources(source, roots);
  }
}
