package io.sparkformer.jobs.tokenize;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.Sha256;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.jobs.input.Source;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import java.util.SortedMap;

/**
 * Everything that decides what the tokenize job writes: units of an earlier job are of use to one
 * with an equal plan.
 *
 * @param version of the way in which units are written
 * @param input digest of the corpus's {@link Source#state}
 * @param tokenizer its fingerprint; empty if the corpus decides it
 */
record TokenizePlan(
    int version, String input, int units, String tokenizer, SortedMap<String, String> options) {

  private static final int VERSION = 2;
  private static final int DIGEST_CHARS = 16;
  private static final ObjectMapper JSON = new ObjectMapper();

  static TokenizePlan of(TokenizeOptions options, Optional<Tokenizer> tokenizer, Source source) {
    byte[] state = source.state().getBytes(StandardCharsets.UTF_8);
    SortedMap<String, String> recorded = options.recorded();
    options.dtype().ifPresent(dtype -> recorded.put("dtype", dtype.label()));
    return new TokenizePlan(
        VERSION,
        HexFormat.of().formatHex(Sha256.digest().digest(state)),
        source.units(),
        tokenizer.map(Tokenizer::fingerprint).orElse(""),
        recorded);
  }

  /** Hex digest, short enough for a name: jobs with other plans never write the same unit. */
  String digest() {
    return HexFormat.of().formatHex(Sha256.digest().digest(json())).substring(0, DIGEST_CHARS);
  }

  byte[] json() {
    try {
      return JSON.writeValueAsBytes(this);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e); // a record of text and numbers
    }
  }
}
