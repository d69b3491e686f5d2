package io.sparkformer.datasets.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Models of known vocabularies, each read in the plainest way. */
final class BpeModels {

  static final String END_OF_TEXT = "<|endoftext|>";

  private BpeModels() {}

  /** GPT-2's own files. */
  static BpeModel gpt2() {
    return ofFiles("gpt2_tokenizer/vocab.json", "gpt2_tokenizer/merges.txt");
  }

  /** The 5,000 tokens that Megatron's sample of OpenWebText has. */
  static BpeModel gpt2Tiny() {
    return ofFiles("megatron/gpt2-tiny-vocab.json", "megatron/gpt2-tiny-merges.txt");
  }

  /** OpenAI's, from jtokkit's resources; without the special tokens, as plain text is encoded. */
  static BpeModel cl100k() {
    return ofTiktoken("cl100k_base", Pretokenizer.CL100K);
  }

  static BpeModel o200k() {
    return ofTiktoken("o200k_base", Pretokenizer.O200K);
  }

  /** The bytes, and a token of each pair of tokens that is given as "left|right". */
  static BpeModel ofMerges(Pretokenizer pretokenizer, String... merges) {
    Map<String, Integer> ids = new HashMap<>();
    byte[][] tokens = new byte[256 + merges.length][];
    for (int b = 0; b < 256; b++) {
      tokens[b] = new byte[] {(byte) b};
      ids.put(new String(tokens[b], StandardCharsets.ISO_8859_1), b);
    }
    BpeModel.Merges pairs =
        new BpeModel.Merges(new int[merges.length], new int[merges.length], new int[merges.length]);
    for (int rank = 0; rank < merges.length; rank++) {
      String[] pair = merges[rank].split("\\|", -1);
      String merged = pair[0] + pair[1];
      pairs.left()[rank] = ids.get(pair[0]);
      pairs.right()[rank] = ids.get(pair[1]);
      pairs.merged()[rank] = ids.computeIfAbsent(merged, token -> ids.size());
      tokens[pairs.merged()[rank]] = merged.getBytes(StandardCharsets.ISO_8859_1);
    }
    return new BpeModel(
        pretokenizer,
        Arrays.copyOf(tokens, ids.size()),
        pairs,
        new TreeMap<>(),
        BpeModel.WholePieces.MERGED,
        BpeModel.PrefixSpace.NONE);
  }

  static BpeModel withAddedTokens(BpeModel model, SortedMap<String, Integer> added) {
    return new BpeModel(
        model.pretokenizer(),
        model.tokens(),
        model.merges(),
        added,
        model.pieces(),
        model.prefixSpace());
  }

  static BpeModel withPrefixSpace(BpeModel model) {
    return new BpeModel(
        model.pretokenizer(),
        model.tokens(),
        model.merges(),
        model.addedTokens(),
        model.pieces(),
        BpeModel.PrefixSpace.ADDED);
  }

