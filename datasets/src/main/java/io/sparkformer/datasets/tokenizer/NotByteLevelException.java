package io.sparkformer.datasets.tokenizer;

/** Why a tokenizer's file is not a byte-level BPE as {@link BpeModel} holds them. */
final class NotByteLevelException extends Exception {

  private static final long serialVersionUID = 1L;

  NotByteLevelException(String why) {
    super(why);
  }

  @SuppressWarnings("AnnotateFormatMethod") // As InvalidInputException's.
  static void require(boolean condition, String why, Object... values)
      throws NotByteLevelException {
    if (!condition) {
      throw new NotByteLevelException(String.format(java.util.Locale.ROOT, why, values));
    }
  }
}
