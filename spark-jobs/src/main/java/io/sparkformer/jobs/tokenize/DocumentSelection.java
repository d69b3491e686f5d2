package io.sparkformer.jobs.tokenize;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.round;
import static org.apache.spark.sql.functions.row_number;

import io.sparkformer.datasets.Sha256;
import io.sparkformer.jobs.input.CleanDocuments;
import io.sparkformer.jobs.input.KeptDocuments;
import io.sparkformer.jobs.input.MalformedInput;
import io.sparkformer.jobs.input.Source;
import io.sparkformer.jobs.input.UnitTask;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

/**
 * Which documents are taken, where that depends on all others: a few bytes of each go through
 * Spark's shuffles, none through the driver.
 */
final class DocumentSelection {

  private static final StructType DIGESTS =
      new StructType()
          .add("high", DataTypes.LongType)
          .add("low", DataTypes.LongType)
          .add("place", DataTypes.LongType);
  private static final StructType HASHES =
      new StructType().add("label", DataTypes.StringType).add("hash", DataTypes.LongType);

  private final JavaSparkContext spark;
  private final Source source;
  private final MalformedInput malformed;
  private final Broadcast<SerializableConfiguration> configuration;

  DocumentSelection(
      JavaSparkContext spark,
      Source source,
      MalformedInput malformed,
      Broadcast<SerializableConfiguration> configuration) {
    this.spark = spark;
    this.source = source;
    this.malformed = malformed;
    this.configuration = configuration;
  }

  /**
   * Finds the first of every group of equal documents.
   *
   * @param directory gets a file for each unit that has one, see {@link KeptDocuments}
   */
  void writeFirstOfEqual(Path directory) {
    MalformedInput policy = malformed;
    Dataset<Row> digests =
        table(DIGESTS, (unit, documents) -> digests(unit, CleanDocuments.all(documents, policy)));
    Dataset<Row> firsts = digests.groupBy("high", "low").agg(min("place").as("place"));
    Broadcast<SerializableConfiguration> hadoop = configuration;
    String target = directory.toString();
    firsts
        .select("place")
        .javaRDD()
        .mapToPair(row -> new Tuple2<>((int) (row.getLong(0) >>> 32), (int) row.getLong(0)))
        .aggregateByKey(new BitSet(), DocumentSelection::with, DocumentSelection::union)
        .foreach(
            unit ->
                KeptDocuments.write(
                    new Path(target), unit._1(), unit._2(), hadoop.value().value()));
  }

  /**
   * Finds below which hash a share of each label's documents is.
   *
   * @param kept where the documents to keep are listed; empty for all
   */
  Map<String, Long> validBounds(double validFraction, long seed, String kept) {
    MalformedInput policy = malformed;
    Broadcast<SerializableConfiguration> hadoop = configuration;
    Dataset<Row> hashes =
        table(
            HASHES,
            (unit, documents) ->
                hashes(
                    CleanDocuments.of(
                        documents, policy, KeptDocuments.of(kept, unit, hadoop.value().value())),
                    seed));
    WindowSpec ofLabel = Window.partitionBy("label");
    // Every label has at least one document for training, and of two or more one for validation.
    Dataset<Row> ranked =
        hashes
            .withColumn("rank", row_number().over(ofLabel.orderBy("hash")))
            .withColumn("documents", count(lit(1)).over(ofLabel))
            .withColumn(
                "valid",
                least(
                    greatest(
                        round(col("documents").multiply(validFraction)).cast(DataTypes.LongType),
                        lit(validFraction > 0 ? 1L : 0L)),
                    col("documents").minus(1)));
    Map<String, Long> bounds = new HashMap<>();
    for (Row row :
        ranked
            .where(col("rank").equalTo(col("valid").plus(1)))
            .select("label", "hash")
            .collectAsList()) {
      bounds.put(row.getString(0), row.getLong(1));
    }
    return bounds;
  }

  private Dataset<Row> table(StructType columns, UnitTask<Iterator<Row>> task) {
    List<Integer> all = IntStream.range(0, source.units()).boxed().toList();
    SparkSession session = SparkSession.builder().sparkContext(spark.sc()).getOrCreate();
    // The default of 200 tasks takes small corpora most of their time.
    int tasks = Math.max(source.units(), spark.defaultParallelism());
    session.conf().set("spark.sql.shuffle.partitions", tasks);
    return session.createDataFrame(source.map(all, task).flatMap(rows -> rows), columns);
  }

  private static Iterator<Row> digests(int unit, CleanDocuments documents) {
    MessageDigest digest = Sha256.digest();
    return documents.each(
        document -> {
          do {
            digest.update(document.bytes(), document.from(), document.to() - document.from());
          } while (document.nextPiece());
          ByteBuffer sum = ByteBuffer.wrap(digest.digest());
          long place = (long) unit << 32 | document.ordinal();
          return RowFactory.create(sum.getLong(), sum.getLong(), place);
        });
  }

  private static Iterator<Row> hashes(CleanDocuments documents, long seed) {
    return documents.each(document -> RowFactory.create(document.label(), document.headHash(seed)));
  }

  private static BitSet with(BitSet ordinals, int ordinal) {
    ordinals.set(ordinal);
    return ordinals;
  }

  private static BitSet union(BitSet one, BitSet other) {
    one.or(other);
    return one;
  }
}