  private static BpeModel ofFiles(String vocabFile, String mergesFile) {
    try {
      JsonNode vocabulary =
          new ObjectMapper().readTree(Files.readAllBytes(SharedData.file(vocabFile)));
      byte[][] tokens = new byte[vocabulary.size()][];
      for (Map.Entry<String, JsonNode> entry : vocabulary.properties()) {
        tokens[entry.getValue().asInt()] = bytesOf(entry.getKey());
      }
      int endOfText = vocabulary.get(END_OF_TEXT).asInt();
      tokens[endOfText] = new byte[0];
      List<String> lines = Files.readAllLines(SharedData.file(mergesFile));
      List<String> pairs =
          lines.subList(1, lines.size()).stream().filter(line -> !line.isBlank()).toList();
      int count = pairs.size();
      BpeModel.Merges merges = new BpeModel.Merges(new int[count], new int[count], new int[count]);
      for (int rank = 0; rank < count; rank++) {
        String[] pair = pairs.get(rank).split(" ", -1);
        merges.left()[rank] = vocabulary.get(pair[0]).asInt();
        merges.right()[rank] = vocabulary.get(pair[1]).asInt();
        merges.merged()[rank] = vocabulary.get(pair[0] + pair[1]).asInt();
      }
      return new BpeModel(
          Pretokenizer.GPT2,
          tokens,
          merges,
          new TreeMap<>(Map.of(END_OF_TEXT, endOfText)),
          BpeModel.WholePieces.MERGED,
          BpeModel.PrefixSpace.NONE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The bytes that GPT-2's files write as visible characters. */
  private static byte[] bytesOf(String visible) {
    byte[] bytes = new byte[visible.length()];
    int next = 0;
    Map<Character, Byte> byteOf = new HashMap<>();
    for (int b = 0; b < 256; b++) {
      boolean isVisible = (b > 32 && b < 127) || (b > 160 && b != 173);
      byteOf.put((char) (isVisible ? b : 256 + next++), (byte) b);
    }
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = byteOf.getOrDefault(visible.charAt(i), (byte) 0);
    }
    return bytes;
  }

  private static BpeModel ofTiktoken(String name, Pretokenizer pretokenizer) {
    byte[][] tokens = new byte[256][];
    int size = 0;
    try (InputStream in =
        BpeModels.class.getResourceAsStream("/com/knuddels/jtokkit/" + name + ".tiktoken")) {
      for (String line : new String(in.readAllBytes(), StandardCharsets.US_ASCII).split("\n", -1)) {
        if (line.isBlank()) {
          continue;
        }
        String[] fields = line.strip().split(" ", -1);
        int id = Integer.parseInt(fields[1]);
        while (id >= tokens.length) {
          tokens = Arrays.copyOf(tokens, 2 * tokens.length);
        }
        tokens[id] = Base64.getDecoder().decode(fields[0]);
        size = Math.max(size, id + 1);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    tokens = Arrays.copyOf(tokens, size);
    for (int id = 0; id < size; id++) {
      tokens[id] = tokens[id] == null ? new byte[0] : tokens[id];
    }
    return new BpeModel(
        pretokenizer,
        tokens,
        canonicalMerges(tokens),
        new TreeMap<>(),
        BpeModel.WholePieces.LOOKED_UP,
        BpeModel.PrefixSpace.NONE);
  }

  /** The pair that each token's bytes come down to before they are that token. */
  private static BpeModel.Merges canonicalMerges(byte[][] tokens) {
    Map<ByteBuffer, Integer> ids = new HashMap<>();
    for (int id = 0; id < tokens.length; id++) {
      ids.put(ByteBuffer.wrap(tokens[id]), id);
    }
    int[] left = new int[tokens.length];
    int[] right = new int[tokens.length];
    int[] merged = new int[tokens.length];
    int count = 0;
    for (int id = 0; id < tokens.length; id++) {
      byte[] token = tokens[id];
      if (token.length < 2) {
        continue;
      }
      int border = lastBorder(token, id, ids);
      if (border > 0) {
        left[count] = ids.get(ByteBuffer.wrap(token, 0, border));
        right[count] = ids.get(ByteBuffer.wrap(token, border, token.length - border));
        merged[count] = id;
        count++;
      }
    }
    return new BpeModel.Merges(
        Arrays.copyOf(left, count), Arrays.copyOf(right, count), Arrays.copyOf(merged, count));
  }

  /** Where the two parts meet that merging with lower ids ends in; 0 if it ends in more. */
  private static int lastBorder(byte[] token, int id, Map<ByteBuffer, Integer> ids) {
    int[] borders = new int[token.length + 1];
    for (int i = 0; i <= token.length; i++) {
      borders[i] = i;
    }
    int parts = token.length;
    while (parts > 2) {
      int lowest = id;
      int at = -1;
      for (int i = 0; i + 2 <= parts; i++) {
        int length = borders[i + 2] - borders[i];
        int rank = ids.getOrDefault(ByteBuffer.wrap(token, borders[i], length), id);
        if (rank < lowest) {
          lowest = rank;
          at = i;
        }
      }
      if (at < 0) {
        return 0;
      }
      System.arraycopy(borders, at + 2, borders, at + 1, parts - at - 1);
      parts--;
    }
    return borders[1];
  }
}
