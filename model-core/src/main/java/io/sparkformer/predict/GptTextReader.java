package io.sparkformer.predict;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokenizer.Encoder;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizer.TokenList;
import io.sparkformer.model.TextReading;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Reads texts as a model of ours was trained to. */
final class GptTextReader implements TextReader {

  /** Bytes of text that are encoded before it is seen whether they are enough. */
  private static final int PIECE_BYTES = 16 << 10;

  private final Tokenizer tokenizer;
  private final TextReading reading;
  private final int contextLength;
  private Encoder encoder;

  GptTextReader(Tokenizer tokenizer, TextReading reading, int contextLength) {
    this.tokenizer = tokenizer;
    this.reading = reading;
    this.contextLength = contextLength;
    this.encoder = tokenizer.encoder();
  }

  @Override
  public int[] read(String text) {
    try {
      return cut(tokens(text.getBytes(StandardCharsets.UTF_8)));
    } catch (InvalidInputException e) {
      encoder = tokenizer.encoder(); // the failed text is still open in the other one
      throw e;
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a list has no I/O
    }
  }

  private int[] tokens(byte[] utf8) throws IOException {
    TokenList tokens = new TokenList();
    for (int from = 0; from < utf8.length; from += PIECE_BYTES) {
      if (reading.truncate() == Truncation.RIGHT && tokens.size() >= contextLength) {
        encoder = tokenizer.encoder(); // the text's rest is not wanted
        return tokens.toArray();
      }
      encoder.append(utf8, from, Math.min(utf8.length, from + PIECE_BYTES), tokens);
    }
    encoder.endDocument(tokens);
    reading.appended().ifPresent(id -> tokens.accept(new int[] {id}, 1));
    return tokens.toArray();
  }

  private int[] cut(int[] ids) {
    if (ids.length <= contextLength) {
      return ids;
    }
    return reading.truncate() == Truncation.RIGHT
        ? Arrays.copyOf(ids, contextLength)
        : Arrays.copyOfRange(ids, ids.length - contextLength, ids.length);
  }
}
