package io.sparkformer.jobs.vocabulary;

import static io.sparkformer.datasets.Folder.names;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import io.sparkformer.datasets.tokenizer.training.BpeTrainer;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.jobs.input.CorpusInput;
import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.jobs.input.MalformedInput;
import io.sparkformer.jobs.output.ExistingOutput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The train-tokenizer job on Sparks of several sizes, which it opens one after another. */
class TrainTokenizerJobTest {

  private static final int MERGES = 8192;
  private static final int UNIT_BYTES = 4 << 20;

  private static JavaSparkContext spark;

  @TempDir Path directory;

  @AfterAll
  static void closeSpark() {
    if (spark != null) {
      spark.close();
    }
  }

  @Test
  void aVocabularyOfDickensIsBetterThereThanGpt2sAndTheLibraryGivesItsIds() throws Exception {
    Path text = dickens();
    open(2);

    TrainTokenizerResult summary =
        run(dickensOptions(text, "made/here/tokenizer.json", UNIT_BYTES));

    assertThat(names(directory.resolve("made/here"))).containsExactly("tokenizer.json");
    assertThat(summary.documents()).isEqualTo(1);
    assertThat(summary.malformedReplaced()).isEqualTo(8);
    assertThat(summary.bytes()).isEqualTo(10_192_446 + 8 * 2);
    assertThat(summary.merges()).isEqualTo(MERGES);
    assertThat(summary.vocabSize()).isEqualTo(256 + MERGES + 1);
    assertThat(summary.learnedFrom()).isEqualTo(summary.distinctPretokens());
    assertThat(summary.longPretokens()).isZero();
    Tokenizer trained = Tokenizers.open(path("made/here/tokenizer.json"), new Configuration());
    String cleaned =
        new String(Files.readAllBytes(text), StandardCharsets.UTF_8); // malformed as U+FFFD
    double ofTrained = bytesPerToken(trained, cleaned);
    double ofGpt2 = bytesPerToken(Tokenizers.open("gpt2", new Configuration()), cleaned);
    assertThat(summary.bytesPerToken()).isEqualTo(ofTrained);
    assertThat(ofTrained).as("GPT-2's is %s", ofGpt2).isGreaterThan(ofGpt2);
    assertAgreesWithLibrary(trained, path("made/here/tokenizer.json"));
  }

  @Test
  void theFileIsTheSameHoweverTheWorkIsDivided() throws Exception {
    Path text = dickens();
    open(1);
    run(dickensOptions(text, "whole.json", 1L << 30));
    open(3);
    run(dickensOptions(text, "units.json", UNIT_BYTES));
    run(dickensOptions(text, "small-units.json", 300_000));

    byte[] whole = Files.readAllBytes(directory.resolve("whole.json"));
    assertThat(directory.resolve("units.json")).hasBinaryContent(whole);
    assertThat(directory.resolve("small-units.json")).hasBinaryContent(whole);
  }

  @Test
  void rareWordsAreLeftOutTheSameHoweverTheWorkIsDivided() throws Exception {
    List<String> lines = new ArrayList<>();
    for (int word = 0; word < 1000; word++) {
      for (int time = 0; time <= word / 100; time++) {
        lines.add(
            "word"
                + (char) ('a' + word / 100)
                + (char) ('a' + word % 100 / 10)
                + (char) ('a' + word % 10));
      }
    }
    Path text = Files.write(directory.resolve("text.txt"), lines);
    open(2);

    TrainTokenizerResult one =
        run(options(text, "one.json", InputFormat.LINES, 400, 700, 1L << 20));
    TrainTokenizerResult many = run(options(text, "many.json", InputFormat.LINES, 400, 700, 1000));
    TrainTokenizerResult all =
        run(options(text, "all.json", InputFormat.LINES, 400, 10_000, 1L << 20));

    // A hundred words for each count from 1 to 10: 700 of them occur four times or more.
    assertThat(one.distinctPretokens()).isEqualTo(1000);
    assertThat(one.learnedFrom()).isEqualTo(700);
    assertThat(many.learnedFrom()).isEqualTo(one.learnedFrom());
    assertThat(all.learnedFrom()).isEqualTo(1000);
    assertThat(directory.resolve("many.json"))
        .hasBinaryContent(Files.readAllBytes(directory.resolve("one.json")));
  }

