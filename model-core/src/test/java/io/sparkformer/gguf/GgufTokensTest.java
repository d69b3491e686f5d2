package io.sparkformer.gguf;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.run.Warnings;
import io.sparkformer.safetensors.NumberFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Special and added tokens of tokenizers that others made. */
class GgufTokensTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int VOCABULARY = 264;

  private enum Kind {
    SPECIAL,
    ORDINARY
  }

  @TempDir private Path directory;

  @BeforeAll
  static void useOneThread() {
    Kernels.threads(1);
  }

  @BeforeEach
  void writeModel() throws IOException {
    GgufModels.write(
        directory.resolve("model"),
        ModelConfig.gpt2(VOCABULARY, 8, 1, 2, 8),
        Optional.of(GgufModels.tokenizer()));
    Path config = directory.resolve("model/config.json");
    ObjectNode json = (ObjectNode) JSON.readTree(config.toFile());
    json.remove("sparkformer_reading"); // which alone would count
    Files.writeString(config, json.toString());
  }

  @Test
  void aTokenBeforeTextsIsAddedByLlamaCppToo() throws IOException {
    ObjectNode tokenizer = tokenizer();
    add(tokenizer, "<s>", 261, Kind.SPECIAL);
    around(tokenizer, List.of("<s>", "$A"), Map.of("<s>", 261));

    assertThat(export(tokenizer))
        .contains(
            entry("tokenizer.ggml.bos_token_id", 261),
            entry("tokenizer.ggml.eos_token_id", GgufModels.END_OF_TEXT),
            entry("tokenizer.ggml.add_bos_token", true))
        .doesNotContainKey("tokenizer.ggml.add_eos_token");
  }

  @ParameterizedTest
  @CsvSource({
    "'<s> $A <|endoftext|>', '1 before and 1 behind'",
    "'$A <|endoftext|>', '0 before and 1 behind'",
    "'<s> <s> $A', '2 before and 0 behind'",
  })
  void otherTokensAroundTextsAreRefused(String template, String counts) throws IOException {
    ObjectNode tokenizer = tokenizer();
    add(tokenizer, "<s>", 261, Kind.SPECIAL);
    around(
        tokenizer,
        List.of(template.split(" ")),
        Map.of("<s>", 261, "<|endoftext|>", GgufModels.END_OF_TEXT));

    assertThatThrownBy(() -> export(tokenizer))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "%s: its tokenizer puts tokens around texts, %s them, of which llama.cpp can add a single one"
                + " before them alone: take the others out of the post_processor in its tokenizer.json if"
                + " texts go without, or pass --format torchscript",
            hadoop(directory.resolve("model")), counts);
    assertThat(directory.resolve("out")).doesNotExist();
  }

  @Test
  void aTokenBeforeTextsThatTheModelLacksIsRefused() throws IOException {
    ObjectNode tokenizer = tokenizer();
    for (int id = 261; id < VOCABULARY; id++) {
      add(tokenizer, "<" + id + ">", id, Kind.SPECIAL);
    }
    add(tokenizer, "<s>", VOCABULARY, Kind.SPECIAL);
    around(tokenizer, List.of("<s>", "$A"), Map.of("<s>", VOCABULARY));

    assertThatThrownBy(() -> export(tokenizer))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(
            "token 264 is put around every text, but the model knows ids from 0 to 263 alone");
  }

  @Test
  void addedTokensBehindTheModelsVocabularyAreLeftOut() throws IOException {
    ObjectNode tokenizer = tokenizer();
    for (int id = 261; id < VOCABULARY + 2; id++) {
      add(tokenizer, "<" + id + ">", id, Kind.SPECIAL);
    }

    Map<String, Object> metadata = export(tokenizer);

    List<?> tokens = (List<?>) metadata.get("tokenizer.ggml.tokens");
    assertThat(tokens).hasSize(VOCABULARY);
    assertThat(tokens.subList(260, VOCABULARY)).hasToString("[<|endoftext|>, <261>, <262>, <263>]");
    List<?> types = (List<?>) metadata.get("tokenizer.ggml.token_type");
    assertThat(types).hasSize(VOCABULARY);
    assertThat(types.subList(260, VOCABULARY)).hasToString("[3, 3, 3, 3]");
    assertThat(metadata).containsEntry("tokenizer.ggml.merges", List.of("t h", "th e"));
  }

  @Test
  void mergesBehindTheModelsVocabularyAreRefused() throws IOException {
    ObjectNode tokenizer = tokenizer();
    ((ObjectNode) tokenizer.at("/model/vocab")).put("Th", VOCABULARY);
    ((ArrayNode) tokenizer.at("/model/merges")).add("T h");

    assertThatThrownBy(() -> export(tokenizer))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(
            "its tokenizer merges texts into the token 264, the model has 264 tokens: copy");
  }

  @Test
  void addedTokensAreSpecialOrNotAsTheyWere() throws IOException {
    ObjectNode tokenizer = tokenizer();
    add(tokenizer, "<user>", 261, Kind.ORDINARY);
    add(tokenizer, "<end>", 262, Kind.SPECIAL);

    List<?> types = (List<?>) export(tokenizer).get("tokenizer.ggml.token_type");

    assertThat(types.subList(260, VOCABULARY)).hasToString("[3, 4, 3, 5]");
  }

  @Test
  void endsOfTextsThatTheFileCannotNameAreSaid() throws IOException {
    Path config = directory.resolve("model/config.json");
    ObjectNode json = (ObjectNode) JSON.readTree(config.toFile());
    json.putArray("eos_token_id").add(259).add(260).add(256);
    Files.writeString(config, json.toString());

    try (Warnings warnings = Warnings.listen()) {
      assertThat(export(tokenizer())).containsEntry("tokenizer.ggml.eos_token_id", 259);
      assertThat(warnings.messages())
          .containsExactly(
              hadoop(directory.resolve("model"))
                  + " ends texts at the tokens [259, 260, 256]: a GGUF file names one, 259, so llama.cpp"
                  + " does not end them at [260, 256]");
    }
  }

  @Test
  void aSingleEndOfTextsIsNotWarnedOf() throws IOException {
    try (Warnings warnings = Warnings.listen()) {
      export(tokenizer());
      assertThat(warnings.messages()).isEmpty();
    }
  }

  private ObjectNode tokenizer() throws IOException {
    return (ObjectNode) JSON.readTree(directory.resolve("model/tokenizer.json").toFile());
  }

  private static void add(ObjectNode tokenizer, String content, int id, Kind kind) {
    ((ArrayNode) tokenizer.get("added_tokens"))
        .addObject()
        .put("id", id)
        .put("content", content)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", kind == Kind.SPECIAL);
  }

  private static void around(ObjectNode tokenizer, List<String> parts, Map<String, Integer> ids) {
    ObjectNode template = tokenizer.putObject("post_processor").put("type", "TemplateProcessing");
    ArrayNode single = template.putArray("single");
    for (String part : parts) {
      ObjectNode node = single.addObject();
      boolean text = part.equals("$A");
      node.putObject(text ? "Sequence" : "SpecialToken")
          .put("id", text ? "A" : part)
          .put("type_id", 0);
    }
    template.putArray("pair").addAll(single);
    ObjectNode tokens = template.putObject("special_tokens");
    ids.forEach(
        (content, id) -> {
          ObjectNode token = tokens.putObject(content).put("id", content);
          token.putArray("ids").add(id);
          token.putArray("tokens").add(content);
        });
  }

  private Map<String, Object> export(ObjectNode tokenizer) throws IOException {
    Files.writeString(directory.resolve("model/tokenizer.json"), tokenizer.toString());
    ModelDirectory model =
        ModelDirectory.open(new Configuration(), hadoop(directory.resolve("model")));
    GgufExport.write(model, NumberFormat.FP32, localFiles(), hadoop(directory.resolve("out")));
    return GgufReading.of(directory.resolve("out/" + GgufExport.FILE)).metadata();
  }
}
