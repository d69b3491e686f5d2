package io.sparkformer.jobs;

import java.util.List;

/** Options of the tokenize job for tests: its defaults, changed one at a time. */
final class TokenizeOptionsFixture {

  private TokenizeOptionsFixture() {}

  static TokenizeOptions of(List<String> inputs, String output) {
    return new TokenizeOptions(
        inputs,
        output,
        "char",
        "text",
        "tail",
        0.1,
        0,
        ExistingOutput.REFUSE,
        MalformedInput.FAIL,
        256L << 20,
        TokenizeOptions.DEFAULT_CHUNK_BYTES);
  }

  static TokenizeOptions withChunkBytes(TokenizeOptions o, int chunkBytes) {
    return copy(o, o.validFraction(), o.existing(), o.malformed(), o.shardBytes(), chunkBytes);
  }

  static TokenizeOptions withShardBytes(TokenizeOptions o, long shardBytes) {
    return copy(o, o.validFraction(), o.existing(), o.malformed(), shardBytes, o.chunkBytes());
  }

  static TokenizeOptions withValidFraction(TokenizeOptions o, double validFraction) {
    return copy(o, validFraction, o.existing(), o.malformed(), o.shardBytes(), o.chunkBytes());
  }

  static TokenizeOptions withReplacement(TokenizeOptions o) {
    return copy(
        o, o.validFraction(), o.existing(), MalformedInput.REPLACE, o.shardBytes(), o.chunkBytes());
  }

  static TokenizeOptions withOverwrite(TokenizeOptions o) {
    return copy(
        o,
        o.validFraction(),
        ExistingOutput.REPLACE,
        o.malformed(),
        o.shardBytes(),
        o.chunkBytes());
  }

  private static TokenizeOptions copy(
      TokenizeOptions o,
      double validFraction,
      ExistingOutput existing,
      MalformedInput malformed,
      long shardBytes,
      int chunkBytes) {
    return new TokenizeOptions(
        o.inputs(),
        o.output(),
        o.tokenizer(),
        o.format(),
        o.split(),
        validFraction,
        o.seed(),
        existing,
        malformed,
        shardBytes,
        chunkBytes);
  }
}
