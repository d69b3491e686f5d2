package io.sparkformer.gguf;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.BpeModel.PrefixSpace;
import io.sparkformer.datasets.tokenizer.BpeModel.WholePieces;
import io.sparkformer.datasets.tokenizer.BpeTokenizer;
import io.sparkformer.datasets.tokenizer.BuiltIn;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.safetensors.NumberFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Files as a reader of the specification sees them. */
class GgufExportTest {

  private static final int VOCABULARY = 264;
  private static final ModelConfig CONFIG = ModelConfig.gpt2(VOCABULARY, 12, 2, 2, 16);
  private static final Map<String, String> NAMES =
      Map.of(
          "ln_1", "attn_norm",
          "attn.c_attn", "attn_qkv",
          "attn.c_proj", "attn_output",
          "ln_2", "ffn_norm",
          "mlp.c_fc", "ffn_up",
          "mlp.c_proj", "ffn_down");

  @TempDir private Path directory;

  @BeforeAll
  static void useOneThread() {
    Kernels.threads(1);
  }

  @Test
  void theHeaderSaysTheShape() throws IOException {
    GgufReading file = export(CONFIG, GgufModels.tokenizer(), NumberFormat.FP32);

    assertThat(file.version()).isEqualTo(3);
    assertThat(file.metadata())
        .contains(
            entry("general.architecture", "gpt2"),
            entry("general.type", "model"),
            entry("general.file_type", 0),
            entry("gpt2.block_count", 2),
            entry("gpt2.context_length", 12),
            entry("gpt2.embedding_length", 16),
            entry("gpt2.feed_forward_length", 64),
            entry("gpt2.attention.head_count", 2),
            entry("gpt2.attention.layer_norm_epsilon", 1e-5f));
  }

  @Test
  void theTokenizerIsInTheFile() throws IOException {
    Map<String, Object> metadata =
        export(CONFIG, GgufModels.tokenizer(), NumberFormat.FP32).metadata();

    assertThat(metadata)
        .contains(
            entry("tokenizer.ggml.model", "gpt2"),
            entry("tokenizer.ggml.pre", "gpt-2"),
            entry("tokenizer.ggml.merges", List.of("t h", "th e")),
            entry("tokenizer.ggml.bos_token_id", GgufModels.END_OF_TEXT),
            entry("tokenizer.ggml.eos_token_id", GgufModels.END_OF_TEXT),
            entry("tokenizer.ggml.add_bos_token", false));
    List<?> tokens = (List<?>) metadata.get("tokenizer.ggml.tokens");
    assertThat(tokens).hasSize(VOCABULARY).doesNotHaveDuplicates();
    assertThat(tokens.get('\n')).isEqualTo("\u010a");
    assertThat(tokens.subList(256, VOCABULARY))
        .hasToString("[th, the, [PAD258], xyz, <|endoftext|>, [PAD261], [PAD262], [PAD263]]");
    List<?> types = (List<?>) metadata.get("tokenizer.ggml.token_type");
    assertThat(types.subList(0, 256)).allMatch(type -> type.equals(1));
    assertThat(types.subList(256, VOCABULARY)).hasToString("[1, 1, 5, 1, 3, 5, 5, 5]");
  }

  @ParameterizedTest
  @EnumSource(
      value = NumberFormat.class,
      names = {"FP32", "FP16", "BF16"})
  void theNumbersAreTheModelsWithMatricesOfTheTypeAskedFor(NumberFormat type) throws IOException {
    GgufReading file = export(CONFIG.with(Head.OWN), GgufModels.tokenizer(), type);

    assertThat(file.metadata())
        .containsEntry("general.file_type", (type == NumberFormat.BF16 ? 32 : code(type)));
    assertThat(file.tensors()).hasSize(2 + 2 * 12 + 2 + 1);
    Map<String, Matrix> weights = weights();
    assertThat(file.tensors()).containsOnlyKeys(weights.keySet());
    file.tensors()
        .forEach(
            (name, tensor) -> {
              Matrix weight = weights.get(name);
              boolean wide = tensor.sizes().size() == 1 || name.equals("position_embd.weight");
              assertThat(tensor.type()).as(name).isEqualTo(wide ? 0 : code(type));
              assertThat(tensor.sizes()).as(name).isEqualTo(weight.sizes());
              assertThat(tensor.numbers())
                  .as(name)
                  .isEqualTo(
                      wide
                          ? weight.numbers()
                          : weight.numbers().stream().map(n -> as(type, n)).toList());
            });
  }

