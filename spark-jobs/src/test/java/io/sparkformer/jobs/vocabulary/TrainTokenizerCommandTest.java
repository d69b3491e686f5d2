package io.sparkformer.jobs.vocabulary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.training.BpeTrainer;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.input.MalformedInput;
import io.sparkformer.jobs.output.ExistingOutput;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TrainTokenizerCommandTest {

  @TempDir Path directory;

  @Test
  void theCommandTrainsATokenizerThatTokenizeTakes() throws Exception {
    Path text = Files.writeString(directory.resolve("text.txt"), "low low lower lower newest");
    Path json = directory.resolve("tokenizer.json");

    CommandRun run =
        CommandRun.of(
            "train-tokenizer",
            "--input",
            text.toString(),
            "--output",
            json.toString(),
            "--vocab-size",
            "259");
    CommandRun used =
        CommandRun.of(
            "tokenize",
            "--input",
            text.toString(),
            "--output",
            directory.resolve("data").toString(),
            "--tokenizer",
            json.toString());

    run.requireDone();
    assertThat(run.json().get("merges").intValue()).isEqualTo(2);
    assertThat(run.json().get("vocab_size").intValue()).isEqualTo(259);
    assertThat(run.json().get("output").textValue()).isEqualTo(json.toString());
    used.requireDone();
    assertThat(used.json().get("vocab_size").intValue()).isEqualTo(259);
  }

  @Test
  void optionsHaveTheirDefaults() {
    TrainTokenizerOptions options = options();

    assertThat(options.settings())
        .isEqualTo(new BpeTrainer.Settings(8192, 2, Pretokenizer.GPT2, List.of("<|endoftext|>")));
    assertThat(options.input().inputs()).containsExactly("a", "b");
    assertThat(options.malformed()).isEqualTo(MalformedInput.FAIL);
    assertThat(options.existing()).isEqualTo(ExistingOutput.REFUSE);
  }

  @Test
  void optionsAreReadAsGiven() {
    TrainTokenizerOptions options =
        options(
            "--vocab-size=300",
            "--pretokenizer=o200k",
            "--min-count=5",
            "--max-pretokens=10",
            "--malformed=replace",
            "--overwrite",
            "--special-token",
            "<|a|>",
            "<|b|>");

    assertThat(options.settings())
        .isEqualTo(new BpeTrainer.Settings(300, 5, Pretokenizer.O200K, List.of("<|a|>", "<|b|>")));
    assertThat(options.maxPretokens()).isEqualTo(10);
    assertThat(options.malformed()).isEqualTo(MalformedInput.REPLACE);
    assertThat(options.existing()).isEqualTo(ExistingOutput.REPLACE);
  }

  @Test
  void badOptionValuesAreNamedWithWhatIsAllowed() {
    assertRefused(
        "--vocab-size=256",
        "a vocabulary of 256 tokens is too small: it has 256 bytes and 1 special tokens, ask for 257 or more");
    assertRefused("--vocab-size=2000000", "--vocab-size is 2000000: it must be 1048576 or less");
    assertRefused(
        "--pretokenizer=bert", "--pretokenizer is 'bert': use gpt2, cl100k, o200k or qwen2");
    assertRefused("--min-count=0", "the least count of a pair is 0: it must be 1 or more");
    assertRefused("--max-pretokens=0", "--max-pretokens is 0: it must be 1 or more");
    assertRefused("--output=", "--output is empty: give the file to write, as tokenizer.json");
  }

  private static void assertRefused(String option, String message) {
    assertThatThrownBy(() -> options(option))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(message);
  }

  private static TrainTokenizerOptions options(String... more) {
    TrainTokenizerCommand command = new TrainTokenizerCommand();
    String[] given = {"--input", "a", "b", "--output", "c"};
    String[] arguments = Arrays.copyOf(given, given.length + more.length);
    System.arraycopy(more, 0, arguments, given.length, more.length);
    new CommandLine(command).setOverwrittenOptionsAllowed(true).parseArgs(arguments);
    return command.options();
  }
}
