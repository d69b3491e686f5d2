package io.sparkformer.jobs.tokenize;

import static io.sparkformer.datasets.Folder.contents;
import static io.sparkformer.datasets.Folder.names;
import static io.sparkformer.datasets.Folder.write;
import static io.sparkformer.datasets.LocalFiles.hadoop;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.jobs.ThreeClassTexts;
import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.jobs.tokenize.TokenizeOptions.EndOfText;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which documents a token data set has, in which split and order. */
class TokenizeSplitsTest {

  private static final int END_OF_TEXT = 50_256;

  private static JavaSparkContext spark;

  @TempDir Path directory;

  @BeforeAll
  static void openSpark() {
    openSpark("local[2]");
  }

  private static void openSpark(String master) {
    spark = LocalSpark.open(LocalSpark.conf(master).set("spark.sql.shuffle.partitions", "3"));
  }

  @AfterAll
  static void closeSpark() {
    spark.close();
  }

  @Test
  void tinyShakespeareHasTheTokensOfNanoGptInShardsOfAnySize() throws Exception {
    Path text = SharedData.file("tinyshakespeare/input.txt");
    Path vocabulary = SharedData.file("gpt2_tokenizer/vocab.json");
    for (long shardBytes : new long[] {64 << 20, 100_000}) {
      String name = "data" + shardBytes;
      TokenizeResult summary =
          run(
              fixture(text.toString(), name)
                  .tokenizer("gpt2")
                  .endOfText(EndOfText.NONE)
                  .shardBytes(shardBytes));

      assertThat(summary.trainTokens()).isEqualTo(301_966);
      assertThat(summary.validTokens()).isEqualTo(36_059);
      assertThat(summary.documents()).isEqualTo(1);
      Path data = directory.resolve(name);
      assertThat(ShardReading.tokens(data, "train")).hasSize(301_966);
      String read =
          decoded(ShardReading.tokens(data, "train"), vocabulary)
              + decoded(ShardReading.tokens(data, "valid"), vocabulary);
      assertThat(read.equals(Files.readString(text))).as("the text is read back").isTrue();
    }
    for (String kind : List.of("train", "valid")) {
      assertThat(ShardReading.tokens(directory.resolve("data100000"), kind))
          .isEqualTo(ShardReading.tokens(directory.resolve("data" + (64 << 20)), kind));
    }
  }

  /** GPT-2's encoder.py, bytes_to_unicode, read backwards. */
  private static String decoded(int[] tokens, Path vocabulary) throws IOException {
    Map<String, Integer> ids =
        new ObjectMapper().readValue(vocabulary.toFile(), new TypeReference<>() {});
    Map<Integer, String> texts = new HashMap<>();
    ids.forEach((token, id) -> texts.put(id, token));
    Map<Character, Integer> bytes = new HashMap<>();
    char next = 256;
    for (int b = 0; b < 256; b++) {
      boolean shown = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      bytes.put(shown ? (char) b : next++, b);
    }
    ByteArrayOutputStream decoded = new ByteArrayOutputStream();
    for (int token : tokens) {
      texts.get(token).chars().forEach(c -> decoded.write(bytes.get((char) c)));
    }
    return decoded.toString(StandardCharsets.UTF_8);
  }

  @Test
  void theCutLeavesNoPartOfOneToken() throws Exception {
    write(directory, "corpus/a.txt", "abcd\nefghi\njkl");
    // Where training ends, by characters before the cut; within a document, unless that leaves one.
    int[] ends = {0, 0, 2, 4, 4, 4, 6, 7, 9, 9, 9, 12};
    for (int cut = 1; cut < ends.length; cut++) {
      String name = "cut" + cut;

      run(corpus(name).format(InputFormat.LINES).validFraction((11.5 - cut) / 12));

      assertThat(String.join("", texts(name, "train"))).as(name).hasSize(ends[cut]);
      assertThat(String.join("", texts(name, "train", "valid"))).isEqualTo("abcdefghijkl");
      assertThat(texts(name, "train", "valid"))
          .allSatisfy(text -> assertThat(text).hasSizeGreaterThan(1));
      assertThat(manifest(name).documents()).isEqualTo(3);
    }
  }

