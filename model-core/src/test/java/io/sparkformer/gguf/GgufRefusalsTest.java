package io.sparkformer.gguf;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.BpeModel.PrefixSpace;
import io.sparkformer.datasets.tokenizer.BpeModel.WholePieces;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelConfig.Mask;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.safetensors.NumberFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.IntStream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What GGUF's gpt2 cannot say. */
class GgufRefusalsTest {

  private static final ObjectMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();
  private static final ModelConfig CONFIG = ModelConfig.gpt2(GgufModels.TOKENIZER_SIZE, 8, 1, 2, 8);
  private static final Optional<Tokenizer> TOKENIZER = Optional.of(GgufModels.tokenizer());

  @TempDir private Path directory;

  @BeforeAll
  static void useOneThread() {
    Kernels.threads(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "positions | none | model.positions is none, not learned",
        "norm | none | model.norm is none, not pre",
        "residual | false | model.residual is false, not true",
        "activation | relu | model.activation is relu, not gelu-tanh",
        "activation | gelu | model.activation is gelu, not gelu-tanh",
        "feed_forward | none | model.feed-forward is none, not mlp",
        "feed_forward | linear | model.feed-forward is linear, not mlp",
        "attention_projection | false | model.attention-projection is false, not true",
        "num_layers | 0 | model.num-layers is 0, not at least 1",
        "head_dim | 3 | model.head-dim is 3, not model.embedding-dim / model.num-heads (8 / 2); model.value-dim is 4, not 3",
        "value_dim | 5 | model.value-dim is 5, not 4",
      })
  void anotherFormIsNamed(String key, String value, String message) throws IOException {
    ObjectNode form = JSON.valueToTree(CONFIG);
    form.set(key, JSON.readTree(quoted(value)));
    ModelConfig other = JSON.treeToValue(form, ModelConfig.class);
    ModelDirectory model = GgufModels.write(directory.resolve("model"), other, TOKENIZER);

    refused(model)
        .hasMessage(
            "%s cannot be written as GGUF, which knows GPT-2's form alone: %s: train a language model of that form, or pass --format torchscript",
            model.path(), message);
  }

  @Test
  void aClassifierIsNamed() throws IOException {
    Head head = Head.ofSequences(2, Head.Pooling.LAST);
    refused(GgufModels.write(directory.resolve("model"), CONFIG.with(head), TOKENIZER))
        .hasMessageContaining(
            "model.head.kind is sequence-classification, not language-model: train");
  }

  @Test
  void allThatStandsAgainstItIsSaidAtOnce() throws IOException {
    Head biased =
        new Head(
            Head.Kind.LANGUAGE_MODEL,
            Head.Output.OWN,
            Head.Layers.LINEAR,
            Head.Pooling.LAST,
            true,
            0);
    refused(
            GgufModels.write(
                directory.resolve("model"),
                CONFIG.with(Mask.BIDIRECTIONAL).with(biased),
                TOKENIZER))
        .hasMessageContaining(
            "alone: model.head.bias is true, not false; model.mask is bidirectional, not causal: train");
  }

  @Test
  void aHeadWithoutProjectionIsNamed() throws IOException {
    Head identity =
        new Head(
            Head.Kind.LANGUAGE_MODEL,
            Head.Output.IDENTITY,
            Head.Layers.LINEAR,
            Head.Pooling.LAST,
            false,
            0);
    ModelConfig config = ModelConfig.gpt2(264, 8, 1, 2, 264).with(identity);
    refused(GgufModels.write(directory.resolve("model"), config, TOKENIZER))
        .hasMessageContaining("alone: model.head.output is identity, not tied or own: train");
  }

  @Test
  void aModelWithoutTokenizerIsToldToGetOne() throws IOException {
    ModelDirectory model = GgufModels.write(directory.resolve("model"), CONFIG, Optional.empty());
    refused(model)
        .hasMessage(
            "%s has no tokenizer, which a GGUF file holds: put the tokenizer.json it was trained with into the directory",
            model.path());
  }

