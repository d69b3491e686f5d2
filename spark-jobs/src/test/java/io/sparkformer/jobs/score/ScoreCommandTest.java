package io.sparkformer.jobs.score;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.jobs.ShownProgress;
import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.jobs.input.TableInput;
import io.sparkformer.ml.ClassifierFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScoreCommandTest {

  private static final int ROWS = 40;

  @TempDir private static Path directory;
  private static String model;
  private static String json;

  @BeforeAll
  static void makeModelAndTable() throws IOException {
    model = ClassifierFixture.write(directory.resolve("model"));
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      rows.add(
          "{\"id\": %d, \"text\": %s, \"kind\": \"%s\"}"
              .formatted(
                  i, i == 7 ? "null" : "\"a film for day " + i + "\"", i % 2 == 0 ? "a" : "b"));
    }
    json = Files.write(directory.resolve("rows.json"), rows).toString();
  }

  private static CommandRun score(String output, String... more) {
    List<String> arguments = new ArrayList<>(List.of("score", "--model", model, "--input", json));
    arguments.addAll(List.of("--format", "json", "--output", place(output)));
    arguments.addAll(List.of(more));
    return CommandRun.of(arguments);
  }

  private static String place(String name) {
    return directory.resolve(name).toString();
  }

  private static <T> T reading(java.util.function.Function<SparkSession, T> use) {
    SparkSession spark = SparkSession.builder().config(LocalSpark.conf("local[1]")).getOrCreate();
    try {
      return use.apply(spark);
    } finally {
      spark.stop();
    }
  }

  private static List<String> files(String place) throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve(place).getParent())) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.contains(directory.resolve(place).getFileName().toString()))
          .sorted()
          .toList();
    }
  }

  @Test
  void everyRowIsInTheOutputAndTheSummaryCountsThem() {
    CommandRun run = score("all");

    run.requireDone();
    JsonNode result = run.json();
    assertThat(result.get("rows").asLong()).isEqualTo(ROWS);
    assertThat(result.get("errors").asLong()).isEqualTo(1);
    assertThat(result.get("model_loads").asLong()).isEqualTo(1);
    long labelled = 0;
    for (JsonNode count : result.get("labels")) {
      labelled += count.asLong();
    }
    assertThat(labelled).isEqualTo(ROWS - 1);
    assertThat(result.get("padding").asDouble()).isBetween(0.0, 0.5);
    assertThat(result.get("rows_per_second").asDouble()).isPositive();
    reading(
        spark -> {
          Dataset<Row> rows = spark.read().json(place("all"));
          assertThat(rows.count()).isEqualTo(ROWS);
          assertThat(rows.select("id").distinct().count()).isEqualTo(ROWS);
          Row failed = rows.where("id = 7").select("prediction.error").first();
          assertThat(failed.getString(0)).isEqualTo("the text is null");
          return rows;
        });
  }

  @Test
  void progressEndsWithTheWholeThoughAColumnAloneIsRead() {
    score("wide", "--output-format", "parquet").requireDone();
    try (ShownProgress shown = ShownProgress.watch()) {
      CommandRun.of(
              "score",
              "--model",
              model,
              "--input",
              place("wide"),
              "--format",
              "parquet",
              "--columns",
              "text",
              "--output",
              place("narrow"))
          .requireDone();
      assertThat(shown.of("score"))
          .last()
          .asString()
          .startsWith("score: 100% (")
          .endsWith("%d rows read, %d rows scored".formatted(ROWS, ROWS));
    }
  }

  @Test
  void columnsRowsAndLayoutAreChosenAndTablesReplacedOrAddedTo() throws IOException {
    String[] chosen = {
      "--columns",
      "id,kind",
      "--where",
      "id < 10",
      "--partition-by",
      "kind",
      "--output-format",
      "parquet",
      "--output-column",
      "mood"
    };
    assertThat(score("chosen", chosen).code()).isZero();
    assertThat(Files.exists(directory.resolve("chosen/kind=a"))).isTrue();

    CommandRun refused = score("chosen", chosen);
    assertThat(refused.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(refused.err())
        .contains("chosen exists: pass --append or --overwrite, or choose another directory");

    List<String> more = new ArrayList<>(List.of(chosen));
    more.add("--append");
    assertThat(score("chosen", more.toArray(String[]::new)).code()).isZero();
    reading(
        spark -> {
          Dataset<Row> rows = spark.read().parquet(place("chosen"));
          assertThat(rows.columns()).containsExactlyInAnyOrder("id", "mood", "kind");
          assertThat(rows.schema().apply("mood").metadata().getString("sparkformer.model"))
              .isEqualTo(model);
          assertThat(rows.count()).isEqualTo(20);
          return rows;
        });

    assertThat(score("chosen", "--output-format", "parquet", "--overwrite").code()).isZero();
    reading(spark -> assertThat(spark.read().parquet(place("chosen")).count()).isEqualTo(ROWS));
    assertThat(files("chosen")).containsExactly("chosen");
  }

  @Test
  void csvHasAColumnForEachFieldAndOrcTheStruct() throws IOException {
    assertThat(score("csv", "--output-format", "csv").code()).isZero();
    assertThat(score("orc", "--output-format", "orc", "--partitions", "3").code()).isZero();

    reading(
        spark -> {
          Dataset<Row> csv = spark.read().option("header", "true").csv(place("csv"));
          assertThat(csv.columns())
              .contains("id", "text", "prediction_label", "prediction_score", "prediction_error")
              .contains("prediction_class_names", "prediction_num_tokens");
          assertThat(csv.count()).isEqualTo(ROWS);
          Dataset<Row> orc = spark.read().orc(place("orc"));
          assertThat(orc.select("prediction.label").count()).isEqualTo(ROWS);
          return orc;
        });
    CommandRun again =
        CommandRun.of(
            List.of(
                "score",
                "--model",
                model,
                "--input",
                place("csv"),
                "--format",
                "csv",
                "--output",
                place("csv-again"),
                "--output-format",
                "parquet"));
    again.requireDone();
    assertThat(again.json().get("rows").asLong()).isEqualTo(ROWS);
  }

  @Test
  void csvKeepsEveryCharacterOfATable() throws IOException {
    List<String> texts = List.of(" led and trailed ", "\n\t", "\u0007", "a \"quote\", and a comma");
    com.fasterxml.jackson.databind.ObjectMapper mapper =
        new com.fasterxml.jackson.databind.ObjectMapper();
    List<String> rows = new ArrayList<>();
    for (String text : texts) {
      rows.add(mapper.createObjectNode().put("text", text).toString());
    }
    Path odd = Files.write(directory.resolve("odd.json"), rows);
    CommandRun run =
        CommandRun.of(
            "score",
            "--model",
            model,
            "--input",
            odd.toString(),
            "--format",
            "json",
            "--output",
            place("odd"),
            "--output-format",
            "csv");
    run.requireDone();

    List<String> found =
        reading(
            spark ->
                TableInput.open(spark, InputFormat.CSV, List.of(place("odd")))
                    .get(0)
                    .select("text")
                    .collectAsList()
                    .stream()
                    .map(row -> row.getString(0))
                    .toList());
    assertThat(found).isEqualTo(texts);
  }

  @Test
  void whatDoesNotFitIsNotAddedAndWhatIsAnothersNotReplaced() throws IOException {
    assertThat(score("fit").code()).isZero();
    assertMistake(
        score("fit", "--append", "--output-format", "parquet"),
        "fit is no table of parquet files that could be added to");
    assertThat(score("typed", "--output-format", "orc").code()).isZero();
    assertMistake(
        score("typed", "--append", "--output-format", "orc", "--columns", "id"),
        "and id bigint, prediction struct<");
    assertThat(score("typed", "--append", "--output-format", "orc").code()).isZero();
    assertThat(score("fit", "--append").code()).isZero();
    assertMistake(
        score("fit", "--append", "--partition-by", "kind"),
        "is laid out in other directories than --partition-by kind");
    assertMistake(
        score("no", "--columns", "id,id"), "--columns id,id names a column twice: name each once");
    Path others = Files.createDirectories(directory.resolve("others"));
    Files.writeString(others.resolve("_SUCCESS"), "");
    Files.writeString(others.resolve("file"), "precious");
    assertMistake(
        score("others", "--overwrite"), "was not made by this job (it has no _SPARKFORMER)");
    assertThat(others.resolve("file")).hasContent("precious");
    Path empty = Files.writeString(directory.resolve("empty.json"), "");
    assertMistake(
        CommandRun.of(
            "score",
            "--model",
            model,
            "--input",
            empty.toString(),
            "--format",
            "json",
            "--output",
            place("no")),
        "has neither rows nor columns: give a table that has");
  }

  @Test
  void aTorchScriptModelScoresAsTheOneThatItWasExportedFrom() {
    CommandRun exported =
        CommandRun.of(
            "export", "--model", model, "--format", "torchscript", "--output", place("exported"));
    exported.requireDone();

    CommandRun theirs =
        CommandRun.of(
            List.of(
                "score",
                "--model",
                place("exported"),
                "--input",
                json,
                "--format",
                "json",
                "--output",
                place("by-torchscript")));

    theirs.requireDone();
    assertThat(theirs.json().get("labels")).isEqualTo(score("by-ours").json().get("labels"));
    assertThat(theirs.json().get("errors").asLong()).isEqualTo(1);
  }

  @Test
  void aTorchScriptModuleThatExportDidNotWriteIsRunOnlyIfItIsTrusted() throws IOException {
    CommandRun.of(
            "export", "--model", model, "--format", "torchscript", "--output", place("theirs"))
        .requireDone();
    Path module = Path.of(place("theirs"), "model.pt");
    rewritten(module);
    Files.delete(Path.of(place("theirs"), "SHA256SUMS"));

    for (String engine : List.of("sparkformer", "djl-spark")) {
      theirs(engine)
          .requireMistake("model.pt is a program that this one did not write", "--trust-model");
    }
    CommandRun.of(
            "evaluate",
            "--model",
            place("theirs"),
            "--input",
            json,
            "--format",
            "json",
            "--label-column",
            "kind")
        .requireMistake("model.pt is a program that this one did not write", "--trust-model");
    assertThat(Path.of(place("by-theirs"))).doesNotExist();
    theirs("sparkformer", "--trust-model").requireDone();
  }

  /** The same module in a zip of another program. */
  private static void rewritten(Path module) throws IOException {
    Path other = module.resolveSibling("other");
    try (ZipFile from = new ZipFile(module.toFile());
        ZipOutputStream to = new ZipOutputStream(Files.newOutputStream(other))) {
      for (ZipEntry entry : Collections.list(from.entries())) {
        ZipEntry copy = new ZipEntry(entry.getName());
        copy.setMethod(ZipEntry.STORED);
        copy.setSize(entry.getSize());
        copy.setCrc(entry.getCrc());
        to.putNextEntry(copy);
        from.getInputStream(entry).transferTo(to);
        to.closeEntry();
      }
    }
    Files.move(other, module, StandardCopyOption.REPLACE_EXISTING);
  }

  private CommandRun theirs(String engine, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "score",
                "--model",
                place("theirs"),
                "--input",
                json,
                "--format",
                "json",
                "--engine",
                engine,
                "--output",
                place("by-theirs")));
    arguments.addAll(List.of(more));
    return CommandRun.of(arguments);
  }

  @Test
  void mistakesAreSaidBeforeAnythingIsWritten() throws IOException {
    assertMistake(
        score("no", "--text-column", "body"),
        "has no column 'body' (--text-column): use one of id, kind, text");
    assertMistake(
        score("no", "--columns", "id,nothing"),
        "has no column 'nothing' (--columns): use one of id, kind, text");
    assertMistake(
        score("no", "--text-column", "id"),
        "column 'id' is of type bigint: inputCol (--text-column) must name a column of strings");
    assertMistake(score("no", "--where", "id <"), "--where id < is no condition on this table");
    assertMistake(
        score("no", "--where", "size > 3"), "--where size > 3 is no condition on this table");
    assertMistake(
        score("no", "--partition-by", "size"),
        "--partition-by: the output has no column 'size': use one of");
    assertMistake(
        score("no", "--output-format", "xml"),
        "--output-format xml is no table's format: use parquet, orc, json, csv, delta or table");
    assertMistake(
        score("no", "--append", "--overwrite"),
        "--append and --overwrite exclude each other: give one");
    assertMistake(score("rows.json", "--overwrite"), "are the same or one lies in the other");
    assertThat(Files.exists(directory.resolve("no"))).isFalse();
  }

  @Test
  void aModelThatIsNoneOrOfAnotherKindIsAMistake() throws IOException {
    String language = ClassifierFixture.writeLanguageModel(directory.resolve("language"));
    Path unlabelled = directory.resolve("unlabelled");
    ClassifierFixture.write(unlabelled);
    Path config = unlabelled.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace("\"id2label\"", "\"other\""));

    assertMistake(
        of(language), "has no head for sequence classification (its head is a language model)");
    assertMistake(of(place("nowhere")), "no such model directory: check the path");
    assertMistake(of(directory.toString()), "so it is not a model directory");
    assertMistake(
        of(unlabelled.toString()),
        "model.safetensors: tensor 'score.weight' has shape [3, 16], the config asks for [2, 16]");
  }

  private static CommandRun of(String model) {
    return CommandRun.of(
        List.of(
            "score",
            "--model",
            model,
            "--input",
            json,
            "--format",
            "json",
            "--output",
            place("none")));
  }

  @Test
  void anInputThatCannotBeReadIsNamedAndLeavesTheOutputAsItWas() throws IOException {
    reading(
        spark -> {
          spark
              .range(1000)
              .selectExpr("id", "concat('text of ', id) AS text")
              .repartition(4)
              .write()
              .parquet(place("damaged"));
          return spark;
        });
    assertThat(parquet("damaged", "kept").code()).isZero();
    Path victim;
    try (Stream<Path> files = Files.list(directory.resolve("damaged"))) {
      victim = files.filter(file -> file.toString().endsWith(".parquet")).sorted().toList().get(2);
    }
    byte[] content = Files.readAllBytes(victim);
    java.util.Arrays.fill(content, 20, content.length / 2, (byte) 0x55);
    Files.write(victim, content);
    Files.delete(victim.resolveSibling("." + victim.getFileName() + ".crc"));

    CommandRun run = parquet("damaged", "fresh");
    CommandRun replacing = parquet("damaged", "kept", "--overwrite");

    assertMistake(run, victim.getFileName().toString());
    assertMistake(run, "cannot be read");
    assertThat(files("fresh")).isEmpty();
    assertThat(replacing.code()).isEqualTo(ExitCode.MISUSED);
    reading(spark -> assertThat(spark.read().parquet(place("kept")).count()).isEqualTo(1000));
    assertThat(files("kept")).containsExactly("kept");
  }

  private static CommandRun parquet(String input, String output, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("score", "--model", model, "--input", place(input)));
    arguments.addAll(List.of("--format", "parquet", "--output", place(output)));
    arguments.addAll(List.of(more));
    return CommandRun.of(arguments);
  }

  private static void assertMistake(CommandRun run, String message) {
    assertThat(run.err()).contains(message).doesNotContain("\tat ");
    assertThat(run.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(run.out()).isEmpty();
  }
}
