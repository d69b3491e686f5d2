package io.sparkformer.jobs.tokenize;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.ThreeClassTexts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Documents with text of which the tokenizer makes no token. */
class NoTokensTest {

  /** Gives each of three words its class's number as token, and nothing for spaces. */
  private static final String WORDS =
      """
      {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
       "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
         "strip_accents": null, "lowercase": true},
       "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": null,
       "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
       "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
         "max_input_chars_per_word": 100,
         "vocab": {"cold": 0, "hot": 1, "mild": 2, "[UNK]": 3}}}
      """;

  private static final int ROWS = 60;

  /** One in five: no class is without. */
  private static final int WITHOUT = 12;

  @TempDir private Path directory;
  private Path table;

  @BeforeEach
  void writeTable() throws IOException {
    Files.writeString(directory.resolve("tokenizer.json"), WORDS);
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      String label = ThreeClassTexts.LABELS.get(i % 3);
      String text = i % 5 == 2 ? " ".repeat(1 + i) : label + (" " + label).repeat(i % 4);
      rows.add(ThreeClassTexts.row(text, label));
    }
    table = Files.write(directory.resolve("table.jsonl"), rows);
  }

  @ParameterizedTest
  @ValueSource(strings = {"--split stratified", "--split tail", "--split hash", "--shuffle 3"})
  void theyAreLeftOutAndEveryOtherKeepsItsLabel(String option) throws IOException {
    JsonNode tokenized = tokenize("data", option.split(" "));

    assertThat(tokenized.get("documents").asInt()).isEqualTo(ROWS - WITHOUT);
    assertThat(tokenized.get("empty_documents").asInt()).isEqualTo(WITHOUT);
    int rows = 0;
    for (String split : List.of("train", "valid")) {
      List<int[]> text = ShardReading.sequences(directory.resolve("data"), split);
      List<int[]> labels = ShardReading.sequences(directory.resolve("data"), split + "-label");
      assertThat(labels).hasSameSizeAs(text);
      for (int row = 0; row < text.size(); row++) {
        assertThat(text.get(row)).isNotEmpty().containsOnly(labels.get(row)[0]);
      }
      rows += text.size();
    }
    assertThat(rows).isEqualTo(ROWS - WITHOUT);
    CommandRun verified = CommandRun.of("dataset", "verify", "--data", at("data"));
    assertThat(verified.json().get("ok").asBoolean()).as(verified.err()).isTrue();
  }

  @Test
  void unitsOfNothingElseLeaveNoShard() throws IOException {
    List<String> rows = new ArrayList<>(Files.readAllLines(table));
    for (int i = 0; i < 40; i++) {
      rows.add(ThreeClassTexts.row(" ".repeat(40_000), "hot"));
    }
    Files.write(table, rows);

    JsonNode tokenized = tokenize("data", "--split", "tail", "--shard-mb", "1");

    assertThat(tokenized.get("empty_documents").asInt()).isEqualTo(WITHOUT + 40);
    assertThat(tokenized.get("valid_tokens").asInt()).isZero();
    assertThat(tokenized.get("shards").asInt()).isEqualTo(1);
    assertThat(CommandRun.of("dataset", "verify", "--data", at("data")).code())
        .isEqualTo(ExitCode.DONE);
  }

  @Test
  void aCorpusOfNothingElseIsRefused() throws IOException {
    Path spaces = Files.writeString(directory.resolve("spaces.txt"), " \n  \n   \n");

    CommandRun run =
        CommandRun.of(
            "tokenize",
            "--input",
            spaces.toString(),
            "--format",
            "lines",
            "--tokenizer",
            at("tokenizer.json"),
            "--output",
            at("data"));

    assertThat(run.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(run.err())
        .endsWith(
            "the corpus has no text: of 3 documents of --input all are null, empty or without a token:"
                + " give some with text, or another tokenizer\n");
  }

  private JsonNode tokenize(String output, String... more) {
    List<String> arguments =
        ThreeClassTexts.tokenize(table, directory.resolve(output), "--tokenizer");
    arguments.add(at("tokenizer.json"));
    arguments.addAll(List.of(more));
    CommandRun run = CommandRun.of(arguments);
    run.requireDone();
    return run.json();
  }

  private String at(String name) {
    return directory.resolve(name).toString();
  }
}