  @Test
  void tensorsBeginAtMultiplesOf32AndFollowEachOther() throws IOException {
    GgufReading file =
        export(ModelConfig.gpt2(261, 3, 1, 1, 5), GgufModels.tokenizer(), NumberFormat.FP16);

    long end = 0;
    for (GgufReading.Tensor tensor : file.tensors().values()) {
      assertThat(tensor.offset()).isEqualTo(end);
      end += tensor.numbers().size() * (tensor.type() == 0 ? 4L : 2L);
      end = (end + 31) / 32 * 32;
    }
    assertThat(file.fileBytes()).isEqualTo(file.dataStart() + end);
  }

  @Test
  void whatTheModelHasNoBiasesForIsZeros() throws IOException {
    GgufReading file = export(CONFIG.withoutBias(), GgufModels.tokenizer(), NumberFormat.FP32);

    assertThat(file.tensors()).hasSize(2 + 2 * 12 + 2).doesNotContainKey("output.weight");
    assertThat(file.tensors().get("blk.1.attn_qkv.bias").numbers())
        .isEqualTo(Collections.nCopies(48, 0f));
    assertThat(file.tensors().get("blk.0.ffn_up.bias").numbers())
        .isEqualTo(Collections.nCopies(64, 0f));
    assertThat(file.tensors().get("output_norm.bias").numbers())
        .isEqualTo(Collections.nCopies(16, 0f));
  }

  @Test
  void tensorsOfMoreNumbersThanAreConvertedAtATimeAreWhole() throws IOException {
    ModelConfig wide = ModelConfig.gpt2(GgufModels.TOKENIZER_SIZE, 2, 1, 1, 600);
    GgufReading file = export(wide, GgufModels.tokenizer(), NumberFormat.FP32);

    Map<String, Matrix> weights = weights();
    for (String name : List.of("blk.0.ffn_up.weight", "blk.0.ffn_down.weight")) {
      assertThat(file.tensors().get(name).numbers())
          .hasSize(600 * 2400)
          .isEqualTo(weights.get(name).numbers());
    }
  }

  @Test
  void theResultSaysHowMuchWasWritten() throws IOException {
    ModelDirectory model =
        GgufModels.write(
            directory.resolve("model"), CONFIG.withoutBias(), Optional.of(GgufModels.tokenizer()));

    GgufExport.Written written =
        GgufExport.write(model, NumberFormat.BF16, localFiles(), hadoop(directory.resolve("out")));

    assertThat(written.parameters()).isEqualTo((long) CONFIG.withoutBias().parameterCount());
    assertThat(written.fileBytes()).isEqualTo(Files.size(directory.resolve("out/model.gguf")));
  }

  @ParameterizedTest
  @EnumSource(Pretokenizer.class)
  void eachWayOfCuttingTextsHasTheNameThatLlamaCppHasForIt(Pretokenizer pretokenizer)
      throws IOException {
    BpeTokenizer tokenizer =
        GgufModels.tokenizer(pretokenizer, WholePieces.MERGED, PrefixSpace.NONE);

    assertThat(export(CONFIG, tokenizer, NumberFormat.FP32).metadata())
        .containsEntry(
            "tokenizer.ggml.pre",
            switch (pretokenizer) {
              case GPT2 -> "gpt-2";
              case CL100K -> "dbrx";
              case QWEN2 -> "qwen2";
              case O200K -> "gpt-4o";
            });
  }

