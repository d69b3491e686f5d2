package io.sparkformer.datasets.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/** HuggingFace's library, which ours must agree with. */
public final class Libraries {

  public static final Map<Pretokenizer, String> PATTERNS =
      Map.of(
          Pretokenizer.GPT2,
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
          Pretokenizer.CL100K,
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
              + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
          Pretokenizer.QWEN2,
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
              + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
          Pretokenizer.O200K,
          "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
              + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
              + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
              + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
              + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");

  private Libraries() {}

  /** One token for each match, and one for what is between matches. */
  public static HuggingFaceTokenizer splitting(String regex) throws IOException {
    ObjectNode root = new ObjectMapper().createObjectNode().put("version", "1.0");
    root.putNull("truncation").putNull("padding").putArray("added_tokens");
    root.putNull("normalizer");
    ObjectNode split = root.putObject("pre_tokenizer").put("type", "Split");
    split.putObject("pattern").put("Regex", regex);
    split.put("behavior", "Isolated").put("invert", false);
    root.putNull("post_processor").putNull("decoder");
    ObjectNode model = root.putObject("model").put("type", "WordLevel");
    model.putObject("vocab").put("any", 0);
    model.put("unk_token", "any");
    return read(root.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** GPT-2's tokenizer.json. */
  static HuggingFaceTokenizer gpt2() throws IOException {
    return read(gpt2Json());
  }

  static byte[] gpt2Json() throws IOException {
    try (InputStream in =
        new GZIPInputStream(
            Files.newInputStream(SharedData.file("gpt2_tokenizer/tokenizer.json.gz")))) {
      return in.readAllBytes();
    }
  }

  static HuggingFaceTokenizer read(byte[] json) throws IOException {
    return HuggingFaceTokenizer.newInstance(
        new ByteArrayInputStream(json), Map.of("truncation", "false", "padding", "false"));
  }

  static int[] encode(HuggingFaceTokenizer library, String text) {
    return Arrays.stream(library.encode(text, false, false).getIds())
        .mapToInt(Math::toIntExact)
        .toArray();
  }

  /** Lengths of the tokens in code points. */
  public static List<Integer> lengths(HuggingFaceTokenizer library, String text) {
    return Arrays.stream(library.encode(text, false, false).getCharTokenSpans())
        .map(Libraries::length)
        .toList();
  }

  private static int length(CharSpan span) {
    return span.getEnd() - span.getStart();
  }
}
