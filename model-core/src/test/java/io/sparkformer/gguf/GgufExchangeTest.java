package io.sparkformer.gguf;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.BpeModel.PrefixSpace;
import io.sparkformer.datasets.tokenizer.BpeModel.WholePieces;
import io.sparkformer.datasets.tokenizer.BpeTokenizer;
import io.sparkformer.datasets.tokenizer.BuiltIn;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.exchange.NodePeer;
import io.sparkformer.exchange.PeerProcess;
import io.sparkformer.exchange.PythonPeer;
import io.sparkformer.generate.SamplingOptions;
import io.sparkformer.generate.TextGenerator;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.safetensors.NumberFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Files as gguf-py and llama.cpp see them. */
@Tag("exchange")
class GgufExchangeTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String NO_DIFFERENCE = "{\"ours\":[],\"theirs\":[],\"different\":[]}";

  private static final List<String> TEXTS =
      List.of(
          "The other thing: they'll say I've 12345 of them, and we're DON'T 3.14!",
          "  two spaces,\ttabs\t\tand\n\n  lines \r\n  end  ",
          "{\"json\": [1, 22, 333, 4444]} // path/to/file.txt --- ...!!!???",
          "Grüße aus Köln, naïve façade; ПРИВЕТ мир; 你好，世界！ 東京は２０２６年",
          "emoji 🚀🦙 and a family 👨‍👩‍👧",
          "xyz<|endoftext|>the end");

  /** Letters with marks of their own, which llama.cpp cuts otherwise than o200k_base does. */
  private static final String MARKS =
      "हिन्दी में भाषा, ภาษาไทยที่นี่, e\u0301te\u0301; приветМир camelCase ÉCOLE";

  @TempDir private Path directory;

  @BeforeAll
  static void useOneThread() {
    Kernels.threads(1);
  }

  @ParameterizedTest
  @EnumSource(
      value = NumberFormat.class,
      names = {"FP32", "FP16", "BF16"})
  void ggufPyReadsWhatWasWritten(NumberFormat type) throws IOException {
    ModelConfig config = ModelConfig.gpt2(264, 12, 2, 2, 16).with(Head.OWN);
    Path file = export(config, GgufModels.tokenizer(), type);

    JsonNode read = PythonPeer.run(getClass(), "read_gguf.py", file);

    GgufReading expected = GgufReading.of(file);
    assertThat(read.get("metadata")).hasToString(json(widened(expected.metadata())).toString());
    assertThat(read.get("tensors")).hasSize(expected.tensors().size());
    expected
        .tensors()
        .forEach(
            (name, tensor) -> {
              JsonNode other = read.get("tensors").get(name);
              assertThat(other.get("type").intValue()).isEqualTo(tensor.type());
              assertThat(other.get("sizes")).hasToString(json(tensor.sizes()).toString());
              List<Float> numbers = new ArrayList<>();
              other.get("numbers").forEach(number -> numbers.add(number.floatValue()));
              assertThat(numbers).isEqualTo(tensor.numbers());
            });
  }

  @ParameterizedTest
  @EnumSource(
      value = NumberFormat.class,
      names = {"FP32", "FP16", "BF16"})
  void llamaCppsConverterWritesTheSameNumbers(NumberFormat type) throws IOException {
    assertSameAsConverters(BuiltIn.GPT2, type);
  }

  @ParameterizedTest
  @EnumSource(BuiltIn.class)
  void llamaCppsConverterWritesTheSameTokenizer(BuiltIn vocabulary) throws IOException {
    assertSameAsConverters(vocabulary, NumberFormat.FP32);
  }

  private void assertSameAsConverters(BuiltIn vocabulary, NumberFormat type) throws IOException {
    String llamaCpp = PeerProcess.required("exchange.llama-cpp", "llama.cpp's source");
    BpeTokenizer tokenizer = BpeTokenizer.of(vocabulary.model());
    Path file = export(ModelConfig.gpt2(tokenizer.vocabSize() + 7, 32, 2, 2, 16), tokenizer, type);

    JsonNode differences =
        PythonPeer.run(
            getClass(),
            "convert.py",
            llamaCpp,
            directory.resolve("model"),
            type.name().toLowerCase(Locale.ROOT).replace("fp", "f"),
            file,
            directory);

    assertThat(differences.get("tensors")).hasToString(NO_DIFFERENCE);
    assertThat(differences.get("metadata").get("different")).isEmpty();
    assertThat(differences.get("metadata").get("theirs"))
        .hasToString(
            "[\"general.name\",\"general.quantization_version\",\"general.size_label\",\"tokenizer.ggml.padding_token_id\"]");
    assertThat(differences.get("metadata").get("ours"))
        .hasToString("[\"tokenizer.ggml.add_bos_token\"]");
  }

  @ParameterizedTest
  @EnumSource(
      value = NumberFormat.class,
      names = {"FP32", "FP16", "BF16"})
  void llamaCppContinuesAsTheModelDoes(NumberFormat type) throws IOException {
    BpeTokenizer tokenizer = BpeTokenizer.of(BuiltIn.GPT2.model());
    ModelConfig config = ModelConfig.gpt2(tokenizer.vocabSize(), 64, 3, 4, 64);
    Path file = export(config, tokenizer, type);
    int[] prompt = tokenizer.encode("The quick brown fox");

    JsonNode ids = NodePeer.run(getClass(), "greedy.mjs", file, Arrays.toString(prompt), 40);

    assertThat(ids).hasToString(json(greedy(prompt, 40)).toString());
  }

  @Test
  void llamaCppContinuesAsAModelWithoutBiasesAndWithAnOwnHeadDoes() throws IOException {
    BpeTokenizer tokenizer = GgufModels.tokenizer();
    ModelConfig config = ModelConfig.gpt2(270, 64, 2, 2, 32).withoutBias().with(Head.OWN);
    Path file = export(config, tokenizer, NumberFormat.FP32);
    int[] prompt = tokenizer.encode("the other");

    JsonNode ids = NodePeer.run(getClass(), "greedy.mjs", file, Arrays.toString(prompt), 40);

    assertThat(ids).hasToString(json(greedy(prompt, 40)).toString());
  }

  @ParameterizedTest
  @EnumSource(BuiltIn.class)
  void llamaCppReadsTextsAsTheTokenizerDoes(BuiltIn vocabulary) throws IOException {
    BpeTokenizer tokenizer = BpeTokenizer.of(vocabulary.model());
    assertSameTokens(tokenizer, ModelConfig.gpt2(tokenizer.vocabSize(), 8, 1, 1, 2));
  }

  @ParameterizedTest
  @EnumSource(Pretokenizer.class)
  void llamaCppReadsTextsAsOwnVocabulariesDo(Pretokenizer pretokenizer) throws IOException {
    assertSameTokens(
        GgufModels.tokenizer(pretokenizer, WholePieces.MERGED, PrefixSpace.NONE),
        ModelConfig.gpt2(264, 8, 1, 1, 4));
  }

  @Test
  void llamaCppLooksUpTokensThatMergesDoNotLeadTo() throws IOException {
    assertSameTokens(
        GgufModels.tokenizer(Pretokenizer.CL100K, WholePieces.LOOKED_UP, PrefixSpace.NONE),
        ModelConfig.gpt2(264, 8, 1, 1, 4));
  }

  private void assertSameTokens(BpeTokenizer tokenizer, ModelConfig config) throws IOException {
    Path file = export(config, tokenizer, NumberFormat.FP32);
    Path texts = directory.resolve("texts.json");
    List<String> all = new ArrayList<>(TEXTS);
    if (tokenizer.model().pretokenizer() != Pretokenizer.O200K) {
      all.add(MARKS);
    }
    JSON.writeValue(texts.toFile(), all);

    JsonNode read = NodePeer.run(getClass(), "tokenize.mjs", file, texts);

    for (int i = 0; i < all.size(); i++) {
      assertThat(read.get(i))
          .as(all.get(i))
          .hasToString(json(tokenizer.encode(all.get(i))).toString());
    }
  }

  private Path export(ModelConfig config, Tokenizer tokenizer, NumberFormat type)
      throws IOException {
    ModelDirectory model =
        GgufModels.write(directory.resolve("model"), config, Optional.of(tokenizer));
    GgufExport.write(model, type, localFiles(), hadoop(directory.resolve("out")));
    return directory.resolve("out/" + GgufExport.FILE);
  }

  private List<Integer> greedy(int[] prompt, int count) throws IOException {
    ModelDirectory model =
        ModelDirectory.open(new Configuration(), hadoop(directory.resolve("model")));
    SamplingOptions options =
        new SamplingOptions(count, SamplingOptions.Choice.MOST_LIKELY, 1, 0, 1, 1, 1);
    try (Gpt gpt = model.load(Precision.FP32, Device.cpu())) {
      return TextGenerator.of(gpt, List.of())
          .generate(prompt, options, (sample, id) -> {})
          .get(0)
          .ids();
    }
  }

  /** Python knows doubles alone. */
  private static Map<String, Object> widened(Map<String, Object> metadata) {
    Map<String, Object> widened = new LinkedHashMap<>(metadata);
    widened.replaceAll(
        (key, value) -> value instanceof Float number ? (Object) number.doubleValue() : value);
    return widened;
  }

  private static JsonNode json(Object value) {
    try {
      return JSON.readTree(JSON.writeValueAsBytes(value));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
