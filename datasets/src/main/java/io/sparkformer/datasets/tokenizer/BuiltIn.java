package io.sparkformer.datasets.tokenizer;

import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.BpeModel.PrefixSpace;
import io.sparkformer.datasets.tokenizer.BpeModel.WholePieces;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** OpenAI's vocabularies, from the resources of the jtokkit library. */
public enum BuiltIn {
  /** Each of its tokens has a merge. */
  GPT2("gpt2", "r50k_base", Pretokenizer.GPT2, WholePieces.MERGED),
  CL100K_BASE("cl100k_base", "cl100k_base", Pretokenizer.CL100K, WholePieces.LOOKED_UP),
  O200K_BASE("o200k_base", "o200k_base", Pretokenizer.O200K, WholePieces.LOOKED_UP);

  private final String id;
  private final String resource;
  private final Pretokenizer pretokenizer;
  private final WholePieces pieces;

  BuiltIn(String id, String vocabulary, Pretokenizer pretokenizer, WholePieces pieces) {
    this.id = id;
    this.resource = "/com/knuddels/jtokkit/" + vocabulary + ".tiktoken";
    this.pretokenizer = pretokenizer;
    this.pieces = pieces;
  }

  static Optional<BuiltIn> named(String name) {
    return Arrays.stream(values()).filter(builtIn -> builtIn.id.equals(name)).findFirst();
  }

  static String names() {
    return Arrays.stream(values()).map(builtIn -> builtIn.id).collect(Collectors.joining(", "));
  }

  /** Reads the vocabulary, every time anew. */
  public BpeModel model() {
    try (InputStream in = BuiltIn.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new FileNotFoundException(resource + " is not on the class path");
      }
      TiktokenFile file = TiktokenFile.read(in);
      SortedMap<String, Integer> specialTokens = new TreeMap<>(specialTokens());
      int vocabSize = Collections.max(specialTokens.values()) + 1;
      return new BpeModel(
          pretokenizer,
          file.tokens(vocabSize),
          file.merges(),
          Collections.unmodifiableSortedMap(specialTokens),
          pieces,
          PrefixSpace.NONE);
    } catch (IOException e) {
      throw new UncheckedIOException("the jtokkit library is damaged: " + e.getMessage(), e);
    }
  }

  private Map<String, Integer> specialTokens() {
    return switch (this) {
      case GPT2 -> Map.of("<|endoftext|>", 50256);
      case CL100K_BASE ->
          Map.of(
              "<|endoftext|>", 100257,
              "<|fim_prefix|>", 100258,
              "<|fim_middle|>", 100259,
              "<|fim_suffix|>", 100260,
              "<|endofprompt|>", 100276);
      case O200K_BASE -> Map.of("<|endoftext|>", 199999, "<|endofprompt|>", 200018);
    };
  }
}
