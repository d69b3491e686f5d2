package io.sparkformer.ml;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.predict.BatchLimits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MetadataBuilder;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;

/**
 * A model that adds to each row of a table, in a batch or a stream, a struct with what it makes of
 * a column of text.
 *
 * <p>All columns and the order of rows within partitions stay. Every row comes back: where there is
 * no result, the struct's last field, {@code error}, says why. Every executor loads the model once,
 * for all of its tasks.
 *
 * @param <T> the class itself
 */
public abstract class TextModel<T extends TextModel<T>> extends Model<T> implements MLWritable {

  private static final long serialVersionUID = 1;

  /** The struct's metadata, which Spark's own formats keep, name the model under this key. */
  public static final String MODEL_KEY = "sparkformer.model";

  private static final int BATCH_SIZE = 64;
  private static final int TOKENS_PER_BATCH = 4096;
  private static final int WINDOW_ROWS = 1024;

  private final String uid;
  private final Param<String> modelPath;
  private final Param<String> inputCol;
  private final Param<String> outputCol;
  private final IntParam batchSize;
  private final IntParam maxTokensPerBatch;
  private final IntParam lookAheadRows;
  private final Param<String> device;
  private final Param<String> onError;

  TextModel(String uid, String input, String output) {
    this.uid = uid; // Spark's params ask for it when they are made.
    modelPath = new Param<>(this, "modelPath", "the model's directory");
    inputCol = new Param<>(this, "inputCol", "the column of text");
    outputCol = new Param<>(this, "outputCol", "the struct that is added");
    batchSize = new IntParam(this, "batchSize", "rows that the model reads at once, at most");
    maxTokensPerBatch =
        new IntParam(this, "maxTokensPerBatch", "tokens of a batch at most, padding included");
    lookAheadRows =
        new IntParam(this, "lookAheadRows", "rows among which those of like length are found");
    device = new Param<>(this, "device", "auto: the GPU that Spark gave the task, if any; or cpu");
    onError = new Param<>(this, "onError", "of a row without a result: column, null or fail");
    setDefault(inputCol, input);
    setDefault(outputCol, output);
    setDefault(batchSize, BATCH_SIZE);
    setDefault(maxTokensPerBatch, TOKENS_PER_BATCH);
    setDefault(lookAheadRows, WINDOW_ROWS);
    setDefault(device, "auto");
    setDefault(onError, "column");
  }

  @Override
  public final String uid() {
    return uid;
  }

  public final Param<String> modelPath() {
    return modelPath;
  }

  public final Param<String> inputCol() {
    return inputCol;
  }

  public final Param<String> outputCol() {
    return outputCol;
  }

  public final IntParam batchSize() {
    return batchSize;
  }

  public final IntParam maxTokensPerBatch() {
    return maxTokensPerBatch;
  }

  public final IntParam lookAheadRows() {
    return lookAheadRows;
  }

  public final Param<String> device() {
    return device;
  }

  public final Param<String> onError() {
    return onError;
  }

  /** A model directory on any Hadoop file system that executors see, too. */
  public final T setModelPath(String path) {
    return with(modelPath, path);
  }

  public final T setInputCol(String column) {
    return with(inputCol, column);
  }

  public final T setOutputCol(String column) {
    return with(outputCol, column);
  }

  public final T setBatchSize(int rows) {
    return with(batchSize, (Object) rows);
  }

  public final T setMaxTokensPerBatch(int tokens) {
    return with(maxTokensPerBatch, (Object) tokens);
  }

  public final T setLookAheadRows(int rows) {
    return with(lookAheadRows, (Object) rows);
  }

  public final T setDevice(String name) {
    return with(device, name);
  }

  public final T setOnError(String policy) {
    return with(onError, policy);
  }

  @SuppressWarnings("unchecked") // T is this class.
  final <V> T with(Param<V> param, V value) {
    set(param, value);
    return (T) this;
  }

  final int number(IntParam param) {
    return (Integer) getOrDefault(param);
  }

  /** What is done, after checking what can be checked on the driver. */
  abstract TextTask<?> task(String path, Configuration hadoop) throws IOException;

  /** The type of the struct. */
  abstract StructType resultType();

  @Override
  @SuppressWarnings("unchecked") // defaultCopy makes an object of this class.
  public final T copy(ParamMap extra) {
    return ((T) defaultCopy(extra)).setParent(parent());
  }

