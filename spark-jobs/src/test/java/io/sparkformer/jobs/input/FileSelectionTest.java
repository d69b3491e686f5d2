package io.sparkformer.jobs.input;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.Folder;
import io.sparkformer.datasets.InvalidInputException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileSelectionTest {

  @TempDir Path directory;

  private static boolean accepts(List<String> include, List<String> exclude, String path) {
    return new FileSelection(include, exclude).accepts(path);
  }

  @Test
  void aPatternWithoutASlashIsForNamesAndOneWithASlashForPaths() {
    assertThat(accepts(List.of("*.txt"), List.of(), "a/b/c.txt")).isTrue();
    assertThat(accepts(List.of("*.txt"), List.of(), "a/b/c.md")).isFalse();
    assertThat(accepts(List.of("*.{md,txt}"), List.of(), "c.md")).isTrue();
    assertThat(accepts(List.of("a/*.txt"), List.of(), "a/c.txt")).isTrue();
    assertThat(accepts(List.of("a/*.txt"), List.of(), "a/b/c.txt")).isFalse();
    assertThat(accepts(List.of("a/**.txt"), List.of(), "a/b/c.txt")).isTrue();
    assertThat(accepts(List.of("a/**.txt"), List.of(), "b/a/c.txt")).isFalse();
    assertThat(accepts(List.of(), List.of("build/"), "build/x/y.txt")).isFalse();
    assertThat(accepts(List.of(), List.of("build/"), "builds/y.txt")).isTrue();
  }

  @Test
  void anExclusionWinsAndOneOfSeveralInclusionsIsEnough() {
    List<String> include = List.of("*.txt", "*.md");
    assertThat(accepts(include, List.of("draft*"), "a/draft.txt")).isFalse();
    assertThat(accepts(include, List.of("draft*"), "a/final.md")).isTrue();
    assertThat(accepts(include, List.of("draft*"), "a/final.png")).isFalse();
    assertThat(accepts(List.of(), List.of("*.png", "*.zip"), "x.zip")).isFalse();
  }

  @Test
  void directoriesAreReadBySelectionAndFilesThatAreNamedAlways() throws Exception {
    for (String name : List.of("in put/a.txt", "in put/b.md", "in put/sub/c.txt", "d.md")) {
      Folder.write(directory, name, "text");
    }
    FileSelection text = new FileSelection(List.of("*.txt"), List.of("sub/"));
    assertThat(found(text, "in put", "d.md")).containsExactly("d.md", "in put/a.txt");
    assertThat(found(text, "in put/*"))
        .containsExactly("in put/a.txt", "in put/b.md", "in put/sub/c.txt");
    assertThatThrownBy(() -> found(new FileSelection(List.of("*.rst"), List.of()), "in put"))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "--input %s/in put has no files that --include and --exclude let through: change these patterns",
            directory);
  }

  private List<String> found(FileSelection selection, String... inputs) {
    List<String> paths = Stream.of(inputs).map(name -> directory.resolve(name).toString()).toList();
    return Corpus.find(paths, selection, new Configuration()).files().stream()
        .map(file -> file.path().substring(("file:" + directory + "/").length()))
        .toList();
  }

  @Test
  void whatIsNoPatternIsNamed() {
    assertThatThrownBy(() -> new FileSelection(List.of(), List.of("{a")))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageStartingWith("--exclude '{a' is no pattern (")
        .hasMessageEndingWith("): use *, **, ?, [a-z] and {a,b}, as in '*.txt'");
    assertThatThrownBy(() -> new FileSelection(List.of(" "), List.of()))
        .hasMessage("--include is empty: give a pattern such as '*.txt'");
    assertThatThrownBy(
            () ->
                new CorpusInput(
                    List.of("t"),
                    InputFormat.CSV,
                    new FileSelection(List.of("*.csv"), List.of()),
                    Optional.of("text"),
                    Optional.empty()))
        .hasMessage(
            "--include and --exclude do not go with --format csv: name the files with a glob in --input");
  }
}