  @Test
  void aParquetColumnGivesWhatItsLinesGiveAndTakesTheGivenSettings() throws Exception {
    List<String> lines = List.of("low low low low low", "lower lower", "", "newest newest widest");
    Path text = Files.write(directory.resolve("text.txt"), lines);
    open(2);
    SparkSession.builder()
        .sparkContext(spark.sc())
        .getOrCreate()
        .createDataset(lines, Encoders.STRING())
        .toDF("body")
        .write()
        .parquet(path("table"));

    TrainTokenizerResult ofLines =
        run(options(text, "lines.json", InputFormat.LINES, 262, 100, 1 << 20));
    CorpusInput table =
        new CorpusInput(
            List.of(path("table")), InputFormat.PARQUET, Optional.of("body"), Optional.empty());
    TrainTokenizerResult ofTable =
        run(options(table, "table.json", ExistingOutput.REFUSE, 262, 100, 1 << 20));

    assertThat(ofLines.documents()).isEqualTo(3);
    assertThat(ofTable.documents()).isEqualTo(3);
    assertThat(ofTable.bytes()).isEqualTo(ofLines.bytes());
    assertThat(directory.resolve("table.json"))
        .hasBinaryContent(Files.readAllBytes(directory.resolve("lines.json")));
    Tokenizer trained = Tokenizers.open(path("table.json"), new Configuration());
    assertThat(trained.encode("low<|pad|><|endoftext|>")).endsWith(260, 261).hasSize(3);
  }

  @Test
  void aVocabularyForWhichPairsRunOutIsSmaller() throws Exception {
    Path text = Files.writeString(directory.resolve("text.txt"), "hug hug pug");
    open(2);

    TrainTokenizerResult summary =
        run(options(text, "t.json", InputFormat.TEXT, 5000, 100, 1 << 20));

    // ug, hug are seen twice; " hug" and "pug" once.
    assertThat(summary.merges()).isEqualTo(2);
    assertThat(summary.vocabSize()).isEqualTo(256 + 2 + 2);
    assertThat(Tokenizers.open(path("t.json"), new Configuration()).vocabSize()).isEqualTo(260);
  }

  @Test
  void anOutputThatExistsIsKeptWithoutOverwriteAndReplacedWithIt() throws Exception {
    Path text = Files.writeString(directory.resolve("text.txt"), "hug hug pug");
    open(2);
    run(options(text, "t.json", InputFormat.TEXT, 300, 100, 1 << 20));
    String before = Files.readString(directory.resolve("t.json"));
    Files.writeString(text, "low low lower");

    assertRefused(
        options(text, "t.json", InputFormat.TEXT, 300, 100, 1 << 20),
        "--output %s/t.json exists: pass --overwrite to replace it, or choose another file");
    assertThat(directory.resolve("t.json")).hasContent(before);
    run(options(input(text), "t.json", ExistingOutput.REPLACE, 300, 100, 1 << 20));

    assertThat(Files.readString(directory.resolve("t.json"))).isNotEqualTo(before);
    assertThat(names(directory)).containsExactly("t.json", "text.txt");
  }

  @Test
  void outputsThatWouldDestroyOrCannotBeMadeAreRefused() throws Exception {
    Path text = Files.writeString(directory.resolve("text.txt"), "hug hug pug");
    Files.createDirectories(directory.resolve("model"));
    Files.writeString(directory.resolve("diary.txt"), "dear diary");
    open(2);

    assertRefused(
        replacing(text, "diary.txt"),
        "--output %s/diary.txt exists and is not a tokenizer.json: delete it yourself, or choose another file");
    assertRefused(
        replacing(text, "model"),
        "--output %1$s/model is a directory: give the file to write, such as %1$s/model/tokenizer.json");
    assertRefused(
        replacing(text, "diary.txt/sub/t.json"),
        "--output %1$s/diary.txt/sub/t.json cannot be written (%1$s/diary.txt is a file): choose a file that you may write");
    CorpusInput all =
        new CorpusInput(
            List.of(directory.toString()), InputFormat.TEXT, Optional.empty(), Optional.empty());
    assertRefused(
        options(all, "new/t.json", ExistingOutput.REFUSE, 300, 100, 1 << 20),
        "--output %1$s/new/t.json and --input %1$s are the same or one lies in the other: choose an output outside the inputs");
    assertThat(names(directory)).containsExactly("diary.txt", "model", "text.txt");
    assertThat(directory.resolve("diary.txt")).hasContent("dear diary");
  }

