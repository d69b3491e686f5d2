package io.sparkformer.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.model.ProblemType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models of any number of labels, of one label, and of numbers. */
class ProblemTypesTest {

  private static final List<String> LABELS = List.of("sad", "fear", "joy", "calm");
  private static final List<String> TEXTS =
      IntStream.range(0, 30).mapToObj(i -> "a film of day " + i * i).toList();

  @TempDir static Path directory;
  private static SparkSession spark;
  private static String several;
  private static String one;
  private static String numbers;

  @BeforeAll
  static void start() throws IOException {
    spark = SparkSession.builder().config(LocalSpark.conf("local[2]")).getOrCreate();
    several =
        ClassifierFixture.write(
            directory.resolve("several"), ProblemType.MULTI_LABEL_CLASSIFICATION, LABELS);
    one =
        ClassifierFixture.write(
            directory.resolve("one"), ProblemType.SINGLE_LABEL_CLASSIFICATION, List.of("spam"));
    numbers =
        ClassifierFixture.write(
            directory.resolve("numbers"), ProblemType.REGRESSION, List.of("stars"));
  }

  @AfterAll
  static void stop() {
    spark.stop();
    ExecutorModels.closeIdle();
  }

  private static SequenceClassificationModel of(String model) {
    return new SequenceClassificationModel().setModelPath(model);
  }

  private static Dataset<Row> texts() {
    return spark.createDataset(TEXTS, Encoders.STRING()).toDF("text").coalesce(1);
  }

  private static List<Row> results(SequenceClassificationModel classifier) {
    return classifier.transform(texts()).select("prediction.*").collectAsList();
  }

  private static double sigmoid(double logit) {
    return 1 / (1 + Math.exp(-logit));
  }

  @Test
  void ofSeveralLabelsThoseHoldWhoseSigmoidIsAboveTheThreshold() throws IOException {
    float[][] logits = ClassifierFixture.logits(several, TEXTS);
    int held = 0;
    for (double threshold : new double[] {0.5, 0.2}) {
      List<Row> results = results(of(several).setThreshold(threshold));
      for (int row = 0; row < results.size(); row++) {
        Row result = results.get(row);
        List<String> names = result.getList(result.fieldIndex("class_names"));
        List<Double> probabilities = result.getList(result.fieldIndex("probabilities"));
        for (int i = 0; i < names.size(); i++) {
          double expected = sigmoid(logits[row][LABELS.indexOf(names.get(i))]);
          assertThat(probabilities.get(i)).isCloseTo(expected, within(1e-5));
        }
        assertThat(probabilities).isSortedAccordingTo(Comparator.reverseOrder());
        long above = probabilities.stream().filter(p -> p > threshold).count();
        assertThat(result.<String>getList(result.fieldIndex("labels")))
            .isEqualTo(names.subList(0, (int) above));
        assertThat(result.<String>getAs("label")).isEqualTo(names.get(0));
        assertThat(result.<Double>getAs("score")).isEqualTo(probabilities.get(0));
        held += (int) above;
      }
    }
    assertThat(held).isBetween(1, 2 * TEXTS.size() * LABELS.size() - 1);
  }

  @Test
  void aLoneLabelHasItsSigmoidAndARegressionItsNumberAndNoLabel() throws IOException {
    float[][] logits = ClassifierFixture.logits(one, TEXTS);
    List<Row> results = results(of(one));
    for (int row = 0; row < results.size(); row++) {
      Row result = results.get(row);
      double expected = sigmoid(logits[row][0]);
      assertThat(result.<Double>getAs("score")).isCloseTo(expected, within(1e-5));
      assertThat(result.<String>getAs("label")).isEqualTo("spam");
      assertThat(result.<String>getList(result.fieldIndex("labels")))
          .isEqualTo(result.<Double>getAs("score") > 0.5 ? List.of("spam") : List.of());
    }
    logits = ClassifierFixture.logits(numbers, TEXTS);
    results = results(of(numbers));
    for (int row = 0; row < results.size(); row++) {
      Row result = results.get(row);
      assertThat(result.<Double>getAs("score")).isCloseTo(logits[row][0], within(1e-5));
      assertThat(result.getList(result.fieldIndex("labels"))).isEmpty();
    }
  }

