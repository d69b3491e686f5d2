package io.sparkformer.jobs.input;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.tokens.DatasetManifest;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/** Text files, in the order of their paths. */
public final class TextSource implements Source {

  /** What text shrinks to when it is compressed, roughly; decides the units' grain alone. */
  private static final int COMPRESSION = 3;

  private final JavaSparkContext spark;
  private final Broadcast<SerializableConfiguration> configuration;
  private final Corpus corpus;
  private final InputFormat format;
  private final List<List<TextRange>> units;

  /** Whether a document that is larger than a unit may be in several. */
  public enum LargeDocuments {
    CUT,
    WHOLE
  }

  private TextSource(
      JavaSparkContext spark,
      Broadcast<SerializableConfiguration> configuration,
      Corpus corpus,
      InputFormat format,
      List<List<TextRange>> units) {
    this.spark = spark;
    this.configuration = configuration;
    this.corpus = corpus;
    this.format = format;
    this.units = units;
  }

  /**
   * A source of files.
   *
   * @param unitBytes about how much text a unit has
   * @throws io.sparkformer.datasets.InvalidInputException if all files are empty
   */
  static TextSource of(
      JavaSparkContext spark,
      Corpus corpus,
      InputFormat format,
      LargeDocuments large,
      long unitBytes) {
    require(
        corpus.bytes() > 0,
        "the corpus is empty: every file of --input has 0 bytes, give files with text");
    boolean cut = format != InputFormat.TEXT || large == LargeDocuments.CUT;
    Units units = new Units(unitBytes);
    for (Corpus.File file : corpus.files()) {
      boolean compressed = TextInput.isCompressed(file.path(), spark.hadoopConfiguration());
      if (compressed) {
        units.add(new TextRange(file.path(), 0, TextRange.UNKNOWN, file.bytes()), COMPRESSION);
      } else {
        long parts = cut ? Math.max(1, (file.bytes() + unitBytes - 1) / unitBytes) : 1;
        for (long part = 0; part < parts; part++) {
          long start = Math.multiplyExact(file.bytes(), part) / parts;
          long end = Math.multiplyExact(file.bytes(), part + 1) / parts;
          units.add(new TextRange(file.path(), start, end, file.bytes()), 1);
        }
      }
    }
    return new TextSource(
        spark,
        spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration())),
        corpus,
        format,
        units.all());
  }

  @Override
  public int units() {
    return units.size();
  }

  @Override
  public long bytes() {
    return corpus.bytes();
  }

  @Override
  public List<DatasetManifest.Source> sources() {
    return corpus.files().stream()
        .map(file -> new DatasetManifest.Source(file.path(), file.bytes()))
        .toList();
  }

  @Override
  public String state() {
    return corpus.files() + " in " + units.size();
  }

  @Override
  public boolean hasFixedOrder() {
    return true;
  }

  @Override
  public <T> JavaRDD<T> map(List<Integer> wanted, UnitTask<T> task) {
    List<NumberedUnit> tasks = new ArrayList<>();
    for (int unit : wanted) {
      tasks.add(new NumberedUnit(unit, units.get(unit)));
    }
    Broadcast<SerializableConfiguration> hadoop = configuration;
    InputFormat read = format;
    return spark
        .parallelize(tasks, Math.max(1, tasks.size()))
        .map(
            unit -> {
              Configuration settings = hadoop.value().value();
              TextDocuments documents = new TextDocuments(unit.ranges(), read, settings);
              TaskContext.get().addTaskCompletionListener(documents);
              return task.run(unit.number(), documents);
            });
  }

  private record NumberedUnit(int number, List<TextRange> ranges) implements java.io.Serializable {}

  /** Consecutive ranges, put together until they are a unit's worth. */
  private static final class Units {
    private final long unitBytes;
    private final List<List<TextRange>> all = new ArrayList<>();
    private long inLast = Long.MAX_VALUE;

    Units(long unitBytes) {
      this.unitBytes = unitBytes;
    }

    void add(TextRange range, int expansion) {
      long bytes = range.bytes() * expansion;
      // A range that makes it more than a half too large begins the next one.
      if (inLast >= unitBytes || inLast + bytes > unitBytes + unitBytes / 2) {
        all.add(new ArrayList<>());
        inLast = 0;
      }
      all.get(all.size() - 1).add(range);
      inLast += bytes;
    }

    List<List<TextRange>> all() {
      return all;
    }
  }
}
