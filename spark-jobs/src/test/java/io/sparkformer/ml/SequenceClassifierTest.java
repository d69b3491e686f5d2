package io.sparkformer.ml;

import static io.sparkformer.datasets.Folder.names;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.LocalSpark;
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
import org.apache.spark.ml.feature.Tokenizer;
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
  private static Dataset<Row> threeClasses;

  @TempDir private Path directory;

  @BeforeAll
  static void runTheCommandsAndOpenASession() throws IOException {
    Path table = ThreeClassTexts.table(shared.resolve("table.jsonl"));
    Files.writeString(shared.resolve("three-classes.yaml"), ThreeClassTexts.RECIPE);
    commands = shared.resolve("commands");
    CommandRun.of(
            ThreeClassTexts.tokenize(
                table, shared.resolve("data"), "--split", "stratified", "--tokenizer", "char"))
        .requireDone();
    CommandRun.of(
            "train",
            "--config",
            shared.resolve("three-classes.yaml").toString(),
            "--data",
            shared.resolve("data").toString(),
            "--output",
            commands.toString())
        .requireDone();
    spark =
        SparkSession.builder()
            .config(LocalSpark.conf("local[2]"))
            .config("spark.sql.shuffle.partitions", "3")
            .config("spark.sql.warehouse.dir", shared.resolve("warehouse").toString())
            .getOrCreate();
    threeClasses = spark.read().json(table.toString());
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

    SequenceClassificationModel model = classifier("fit").fit(threeClasses);

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
    Dataset<Row> shuffled = threeClasses.orderBy(org.apache.spark.sql.functions.rand());
    org.apache.spark.util.LongAccumulator rows = spark.sparkContext().longAccumulator();
    Dataset<Row> counted =
        shuffled.filter(
            (org.apache.spark.api.java.function.FilterFunction<Row>)
                row -> {
                  rows.add(1);
                  return true;
                });

    classifier("shuffled").setSettings(ONE_EPOCH).fit(counted);

    assertThat(rows.value()).isEqualTo(ThreeClassTexts.ROWS);
  }

  @Test
  void labelsMayBeWholeDoublesAndColumnsHaveAnyName() throws IOException {
    Dataset<Row> table =
        threeClasses.selectExpr(
            "text AS `a text`", "CASE label WHEN 'hot' THEN 10D ELSE -2D END AS `the.class`");

    SequenceClassifier classifier =
        classifier("doubles")
            .setInputCol("a text")
            .setLabelCol("the.class")
            .setOutputCol("found")
            .setSettings(ONE_EPOCH);
    SequenceClassificationModel model = classifier.fit(table);

    assertThat(labels("doubles")).containsExactly("-2", "10");
    assertThat(classifier.transformSchema(table.schema()).fieldNames())
        .containsExactly("a text", "the.class", "found");
    assertThat(model.getOrDefault(model.inputCol())).isEqualTo("a text");
    assertThat(model.getOrDefault(model.outputCol())).isEqualTo("found");
    assertThat(model.parent()).isSameAs(classifier);
  }

  @Test
  void theSeedDecidesTheSplitAndTheWeightsUnlessSettingsSayOtherwise() throws IOException {
    classifier("one").setSeed(7).setSettings(ONE_EPOCH).fit(threeClasses);
    classifier("same").setSeed(7).setSettings(ONE_EPOCH).fit(threeClasses);
    classifier("other").setSeed(7).setSettings(ONE_EPOCH, "training.seed=8").fit(threeClasses);

    assertThat(weights("same")).isEqualTo(weights("one"));
    assertThat(weights("other")).isNotEqualTo(weights("one"));
    assertThat(Files.readString(directory.resolve("one/run/recipe.yaml"))).contains("  seed: 7");
    assertThat(JSON.readTree(directory.resolve("one/data/dataset.json").toFile()).toString())
        .contains("\"seed\":\"7\"");
  }

  @Test
  void aPipelineIsSavedLoadedAndFitted() throws IOException {
    SequenceClassifier classifier = classifier("piped").setSettings(ONE_EPOCH).setOverwrite(true);
    Pipeline pipeline = new Pipeline().setStages(new PipelineStage[] {classifier});
    pipeline.save(directory.resolve("pipeline").toString());

    Pipeline loaded = Pipeline.load(directory.resolve("pipeline").toString());
    PipelineModel first = loaded.fit(threeClasses);
    byte[] weights = weights("piped");
    PipelineModel second = loaded.fit(threeClasses);

    SequenceClassifier copy = (SequenceClassifier) loaded.getStages()[0];
    assertThat(copy.uid()).isEqualTo(classifier.uid());
    assertThat(copy.extractParamMap().toSeq().size())
        .isEqualTo(classifier.extractParamMap().toSeq().size());
    assertThat(copy.getOrDefault(copy.settings())).containsExactly(ONE_EPOCH);
    assertThat(first.stages()[0]).isInstanceOf(SequenceClassificationModel.class);
    assertThat(path((SequenceClassificationModel) second.stages()[0]))
        .isEqualTo(directory.resolve("piped/run/best"));
    assertThat(weights("piped")).isEqualTo(weights);
    classifier.save(directory.resolve("classifier").toString());
    assertThat(SequenceClassifier.load(directory.resolve("classifier").toString()).uid())
        .isEqualTo(classifier.uid());
  }

  @Test
  void onlyWhatIsAnEstimatorIsLoadedAsOne() throws IOException {
    String named = directory.resolve("named").toString();
    new SequenceClassifier().setInputCol("modelPath").save(named); // is a value here
    String other = directory.resolve("other").toString();
    new Tokenizer().setInputCol("text").setOutputCol("words").save(other);

    SequenceClassifier loaded = SequenceClassifier.load(named);

    assertThat(loaded.getOrDefault(loaded.inputCol())).isEqualTo("modelPath");
    assertThatThrownBy(() -> SequenceClassifier.load(other))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            other + " holds a org.apache.spark.ml.feature.Tokenizer: load it with that class");
  }

  @Test
  void anEstimatorThatIsTakenForAModelIsNamed() throws IOException {
    String saved = directory.resolve("estimator").toString();
    classifier("unused").save(saved);

    assertThatThrownBy(() -> SequenceClassificationModel.load(saved))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            saved
                + " holds an estimator: load it with that class, io.sparkformer.ml.SequenceClassifier");
  }

  @Test
  void whatWasSavedWhenTheEstimatorWasCalledSequenceClassifierTrainerIsLoaded() throws IOException {
    SequenceClassifier classifier = classifier("older").setSettings(ONE_EPOCH);
    Path saved = directory.resolve("older-pipeline");
    new Pipeline().setStages(new PipelineStage[] {classifier}).save(saved.toString());
    ClassifierFixture.renameSaved(
        saved, SequenceClassifier.class, "io.sparkformer.ml.SequenceClassifierTrainer");

    SequenceClassifier loaded = (SequenceClassifier) Pipeline.load(saved.toString()).getStages()[0];

    assertThat(loaded.uid()).isEqualTo(classifier.uid());
    assertThat(loaded.getOrDefault(loaded.settings())).containsExactly(ONE_EPOCH);
    assertThat(loaded.getOrDefault(loaded.outputPath()))
        .isEqualTo(classifier.getOrDefault(classifier.outputPath()));
  }

  @Test
  void anOutputThatExistsIsKept() throws IOException {
    Files.createDirectories(directory.resolve("mine/run"));
    Files.writeString(directory.resolve("mine/run/notes"), "precious");

    assertMistake(
        classifier("mine"),
        threeClasses,
        "outputPath " + directory.resolve("mine") + " exists: give another directory, or set");
    assertMistake(
        classifier("mine").setOverwrite(true),
        threeClasses,
        "run is not a training output, so --overwrite does not delete it");
    assertThat(directory.resolve("mine/run/notes")).hasContent("precious");
  }

  @Test
  void columnsThatAreMissingOrOfAWrongTypeAreNamed() {
    assertMistake(
        classifier("x").setInputCol("sentence"),
        threeClasses,
        "the DataFrame has no column 'sentence' (inputCol): use one of label, text");
    assertMistake(
        classifier("x").setLabelCol("class"),
        threeClasses,
        "the DataFrame has no column 'class' (labelCol): use one of label, text");
    assertMistake(
        classifier("x").setLabelCol("text"),
        threeClasses,
        "inputCol and labelCol are both text: name a column each");
    assertMistake(
        classifier("x"),
        threeClasses.selectExpr("1 AS text", "label"),
        "inputCol text is of type int: name a column of strings");
    assertMistake(
        classifier("x"),
        threeClasses.selectExpr("text", "array(label) AS label"),
        "labelCol label is of type array<string>: name a column of strings, booleans, integers or");
  }

  @Test
  void labelsThatCannotBeTrainedOnAreMistakesAndLeaveNothing() {
    assertMistake(
        classifier("x"),
        threeClasses.limit(0),
        "the DataFrame has no row with both a text (text) and a label (label): give some");
    assertMistake(
        classifier("x"),
        threeClasses.selectExpr("text", "CAST(NULL AS string) AS label"),
        "no row with both a text (text) and a label (label)");
    assertMistake(
        classifier("x"),
        threeClasses.where("label = 'hot'"),
        "labelCol label has one label, 'hot': classification needs at least two");
    for (String broken : List.of("0.5D", "double('NaN')", "1e300D")) {
      assertMistake(
          classifier("x"),
          threeClasses.selectExpr("text", "IF(label = 'hot', 1D, " + broken + ") AS label"),
          "doubles must be whole numbers: cast the column to strings");
    }
  }

  @Test
  void aClassOfOneRowIsNamedWithWhatToDo() {
    Dataset<Row> lone =
        threeClasses.where("label <> 'mild'").union(threeClasses.where("label = 'mild'").limit(1));

    assertMistake(
        classifier("lone"),
        lone,
        "has no example of the class 'mild' (id 2), which 1 of the data set's rows has: each split needs one, so"
            + " give the source more rows of it, leave them out or give them another class's label, and make the"
            + " data set again");
  }

  @Test
  void whatCannotBeTrainedIsSaidBeforeAnythingIsRead() {
    assertMistake(
        classifier("x"),
        spark.readStream().format("rate").load().selectExpr("'a' AS text", "value AS label"),
        "the DataFrame is a stream, which has no end: write it to a table, and fit on that");
    assertMistake(
        new SequenceClassifier().setOutputPath("x"),
        threeClasses,
        "recipe is not set: give the path of a YAML file");
    assertMistake(
        new SequenceClassifier().setRecipe("x"), threeClasses, "outputPath is not set: give");
    assertMistake(
        classifier("x").setRecipe("nowhere.yaml"), threeClasses, "nowhere.yaml: no such recipe");
    assertMistake(
        classifier("x").setSettings("model.head.kind=language-model"),
        threeClasses,
        "model.head.kind is language-model: a classifier of texts needs"
            + " model.head.kind=sequence-classification");
    assertMistake(
        classifier("x").setWorkers(2),
        threeClasses,
        "workers is 2, but spark.master is local[2], which is one process: set workers to 1, or");
    assertMistake(
        classifier("x").setWorkers(0), threeClasses, "workers is 0: it must be at least 1");
    assertMistake(
        classifier("x").setValidFraction(2),
        threeClasses,
        "--valid-fraction is 2.0: it must be at least");
    assertMistake(
        classifier("x").setSettings("training.micro-batch-size=0"),
        threeClasses,
        "training.micro-batch-size is 0: it must be at least 1");
  }

  private SequenceClassifier classifier(String output) {
    return new SequenceClassifier()
        .setRecipe(shared.resolve("three-classes.yaml").toString())
        .setTokenizer("char")
        .setEndOfText(false)
        .setOutputPath(directory.resolve(output).toString());
  }

  private void assertMistake(SequenceClassifier classifier, Dataset<Row> rows, String message) {
    assertThatThrownBy(() -> classifier.fit(rows))
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
}