  @Test
  void aPartOfOneTokenAndTheEndOfTextIsNoneOfOneToken() throws Exception {
    write(directory, "corpus/a.txt", "The end of things");
    TokenizeOptionsFixture whole = corpus("data").format(InputFormat.LINES).tokenizer("gpt2");

    run(whole.validFraction(6.5 / 17)); // before " things"
    assertThat(texts("data", "train")).containsExactly("The end of");
    assertThat(texts("data", "valid")).containsExactly(" things<|endoftext|>");

    run(whole.validFraction(13.5 / 17).overwriting()); // behind "The"
    assertThat(texts("data", "train")).isEmpty();
    assertThat(texts("data", "valid")).containsExactly("The end of things<|endoftext|>");

    run(whole.validFraction(6.5 / 17).endOfText(EndOfText.NONE).overwriting());
    assertThat(texts("data", "train")).containsExactly("The end of things");
    assertThat(texts("data", "valid")).isEmpty();
  }

  @Test
  void everyDocumentEndsWithEndOfTextUnlessThatIsNotWanted() throws Exception {
    write(directory, "corpus/a.txt", "one line\nand two\n\nthree");
    TokenizeOptionsFixture lines = corpus("data").format(InputFormat.LINES).tokenizer("gpt2");

    TokenizeResult summary = run(lines.validFraction(0));

    assertThat(summary.documents()).isEqualTo(3);
    assertThat(summary.emptyDocuments()).isEqualTo(1);
    assertThat(texts("data", "train"))
        .containsExactly("one line<|endoftext|>", "and two<|endoftext|>", "three<|endoftext|>");
    assertThat(ShardReading.sequences(directory.resolve("data"), "train"))
        .allSatisfy(ids -> assertThat(ids[ids.length - 1]).isEqualTo(END_OF_TEXT));
    assertThat(names(directory.resolve("data"))).noneMatch(name -> name.startsWith("valid"));
    assertThat(manifest("data").splits().get(SplitName.VALID).tokens()).isZero();

    run(
        corpus("without")
            .format(InputFormat.LINES)
            .tokenizer("gpt2")
            .validFraction(0)
            .endOfText(EndOfText.NONE));
    assertThat(texts("without", "train")).containsExactly("one line", "and two", "three");
  }

  @Test
  void whichSideAHashedDocumentIsOnDependsOnItsTextAlone() throws Exception {
    List<String> documents =
        new ArrayList<>(IntStream.range(0, 2_000).mapToObj(i -> "document " + i).toList());
    write(directory, "corpus/a.txt", String.join("\n", documents));
    run(corpus("data").format(InputFormat.LINES).split("hash").validFraction(0.2));
    Set<String> valid = new HashSet<>(texts("data", "valid"));
    assertThat(valid).hasSizeBetween(340, 460);
    assertThat(texts("data", "train"))
        .containsExactlyElementsOf(documents.stream().filter(d -> !valid.contains(d)).toList());

    documents.addAll(documents.subList(0, 1_000));
    Collections.shuffle(documents, new Random(1));
    write(directory, "corpus/a.txt", String.join("\r\n", documents.subList(0, 700)));
    write(directory, "corpus/sub/b c.txt", String.join("\n", documents.subList(700, 3_000)) + "\n");
    run(
        corpus("again")
            .format(InputFormat.LINES)
            .split("hash")
            .validFraction(0.2)
            .shardBytes(3_000));

    assertThat(texts("again", "valid"))
        .containsExactlyElementsOf(documents.stream().filter(valid::contains).toList());
    assertThat(texts("again", "train"))
        .containsExactlyElementsOf(documents.stream().filter(d -> !valid.contains(d)).toList());

    run(corpus("other").format(InputFormat.LINES).split("hash").validFraction(0.2).seed(1));
    assertThat(new HashSet<>(texts("other", "valid"))).isNotEqualTo(valid);
  }