  @Test
  void tokensThatMergesDoNotLeadToAreLlama3sWay() throws IOException {
    BpeTokenizer tokenizer =
        GgufModels.tokenizer(Pretokenizer.CL100K, WholePieces.LOOKED_UP, PrefixSpace.NONE);

    assertThat(export(CONFIG, tokenizer, NumberFormat.FP32).metadata())
        .containsEntry("tokenizer.ggml.pre", "llama-bpe");
  }

  @ParameterizedTest
  @EnumSource(BuiltIn.class)
  void builtInVocabulariesCanBeSaid(BuiltIn vocabulary) throws IOException {
    BpeTokenizer tokenizer = BpeTokenizer.of(vocabulary.model());
    ModelConfig config = ModelConfig.gpt2(tokenizer.vocabSize(), 2, 1, 1, 2);

    Map<String, Object> metadata = export(config, tokenizer, NumberFormat.FP16).metadata();

    assertThat((List<?>) metadata.get("tokenizer.ggml.tokens")).doesNotHaveDuplicates();
    assertThat(metadata)
        .containsEntry("tokenizer.ggml.eos_token_id", tokenizer.endOfText().orElseThrow());
  }

  private GgufReading export(ModelConfig config, Tokenizer tokenizer, NumberFormat type)
      throws IOException {
    ModelDirectory model =
        GgufModels.write(directory.resolve("model"), config, Optional.of(tokenizer));
    GgufExport.write(model, type, localFiles(), hadoop(directory.resolve("out")));
    return GgufReading.of(directory.resolve("out/" + GgufExport.FILE));
  }

  /** A weight as the file has it: sizes innermost first, [out, in]. */
  private record Matrix(List<Long> sizes, List<Float> numbers) {}

  private Map<String, Matrix> weights() throws IOException {
    ModelDirectory model =
        ModelDirectory.open(new Configuration(), hadoop(directory.resolve("model")));
    Map<String, Matrix> weights = new HashMap<>();
    try (Gpt gpt = model.load(Precision.FP32, Device.cpu())) {
      gpt.weights().forEach((name, array) -> weights.put(ggufName(name), matrix(name, array)));
    }
    return weights;
  }

  private static String ggufName(String name) {
    String[] parts = name.split("\\.", 4);
    if (!name.startsWith("transformer.h.")) {
      return name.replace("transformer.wte", "token_embd")
          .replace("transformer.wpe", "position_embd")
          .replace("transformer.ln_f", "output_norm")
          .replace("lm_head", "output");
    }
    int end = parts[3].lastIndexOf('.');
    return "blk."
        + parts[2]
        + "."
        + NAMES.get(parts[3].substring(0, end))
        + parts[3].substring(end);
  }

  private static Matrix matrix(String name, NDArray array) {
    long[] shape = array.getShape().getShape();
    float[] numbers = array.toFloatArray();
    List<Float> list = new ArrayList<>();
    boolean conv1d = shape.length == 2 && name.contains(".h.");
    if (!conv1d) {
      for (float number : numbers) {
        list.add(number);
      }
      return new Matrix(shape.length == 1 ? List.of(shape[0]) : List.of(shape[1], shape[0]), list);
    }
    for (int out = 0; out < shape[1]; out++) {
      for (int in = 0; in < shape[0]; in++) {
        list.add(numbers[(int) (in * shape[1] + out)]);
      }
    }
    return new Matrix(List.of(shape[0], shape[1]), list);
  }

  private static int code(NumberFormat type) {
    return Map.of(NumberFormat.FP32, 0, NumberFormat.FP16, 1, NumberFormat.BF16, 30).get(type);
  }

  private static float as(NumberFormat type, float number) {
    return switch (type) {
      case FP32 -> number;
      case FP16 -> SixteenBits.ofFloat16(SixteenBits.float16(number) & 0xFFFF);
      case BF16 -> SixteenBits.ofBfloat16(SixteenBits.bfloat16(number) & 0xFFFF);
      case FP64 -> throw new IllegalArgumentException();
    };
  }
}
