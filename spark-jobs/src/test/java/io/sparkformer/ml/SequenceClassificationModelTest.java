package io.sparkformer.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.jobs.cluster.Failure;
import io.sparkformer.predict.Classification;
import io.sparkformer.predict.SequenceModel;
import io.sparkformer.predict.Trust;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.Trigger;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SequenceClassificationModelTest {

  private static final StructType TEXTS =
      new StructType().add("id", DataTypes.IntegerType).add("text", DataTypes.StringType);

  @TempDir static Path directory;
  private static SparkSession spark;
  private static String model;

  @BeforeAll
  static void start() throws IOException {
    spark =
        SparkSession.builder()
            .config(LocalSpark.conf("local[2]"))
            .config("spark.sql.shuffle.partitions", "2")
            .getOrCreate();
    model = ClassifierFixture.write(directory.resolve("model"));
  }

  @AfterAll
  static void stop() {
    spark.stop();
    ExecutorModels.closeIdle();
  }

  private static SequenceClassificationModel classifier() {
    return new SequenceClassificationModel().setModelPath(model);
  }

  private static Dataset<Row> texts(List<String> texts, int partitions) {
    List<Row> rows =
        IntStream.range(0, texts.size()).mapToObj(i -> RowFactory.create(i, texts.get(i))).toList();
    return spark.createDataFrame(
        org.apache.spark.api.java.JavaSparkContext.fromSparkContext(spark.sparkContext())
            .parallelize(rows, partitions),
        TEXTS);
  }

  /** Texts of zero to sixty words. */
  private static List<String> manyTexts() {
    Random random = new Random(7);
    List<String> words = List.of("the", "film", "was", "good", "bad", "never", "dull", "bright");
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      List<String> text = new ArrayList<>();
      for (int w = random.nextInt(60); w > 0; w--) {
        text.add(words.get(random.nextInt(words.size())));
      }
      texts.add(String.join(" ", text));
    }
    return texts;
  }

  private static List<Row> predictions(Dataset<Row> scored) {
    return scored.orderBy("id").select("prediction.*").collectAsList();
  }

  @Test
  void everyScoreIsThatOfTheTextAloneWhateverItsBatchAndPartition() throws IOException {
    List<String> texts = manyTexts();
    List<Row> one = predictions(classifier().transform(texts(texts, 1)));
    List<Row> eight =
        predictions(
            classifier()
                .setBatchSize(7)
                .setMaxTokensPerBatch(100)
                .setLookAheadRows(20)
                .transform(texts(texts, 8)));

    try (SequenceModel alone =
        SequenceModel.open(model, new Configuration(), Device.cpu(), Trust.OURS)) {
      for (int i = 0; i < texts.size(); i++) {
        if (texts.get(i).isEmpty()) {
          continue;
        }
        int[] ids = alone.reader(Optional.empty()).read(texts.get(i));
        Classification expected =
            Classification.of(alone.classes().problem(), alone.logits(List.of(ids))[0])
                .orElseThrow();
        for (Row found : List.of(one.get(i), eight.get(i))) {
          List<Double> probabilities = found.getList(found.fieldIndex("probabilities"));
          for (int c = 0; c < probabilities.size(); c++) {
            assertThat(probabilities.get(c))
                .as("row %d, class %d", i, c)
                .isCloseTo(expected.probabilities()[c], within(1e-5));
          }
          assertThat(found.<Integer>getAs("num_tokens")).isEqualTo(ids.length);
        }
      }
    }
  }

  @Test
  void theStructSaysTheClassesTheLikeliestFirstAsDjlWritesThem() {
    Row found =
        predictions(classifier().setTopK(2).transform(texts(List.of("a fine film"), 1))).get(0);

    List<String> names = found.getList(found.fieldIndex("class_names"));
    List<Double> probabilities = found.getList(found.fieldIndex("probabilities"));
    assertThat(names).containsExactlyInAnyOrderElementsOf(ClassifierFixture.LABELS);
    assertThat(probabilities).isSortedAccordingTo((a, b) -> Double.compare(b, a));
    assertThat(probabilities.stream().mapToDouble(p -> p).sum()).isCloseTo(1, within(1e-9));
    List<String> best = found.getList(found.fieldIndex("top_k"));
    assertThat(best)
        .hasSize(2)
        .first()
        .isEqualTo(
            new ai.djl.modality.Classifications.Classification(names.get(0), probabilities.get(0))
                .toString());
    assertThat(found.<String>getAs("label")).isEqualTo(names.get(0));
    assertThat(found.<Double>getAs("score")).isEqualTo(probabilities.get(0));
    assertThat(found.<String>getAs("error")).isNull();
  }

  @Test
  void everyRowComesBackWithAResultOrAnErrorAndAllItsColumnsInOrder() {
    StructType columns =
        TEXTS
            .add("when", DataTypes.TimestampType, true, Metadata.fromJson("{\"unit\": \"us\"}"))
            .add("price", DataTypes.createDecimalType(20, 4))
            .add("bytes", DataTypes.BinaryType)
            .add("tags", DataTypes.createArrayType(DataTypes.StringType))
            .add("counts", DataTypes.createMapType(DataTypes.StringType, DataTypes.LongType))
            .add("inner", new StructType().add("x", DataTypes.DoubleType))
            .add("features", SQLDataTypes.VectorType());
    List<String> texts =
        Arrays.asList(
            "plain",
            null,
            "",
            "   ",
            "\n\t",
            "long ".repeat(400_000),
            "\ud83d",
            "\u0000\u0007",
            "\ud83d\ude00\ud83d\udc4d\ud83c\udffd",
            "x".repeat(100),
            "\u202e\ufeff",
            "naïve – 日本語");
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      rows.add(
          RowFactory.create(
              i,
              texts.get(i),
              new Timestamp(1_000_000L * i + 7),
              new BigDecimal("12345678901.2345"),
              new byte[] {(byte) i, (byte) 0xff},
              new String[] {"a", null},
              Map.of("k", (long) i),
              i % 2 == 0 ? null : RowFactory.create(0.5 * i),
              Vectors.dense(i, 1)));
    }
    Dataset<Row> table = spark.createDataFrame(rows, columns).coalesce(1);

    Dataset<Row> scored = classifier().transform(table);

    assertThat(scored.drop("prediction").schema()).isEqualTo(table.schema());
    List<Row> before = table.collectAsList();
    List<Row> after = scored.drop("prediction").collectAsList();
    assertThat(after).hasSameSizeAs(before);
    for (int i = 0; i < before.size(); i++) {
      assertThat(after.get(i).json()).isEqualTo(before.get(i).json());
    }
    List<Row> results = scored.select("prediction.*").collectAsList();
    for (int i = 0; i < results.size(); i++) {
      Row result = results.get(i);
      if (texts.get(i) == null || texts.get(i).isEmpty()) {
        assertThat(result.<String>getAs("error"))
            .isEqualTo(texts.get(i) == null ? "the text is null" : "the text is empty");
        assertThat(result.<String>getAs("label")).isNull();
      } else {
        assertThat(result.<String>getAs("error")).as("text %d", i).isNull();
        assertThat(result.<Double>getAs("score")).isBetween(0.3, 1.0);
        assertThat(result.<Integer>getAs("num_tokens")).isBetween(1, ClassifierFixture.CONTEXT);
      }
    }
  }

  @Test
  void columnsKeepWhatJavaObjectsCannotHold() {
    String odd =
        "SELECT 'fine' AS text, date'1582-10-10' AS day, timestamp'1582-10-10 01:02:03.000004' AS at,"
            + " cast(X'FF41' AS string) AS bytes, interval 3 month AS months, interval 2 day AS days,"
            + " cast(X'FF42' AS string) AS `a.b`";
    Dataset<Row> table = spark.sql(odd);

    Dataset<Row> kept = classifier().transform(table).drop("prediction");

    assertThat(kept.schema()).isEqualTo(table.schema());
    String[] exact = {
      "hex(cast(bytes AS binary))", "hex(cast(`a.b` AS binary))", "cast(day AS string)",
      "cast(at AS string)", "cast(months AS string)", "cast(days AS string)"
    };
    assertThat(kept.selectExpr(exact).first()).isEqualTo(table.selectExpr(exact).first());
    Dataset<Row> twins =
        table.select("text", "day").toDF("text", "twin").join(table.select("day").toDF("twin"));
    assertThat(classifier().transform(twins).columns())
        .containsExactly("text", "twin", "twin", "prediction");
  }

  @Test
  void wideRowsDoNotWaitForManyOthers() throws IOException {
    byte[] large = new byte[1 << 20];
    Row row = RowFactory.create("good".getBytes(java.nio.charset.StandardCharsets.UTF_8), large);
    int[] taken = {0};
    java.util.Iterator<Row> rows =
        java.util.stream.Stream.generate(() -> row).limit(1000).peek(r -> taken[0]++).iterator();
    try (SequenceModel loaded =
        SequenceModel.open(model, new Configuration(), Device.cpu(), Trust.OURS)) {
      Window.read(rows, 0, loaded.reader(Optional.empty()), 1024);
    }
    assertThat(taken[0]).isLessThan(10);
  }

  @Test
  void aRowWithoutAResultMayBeNullOrFailTheJob() {
    Dataset<Row> table = texts(Arrays.asList("good", null), 1);

    List<Row> rows = classifier().setOnError("null").transform(table).orderBy("id").collectAsList();
    assertThat(rows.get(0).isNullAt(2)).isFalse();
    assertThat(rows.get(1).isNullAt(2)).isTrue();
    assertThatThrownBy(() -> classifier().setOnError("fail").transform(table).collectAsList())
        .hasStackTraceContaining(
            "row 2 of the partition has no result (the text is null): correct it, or set onError (--on-error) to column or null");
    assertThatThrownBy(() -> classifier().setOnError("skip").transform(table))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("onError is 'skip': use column, null or fail");
  }

  @Test
  void anOutputThatIsNotFiniteIsAnErrorAndNoNumber() throws IOException {
    Path broken = directory.resolve("broken");
    ClassifierFixture.write(broken);
    ClassifierFixture.breakWeights(broken);

    Row found =
        predictions(
                new SequenceClassificationModel()
                    .setModelPath(broken.toString())
                    .transform(texts(List.of("good"), 1)))
            .get(0);

    assertThat(found.<String>getAs("error")).isEqualTo("the model's output is not finite");
    assertThat(found.<Object>getAs("probabilities")).isNull();
  }

  @Test
  void longTextsAreCutAsTheModelWasTrainedOrAsAsked() throws IOException {
    String left = ClassifierFixture.write(directory.resolve("left"), 1, Truncation.LEFT);
    List<String> texts = List.of("good ".repeat(50) + "bad ".repeat(50));

    Row asTrained =
        predictions(new SequenceClassificationModel().setModelPath(left).transform(texts(texts, 1)))
            .get(0);
    Row asAsked = predictions(classifier().setTruncation("left").transform(texts(texts, 1))).get(0);
    Row right = predictions(classifier().transform(texts(texts, 1))).get(0);

    assertThat(asTrained.<Double>getAs("score")).isEqualTo(asAsked.<Double>getAs("score"));
    assertThat(right.<Double>getAs("score")).isNotEqualTo(asAsked.<Double>getAs("score"));
  }

  @Test
  void aSavedPipelineNeedsTheModelsDirectoryNoMore() throws IOException {
    String moved = ClassifierFixture.write(directory.resolve("to-be-deleted"));
    SequenceClassificationModel stage =
        new SequenceClassificationModel().setModelPath(moved).setOutputCol("mood").setTopK(1);
    Dataset<Row> table = texts(manyTexts().subList(0, 20), 2);
    PipelineModel fitted = new Pipeline().setStages(new PipelineStage[] {stage}).fit(table);
    List<Row> before = fitted.transform(table).orderBy("id").collectAsList();
    Path saved = directory.resolve("pipeline");
    fitted.write().overwrite().save(saved.toString());
    try (var files = Files.walk(Path.of(moved))) {
      files.sorted(java.util.Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    }

    PipelineModel loaded = PipelineModel.load(saved.toString());

    assertThat(loaded.transform(table).orderBy("id").collectAsList()).isEqualTo(before);
    assertThat(((SequenceClassificationModel) loaded.stages()[0]).uid()).isEqualTo(stage.uid());
  }

  @Test
  void trustIsAParamThatIsSavedAndFalseAtFirst() throws IOException {
    SequenceClassificationModel stage = classifier();
    assertThat(stage.getOrDefault(stage.trustModel())).isEqualTo(false);
    String saved = directory.resolve("trusting").toString();
    stage.setTrustModel(true).save(saved);

    SequenceClassificationModel loaded = SequenceClassificationModel.load(saved);

    assertThat(loaded.getOrDefault(loaded.trustModel())).isEqualTo(true);
  }

  @Test
  void whatWasSavedWhenTheModelWasCalledSequenceClassifierIsLoaded() throws IOException {
    Dataset<Row> table = texts(manyTexts().subList(0, 20), 2);
    SequenceClassificationModel stage = classifier().setTopK(1);
    Path pipeline = directory.resolve("older-pipeline");
    new Pipeline().setStages(new PipelineStage[] {stage}).fit(table).save(pipeline.toString());
    Path alone = directory.resolve("older-stage");
    stage.save(alone.toString());
    for (Path saved : List.of(pipeline, alone)) {
      ClassifierFixture.renameSaved(
          saved, SequenceClassificationModel.class, "io.sparkformer.ml.SequenceClassifier");
    }

    PipelineModel loaded = PipelineModel.load(pipeline.toString());

    assertThat(loaded.stages()[0]).isInstanceOf(SequenceClassificationModel.class);
    assertThat(loaded.stages()[0].uid()).isEqualTo(stage.uid());
    assertThat(loaded.transform(table).orderBy("id").collectAsList())
        .isEqualTo(stage.transform(table).orderBy("id").collectAsList());
    assertThat(SequenceClassificationModel.load(alone.toString()).uid()).isEqualTo(stage.uid());
    assertThatThrownBy(() -> SequenceClassifier.load(alone.toString()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(alone + " holds a fitted model: load it with SequenceClassificationModel.load");
  }

  @Test
  void whatWasLoadedCanBeSavedOverItself() throws IOException {
    String stage = directory.resolve("stage").toString();
    classifier().write().overwrite().save(stage);
    SequenceClassificationModel.load(stage).setTopK(1).write().overwrite().save(stage);
    Dataset<Row> table = texts(List.of("good"), 1);
    assertThat(SequenceClassificationModel.load(stage).transform(table).count()).isEqualTo(1);
    assertThat(Path.of(stage, "model").toFile().list()).hasSizeGreaterThan(2);

    String pipeline = directory.resolve("again-pipeline").toString();
    new Pipeline()
        .setStages(new PipelineStage[] {SequenceClassificationModel.load(stage)})
        .fit(table)
        .write()
        .overwrite()
        .save(pipeline);
    for (int i = 0; i < 2; i++) {
      PipelineModel.load(pipeline).write().overwrite().save(pipeline);
    }
    assertThat(PipelineModel.load(pipeline).transform(table).first().getStruct(2).isNullAt(3))
        .isFalse();

    Path nowhere = directory.resolve("not-saved");
    assertThatThrownBy(
            () -> new SequenceClassificationModel().setModelPath("/nope").save(nowhere.toString()))
        .hasMessage("/nope: no such model directory, so it cannot be saved: set modelPath to one");
    assertThat(Files.exists(nowhere)).isFalse();
  }

  @Test
  void aFunctionOfSqlMayBeCalledByManyThreadsOfTheDriver() throws Exception {
    classifier().register(spark, "mood");
    List<String> texts = manyTexts().subList(0, 40);
    List<Row> rows =
        IntStream.range(0, 40).mapToObj(i -> RowFactory.create(i, texts.get(i))).toList();
    List<Row> expected = predictions(classifier().transform(texts(texts, 1)));
    java.util.concurrent.ExecutorService threads =
        java.util.concurrent.Executors.newFixedThreadPool(4);
    List<java.util.concurrent.Future<List<Row>>> found = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      found.add(
          threads.submit(
              () ->
                  spark
                      .createDataFrame(rows, TEXTS)
                      .selectExpr("id", "mood(text).score AS score")
                      .collectAsList()));
    }
    for (java.util.concurrent.Future<List<Row>> one : found) {
      for (Row row : one.get()) {
        Double score = expected.get(row.getInt(0)).<Double>getAs("score");
        if (score == null) {
          assertThat(row.isNullAt(1)).isTrue();
        } else {
          assertThat(row.getDouble(1)).isCloseTo(score, within(1e-5));
        }
      }
    }
    threads.shutdown();
    classifier().setOnError("fail").register(spark, "strict");
    assertThatThrownBy(() -> spark.sql("SELECT strict(cast(null AS string))").collectAsList())
        .hasStackTraceContaining("a row has no result (the text is null)");
  }

  @Test
  void aStreamIsScoredAsATableIs() throws Exception {
    Path source = Files.createDirectories(directory.resolve("stream"));
    Dataset<Row> table = texts(manyTexts(), 4);
    table.write().mode("overwrite").json(source.toString());
    List<Row> expected = predictions(classifier().transform(table));

    Dataset<Row> stream = spark.readStream().schema(TEXTS).json(source.toString());
    StreamingQuery query =
        classifier()
            .transform(stream)
            .writeStream()
            .format("memory")
            .queryName("scored")
            .trigger(Trigger.AvailableNow())
            .start();
    query.awaitTermination();

    List<Row> streamed = predictions(spark.table("scored"));
    assertThat(streamed).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(streamed.get(i).<String>getAs("label"))
          .isEqualTo(expected.get(i).<String>getAs("label"));
      if (expected.get(i).<String>getAs("error") == null) {
        assertThat(streamed.get(i).<Double>getAs("score"))
            .isCloseTo(expected.get(i).<Double>getAs("score"), within(1e-5));
      }
    }
  }

  @Test
  void rowsAreNeverScoredByTheModelThatTookAnothersPlace() throws IOException {
    Path place = directory.resolve("replaced");
    Dataset<Row> table = texts(List.of("a film", "another film", "a third"), 2);
    SequenceClassificationModel one = new SequenceClassificationModel();
    one.setModelPath(ClassifierFixture.write(place));
    Dataset<Row> planned = one.transform(table);
    one.register(spark, "older");

    ClassifierFixture.write(place, 2, Truncation.RIGHT);
    Files.setLastModifiedTime(
        place.resolve("model.safetensors"), FileTime.from(Instant.parse("2026-01-01T00:00:00Z")));

    String told =
        place
            + " was changed after this work began (config.json is another file): begin it"
            + " again, with the model that is there now, and put new models into directories of"
            + " their own";
    assertThatThrownBy(planned::collectAsList).hasStackTraceContaining(told);
    assertThatThrownBy(() -> spark.sql("SELECT older('a film')").collectAsList())
        .hasStackTraceContaining(told);
    assertThat(Failure.mistakeIn(catchThrowable(planned::collectAsList))).contains(told);
    assertThat(scores(one.transform(table))).isEqualTo(scores(fresh("second", 2, table)));
  }

  @Test
  void anApplicationThatGoesOnScoresWithTheModelThatIsThereNow() throws IOException {
    Path place = directory.resolve("renewed");
    Dataset<Row> table = texts(List.of("a film", "another film", "a third"), 2);
    SequenceClassificationModel one = new SequenceClassificationModel();
    one.setModelPath(ClassifierFixture.write(place));
    Dataset<Row> planned = one.transform(table);
    List<Double> first = scores(planned);

    ClassifierFixture.write(place, 2, Truncation.RIGHT);
    Files.setLastModifiedTime(
        place.resolve("model.safetensors"), FileTime.from(Instant.parse("2026-01-01T00:00:00Z")));

    assertThat(scores(planned)).as("of the one that is loaded").isEqualTo(first);
    assertThat(scores(one.transform(table)))
        .isNotEqualTo(first)
        .isEqualTo(scores(fresh("third", 2, table)));
  }

  private static Dataset<Row> fresh(String name, long seed, Dataset<Row> table) throws IOException {
    String path = ClassifierFixture.write(directory.resolve(name), seed, Truncation.RIGHT);
    return new SequenceClassificationModel().setModelPath(path).transform(table);
  }

  private static List<Double> scores(Dataset<Row> scored) {
    return scored.select("prediction.score").collectAsList().stream()
        .map(row -> row.getDouble(0))
        .toList();
  }

  @Test
  void aRegisteredModelIsAFunctionOfSql() {
    List<String> texts = new ArrayList<>(manyTexts().subList(0, 10));
    texts.add(null);
    Dataset<Row> table = texts(texts, 2);
    table.createOrReplaceTempView("reviews");
    classifier().register(spark, "classify");

    List<Row> found =
        spark
            .sql("SELECT p.* FROM (SELECT id, classify(text) AS p FROM reviews ORDER BY id)")
            .collectAsList();

    List<Row> expected = predictions(classifier().transform(table));
    for (int i = 0; i < expected.size(); i++) {
      assertThat(found.get(i).<String>getAs("label"))
          .isEqualTo(expected.get(i).<String>getAs("label"));
      assertThat(found.get(i).<String>getAs("error"))
          .isEqualTo(expected.get(i).<String>getAs("error"));
    }
    assertThat(spark.sql("SELECT classify('good').label").first().getString(0)).isNotEmpty();
  }

  @Test
  void aModelIsLoadedOnceForAllTasksAndLetGoOf() throws IOException {
    ExecutorModels.closeIdle();
    String own = ClassifierFixture.write(directory.resolve("own"));
    ScoringTally tally = new ScoringTally();

    new SequenceClassificationModel()
        .setModelPath(own)
        .transform(texts(manyTexts(), 8), tally)
        .foreach(row -> {});

    assertThat(tally.value().loads()).isEqualTo(1);
    assertThat(tally.value().rows()).isEqualTo(300);
    assertThat(tally.value().outcomes().values().stream().mapToLong(n -> n).sum())
        .isEqualTo(300 - tally.value().errors());
    assertThat(tally.value().slots()).isGreaterThanOrEqualTo(tally.value().tokens());
    assertThat(ExecutorModels.loaded()).isEqualTo(1);
    ExecutorModels.closeIdle();
    assertThat(ExecutorModels.loaded()).isZero();
  }

  @Test
  void aModelThatWasTrainedAnewIsLoadedAnew() throws IOException {
    Path place = directory.resolve("again");
    ClassifierFixture.write(place, 1, Truncation.RIGHT);
    SequenceClassificationModel classifier =
        new SequenceClassificationModel().setModelPath(place.toString());
    Dataset<Row> table = texts(List.of("good"), 1);
    double first = predictions(classifier.transform(table)).get(0).<Double>getAs("score");
    place.resolve("model.safetensors").toFile().setLastModified(1);
    ClassifierFixture.write(place, 2, Truncation.RIGHT);

    double second = predictions(classifier.transform(table)).get(0).<Double>getAs("score");

    assertThat(second).isNotEqualTo(first);
  }

  @Test
  void mistakesAreSaidWithWhatToDo() throws IOException {
    Dataset<Row> table = texts(List.of("good"), 1);

    assertThatThrownBy(() -> classifier().setInputCol("body").transform(table))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "the table has no column 'body': inputCol (--text-column) must be one of id, text");
    assertThatThrownBy(() -> classifier().setInputCol("id").transform(table))
        .hasMessage(
            "column 'id' is of type int: inputCol (--text-column) must name a column of strings");
    assertThatThrownBy(() -> classifier().setOutputCol("TEXT").transform(table))
        .hasMessage(
            "the table has a column 'TEXT' already: choose another outputCol (--output-column), or drop that one");
    assertThatThrownBy(() -> new SequenceClassificationModel().transform(table))
        .hasMessage("modelPath is not set: give the model's directory");
    assertThatThrownBy(() -> classifier().setBatchSize(0).transform(table))
        .hasMessage("batchSize is 0: it must be at least 1");
    assertThatThrownBy(() -> classifier().setDevice("tpu").transform(table))
        .hasMessageContaining("device is 'tpu': use auto");
    assertThatThrownBy(() -> classifier().setTruncation("both").transform(table))
        .hasMessage("truncation is 'both': use model, right or left");
    String language = ClassifierFixture.writeLanguageModel(directory.resolve("language"));
    assertThatThrownBy(
            () -> new SequenceClassificationModel().setModelPath(language).transform(table))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(
            "has no head for sequence classification (its head is a language model)")
        .hasMessageContaining("model.head.kind=sequence-classification");
    assertThatThrownBy(
            () ->
                new SequenceClassificationModel()
                    .setModelPath(directory.resolve("nowhere").toString())
                    .transform(table))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("no such model directory");
  }

  @Test
  void paramsAreThoseOfSparkMl() {
    SequenceClassificationModel copy =
        classifier().setTopK(3).copy(new org.apache.spark.ml.param.ParamMap());

    StructType scored = classifier().transform(texts(List.of("a"), 1)).schema();
    assertThat(scored.apply("prediction").metadata().getString(TextModel.MODEL_KEY))
        .isEqualTo(model);
    assertThat(copy.explainParams()).contains("modelPath:", "topK:", "current: 3");
    assertThat(copy.transformSchema(TEXTS).fieldNames())
        .containsExactly("id", "text", "prediction");
    assertThat(
            texts(List.of("a"), 1)
                .transform(classifier()::transform)
                .select(functions.col("prediction.label"))
                .first()
                .getString(0))
        .isIn(ClassifierFixture.LABELS);
  }
}
