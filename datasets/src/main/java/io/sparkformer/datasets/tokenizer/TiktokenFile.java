package io.sparkformer.datasets.tokenizer;

import io.sparkformer.datasets.tokenizer.BpeModel.Merges;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;

/**
 * A vocabulary as OpenAI's tiktoken has it: tokens in the order of their ids, no merges.
 *
 * <p>tiktoken merges any two neighbours that together are a token, those with the lowest id first.
 * So a token can only come from the two parts that are left of its own bytes before the last merge;
 * a token whose bytes do not get that far is only found as a whole pre-token.
 */
final class TiktokenFile {

  private final ByteStrings tokens = new ByteStrings();

  private TiktokenFile() {}

  /**
   * Reads lines of a token in base64 and its id, which count from 0.
   *
   * @throws IOException if they do not
   */
  static TiktokenFile read(InputStream in) throws IOException {
    TiktokenFile file = new TiktokenFile();
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII), 1 << 16);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      int space = line.indexOf(' ');
      int id = Integer.parseInt(line.substring(space + 1));
      byte[] token = Base64.getDecoder().decode(line.substring(0, space));
      if (id != file.tokens.add(token, 0, token.length)) {
        throw new IOException("the ids do not follow each other at " + line);
      }
    }
    return file;
  }

  /** The bytes of each id, and further empty ones. */
  byte[][] tokens(int vocabSize) {
    byte[][] bytes = new byte[vocabSize][];
    for (int id = 0; id < vocabSize; id++) {
      bytes[id] = id < tokens.size() ? tokens.get(id) : new byte[0];
    }
    return bytes;
  }

  /** The one merge of each token that has one, in the order of the tokens. */
  Merges merges() {
    int[] left = new int[tokens.size()];
    int[] right = new int[tokens.size()];
    int[] merged = new int[tokens.size()];
    int count = 0;
    Parts parts = new Parts();
    for (int id = 0; id < tokens.size(); id++) {
      if (tokens.length(id) > 1 && parts.mergeToTwo(tokens.get(id))) {
        left[count] = parts.first();
        right[count] = parts.second();
        merged[count++] = id;
      }
    }
    return new Merges(
        Arrays.copyOf(left, count), Arrays.copyOf(right, count), Arrays.copyOf(merged, count));
  }

  /** Neighbouring parts of one token's bytes. */
  private final class Parts {

    private static final int NO_TOKEN = Integer.MAX_VALUE;

    private byte[] bytes = {};
    private int[] starts = {}; // of the parts, and the end of the last
    private int[] pairs = {}; // the token of each part with the next
    private int count;

    boolean mergeToTwo(byte[] token) {
      begin(token);
      while (count > 2) {
        int lowest = 0;
        for (int i = 1; i < count - 1; i++) {
          lowest = pairs[i] < pairs[lowest] ? i : lowest;
        }
        if (pairs[lowest] == NO_TOKEN) {
          return false;
        }
        merge(lowest);
      }
      return true;
    }

    int first() {
      return tokens.find(bytes, 0, starts[1]);
    }

    int second() {
      return tokens.find(bytes, starts[1], bytes.length);
    }

    private void begin(byte[] token) {
      bytes = token;
      count = token.length;
      starts = new int[count + 1];
      pairs = new int[count];
      Arrays.setAll(starts, i -> i);
      for (int i = 0; i < count - 1; i++) {
        pairs[i] = pair(i);
      }
    }

    private void merge(int at) {
      System.arraycopy(starts, at + 2, starts, at + 1, count - at - 1);
      System.arraycopy(pairs, at + 1, pairs, at, count - at - 2);
      count--;
      if (at < count - 1) {
        pairs[at] = pair(at);
      }
      if (at > 0) {
        pairs[at - 1] = pair(at - 1);
      }
    }

    private int pair(int at) {
      int token = tokens.find(bytes, starts[at], starts[at + 2]);
      return token < 0 ? NO_TOKEN : token;
    }
  }
}
