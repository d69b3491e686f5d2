package io.sparkformer.jobs.bench;

import ai.djl.Device;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.jobs.score.ScoreJob;
import io.sparkformer.jobs.score.ScoreOptions;
import io.sparkformer.jobs.score.ScoreResult;
import io.sparkformer.ml.SequenceClassificationModel;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.model.TextReading;
import io.sparkformer.predict.BatchLimits;
import io.sparkformer.predict.Classification;
import io.sparkformer.predict.GptClassifier;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What {@code bench} times of scoring: a classifier over texts of 4 characters up to its context,
 * each a token, alone and through the whole score job.
 */
final class BenchScoring {

  private static final Logger LOG = LoggerFactory.getLogger(BenchScoring.class);

  private static final int ROWS = 2000;
  private static final int LEAST_TOKENS = 4;
  private static final int LABELS = 3;
  private static final int FILES = 16;

  /** As score's defaults are. */
  private static final BatchLimits LIMITS = new BatchLimits(64, 4096);

  private static final int WINDOW_ROWS = 1024;

  private static final String ALPHABET =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,";

  private final BenchWork.Size size;
  private final Path directory;
  private final Path model;
  private final CharTokenizer tokenizer;

  /**
   * Makes the model.
   *
   * @param directory for the model, the table and the output
   */
  BenchScoring(BenchWork.Size size, Path directory) throws IOException {
    this.size = size;
    this.directory = directory;
    this.model = directory.resolve("model");
    this.tokenizer = CharTokenizer.of(ALPHABET.codePoints().sorted().toArray());
    Head head = Head.ofSequences(LABELS, Head.Pooling.LAST);
    List<String> labels = IntStream.range(0, LABELS).mapToObj(i -> "label " + i).toList();
    try (Gpt gpt = Gpt.initialized(config().with(head), Precision.FP32, Device.cpu(), 0)) {
      ModelDirectory.at(new Configuration(), new org.apache.hadoop.fs.Path(model.toUri()))
          .save(
              gpt,
              new TextProcessing(
                  Optional.of(tokenizer), Optional.empty(), labels, TextReading.PLAIN));
    }
  }

  private ModelConfig config() {
    return size.model();
  }

  private static String text(long row, int longest) {
    Random random = new Random(row);
    int length = LEAST_TOKENS + random.nextInt(longest - LEAST_TOKENS + 1);
    StringBuilder text = new StringBuilder(length);
    for (int i = 0; i < length; i++) {
      text.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
    }
    return text.toString();
  }

  /** Rows a second of texts that are tokens already, by threads that share the model. */
  double batchedPerSecond(int rows, int threads) {
    int count = rows > 0 ? rows : ROWS;
    List<int[]> texts =
        IntStream.range(0, count)
            .mapToObj(row -> tokenizer.encode(text(row, config().contextLength())))
            .toList();
    ExecutorService engine = Executors.newFixedThreadPool(threads);
    try (GptClassifier classifier = open()) {
      run(classifier, texts.subList(0, Math.min(count, WINDOW_ROWS)), engine, threads);
      long started = System.nanoTime();
      run(classifier, texts, engine, threads);
      return count / ((System.nanoTime() - started) / 1e9);
    } finally {
      engine.shutdown();
    }
  }

  private GptClassifier open() {
    try {
      return (GptClassifier)
          io.sparkformer.predict.SequenceModel.open(
              model.toString(),
              new Configuration(),
              Device.cpu(),
              io.sparkformer.predict.Trust.OURS);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void run(
      GptClassifier classifier, List<int[]> texts, ExecutorService engine, int threads) {
    List<Future<?>> parts = new ArrayList<>();
    int part = (texts.size() + threads - 1) / threads;
    for (int from = 0; from < texts.size(); from += part) {
      List<int[]> own = texts.subList(from, Math.min(texts.size(), from + part));
      parts.add(engine.submit(() -> run(classifier, own)));
    }
    for (Future<?> done : parts) {
      try {
        done.get();
      } catch (InterruptedException | java.util.concurrent.ExecutionException e) {
        throw new IllegalStateException("a round failed", e);
      }
    }
  }

  private static void run(GptClassifier classifier, List<int[]> texts) {
    Kernels.threads(1);
    for (int from = 0; from < texts.size(); from += WINDOW_ROWS) {
      List<int[]> window = texts.subList(from, Math.min(texts.size(), from + WINDOW_ROWS));
      int[] lengths = window.stream().mapToInt(row -> row.length).toArray();
      for (int[] batch : LIMITS.batches(lengths)) {
        List<int[]> rows = Arrays.stream(batch).mapToObj(window::get).toList();
        for (float[] logits : classifier.logits(rows)) {
          if (Classification.of(classifier.classes().problem(), logits).isEmpty()) {
            throw new IllegalStateException("the model's output is not finite");
          }
        }
      }
    }
  }

  /** Runs the whole job in this process: Parquet in, Parquet out. */
  ScoreResult job(int rows, int slots) {
    SparkConf conf =
        new SparkConf()
            .setMaster("local[" + slots + "]")
            .setAppName("bench")
            .set("spark.ui.enabled", "false")
            .set("spark.executor.heartbeatInterval", "2s");
    Path table = directory.resolve("table-" + rows);
    try (JavaSparkContext spark = new JavaSparkContext(conf)) {
      if (!Files.exists(table)) {
        write(spark, table, rows);
      }
      ScoreOptions options =
          new ScoreOptions(
              List.of(table.toString()),
              InputFormat.PARQUET,
              List.of(),
              Optional.empty(),
              OptionalInt.empty(),
              directory.resolve("scored").toString(),
              InputFormat.PARQUET,
              List.of(),
              ScoreOptions.Existing.REPLACE,
              ScoreOptions.Engine.SPARKFORMER);
      SequenceClassificationModel classifier =
          new SequenceClassificationModel().setModelPath(model.toString());
      ScoreResult summary = new ScoreJob(options, classifier).run(spark);
      LOG.info("{}", summary);
      return summary;
    } catch (Exception e) { // Spark's are checked, though its methods do not say so
      throw new IllegalStateException("the job failed", e);
    }
  }

  private void write(JavaSparkContext spark, Path table, int rows) {
    int longest = config().contextLength();
    SparkSession.builder()
        .sparkContext(spark.sc())
        .getOrCreate()
        .range(0, rows, 1, FILES)
        .map((MapFunction<Long, String>) row -> text(row, longest), Encoders.STRING())
        .toDF("text")
        .write()
        .parquet(table.toString());
  }
}