  @Test
  void everyLabelHasItsRoundedShareForValidation() throws Exception {
    List<Row> rows = new ArrayList<>();
    Map<String, Integer> counts = Map.of("neutral", 105, "bad", 50, "good", 7, "rare", 1);
    counts.forEach(
        (label, count) ->
            IntStream.range(0, count)
                .forEach(i -> rows.add(RowFactory.create(label + ":" + i, label))));
    Collections.shuffle(rows, new Random(2));
    rows.add(3, RowFactory.create(null, "bad"));
    rows.add(9, RowFactory.create("no label", null));
    rows.add(20, RowFactory.create("", "unheard"));
    SparkSession.builder()
        .sparkContext(spark.sc())
        .getOrCreate()
        .createDataFrame(rows, new StructType().add("text", "string").add("label", "string"))
        .repartition(3)
        .write()
        .parquet(directory.resolve("table").toString());

    TokenizeResult summary = run(stratified("data"));

    assertThat(summary.documents()).isEqualTo(163);
    assertThat(summary.nullDocuments()).isEqualTo(2);
    assertThat(summary.emptyDocuments()).isEqualTo(1);
    assertThat(summary.labels()).isEqualTo(4);
    assertThat(manifest("data").labels()).containsExactly("bad", "good", "neutral", "rare");
    assertThat(labels("data", "valid")) // 10.5, 5, 0.7 and 0.1 rounded
        .isEqualTo(Map.of("neutral", 11L, "bad", 5L, "good", 1L));
    assertThat(labels("data", "train"))
        .isEqualTo(Map.of("neutral", 94L, "bad", 45L, "good", 6L, "rare", 1L));

    run(stratified("other").seed(1));
    assertThat(labels("other", "valid")).isEqualTo(labels("data", "valid"));
    assertThat(new HashSet<>(texts("other", "valid")))
        .isNotEqualTo(new HashSet<>(texts("data", "valid")));

    run(stratified("mixed").shuffled(1).shardBytes(400));
    assertThat(new HashSet<>(texts("mixed", "valid")))
        .isEqualTo(new HashSet<>(texts("data", "valid")));
    assertThat(labels("mixed", "train")).isEqualTo(labels("data", "train"));
  }

  @Test
  void aLabelOfAFewRowsHasOneForValidation() throws Exception {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < 30; i++) {
      rows.append(ThreeClassTexts.row("many:" + i, "many")).append('\n');
    }
    rows.append(ThreeClassTexts.row("few:1", "few")).append('\n');
    rows.append(ThreeClassTexts.row("few:2", "few")).append('\n');
    write(directory, "few.jsonl", rows.toString());

    run(
        fixture(directory.resolve("few.jsonl").toString(), "data")
            .table(InputFormat.JSON, "text", Optional.of("label"))
            .split("stratified"));

    assertThat(labels("data", "valid")).isEqualTo(Map.of("many", 3L, "few", 1L));
    assertThat(labels("data", "train")).isEqualTo(Map.of("many", 27L, "few", 1L));