  @Test
  void aTokenizerOfCharactersIsRefused() throws IOException {
    CharTokenizer characters = CharTokenizer.of(IntStream.range('a', 'a' + 200).toArray());
    refused(GgufModels.write(directory.resolve("model"), CONFIG, Optional.of(characters)))
        .hasMessageContaining("its tokenizer is no byte-level BPE")
        .hasMessageContaining("train a model with one");
  }

  @Test
  void aSpaceBeforeTextsIsRefused() throws IOException {
    Tokenizer prefixed =
        GgufModels.tokenizer(Pretokenizer.GPT2, WholePieces.MERGED, PrefixSpace.ADDED);
    refused(GgufModels.write(directory.resolve("model"), CONFIG, Optional.of(prefixed)))
        .hasMessageContaining("puts a space before texts (add_prefix_space)");
  }

  @ParameterizedTest
  @CsvSource({"GPT2", "QWEN2", "O200K"})
  void tokensThatMergesDoNotLeadToAreRefusedWhereLlamaCppHasNoNameForThem(Pretokenizer pretokenizer)
      throws IOException {
    Tokenizer lookedUp =
        GgufModels.tokenizer(pretokenizer, WholePieces.LOOKED_UP, PrefixSpace.NONE);
    refused(GgufModels.write(directory.resolve("model"), CONFIG, Optional.of(lookedUp)))
        .hasMessageContaining(
            "has tokens that merges do not lead to (ignore_merges), and cuts texts as %s, which llama.cpp does not have together",
            pretokenizer);
  }

  @Test
  void aModelThatNamesNoEndOfTextIsToldToNameOne() throws IOException {
    ModelDirectory model = GgufModels.write(directory.resolve("model"), CONFIG, TOKENIZER);
    Path config = directory.resolve("model/config.json");
    ObjectNode json = (ObjectNode) JSON.readTree(config.toFile());
    json.remove("eos_token_id");
    Files.writeString(config, json.toString());
    Path tokenizer = directory.resolve("model/tokenizer.json");
    Files.writeString(tokenizer, Files.readString(tokenizer).replace("<|endoftext|>", "<|other|>"));

    refused(model)
        .hasMessageContaining("has no token that ends a text, which llama.cpp asks for")
        .hasMessageEndingWith("name one as eos_token_id in its config.json");
  }

  @ParameterizedTest
  @CsvSource({
    "FP16, 65520, 'transformer.h.0.mlp.c_fc.weight', 'fp16: pass --dtype fp32 or bf16'",
    "BF16, 3.4028235e38, 'transformer.h.0.mlp.c_fc.weight', 'bf16: pass --dtype fp32'",
  })
  void aNumberThatIsTooLargeIsRefusedWithItsTensor(
      NumberFormat type, float number, String tensor, String message) throws IOException {
    ModelDirectory model;
    try (Gpt gpt = Gpt.initialized(CONFIG, Precision.FP32, Device.cpu(), 3)) {
      gpt.weights().get(tensor).addi(number);
      model = GgufModels.save(directory.resolve("model"), gpt, TOKENIZER);
    }

    assertThatThrownBy(() -> export(model, type))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageStartingWith("tensor '%s' has a number of size %s", tensor, number)
        .hasMessageEndingWith("which is too large for " + message);
  }

  private AbstractThrowableAssert<?, ? extends Throwable> refused(ModelDirectory model) {
    return assertThatThrownBy(() -> export(model, NumberFormat.FP32))
        .isInstanceOf(InvalidInputException.class)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
  }

  private void export(ModelDirectory model, NumberFormat type) throws IOException {
    GgufExport.write(model, type, localFiles(), hadoop(directory.resolve("out")));
  }

  private static String quoted(String value) {
    return value.matches("\\d+|true|false") ? value : '"' + value + '"';
  }
}
