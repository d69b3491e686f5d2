package io.sparkformer.jobs.generate;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.generate.SamplingOptions;
import io.sparkformer.generate.TextGenerator;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.ModelFixture;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Precision;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateCommandTest {

  private static final String ALPHABET = "abcdefghijž \ud83d\ude80\n";
  private static final CharTokenizer TOKENIZER = ModelFixture.tokenizer(ALPHABET);

  @TempDir static Path directory;

  @BeforeAll
  static void writeModels() throws IOException {
    ModelFixture.write(directory.resolve("model"), 16, Optional.of(TOKENIZER));
    ModelFixture.write(directory.resolve("ids"), 16, Optional.empty());
  }

  @Test
  void oneSampleIsShownBeforeTheResult() throws IOException {
    CommandRun run = generate("model", "--prompt", "až", "--max-new-tokens", "40", "--seed", "3");

    run.requireDone();
    JsonNode json = run.json();
    assertThat(json.fieldNames())
        .toIterable()
        .containsExactly(
            "samples",
            "sample_ids",
            "prompt_tokens",
            "new_tokens",
            "seconds",
            "tokens_per_second",
            "stopped_by",
            "seed",
            "model");
    List<Integer> ids = ids(json, 0);
    assertThat(ids).isEqualTo(generated(new int[] {TOKENIZER.idOf('a'), TOKENIZER.idOf('ž')}, 3));
    String text = "až" + TOKENIZER.decode(ids.stream().mapToInt(Integer::intValue).toArray());
    assertThat(json.get("samples").get(0).textValue()).isEqualTo(text);
    assertThat(run.shown()).isEqualTo(text + "\n");
    assertThat(json.get("prompt_tokens").intValue()).isEqualTo(2);
    assertThat(json.get("new_tokens").intValue()).isEqualTo(40);
    assertThat(json.get("seconds").doubleValue()).isPositive();
    assertThat(json.get("tokens_per_second").doubleValue()).isPositive();
    assertThat(json.get("stopped_by")).hasToString("[\"length\"]");
    assertThat(json.get("seed").longValue()).isEqualTo(3);
    assertThat(json.get("model").textValue()).isEqualTo(path("model"));
  }

  @Test
  void severalSamplesAreShownOneAfterTheOtherBeforeTheResult() throws IOException {
    CommandRun run =
        generate(
            "model",
            "--prompt=a",
            "--max-new-tokens=20",
            "--num-samples=3",
            "--top-k=5",
            "--top-p=0.9",
            "--temperature=1.5");

    run.requireDone();
    JsonNode texts = run.json().get("samples");
    assertThat(run.shown())
        .isEqualTo(
            "--- sample 1 of 3 ---\n%s\n--- sample 2 of 3 ---\n%s\n--- sample 3 of 3 ---\n%s\n",
            texts.get(0).textValue(), texts.get(1).textValue(), texts.get(2).textValue());
    assertThat(run.json().get("samples")).hasSize(3);
    assertThat(run.json().get("sample_ids")).hasSize(3);
    assertThat(run.json().get("stopped_by")).hasSize(3);
    assertThat(run.json().get("new_tokens").intValue()).isEqualTo(60);
    assertThat(ids(run.json(), 0)).isNotEqualTo(ids(run.json(), 1));
  }

  @Test
  void inAPipeATextHasItsBytesAndAMessageHasNoEscapes() throws IOException {
    String escapes = "a\u001b[31m\u009b2J\r\u202e\u0007";
    ModelFixture.write(
        directory.resolve("escapes"), 16, Optional.of(ModelFixture.tokenizer(escapes + "[")));

    CommandRun run =
        generate("escapes", "--prompt", escapes, "--max-new-tokens=1", "--greedy", "--seed=1");

    run.requireDone();
    assertThat(run.shown()).startsWith(escapes);
    CommandRun missing = generate("\u001b]0;title\u0007\u009b\u202e", "--prompt", "a");
    assertThat(missing.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(missing.err())
        .contains("\\u001B]0;title\\u0007\\u009B\\u202E")
        .doesNotContain("\u001b", "\u0007", "\u009b", "\u202e");
  }

  @Test
  void theReportedSeedRepeatsARunAndRunsDifferWithoutIt() throws IOException {
    String[] options = {"--prompt=a", "--max-new-tokens=30"};
    CommandRun first = generate("model", options);
    CommandRun second = generate("model", options);
    String seed = first.json().get("seed").asText();
    CommandRun again =
        generate("model", "--prompt=a", "--max-new-tokens=30", "--seed", seed, "--threads=1");

    assertThat(ids(again.json(), 0)).isEqualTo(ids(first.json(), 0));
    assertThat(ids(second.json(), 0)).isNotEqualTo(ids(first.json(), 0));
  }

  @Test
  void greedyNeedsNoSeedToRepeat() throws IOException {
    String[] options = {"--prompt=a", "--max-new-tokens=30", "--greedy"};
    assertThat(ids(generate("model", options).json(), 0))
        .isEqualTo(ids(generate("model", options).json(), 0));
  }

  @Test
  void idsOutsideTheTokenizerAreNeverGenerated() throws IOException {
    CommandRun run = generate("model", "--prompt=a", "--max-new-tokens=500", "--temperature=100");
    run.requireDone();
    assertThat(ids(run.json(), 0)).allMatch(id -> id < TOKENIZER.vocabSize());
  }

  @Test
  void aModelWithoutTokenizerGoesByIds() throws IOException {
    CommandRun run = generate("ids", "--prompt-ids", "1,15,3", "--max-new-tokens", "5", "--greedy");

    run.requireDone();
    List<Integer> ids = ids(run.json(), 0);
    String text =
        String.format(
            "1,15,3,%d,%d,%d,%d,%d", ids.get(0), ids.get(1), ids.get(2), ids.get(3), ids.get(4));
    assertThat(run.json().get("samples").get(0).textValue()).isEqualTo(text);
    assertThat(run.shown()).isEqualTo(text + "\n");
  }

  @Test
  void idsAndTextOfOnePromptGiveTheSame() throws IOException {
    String ids = TOKENIZER.idOf('b') + "," + TOKENIZER.idOf('a');
    assertThat(generate("model", "--prompt-ids", ids, "--greedy").json().get("samples"))
        .isEqualTo(generate("model", "--prompt", "ba", "--greedy").json().get("samples"));
  }

  @Test
  void theEndOfTextTokenOfTheConfigEndsASample() throws IOException {
    List<Integer> endless =
        ids(generate("ids", "--prompt-ids=1", "--seed=5", "--max-new-tokens=50").json(), 0);
    int end = endless.get(7);
    Path ending = Files.createDirectory(directory.resolve("ending"));
    ObjectMapper mapper = new ObjectMapper();
    File config = directory.resolve("ids/config.json").toFile();
    ObjectNode json = (ObjectNode) mapper.readTree(config);
    mapper.writeValue(ending.resolve("config.json").toFile(), json.put("eos_token_id", end));
    Files.copy(directory.resolve("ids/model.safetensors"), ending.resolve("model.safetensors"));

    JsonNode result =
        generate("ending", "--prompt-ids=1", "--seed=5", "--max-new-tokens=50").json();

    assertThat(ids(result, 0)).isEqualTo(endless.subList(0, endless.indexOf(end)));
    assertThat(result.get("stopped_by")).hasToString("[\"end-of-text\"]");
  }

  @Test
  void mistakesInThePromptAreSaidInOneLine() {
    generate("ids", "--prompt", "abc")
        .requireMistake(
            path("ids")
                + " has no tokenizer.json, so --prompt cannot be read: give the text as token ids with --prompt-ids");
    generate("model", "--prompt", "aXb")
        .requireMistake("character U+0058 'X' at position 1 is not in the tokenizer's vocabulary");
    generate("model", "--prompt=")
        .requireMistake("the prompt is empty: give it at least one character or token id");
    generate("ids", "--prompt-ids", "3,16")
        .requireMistake(
            "token 16 at position 1 of the prompt is not in the model's vocabulary: use ids from 0 to 15");
    generate("model", "--prompt-ids", "15")
        .requireMistake(
            "token 15 at position 0 is not in the tokenizer's vocabulary: use ids from 0 to 13");
  }

  @Test
  void thePromptIsTextOrIdsButNotBothOrNone() {
    assertThat(generate("model", "--prompt", "a", "--prompt-ids", "1").err())
        .contains("--prompt=TEXT, --prompt-ids=ID", "mutually exclusive");
    assertThat(generate("model").err())
        .contains("(specify one of these): (--prompt=TEXT | --prompt-ids=ID");
    assertThat(generate("model", "--prompt-ids", "1,x").err())
        .contains("Invalid value for option '--prompt-ids'", "'x' is not an int");
    assertThat(generate("model").code()).isEqualTo(ExitCode.MISUSED);
  }

  @Test
  void badOptionValuesAreRefused() {
    generate("model", "--prompt=a", "--temperature=0")
        .requireMistake(
            "--temperature is 0.0: it must be above 0; for the most likely tokens use --greedy");
    generate("model", "--prompt=a", "--top-p=2")
        .requireMistake("--top-p is 2.0: it must be above 0 and at most 1");
    generate("model", "--prompt=a", "--threads=0")
        .requireMistake("--threads is 0: it must be at least 1");
    CommandRun.of("generate", "--model=", "--prompt=a")
        .requireMistake("--model is empty: give the model's directory");
    generate("nowhere", "--prompt=a")
        .requireMistake("nowhere: no such model directory: check the path");
  }

  private static List<Integer> generated(int[] prompt, long seed) throws IOException {
    try (Gpt model =
        ModelFixture.at(directory.resolve("model")).load(Precision.FP32, Device.cpu())) {
      return TextGenerator.of(model, List.of())
          .limitedTo(TOKENIZER.vocabSize())
          .generate(
              prompt,
              new SamplingOptions(40, SamplingOptions.Choice.DRAWN, 1, 0, 1, seed, 1),
              (sample, id) -> {})
          .get(0)
          .ids();
    }
  }

  private static List<Integer> ids(JsonNode json, int sample) {
    List<Integer> ids = new ArrayList<>();
    json.get("sample_ids").get(sample).forEach(id -> ids.add(id.intValue()));
    return ids;
  }

  private static CommandRun generate(String model, String... more) {
    List<String> args = new ArrayList<>(List.of("generate", "--model", path(model)));
    args.addAll(Arrays.asList(more));
    return CommandRun.of(args.toArray(new String[0]));
  }

  private static String path(String name) {
    return directory.resolve(name).toString();
  }
}
