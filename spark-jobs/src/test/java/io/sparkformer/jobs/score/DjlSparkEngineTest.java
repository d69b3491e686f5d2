package io.sparkformer.jobs.score;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.jobs.ModelFixture;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.model.TextReading;
import io.sparkformer.model.TorchScriptExport;
import io.sparkformer.predict.Classification;
import io.sparkformer.predict.SequenceModel;
import io.sparkformer.predict.Trust;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DjlSparkEngineTest {

  private static final List<String> LABELS = List.of("bad", "fair", "good");

  private static SparkSession spark;

  @TempDir private Path directory;

  @BeforeAll
  static void openSpark(@TempDir Path warehouse) {
    spark = LocalSpark.openWithDelta(warehouse);
  }

  @AfterAll
  static void closeSpark() {
    spark.stop();
  }

  @Test
  void withoutTheExtensionItIsSaidHowToGetIt() {
    Dataset<Row> table = spark.sql("SELECT 'a' AS text");

    assertThatThrownBy(() -> DjlSparkEngine.classify(table, "text", "label", "model", 1, 8))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "--engine djl-spark needs DJL's Spark extension, which is not on the class path: build with"
                + " mvn -Pdjl-spark, or end the command with -- --packages ai.djl.spark:spark_2.12:0.35.1");
  }

  @Test
  void whatTheExtensionDoesInsideGivesOurProbabilitiesAndKeepsRowsWithoutText() throws IOException {
    Path model = directory.resolve("model");
    Path exported = directory.resolve("exported");
    write(model);
    TorchScriptExport.write(
        ModelDirectory.open(new Configuration(), hadoop(model)),
        hadoop(exported).getFileSystem(new Configuration()),
        hadoop(exported));
    Dataset<Row> table =
        spark.sql(
            "SELECT * FROM VALUES (1, 'abc'), (2, NULL), (3, 'ddddddddddddd'), (4, ''), (5, 'cab')"
                + " AS t(id, `the text`)");

    List<Row> rows =
        DjlSparkEngine.classify(
                new CriteriaClassifier(), table, "the text", "label", exported.toString(), 2, 2)
            .collectAsList();

    assertThat(rows).hasSize(5);
    assertThat(rows.get(0).schema().fieldNames()).containsExactly("id", "the text", "label");
    try (SequenceModel ours =
        SequenceModel.open(model.toString(), new Configuration(), Device.cpu(), Trust.OURS)) {
      for (Row row : rows) {
        if (row.isNullAt(1)) {
          assertThat(row.isNullAt(2)).isTrue();
        } else if (!row.getString(1).isEmpty()) {
          int[] ids = ours.reader(Optional.empty()).read(row.getString(1));
          requireSame(
              row.getStruct(2),
              Classification.of(ours.classes().problem(), ours.logits(List.of(ids))[0]));
        }
      }
    }
  }

  private static void requireSame(Row actual, Optional<Classification> expected) {
    List<String> names = actual.getList(0);
    List<Double> probabilities = actual.getList(1);
    assertThat(actual.getList(2)).hasSize(2);
    for (int i = 0; i < LABELS.size(); i++) {
      assertThat(names.get(i)).isEqualTo(LABELS.get(expected.orElseThrow().classes()[i]));
      assertThat(probabilities.get(i))
          .isCloseTo(expected.orElseThrow().probabilities()[i], within(1e-5));
    }
  }

  private static void write(Path directory) throws IOException {
    ModelConfig config =
        ModelConfig.gpt2(4, 8, 1, 2, 8).with(Head.ofSequences(3, Head.Pooling.LAST));
    try (Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), 1)) {
      model.weights().values().forEach(weight -> weight.muli(8));
      ModelFixture.at(directory)
          .save(
              model,
              new TextProcessing(
                  Optional.of(ModelFixture.tokenizer("abcd")),
                  Optional.empty(),
                  LABELS,
                  TextReading.PLAIN));
    }
  }
}
