package io.sparkformer.datasets.tokenizer;

import java.util.Arrays;

/**
 * Of a tokenizer whose tokens are written by what stands beside them: each is decoded after the
 * ones that came before it, as HuggingFace's library has it.
 */
final class WindowDecodeStream implements DecodeStream {

  private static final char UNFINISHED = '\ufffd';

  private final Tokenizer tokenizer;
  private int[] window = new int[0];
  private int before; // ids of the window that are there for the sake of the others
  private int given; // characters of the window's text

  WindowDecodeStream(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  @Override
  public String next(int... ids) {
    int length = window.length;
    window = Arrays.copyOf(window, length + ids.length);
    System.arraycopy(ids, 0, window, length, ids.length);
    String text = tokenizer.decode(window);
    int end = text.length();
    while (end > given && text.charAt(end - 1) == UNFINISHED) {
      end--;
    }
    String more = text.substring(Math.min(given, end), end);
    given = Math.max(given, end);
    if (!more.isEmpty() && end == text.length()) {
      window = Arrays.copyOfRange(window, before, window.length);
      before = window.length;
      given = tokenizer.decode(window).length();
    }
    return more;
  }

  @Override
  public String rest() {
    String text = tokenizer.decode(window);
    return text.substring(Math.min(given, text.length()));
  }
}
