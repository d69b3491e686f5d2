package io.sparkformer.predict;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokenizer.HuggingFaceLibrary;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.hadoop.fs.Path;

/**
 * Reads texts with HuggingFace's library, special tokens included, as DJL's translators do. Safe
 * for many threads.
 */
final class TorchScriptReader implements TextReader, AutoCloseable {

  private final HuggingFaceLibrary library;
  private final TorchScriptDirectory.Reading reading;

  private TorchScriptReader(HuggingFaceLibrary library, TorchScriptDirectory.Reading reading) {
    this.library = library;
    this.reading = reading;
  }

  /**
   * Loads a tokenizer.
   *
   * @param directory it is from, for messages
   * @throws InvalidInputException if it is damaged
   */
  static TorchScriptReader of(TorchScriptDirectory.Reading reading, Path directory) {
    String name = Storage.shown(new Path(directory, "tokenizer.json"));
    return new TorchScriptReader(
        reading.cut() == TorchScriptDirectory.Cut.LIBRARY
            ? HuggingFaceLibrary.withSpecialTokens(reading.tokenizer(), name, reading.longest())
            : HuggingFaceLibrary.withSpecialTokens(reading.tokenizer(), name),
        reading);
  }

  /**
   * A reader that cuts long texts on a side.
   *
   * @throws InvalidInputException if the library does it, and on the other side
   */
  TextReader cutting(Truncation side) {
    require(
        side == Truncation.RIGHT || reading.cut() != TorchScriptDirectory.Cut.LIBRARY,
        "truncation is left, but this TorchScript model's tokenizer cuts long texts on the right: use model");
    return text -> cut(ids(text), side);
  }

  @Override
  public int[] read(String text) {
    boolean left = reading.cut() == TorchScriptDirectory.Cut.LEFT;
    return cut(ids(text), left ? Truncation.LEFT : Truncation.RIGHT);
  }

  private int[] cut(int[] ids, Truncation side) {
    int longest = reading.longest();
    if (ids.length <= longest) {
      return ids;
    }
    return side == Truncation.LEFT
        ? Arrays.copyOfRange(ids, ids.length - longest, ids.length)
        : Arrays.copyOf(ids, longest);
  }

  private int[] ids(String text) {
    // Half a surrogate pair is no text to the library.
    return library.ids(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8));
  }

  @Override
  public void close() {
    library.close();
  }
}