  /**
   * The table's columns and the struct.
   *
   * @throws InvalidInputException if the column of text is missing or of another type, or the
   *     struct's name is taken
   */
  @Override
  public final StructType transformSchema(StructType schema) {
    textColumn(schema);
    String output = getOrDefault(outputCol);
    require(
        Arrays.stream(schema.fieldNames()).noneMatch(output::equalsIgnoreCase),
        "the table has a column '%s' already: choose another outputCol (--output-column), or drop that one",
        output);
    MetadataBuilder metadata = new MetadataBuilder();
    if (isDefined(modelPath)) {
      metadata.putString(MODEL_KEY, getOrDefault(modelPath));
    }
    return schema.add(output, resultType(), true, metadata.build());
  }

  private int textColumn(StructType schema) {
    String input = getOrDefault(inputCol);
    String[] names = schema.fieldNames();
    for (int i = 0; i < names.length; i++) {
      if (names[i].equals(input)) {
        StructField field = schema.apply(i);
        require(
            field.dataType().equals(DataTypes.StringType),
            "column '%s' is of type %s: inputCol (--text-column) must name a column of strings",
            input,
            field.dataType().simpleString());
        return i;
      }
    }
    throw new InvalidInputException(
        String.format(
            "the table has no column '%s': inputCol (--text-column) must be one of %s",
            input, String.join(", ", names)));
  }

  @Override
  public final Dataset<Row> transform(Dataset<?> table) {
    return transform(table, new ScoringTally());
  }

  /**
   * As {@link #transform(Dataset)}.
   *
   * @param tally counts what is done; of this table alone
   */
  public final Dataset<Row> transform(Dataset<?> table, ScoringTally tally) {
    StructType columns = transformSchema(table.schema());
    SparkSession spark = table.sparkSession();
    spark.sparkContext().register(tally, uid);
    ScoredRows.Settings settings =
        new ScoredRows.Settings(
            textColumn(table.schema()),
            new BatchLimits(number(batchSize), number(maxTokensPerBatch)),
            lookAhead(),
            OnError.of(getOrDefault(onError)));
    CarriedColumns carried = new CarriedColumns(table.schema());
    Dataset<Row> packed = carried.packed(table);
    Dataset<Row> scored =
        packed.mapPartitions(
            new PartitionTask<>(onExecutors(spark), settings, tally),
            Encoders.row(packed.schema().add("result", resultType())));
    return carried.unpacked(scored, columns);
  }

  private int lookAhead() {
    int rows = number(lookAheadRows);
    require(rows > 0, "lookAheadRows is %d: it must be at least 1", rows);
    return rows;
  }

  /**
   * Makes the model a function of SQL, from a text to the struct. It reads text by text: for
   * tables, {@link #transform(Dataset)} is faster.
   */
  public final void register(SparkSession spark, String name) {
    spark
        .udf()
        .register(
            name,
            new TextFunction<>(onExecutors(spark), OnError.of(getOrDefault(onError))),
            resultType());
  }

  final void requireModelPath() {
    require(
        isDefined(modelPath) && !getOrDefault(modelPath).isBlank(),
        "modelPath is not set: give the model's directory");
  }

  private ExecutorTask<?> onExecutors(SparkSession spark) {
    requireModelPath();
    String where = getOrDefault(device);
    require(
        where.equals("auto") || where.equals("cpu"),
        "device is '%s': use auto, which takes the GPU that Spark gives a task, or cpu",
        where);
    Configuration hadoop = spark.sessionState().newHadoopConf();
    Path path = Storage.qualified(Storage.path(getOrDefault(modelPath)), hadoop);
    try {
      ModelVersion version = ModelVersion.of(path, hadoop); // before anything of it is read
      return new ExecutorTask<>(
          task(path.toString(), hadoop),
          path.toString(),
          version,
          where,
          JavaSparkContext.fromSparkContext(spark.sparkContext())
              .broadcast(new SerializableConfiguration(hadoop)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The params and, beside them, a copy of the model's files. */
  @Override
  public final MLWriter write() {
    return new SavedTextModel.Writer(this);
  }

  /** The params as users set them, for summaries. */
  @Override
  public String toString() {
    Map<String, Object> shown =
        Arrays.stream(params())
            .filter(this::isSet)
            .collect(Collectors.toMap(Param::name, param -> getOrDefault((Param<?>) param)));
    return uid + shown;
  }
}
