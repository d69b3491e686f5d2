package io.sparkformer.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.generate.Continuation;
import io.sparkformer.generate.SamplingOptions;
import io.sparkformer.generate.SamplingOptions.Choice;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.jobs.ModelFixture;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Columns that a language model adds: continuations, and how unlikely texts are. */
class LanguageColumnsTest {

  private static final List<String> TEXTS =
      Arrays.asList(
          "the film", "a film", "never again, said the critic", "x", null, "", "good ".repeat(60));

  @TempDir static Path directory;
  private static SparkSession spark;
  private static String model;

  @BeforeAll
  static void start() throws IOException {
    spark = SparkSession.builder().config(LocalSpark.conf("local[2]")).getOrCreate();
    model = ClassifierFixture.writeLanguageModel(directory.resolve("model"));
  }

  @AfterAll
  static void stop() {
    spark.stop();
    ExecutorModels.closeIdle();
  }

  private static Dataset<Row> table(String column) {
    return spark.createDataset(TEXTS, Encoders.STRING()).toDF(column).coalesce(1);
  }

  @Test
  void aPromptIsContinuedAsItIsAloneByTheSameModel() throws IOException {
    SamplingOptions options = new SamplingOptions(12, Choice.DRAWN, 0.9, 20, 0.95, 5, 1);
    List<Row> rows =
        new TextGenerator()
            .setModelPath(model)
            .setMaxNewTokens(12)
            .setTemperature(0.9)
            .setTopK(20)
            .setTopP(0.95)
            .setSeed(5)
            .transform(table("prompt"))
            .select("generated.*")
            .collectAsList();

    Tokenizer tokenizer = ClassifierFixture.tokenizer();
    try (Gpt gpt = ModelFixture.at(Path.of(model)).load(Precision.FP32, Device.cpu())) {
      io.sparkformer.generate.TextGenerator alone =
          io.sparkformer.generate.TextGenerator.of(gpt, List.of(ClassifierFixture.END_OF_TEXT));
      for (int i : new int[] {0, 1, 2, 3, 6}) {
        int[] all = tokenizer.encode(TEXTS.get(i));
        int read = Math.min(all.length, ClassifierFixture.CONTEXT);
        int[] prompt = Arrays.copyOfRange(all, all.length - read, all.length);
        Continuation expected = alone.generateAll(List.of(prompt), options).get(0);
        int[] ids = expected.ids().stream().mapToInt(id -> id).toArray();
        assertThat(rows.get(i).<String>getAs("text"))
            .as(TEXTS.get(i))
            .isEqualTo(tokenizer.decode(ids));
        assertThat(rows.get(i).<Integer>getAs("num_tokens")).isEqualTo(ids.length);
        assertThat(rows.get(i).<String>getAs("stopped_by")).isEqualTo(expected.stoppedBy().label());
      }
    }
    assertThat(rows.get(4).<String>getAs("error")).isEqualTo("the text is null");
    assertThat(rows.get(5).<String>getAs("error")).isEqualTo("the text is empty");
  }

  @Test
  void aRowsTextDoesNotDependOnNeighboursBatchesOrPartitions() {
    List<String> prompts =
        IntStream.range(0, 40).mapToObj(i -> "a film ".repeat(i % 5 + 1) + "no. " + i).toList();
    Dataset<Row> all = spark.createDataset(prompts, Encoders.STRING()).toDF("prompt");
    for (boolean greedy : new boolean[] {true, false}) {
      TextGenerator generator =
          new TextGenerator().setModelPath(model).setMaxNewTokens(9).setSeed(5).setGreedy(greedy);
      Map<String, String> together = texts(generator.transform(all.coalesce(1)));

      assertThat(texts(generator.setBatchSize(3).transform(all.repartition(5))))
          .isEqualTo(together);
      Map<String, String> alone = texts(generator.setBatchSize(1).transform(all.limit(8)));
      assertThat(together).containsAllEntriesOf(alone);
      assertThat(alone).hasSize(8);
    }
  }

  private static Map<String, String> texts(Dataset<Row> generated) {
    return generated.select("prompt", "generated.text").collectAsList().stream()
        .collect(Collectors.toMap(row -> row.getString(0), row -> row.getString(1)));
  }

  @Test
  void perplexityIsThatOfTheTextAlone() throws IOException {
    List<Row> rows =
        new TextPerplexity()
            .setModelPath(model)
            .transform(table("text"))
            .select("perplexity.*")
            .collectAsList();

    try (Gpt gpt = ModelFixture.at(Path.of(model)).load(Precision.FP32, Device.cpu())) {
      for (int i : new int[] {0, 1, 2, 6}) {
        int[] ids = ClassifierFixture.tokenizer().encode(TEXTS.get(i));
        int read = Math.min(ids.length, ClassifierFixture.CONTEXT);
        long[] all = Arrays.stream(ids).limit(read).asLongStream().toArray();
        TokenBatch batch =
            TokenBatch.full(
                Arrays.copyOf(all, read - 1), Arrays.copyOfRange(all, 1, read), 1, read - 1);
        double loss = gpt.evaluate(batch).lossSum() / (read - 1);
        assertThat(rows.get(i).<Double>getAs("loss")).isCloseTo(loss, within(1e-5 * loss));
        assertThat(rows.get(i).<Double>getAs("perplexity"))
            .isCloseTo(Math.exp(loss), within(1e-4 * Math.exp(loss)));
        assertThat(rows.get(i).<Integer>getAs("num_tokens")).isEqualTo(read);
      }
    }
    assertThat(rows.get(3).<String>getAs("error"))
        .isEqualTo("the text is one token: there is none to predict");
    assertThat(rows.get(4).<String>getAs("error")).isEqualTo("the text is null");
  }

  @Test
  void aClassifierContinuesNoTexts() throws IOException {
    String classifier = ClassifierFixture.write(directory.resolve("classifier"));

    for (TextModel<?> stage : List.of(new TextGenerator(), new TextPerplexity())) {
      stage.setModelPath(classifier).setInputCol("text");
      assertThatThrownBy(() -> stage.transform(table("text")))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("the model is no causal language model");
    }
  }

  @Test
  void bothAreSavedWithTheirModel() throws IOException {
    String saved = directory.resolve("saved").toString();
    new TextGenerator()
        .setModelPath(model)
        .setSeed(3)
        .setGreedy(true)
        .write()
        .overwrite()
        .save(saved);

    TextGenerator loaded = TextGenerator.load(saved);

    assertThat(loaded.getOrDefault(loaded.seed())).isEqualTo(3L);
    assertThat(loaded.setMaxNewTokens(2).transform(table("prompt")).count()).isEqualTo(7);
    new TextPerplexity().setModelPath(model).write().overwrite().save(saved);
    assertThat(TextPerplexity.load(saved).transform(table("text")).columns())
        .containsExactly("text", "perplexity");
  }
}
