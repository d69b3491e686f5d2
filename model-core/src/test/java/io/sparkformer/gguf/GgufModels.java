package io.sparkformer.gguf;

import static io.sparkformer.datasets.LocalFiles.hadoop;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.BpeModel;
import io.sparkformer.datasets.tokenizer.BpeModel.Merges;
import io.sparkformer.datasets.tokenizer.BpeModel.PrefixSpace;
import io.sparkformer.datasets.tokenizer.BpeModel.WholePieces;
import io.sparkformer.datasets.tokenizer.BpeTokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.model.TextReading;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;

/** Small models with tokenizers of a few tokens. */
final class GgufModels {

  /** Ids of {@link #tokenizer}. */
  static final int TOKENIZER_SIZE = 261;

  static final int END_OF_TEXT = 260;

  private GgufModels() {}

  /**
   * The bytes, "th" and "the" of merges, an id without a token, "xyz" that no merge leads to, the
   * end of a text.
   */
  static BpeTokenizer tokenizer(
      Pretokenizer pretokenizer, WholePieces pieces, PrefixSpace prefixSpace) {
    byte[][] tokens = new byte[TOKENIZER_SIZE][];
    Arrays.fill(tokens, new byte[0]);
    for (int b = 0; b < 256; b++) {
      tokens[b] = new byte[] {(byte) b};
    }
    tokens[256] = "th".getBytes(StandardCharsets.US_ASCII);
    tokens[257] = "the".getBytes(StandardCharsets.US_ASCII);
    tokens[259] = "xyz".getBytes(StandardCharsets.US_ASCII);
    SortedMap<String, Integer> added = new TreeMap<>();
    added.put("<|endoftext|>", END_OF_TEXT);
    Merges merges = new Merges(new int[] {'t', 256}, new int[] {'h', 'e'}, new int[] {256, 257});
    return BpeTokenizer.of(new BpeModel(pretokenizer, tokens, merges, added, pieces, prefixSpace));
  }

  static BpeTokenizer tokenizer() {
    return tokenizer(Pretokenizer.GPT2, WholePieces.MERGED, PrefixSpace.NONE);
  }

  /** Writes a model whose logits are well apart, with biases that are not zero. */
  static ModelDirectory write(Path directory, ModelConfig config, Optional<Tokenizer> tokenizer)
      throws IOException {
    try (Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), 3)) {
      model.weights().forEach(GgufModels::enlarge);
      return save(directory, model, tokenizer);
    }
  }

  private static void enlarge(String name, NDArray weight) {
    if (weight.getShape().dimension() > 1) {
      weight.muli(8);
    } else if (name.endsWith(".bias")) {
      try (NDArray noise = weight.getManager().randomNormal(weight.getShape())) {
        weight.addi(noise.muli(0.1));
      }
    }
  }

  static ModelDirectory save(Path directory, Gpt model, Optional<Tokenizer> tokenizer)
      throws IOException {
    ModelDirectory written = ModelDirectory.at(new Configuration(), hadoop(directory));
    Optional<Integer> endOfText =
        tokenizer.flatMap(t -> t.endOfText().stream().boxed().findFirst());
    written.save(model, new TextProcessing(tokenizer, endOfText, List.of(), TextReading.PLAIN));
    return ModelDirectory.open(new Configuration(), hadoop(directory));
  }
}
