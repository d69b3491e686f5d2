package io.sparkformer.jobs.tokenize;

import static io.sparkformer.datasets.Folder.names;
import static io.sparkformer.datasets.Folder.write;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.jobs.cluster.Failure;
import io.sparkformer.jobs.input.Corpus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which files the tokenize job reads, what it refuses, and what it leaves behind. */
class TokenizeInputsTest {

  private static JavaSparkContext spark;

  @TempDir Path directory;

  @BeforeAll
  static void openSpark() {
    spark =
        LocalSpark.openSilent(
            LocalSpark.conf("local[2]")
                .set("spark.hadoop.fs.denied.impl", DeniedFileSystem.class.getName())
                .set("spark.hadoop.fs.once.impl", ReadOnceFileSystem.class.getName()));
  }

  @AfterAll
  static void closeSpark() {
    spark.close();
  }

  @Test
  void directoriesGlobsUrisAndNamesWithSpacesAreFound() throws Exception {
    write(directory, "corpus/a b.txt", "1");
    write(directory, "corpus/sub dir/c.txt", "2");
    write(directory, "corpus/_SUCCESS", "hidden");
    write(directory, "corpus/.git/config", "hidden");
    write(directory, "corpus/data[1].md", "3");

    assertThat(found("corpus"))
        .containsExactly("corpus/a b.txt", "corpus/data[1].md", "corpus/sub dir/c.txt");
    assertThat(found("corpus/*.txt")).containsExactly("corpus/a b.txt");
    assertThat(found("corpus/*"))
        .containsExactly("corpus/a b.txt", "corpus/data[1].md", "corpus/sub dir/c.txt");
    assertThat(found("corpus/{a b,x}.txt", "corpus/sub*"))
        .containsExactly("corpus/a b.txt", "corpus/sub dir/c.txt");
    assertThat(found("corpus/data[1].md")).containsExactly("corpus/data[1].md");
    assertThat(found("corpus/_SUCCESS", "corpus/_*")).containsExactly("corpus/_SUCCESS");
    assertThat(found("corpus", "corpus/a b.txt")).hasSize(3);
    assertThat(
            Corpus.find(List.of("file://" + directory + "/corpus"), spark.hadoopConfiguration())
                .files())
        .hasSize(3);
  }

  @Test
  void aNameWithSpacesIsTokenized() throws Exception {
    write(directory, "my corpus/a b.txt", "hello");
    TokenizeResult summary = run(options("my corpus", "my data"));
    assertThat(summary.tokens()).isEqualTo(5);
    assertThat(directory.resolve("my data/dataset.json")).exists();
  }

