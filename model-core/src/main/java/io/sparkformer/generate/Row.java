package io.sparkformer.generate;

import io.sparkformer.generate.Continuation.StopReason;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** One sample in the making: its tokens, and how it goes on. */
final class Row {

  private final Sampler sampler;
  private final int promptTokens;
  private final int maxNewTokens;

  /** The prompt's tokens that the model reads, then the new ones. */
  private int[] ids;

  private int length;
  private Optional<StopReason> stoppedBy = Optional.empty();

  private Row(int[] prompt, int maxNewTokens, Sampler sampler) {
    this.sampler = sampler;
    this.promptTokens = prompt.length;
    this.maxNewTokens = maxNewTokens;
    this.ids = prompt.clone();
    this.length = prompt.length;
  }

  static Row of(int[] prompt, SamplingOptions options, Sampler sampler) {
    return new Row(prompt, options.maxNewTokens(), sampler);
  }

  boolean isStopped() {
    return stoppedBy.isPresent();
  }

  /**
   * Takes one more token.
   *
   * @param logits [V]
   * @return the token, none if it was the end of the text
   */
  OptionalInt advance(float[] logits, List<Integer> endOfText) {
    int id = sampler.pick(logits);
    if (endOfText.contains(id)) {
      stoppedBy = Optional.of(StopReason.END_OF_TEXT);
      return OptionalInt.empty();
    }
    if (length == ids.length) {
      ids = Arrays.copyOf(ids, Math.max(16, length + length / 2));
    }
    ids[length++] = id;
    if (length - promptTokens == maxNewTokens) {
      stoppedBy = Optional.of(StopReason.LENGTH);
    }
    return OptionalInt.of(id);
  }

  /** Writes the last tokens into an array. */
  void copyLast(int count, long[] out, int offset) {
    for (int i = 0; i < count; i++) {
      // A row that stopped early may have fewer than the others; what it reads no longer matters.
      out[offset + i] = ids[Math.max(0, length - count + i)];
    }
  }

  Continuation continuation() {
    List<Integer> added = Arrays.stream(ids, promptTokens, length).boxed().toList();
    return new Continuation(added, stoppedBy.orElseThrow());
  }
}