    run(
        fixture(directory.resolve("few.jsonl").toString(), "all")
            .table(InputFormat.JSON, "text", Optional.of("label"))
            .split("stratified")
            .validFraction(0));
    assertThat(labels("all", "train")).isEqualTo(Map.of("many", 30L, "few", 2L));
  }

  private TokenizeOptionsFixture stratified(String output) {
    return fixture(directory.resolve("table").toString(), output)
        .table(InputFormat.PARQUET, "text", Optional.of("label"))
        .split("stratified");
  }

  /** Documents by label; each must begin with its label. */
  private Map<String, Long> labels(String name, String split) throws IOException {
    List<String> classes = manifest(name).labels();
    List<int[]> ids = ShardReading.sequences(directory.resolve(name), split + "-label");
    List<String> texts = texts(name, split);
    assertThat(ids).hasSameSizeAs(texts);
    for (int i = 0; i < texts.size(); i++) {
      assertThat(ids.get(i)).hasSize(1);
      assertThat(texts.get(i)).startsWith(classes.get(ids.get(i)[0]) + ":");
    }
    return texts.stream()
        .collect(Collectors.groupingBy(t -> t.replaceFirst(":.*", ""), Collectors.counting()));
  }

  @Test
  void ofEqualDocumentsTheFirstInOrderIsTaken() throws Exception {
    Random random = new Random(3);
    List<String> documents = new ArrayList<>();
    for (int i = 0; i < 900; i++) {
      documents.add(i % 50 == 0 ? "" : "document " + random.nextInt(200));
    }
    write(directory, "corpus/a.txt", String.join("\n", documents.subList(0, 400)) + "\n");
    write(directory, "corpus/b.txt", String.join("\n", documents.subList(400, 900)) + "\n");
    List<String> distinct = documents.stream().filter(d -> !d.isEmpty()).distinct().toList();
    Map<String, String> expected = new TreeMap<>();
    for (long shardBytes : new long[] {600, 64 << 20}) {
      String name = "data" + shardBytes;
      TokenizeResult summary =
          run(
              corpus(name)
                  .format(InputFormat.LINES)
                  .duplicatesDropped()
                  .validFraction(0)
                  .shardBytes(shardBytes));

      assertThat(summary.documents()).isEqualTo(distinct.size());
      assertThat(summary.emptyDocuments()).isEqualTo(18);
      assertThat(summary.duplicateDocuments()).isEqualTo(900 - 18 - distinct.size());
      assertThat(texts(name, "train")).containsExactlyElementsOf(distinct);
      expected.put(name, String.join("\n", texts(name, "train")));
    }
    assertThat(new HashSet<>(expected.values())).hasSize(1);
  }

  @Test
  void shufflingPutsTheSameDocumentsInAnotherOrderThatTheSeedDecides() throws Exception {
    List<String> documents =
        IntStream.range(0, 600).mapToObj(i -> String.format("document %03d", i)).toList();
    write(directory, "corpus/a.txt", String.join("\n", documents));
    List<String> first = List.of();
    Map<String, String> files = Map.of();
    for (String master : List.of("local[1]", "local[3]")) {
      closeSpark();
      openSpark(master);
      String name = "data-" + master;
      run(shuffled(name, 7));
      if (files.isEmpty()) {
        first = texts(name, "train", "valid");
        files = contents(directory.resolve(name));
      }
      assertThat(contents(directory.resolve(name))).isEqualTo(files);
    }
    assertThat(first).containsExactlyInAnyOrderElementsOf(documents).isNotEqualTo(documents);
    // Where a document comes to has nothing to do with where it was: all parts meet in each shard.
    int early = (int) first.subList(0, 200).stream().filter(d -> number(d) < 300).count();
    assertThat(early).isBetween(70, 130);

    run(shuffled("other", 8));
    assertThat(texts("other", "train", "valid"))
        .containsExactlyInAnyOrderElementsOf(documents)
        .isNotEqualTo(first);
    // The tail stays the corpus's, and no document is cut for it.
    assertThat(new HashSet<>(texts("other", "valid")))
        .isEqualTo(new HashSet<>(documents.subList(540, 600)));
  }

  private static int number(String document) {
    return Integer.parseInt(document.substring("document ".length()));
  }

  private TokenizeOptionsFixture shuffled(String output, long seed) {
    return corpus(output).format(InputFormat.LINES).shuffled(seed).shardBytes(1_200);
  }

  private static TokenizeResult run(TokenizeOptionsFixture options) throws Exception {
    return new TokenizeJob(spark, options.options()).run();
  }

  private TokenizeOptionsFixture fixture(String input, String output) {
    return TokenizeOptionsFixture.of(List.of(input), directory.resolve(output).toString());
  }

  private TokenizeOptionsFixture corpus(String output) {
    return fixture(directory.resolve("corpus").toString(), output);
  }

  /** Documents of splits, in order. */
  private List<String> texts(String name, String... splits) throws IOException {
    List<String> texts = new ArrayList<>();
    try (TokenDataset data =
        TokenDataset.open(new Configuration(), hadoop(directory.resolve(name)))) {
      Tokenizer tokenizer = data.tokenizer();
      for (String split : splits) {
        for (int[] ids : ShardReading.sequences(directory.resolve(name), split)) {
          texts.add(tokenizer.decode(ids));
        }
      }
    }
    return texts;
  }

  private DatasetManifest manifest(String name) throws IOException {
    try (TokenDataset data =
        TokenDataset.open(new Configuration(), hadoop(directory.resolve(name)))) {
      return data.manifest();
    }
  }
}
