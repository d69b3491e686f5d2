package io.sparkformer.jobs.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchTextsTest {

  @TempDir Path directory;

  @Test
  void tokenizersThatJtokkitDoesNotHaveAreRefused() {
    assertThatThrownBy(() -> BenchTexts.of("p50k_base", List.of()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "--tokenizer is p50k_base: bench compares gpt2, cl100k_base and o200k_base with jtokkit");
  }

  @Test
  void inputsThatAreMissingOrEmptyAreNamed() throws Exception {
    Path missing = directory.resolve("missing.txt");
    assertThatThrownBy(() -> BenchTexts.of("gpt2", List.of(missing)))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("--input " + missing + " does not exist: name a text file");
    Path empty = Files.createFile(directory.resolve("empty.txt"));
    assertThatThrownBy(() -> BenchTexts.of("gpt2", List.of(empty)))
        .hasMessage("--input [" + empty + "] is empty: name a text file with text in it");
  }

  @Test
  void generatedTextsAreTheSameEachTime() {
    assertThat(BenchText.generated())
        .zipSatisfy(
            BenchText.generated(), (one, other) -> assertThat(one.utf8()).isEqualTo(other.utf8()))
        .allSatisfy(text -> assertThat(text.utf8()).hasSizeGreaterThan(1_000_000));
  }
}