  @Test
  void inputsThatAreNotThereAreNamed() throws Exception {
    write(directory, "corpus/a.txt", "text");
    assertFails(
        "missing.txt",
        "--input %s/missing.txt: no such file or directory, and no match: check the path");
    assertFails(
        "corpus/*.md",
        "--input %s/corpus/*.md: no such file or directory, and no match: check the path");
    assertThatThrownBy(() -> Corpus.find(List.of("nofs://host/a"), spark.hadoopConfiguration()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(
            "nofs://host/a: no such file system (No FileSystem for scheme \"nofs\"): check the path's scheme");
    assertThatThrownBy(() -> Corpus.find(List.of(""), spark.hadoopConfiguration()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageStartingWith("'' is not a path (");
    assertThat(names(directory)).containsExactly("corpus");
  }

  @Test
  void anUnclosedGlobIsNamed() {
    assertThatThrownBy(() -> Corpus.find(List.of(directory + "/{a"), spark.hadoopConfiguration()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageStartingWith("--input " + directory + "/{a cannot be read (");
  }

  @Test
  void filesThatCannotBeReadAreNamed() throws Exception {
    write(directory, "corpus/a.txt", "text");
    String denied = "denied:" + directory + "/corpus";
    assertThatThrownBy(
            () ->
                run(
                    TokenizeOptionsFixture.of(List.of(denied), directory.resolve("data").toString())
                        .options()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            denied
                + "/a.txt cannot be read (Permission denied: user=nobody): check its permissions");
    assertThat(names(directory)).containsExactly("corpus");
  }

  @Test
  void filesThatAreNoTextAreNamedTogetherAndCanBeLeftOut() throws Exception {
    write(directory, "corpus/a.txt", "text");
    byte[] png = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 26, '\n', 0, 0, 0, 13};
    Files.createDirectories(directory.resolve("corpus/images"));
    for (String name : List.of("images/1.png", "images/2.png", "images/3.png", "Thumbs")) {
      Files.write(directory.resolve("corpus/" + name), png);
    }
    Files.write(directory.resolve("corpus/utf16.csv"), "id,text".getBytes(UTF_16LE));
    Files.write(
        directory.resolve("corpus/old.txt"), "привет, мир. ".repeat(9).getBytes("windows-1251"));
    String where = directory + "/corpus/";

    assertFails(
        "corpus",
        "6 of 7 files that were looked at are no UTF-8 text (%1$s/corpus/Thumbs, %1$s/corpus/images/1.png,"
            + " %1$s/corpus/images/2.png, ...): leave them out with --exclude '*.csv' --exclude '*.png' --exclude 'Thumbs'"
            + " --exclude 'old.txt', or convert them");
    assertThat(names(directory)).as(where).containsExactly("corpus");
    TokenizeResult result =
        run(fixture("corpus", "data").excluding("*.csv", "*.png", "Thumbs", "old.txt").options());

    assertThat(result.tokens()).isEqualTo(4);
    assertThat(Files.readString(directory.resolve("data/dataset.json")))
        .contains("*.csv *.png Thumbs old.txt");
  }

  @Test
  void aFileThatIsNoTextIsNamedHoweverManyThereAre() throws Exception {
    for (int i = 0; i < 510; i++) {
      write(directory, "corpus/%03d.txt".formatted(i), "text");
    }
    write(directory, "corpus/z.bin", "ab\0c");

    assertThatThrownBy(() -> run(options("corpus", "data")))
        .satisfies(
            e ->
                assertThat(Failure.mistakeIn(e))
                    .contains(
                        directory
                            + "/corpus/z.bin is no UTF-8 text: leave it out with --exclude 'z.bin', or convert it"));
    run(fixture("corpus", "data").replacing().options());
    assertThat(directory.resolve("data/dataset.json")).exists();
  }

  @Test
  void emptyCorporaAreRefused() throws Exception {
    Files.createDirectories(directory.resolve("nothing"));
    assertFails("nothing", "--input %s/nothing has no files: give a directory or glob with text");
    write(directory, "corpus/a.txt", "");
    assertFails(
        "corpus", "the corpus is empty: every file of --input has 0 bytes, give files with text");
    assertThat(names(directory)).containsExactly("corpus", "nothing");
  }

  @Test
  void anOutputThatExistsIsKeptWithoutOverwriteAndReplacedWithIt() throws Exception {
    write(directory, "corpus/a.txt", "first");
    run(options("corpus", "data"));
    String before = Files.readString(directory.resolve("data/dataset.json"));
    write(directory, "corpus/a.txt", "second");

    assertFails(
        "corpus",
        "--output %s/data exists: pass --overwrite to replace it, or choose another directory");
    assertThat(directory.resolve("data/dataset.json")).hasContent(before);
    run(fixture("corpus", "data").overwriting().options());

    assertThat(Files.readString(directory.resolve("data/dataset.json"))).isNotEqualTo(before);
    assertThat(names(directory)).containsExactly("corpus", "data");
  }

  @Test
  void overwriteNeverDeletesWhatIsNotADataSet() throws Exception {
    write(directory, "corpus/a.txt", "text");
    write(directory, "home/diary.txt", "dear diary");
    write(directory, "plain", "a file");
    String message =
        "--output %s/%s exists and was not made by this job (it has no dataset.json):"
            + " delete it yourself, or choose another directory";
    for (String output : List.of("home", "plain")) {
      assertThatThrownBy(() -> run(fixture("corpus", output).overwriting().options()))
          .isInstanceOf(InvalidInputException.class)
          .hasMessage(message, directory, output);
    }
    assertThat(directory.resolve("home/diary.txt")).hasContent("dear diary");

    Files.createDirectories(directory.resolve("empty"));
    run(fixture("corpus", "empty").overwriting().options());
    assertThat(directory.resolve("empty/dataset.json")).exists();
  }

  @Test
  void outputsThatOverlapAnInputAreRefused() throws Exception {
    write(directory, "corpus/sub/a.txt", "text");
    Files.createSymbolicLink(directory.resolve("link"), directory.resolve("corpus"));
    for (String output :
        List.of(
            "corpus",
            "corpus/sub",
            "corpus/sub/data",
            "link",
            "link/sub/data",
            "corpus/sub/a.txt")) {
      assertThatThrownBy(() -> run(fixture("corpus/sub", output).overwriting().options()))
          .as(output)
          .isInstanceOf(InvalidInputException.class);
    }
    assertThatThrownBy(() -> run(options("corpus", "corpus/data")))
        .hasMessage(
            "--output %s/corpus/data and --input %s/corpus are the same or one lies in the other:"
                + " choose an output outside the inputs",
            directory, directory);
    assertThat(directory.resolve("corpus/sub/a.txt")).hasContent("text");
    assertThat(names(directory.resolve("corpus"))).containsExactly("sub");
    assertThat(run(options("corpus/sub", "corpus-data")).tokens()).isEqualTo(4);
  }

  @Test
  void anOutputThatCannotBeMadeIsNamed() throws Exception {
    write(directory, "corpus/a.txt", "text");
    write(directory, "plain", "a file");
    assertThatThrownBy(() -> run(options("corpus", "plain/data")))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageStartingWith("--output " + directory + "/plain/data cannot be written (")
        .hasMessageEndingWith("): choose a directory that you may write");
    assertThatThrownBy(
            () -> run(TokenizeOptionsFixture.of(List.of(directory + "/corpus"), "/").options()))
        .hasMessage("--output / is a whole file system: give a directory in it");
  }

  @Test
  void aFailedRunLeavesTheOldOutputAndNothingElse() throws Exception {
    write(directory, "corpus/a.txt", "text");
    run(options("corpus", "data"));
    String before = Files.readString(directory.resolve("data/dataset.json"));
    List<String> once = List.of("once:" + directory + "/corpus/a.txt");

    assertThatThrownBy(
            () ->
                run(
                    TokenizeOptionsFixture.of(once, directory.resolve("data").toString())
                        .overwriting()
                        .options()))
        .isInstanceOf(SparkException.class)
        .hasMessageContaining("disk failed");
    assertThatThrownBy(
            () ->
                run(
                    TokenizeOptionsFixture.of(once, directory.resolve("new/sub/data").toString())
                        .options()))
        .isInstanceOf(SparkException.class);

    assertThat(directory.resolve("data/dataset.json")).hasContent(before);
    assertThat(names(directory)).containsExactly("corpus", "data");
  }

  private List<String> found(String... inputs) {
    List<String> paths =
        Stream.of(inputs).map(input -> directory.resolve(input).toString()).toList();
    return Corpus.find(paths, spark.hadoopConfiguration()).files().stream()
        .map(file -> file.path().substring(("file:" + directory + "/").length()))
        .toList();
  }

  private void assertFails(String input, String message) {
    assertThatThrownBy(() -> run(options(input, "data")))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(message, directory);
  }

  private TokenizeResult run(TokenizeOptions options) throws Exception {
    return new TokenizeJob(spark, options).run();
  }

  private TokenizeOptions options(String input, String output) {
    return fixture(input, output).options();
  }

  private TokenizeOptionsFixture fixture(String input, String output) {
    return TokenizeOptionsFixture.of(
        List.of(directory.resolve(input).toString()), directory.resolve(output).toString());
  }
}