  @Test
  void aCorpusThatCannotBeUsedLeavesNothingBehind() throws Exception {
    Path text = Files.write(directory.resolve("text.txt"), new byte[] {'a', (byte) 0xFF});
    Path blank = Files.writeString(directory.resolve("blank.txt"), "\n\n");
    open(2);

    assertRefused(
        options(text, "new/t.json", InputFormat.TEXT, 300, 100, 1 << 20),
        "%s/text.txt: byte 0xff at offset 1 is not valid UTF-8: convert it to UTF-8, or pass --malformed replace");
    assertRefused(
        options(blank, "new/t.json", InputFormat.LINES, 300, 100, 1 << 20),
        "the corpus has no text: every document of --input is empty or null, give some with text");
    assertThat(names(directory)).containsExactly("blank.txt", "text.txt");
  }

  private static void open(int cores) {
    if (spark != null) {
      spark.close();
    }
    spark = LocalSpark.openSilent(LocalSpark.conf("local[" + cores + "]"));
  }

  private TrainTokenizerResult run(TrainTokenizerOptions options) throws Exception {
    return new TrainTokenizerJob(spark, options).run();
  }

  private void assertRefused(TrainTokenizerOptions options, String message) {
    assertThatThrownBy(() -> run(options))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(message.formatted(directory));
  }

  private TrainTokenizerOptions dickensOptions(Path text, String output, long unitBytes) {
    return new TrainTokenizerOptions(
        input(text),
        MalformedInput.REPLACE,
        path(output),
        ExistingOutput.REFUSE,
        BpeTrainer.Settings.ofSize(256 + MERGES + 1),
        1_000_000,
        unitBytes);
  }

  private TrainTokenizerOptions replacing(Path text, String output) {
    return options(input(text), output, ExistingOutput.REPLACE, 300, 100, 1 << 20);
  }

  private TrainTokenizerOptions options(
      Path text, String output, InputFormat format, int vocabSize, int maxPretokens, long unit) {
    CorpusInput input =
        new CorpusInput(List.of(text.toString()), format, Optional.empty(), Optional.empty());
    return options(input, output, ExistingOutput.REFUSE, vocabSize, maxPretokens, unit);
  }

  private TrainTokenizerOptions options(
      CorpusInput input,
      String output,
      ExistingOutput existing,
      int vocabSize,
      int maxPretokens,
      long unitBytes) {
    return new TrainTokenizerOptions(
        input,
        MalformedInput.FAIL,
        path(output),
        existing,
        new BpeTrainer.Settings(
            vocabSize, 2, Pretokenizer.CL100K, List.of("<|pad|>", BpeTrainer.END_OF_TEXT)),
        maxPretokens,
        unitBytes);
  }

  private static CorpusInput input(Path text) {
    return new CorpusInput(
        List.of(text.toString()), InputFormat.TEXT, Optional.empty(), Optional.empty());
  }

  private Path dickens() throws IOException {
    Path text = directory.resolve("dickens.txt");
    try (InputStream in =
        new GZIPInputStream(Files.newInputStream(SharedData.file("corpus/dickens.txt.gz")))) {
      Files.copy(in, text);
    }
    return text;
  }

  private static double bytesPerToken(Tokenizer tokenizer, String text) {
    return (double) text.getBytes(StandardCharsets.UTF_8).length / tokenizer.encode(text).length;
  }

  private static void assertAgreesWithLibrary(Tokenizer trained, String file) throws IOException {
    List<String> texts = new ArrayList<>();
    texts.add(Files.readString(SharedData.file("tinyshakespeare/input.txt")));
    for (JsonNode naughty :
        new ObjectMapper().readTree(Files.readAllBytes(SharedData.file("corpus/blns.json")))) {
      texts.add(naughty.textValue());
    }
    try (InputStream json = Files.newInputStream(Path.of(file));
        HuggingFaceTokenizer library =
            HuggingFaceTokenizer.newInstance(
                json,
                Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false"))) {
      for (String text : texts) {
        int[] expected =
            Arrays.stream(library.encode(text, false, false).getIds())
                .mapToInt(Math::toIntExact)
                .toArray();
        assertThat(Arrays.equals(trained.encode(text), expected)).as(text).isTrue();
      }
    }
  }

  private String path(String name) {
    return directory.resolve(name).toString();
  }
}
