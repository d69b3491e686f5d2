package io.sparkformer.predict;

import static io.sparkformer.datasets.InvalidInputException.require;

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
import java.util.List;

/** Reads texts as a model's {@link TextReading} says: the one place where texts become inputs. */
final class ModelTextReader implements TextReader {

  /** Bytes of text that are encoded before it is seen whether they are enough. */
  private static final int PIECE_BYTES = 16 << 10;

  private final Tokenizer tokenizer;
  private final TextReading reading;
  private final int vocabSize;
  private final int longest;
  private Encoder encoder;

  /**
   * A reader.
   *
   * @param vocabSize ids that the model knows
   * @param longest tokens of an input, unless the reading allows fewer
   */
  ModelTextReader(Tokenizer tokenizer, TextReading reading, int vocabSize, int longest) {
    this.tokenizer = tokenizer;
    this.reading = reading;
    this.vocabSize = vocabSize;
    this.longest = Math.min(longest, reading.longest().orElse(longest));
    this.encoder = tokenizer.encoder();
    require(
        around() <= this.longest,
        "the tokenizer puts %d tokens around every text, but an input has %d at most: correct the tokenizer's files",
        around(),
        this.longest);
  }

  private int around() {
    return reading.before().size() + reading.after().size();
  }

  @Override
  public int[] read(String text) {
    try {
      int[] ids = cut(tokens(text.getBytes(StandardCharsets.UTF_8)));
      requireKnown(ids);
      return reading.padding().map(padding -> withoutPadding(ids, padding)).orElse(ids);
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
      if (reading.truncate() != Truncation.LEFT && tokens.size() >= longest) {
        encoder = tokenizer.encoder(); // the text's rest is not wanted
        return tokens.toArray();
      }
      encoder.append(utf8, from, Math.min(utf8.length, from + PIECE_BYTES), tokens);
    }
    encoder.endDocument(tokens);
    return tokens.toArray();
  }

  /** What fits of a text's tokens, and those around it. */
  private int[] cut(int[] text) {
    boolean whole = reading.truncate() == Truncation.WHOLE_RIGHT;
    int kept = whole ? text.length : Math.min(text.length, longest - around());
    int first = reading.truncate() == Truncation.LEFT ? text.length - kept : 0;
    int before = reading.before().size();
    int[] ids = new int[kept + around()];
    copy(reading.before(), ids, 0);
    System.arraycopy(text, first, ids, before, kept);
    copy(reading.after(), ids, before + kept);
    return ids.length > longest ? Arrays.copyOf(ids, longest) : ids;
  }

  private static void copy(List<Integer> from, int[] ids, int offset) {
    for (int i = 0; i < from.size(); i++) {
      ids[offset + i] = from.get(i);
    }
  }

  private void requireKnown(int[] ids) {
    for (int position = 0; position < ids.length; position++) {
      require(
          ids[position] < vocabSize,
          "token %d at position %d of the text is the tokenizer's, but the model knows ids from 0 to %d alone:"
              + " leave the token's text out, or use the tokenizer that the model was trained with",
          ids[position],
          position,
          vocabSize - 1);
    }
  }

  private static int[] withoutPadding(int[] ids, int padding) {
    int length = ids.length;
    while (length > 1 && ids[length - 1] == padding) {
      length--;
    }
    // Of an input of nothing else, transformers looks at the first position.
    return Arrays.copyOf(ids, length);
  }
}