  @Test
  void textsOfTheClassesAreWhatDjlWritesOfSuchNumbers() {
    for (String model : List.of(several, one, numbers)) {
      for (Row result : results(of(model).setTopK(1))) {
        assertThat(result.<String>getList(result.fieldIndex("top_k")))
            .containsExactly(
                new ai.djl.modality.Classifications.Classification(
                        result.getAs("label"), result.getAs("score"))
                    .toString());
      }
    }
  }

  @Test
  void chosenLabelsAreTheLikeliestAlone() throws IOException {
    String chosen = ClassifierFixture.write(directory.resolve("chosen"));
    for (Row result : results(of(chosen))) {
      assertThat(result.<String>getList(result.fieldIndex("labels")))
          .containsExactly(result.<String>getAs("label"));
    }
  }

  @Test
  void aSummaryCountsEveryLabelThatHolds() {
    Map<String, ScoringTally> tallies =
        Map.of(
            several, new ScoringTally(),
            numbers, new ScoringTally());
    tallies.forEach((model, tally) -> of(model).transform(texts(), tally).foreach(row -> {}));

    SortedMap<String, Long> expected = new TreeMap<>();
    for (Row result : results(of(several))) {
      result
          .<String>getList(result.fieldIndex("labels"))
          .forEach(label -> expected.merge(label, 1L, Long::sum));
    }
    assertThat(tallies.get(several).value().outcomes()).isEqualTo(expected).isNotEmpty();
    assertThat(tallies.get(numbers).value().outcomes()).isEmpty();
    assertThat(tallies.get(numbers).value().rows()).isEqualTo(TEXTS.size());
  }

  @Test
  void aFunctionOfSqlAndASavedPipelineHaveTheThreshold() throws IOException {
    SequenceClassificationModel classifier = of(several).setThreshold(0.3);
    List<Row> expected = results(classifier);
    classifier.register(spark, "labels_of");
    texts().createOrReplaceTempView("texts_to_label");

    assertThat(spark.sql("SELECT labels_of(text).labels FROM texts_to_label").collectAsList())
        .extracting(row -> row.getList(0))
        .isEqualTo(labels(expected));
    Path saved = directory.resolve("pipeline");
    new Pipeline().setStages(new PipelineStage[] {classifier}).fit(texts()).save(saved.toString());
    SequenceClassificationModel loaded =
        (SequenceClassificationModel) PipelineModel.load(saved.toString()).stages()[0];
    assertThat(loaded.getOrDefault(loaded.threshold())).isEqualTo(0.3);
    assertThat(results(loaded)).isEqualTo(expected);
  }

  private static List<Object> labels(List<Row> results) {
    List<Object> labels = new ArrayList<>();
    results.forEach(result -> labels.add(result.getList(result.fieldIndex("labels"))));
    return labels;
  }

  @Test
  void whatWasSavedBeforeThereWasAThresholdIsLoaded() throws IOException {
    Path saved = directory.resolve("older");
    of(several).save(saved.toString());
    try (Stream<Path> files = Files.list(saved.resolve("metadata"))) {
      for (Path file : files.toList()) {
        if (file.getFileName().toString().startsWith("part-")) {
          String metadata = Files.readString(file);
          assertThat(metadata).contains("\"threshold\":0.5");
          Files.writeString(file, metadata.replaceFirst("\"threshold\":0.5,?", ""));
        } else if (file.getFileName().toString().endsWith(".crc")) {
          Files.delete(file);
        }
      }
    }

    SequenceClassificationModel loaded = SequenceClassificationModel.load(saved.toString());

    assertThat(results(loaded)).isEqualTo(results(of(several)));
  }

  @Test
  void aThresholdThatIsNoneOrOfNoUseIsAMistake() {
    for (double threshold : new double[] {0, 1, -0.5, Double.NaN}) {
      assertThatThrownBy(() -> of(several).setThreshold(threshold).transform(texts()))
          .isInstanceOf(InvalidInputException.class)
          .hasMessage(
              "threshold (--threshold) is " + threshold + ": it must be above 0 and below 1");
    }
    assertThatThrownBy(() -> of(numbers).setThreshold(0.5).check(new Configuration()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "threshold (--threshold) is 0.5, but the problem_type of "
                + numbers
                + " is regression, which has none: leave it away");
  }
}
