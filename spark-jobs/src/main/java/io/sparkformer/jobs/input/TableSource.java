package io.sparkformer.jobs.input;

import io.sparkformer.datasets.tokens.DatasetManifest;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.PartitionCoalescer;
import org.apache.spark.rdd.PartitionGroup;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.RuntimeConfig;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import scala.Option;
import scala.collection.Seq;

/**
 * A corpus in tables that Spark SQL reads: a row is a document.
 *
 * <p>Spark SQL packs splits of files into partitions by the number of cores; here every split is a
 * partition of its own, of a size that does not depend on them, and consecutive ones are put
 * together again to units.
 */
final class TableSource implements Source {

  private static final long MAX_SPLIT_BYTES = 128L << 20;

  private final SparkSession spark;
  private final InputFormat format;
  private final RDD<InternalRow> rows;
  private final TableUnits units;
  private final List<DatasetManifest.Source> sources;

  private TableSource(
      SparkSession spark,
      InputFormat format,
      RDD<InternalRow> rows,
      TableUnits units,
      List<DatasetManifest.Source> sources) {
    this.spark = spark;
    this.format = format;
    this.rows = rows;
    this.units = units;
    this.sources = sources;
  }

  /**
   * Plans the reading.
   *
   * @param spark whose settings are changed for it
   * @param unitBytes of files in a unit, about
   * @throws io.sparkformer.datasets.InvalidInputException if an input or a column is missing, or of
   *     a wrong type
   */
  static TableSource open(SparkSession spark, TableOptions options, long unitBytes) {
    configure(spark.conf(), Math.min(unitBytes, MAX_SPLIT_BYTES));
    Dataset<?> table = TableReader.read(spark, options, LabelColumn.NAMES);
    try {
      RDD<InternalRow> rows = table.queryExecution().toRdd();
      TableUnits units = TableUnits.of(rows.partitions(), unitBytes);
      return new TableSource(spark, options.format(), rows, units, units.sources(options.inputs()));
    } catch (Exception e) { // Spark's are checked ones, too, that Java cannot name.
      throw TableProblem.explain(e, options);
    }
  }

  private static void configure(RuntimeConfig settings, long splitBytes) {
    settings.set("spark.sql.files.maxPartitionBytes", splitBytes);
    // Opening a file "costs" more than fits into a partition: so none gets a second split.
    settings.set("spark.sql.files.openCostInBytes", splitBytes + 1);
    settings.set("spark.sql.files.minPartitionNum", 1);
    settings.unset("spark.sql.files.maxPartitionNum");
    settings.set("spark.sql.sources.bucketing.enabled", false);
    settings.set("spark.sql.adaptive.enabled", false);
    // The newer readers' partitions are not known here.
    settings.set("spark.sql.sources.useV1SourceList", "avro,csv,json,kafka,orc,parquet,text");
    settings.set("spark.sql.files.ignoreCorruptFiles", false);
    settings.set("spark.sql.files.ignoreMissingFiles", false);
    // A label that is a directory's name, label=01, stays as it is.
    settings.set("spark.sql.sources.partitionColumnTypeInference.enabled", false);
  }

  @Override
  public int units() {
    return units.partitions().size();
  }

  @Override
  public long bytes() {
    return units.bytes();
  }

  @Override
  public List<DatasetManifest.Source> sources() {
    return sources;
  }

  @Override
  public String state() {
    // What is not files cannot be told to be unchanged.
    return units.state().isEmpty()
        ? UUID.randomUUID().toString()
        : units.partitions() + units.state();
  }

  @Override
  public boolean hasFixedOrder() {
    return !units.state().isEmpty();
  }

  @Override
  public <T> JavaRDD<T> map(List<Integer> wanted, UnitTask<T> task) {
    if (wanted.isEmpty()) {
      return JavaSparkContext.fromSparkContext(spark.sparkContext()).emptyRDD();
    }
    List<List<Integer>> groups = wanted.stream().map(units.partitions()::get).toList();
    List<Integer> numbers = List.copyOf(wanted);
    InputFormat read = format;
    RDD<TableDocuments.Rows> partitions =
        rows.toJavaRDD()
            .mapPartitionsWithIndex((index, all) -> one(new TableDocuments.Rows(index, all)), false)
            .rdd();
    return partitions
        .coalesce(groups.size(), false, Option.apply(new Coalescer(groups)), null)
        .toJavaRDD()
        .mapPartitionsWithIndex(
            (index, unit) -> {
              return one(task.run(numbers.get(index), new TableDocuments(read, unit)));
            },
            false);
  }

  private static <T> Iterator<T> one(T element) {
    return List.of(element).iterator();
  }

  /** A group of partitions for each unit, both in the units' order. */
  private record Coalescer(List<List<Integer>> units)
      implements PartitionCoalescer, scala.Serializable {

    @Override
    public PartitionGroup[] coalesce(int count, RDD<?> parent) {
      return units.stream().map(unit -> group(unit, parent)).toArray(PartitionGroup[]::new);
    }

    private static PartitionGroup group(List<Integer> unit, RDD<?> parent) {
      Seq<String> hosts = parent.preferredLocations(parent.partitions()[unit.get(0)]);
      PartitionGroup group = new PartitionGroup(hosts.headOption());
      unit.forEach(partition -> group.partitions().$plus$eq(parent.partitions()[partition]));
      return group;
    }
  }
}
