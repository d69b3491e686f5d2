package io.sparkformer.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.Main;
import io.sparkformer.jobs.ThreeClassTexts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The estimator in a session that knows nothing of this project. */
class SequenceClassifierTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ONE_EPOCH = "training.max-epochs=1";

  @TempDir private static Path shared;
  private static Path commands;
  private static SparkSession spark;
  private static Dataset<Row> weather;

  @TempDir private Path directory;

  @BeforeAll
  static void runTheCommandsAndOpenASession() throws IOException {
    Path table = ThreeClassTexts.table(shared.resolve("table.jsonl"));
    Files.writeString(shared.resolve("weather.yaml"), ThreeClassTexts.RECIPE);
    commands = shared.resolve("commands");
    done(
        CommandRun.of(
            ThreeClassTexts.tokenize(
                table, shared.resolve("data"), "--split", "stratified", "--tokenizer", "char")));
    done(
        CommandRun.of(
            "train",
            "--config",
            shared.resolve("weather.yaml").toString(),
            "--data",
            shared.resolve("data").toString(),
            "--output",
            commands.toString()));
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "3")
            .config("spark.sql.warehouse.dir", shared.resolve("warehouse").toString())
            .getOrCreate();
    weather = spark.read().json(table.toString());
  }

  private static void done(CommandRun run) {
    assertThat(run.code()).as(run.err()).isEqualTo(Main.DONE);
  }

  @AfterAll
  static void closeTheSession() {
    spark.stop();
  }

  @BeforeEach
  void theSessionIsActive() {
    SparkSession.setActiveSession(spark);
  }

  @Test
  void aFitGivesTheWeightsThatTheCommandsGive() throws IOException {
    Map<String, String> settings =
        scala.collection.JavaConverters.mapAsJavaMap(spark.conf().getAll());

    SequenceClassificationModel model = trainer("fit").fit(weather);

    for (String name : List.of("best", "last")) {
      assertThat(Files.readAllBytes(directory.resolve("fit/run/" + name + "/model.safetensors")))
          .isEqualTo(Files.readAllBytes(commands.resolve(name + "/model.safetensors")));
    }
    Path best = directory.resolve("fit/run/best");
    assertThat(path(model)).isEqualTo(best);
    JsonNode config = JSON.readTree(best.resolve("config.json").toFile());
    assertThat(config.get("id2label"))
        .extracting(JsonNode::textValue)
        .isEqualTo(ThreeClassTexts.LABELS);
    assertThat(config.get("sparkformer_reading").get("truncate").textValue()).isEqualTo("right");
    assertThat(names(directory.resolve("fit"))).containsExactly("data", "run");
    assertThat(directory.resolve("fit/run/report.html")).exists();
    assertThat(scala.collection.JavaConverters.mapAsJavaMap(spark.conf().getAll()))
        .isEqualTo(settings);
    assertThat(SparkSession.active()).isSameAs(spark);
    assertThat(spark.sparkContext().isStopped()).isFalse();
  }

  @Test
  void aDataFrameThatNeverComesInTheSameOrderIsReadOnce() {
    Dataset<Row> shuffled = weather.orderBy(org.apache.spark.sql.functions.rand());
    org.apache.spark.util.LongAccumulator rows = spark.sparkContext().longAccumulator();
    Dataset<Row> counted =
        shuffled.filter(
            (org.apache.spark.api.java.function.FilterFunction<Row>)
                row -> {
                  rows.add(1);
                  return true;
                });

    trainer("shuffled").setSettings(ONE_EPOCH).fit(counted);

    assertThat(rows.value()).isEqualTo(ThreeClassTexts.ROWS);
  }

  @Test
  void labelsMayBeWholeDoublesAndColumnsHaveAnyName() throws IOException {
    Dataset<Row> table =
        weather.selectExpr(
            "text AS `a text`", "CASE label WHEN 'hot' THEN 10D ELSE -2D END AS `the.class`");

    SequenceClassifier trainer =
        trainer("doubles")
            .setInputCol("a text")
            .setLabelCol("the.class")
            .setOutputCol("found")
            .setSettings(ONE_EPOCH);
    SequenceClassificationModel model = trainer.fit(table);

    assertThat(labels("doubles")).containsExactly("-2", "10");
    assertThat(trainer.transformSchema(table.schema()).fieldNames())
        .containsExactly("a text", "the.class", "found");
    assertThat(model.getOrDefault(model.inputCol())).isEqualTo("a text");
    assertThat(model.getOrDefault(model.outputCol())).isEqualTo("found");
    assertThat(model.parent()).isSameAs(trainer);
  }

  @Test
  void theSeedDecidesTheSplitAndTheWeightsUnlessSettingsSayOtherwise() throws IOException {
    trainer("one").setSeed(7).setSettings(ONE_EPOCH).fit(weather);
    trainer("same").setSeed(7).setSettings(ONE_EPOCH).fit(weather);
    trainer("other").setSeed(7).setSettings(ONE_EPOCH, "training.seed=8").fit(weather);

    assertThat(weights("same")).isEqualTo(weights("one"));
    assertThat(weights("other")).isNotEqualTo(weights("one"));
    assertThat(Files.readString(directory.resolve("one/run/recipe.yaml"))).contains("  seed: 7");
    assertThat(JSON.readTree(directory.resolve("one/data/dataset.json").toFile()).toString())
        .contains("\"seed\":\"7\"");
  }

  @Test
  void aPipelineIsSavedLoadedAndFitted() throws IOException {
    SequenceClassifier trainer = trainer("piped").setSettings(ONE_EPOCH).setOverwrite(true);
    Pipeline pipeline = new Pipeline().setStages(new PipelineStage[] {trainer});
    pipeline.save(directory.resolve("pipeline").toString());

    Pipeline loaded = Pipeline.load(directory.resolve("pipeline").toString());
    PipelineModel first = loaded.fit(weather);
    byte[] weights = weights("piped");
    PipelineModel second = loaded.fit(weather);

    SequenceClassifier copy = (SequenceClassifier) loaded.getStages()[0];
    assertThat(copy.uid()).isEqualTo(trainer.uid());
    assertThat(copy.extractParamMap().toSeq().size())
        .isEqualTo(trainer.extractParamMap().toSeq().size());
    assertThat(copy.getOrDefault(copy.settings())).containsExactly(ONE_EPOCH);
    assertThat(first.stages()[0]).isInstanceOf(SequenceClassificationModel.class);
    assertThat(path((SequenceClassificationModel) second.stages()[0]))
        .isEqualTo(directory.resolve("piped/run/best"));
    assertThat(weights("piped")).isEqualTo(weights);
    trainer.save(directory.resolve("trainer").toString());
    assertThat(SequenceClassifier.load(directory.resolve("trainer").toString()).uid())
        .isEqualTo(trainer.uid());
  }

  @Test
  void anOutputThatExistsIsKept() throws IOException {
    Files.createDirectories(directory.resolve("mine/run"));
    Files.writeString(directory.resolve("mine/run/notes"), "precious");

    assertMistake(
        trainer("mine"),
        weather,
        "outputPath " + directory.resolve("mine") + " exists: give another directory, or set");
    assertMistake(
        trainer("mine").setOverwrite(true),
        weather,
        "run is not a training output, so --overwrite does not delete it");
    assertThat(directory.resolve("mine/run/notes")).hasContent("precious");
  }

  @Test
  void columnsThatAreMissingOrOfAWrongTypeAreNamed() {
    assertMistake(
        trainer("x").setInputCol("sentence"),
        weather,
        "the DataFrame has no column 'sentence' (inputCol): use one of label, text");
    assertMistake(
        trainer("x").setLabelCol("class"),
        weather,
        "the DataFrame has no column 'class' (labelCol): use one of label, text");
    assertMistake(
        trainer("x").setLabelCol("text"),
        weather,
        "inputCol and labelCol are both text: name a column each");
    assertMistake(
        trainer("x"),
        weather.selectExpr("1 AS text", "label"),
        "inputCol text is of type int: name a column of strings");
    assertMistake(
        trainer("x"),
        weather.selectExpr("text", "array(label) AS label"),
        "labelCol label is of type array<string>: name a column of strings, booleans, integers or");
  }

  @Test
  void labelsThatCannotBeTrainedOnAreMistakesAndLeaveNothing() {
    assertMistake(
        trainer("x"),
        weather.limit(0),
        "the DataFrame has no row with both a text (text) and a label (label): give some");
    assertMistake(
        trainer("x"),
        weather.selectExpr("text", "CAST(NULL AS string) AS label"),
        "no row with both a text (text) and a label (label)");
    assertMistake(
        trainer("x"),
        weather.where("label = 'hot'"),
        "labelCol label has one label, 'hot': classification needs at least two");
    for (String broken : List.of("0.5D", "double('NaN')", "1e300D")) {
      assertMistake(
          trainer("x"),
          weather.selectExpr("text", "IF(label = 'hot', 1D, " + broken + ") AS label"),
          "doubles must be whole numbers: cast the column to strings");
    }
  }

  @Test
  void whatCannotBeTrainedIsSaidBeforeAnythingIsRead() {
    assertMistake(
        trainer("x"),
        spark.readStream().format("rate").load().selectExpr("'a' AS text", "value AS label"),
        "the DataFrame is a stream, which has no end: write it to a table, and fit on that");
    assertMistake(
        new SequenceClassifier().setOutputPath("x"),
        weather,
        "recipe is not set: give the path of a YAML file");
    assertMistake(new SequenceClassifier().setRecipe("x"), weather, "outputPath is not set: give");
    assertMistake(trainer("x").setRecipe("nowhere.yaml"), weather, "nowhere.yaml: no such recipe");
    assertMistake(
        trainer("x").setSettings("model.head.kind=language-model"),
        weather,
        "model.head.kind is language-model: a classifier of texts needs"
            + " model.head.kind=sequence-classification");
    assertMistake(
        trainer("x").setWorkers(2),
        weather,
        "workers is 2, but spark.master is local[2], which is one process: set workers to 1, or");
    assertMistake(trainer("x").setWorkers(0), weather, "workers is 0: it must be at least 1");
    assertMistake(
        trainer("x").setValidFraction(2), weather, "--valid-fraction is 2.0: it must be at least");
    assertMistake(
        trainer("x").setSettings("training.micro-batch-size=0"),
        weather,
        "training.micro-batch-size is 0: it must be at least 1");
  }

  private SequenceClassifier trainer(String output) {
    return new SequenceClassifier()
        .setRecipe(shared.resolve("weather.yaml").toString())
        .setTokenizer("char")
        .setEndOfText(false)
        .setOutputPath(directory.resolve(output).toString());
  }

  private void assertMistake(SequenceClassifier trainer, Dataset<Row> rows, String message) {
    assertThatThrownBy(() -> trainer.fit(rows))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(message);
    assertThat(directory.resolve("x")).doesNotExist();
  }

  private List<String> labels(String output) throws IOException {
    JsonNode names =
        JSON.readTree(directory.resolve(output + "/run/best/config.json").toFile()).get("id2label");
    return Stream.iterate(0, i -> i + 1)
        .limit(names.size())
        .map(i -> names.get(Integer.toString(i)).textValue())
        .toList();
  }

  private byte[] weights(String output) throws IOException {
    return Files.readAllBytes(directory.resolve(output + "/run/last/model.safetensors"));
  }

  private static Path path(SequenceClassificationModel model) {
    return Path.of(java.net.URI.create(model.getOrDefault(model.modelPath())).getPath());
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
