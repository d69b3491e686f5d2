package io.sparkformer.generate;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Continues prompts, one token at a time for all samples together.
 *
 * <p>Keys and values of earlier tokens are kept, so a token costs one token's work whatever stands
 * before it. Positions are learned and absolute: a window that slides by one token would have to be
 * read anew for each. So when the context is full, the last contextLength / 2 tokens are read into
 * an empty context, once, and it goes on from there: between contextLength / 2 and contextLength
 * tokens are seen. Of a prompt that is longer than the context, the last contextLength tokens are
 * read.
 *
 * <p>Apart from rounding, the result is that of a model that reads its whole context for every
 * token, and a sample is the same alone or among others. Belongs to the model's thread; of its
 * memory only the ids grow.
 */
public final class TextGenerator {

  private static final Logger LOG = LoggerFactory.getLogger(TextGenerator.class);

  /** More samples than fit are made one batch after the other. */
  private static final long CACHE_BYTES = 1L << 30;

  private final Gpt model;
  private final int vocabSize;
  private final List<Integer> endOfText;
  private final long cacheBytes;

  private TextGenerator(Gpt model, int vocabSize, List<Integer> endOfText, long cacheBytes) {
    this.model = model;
    this.vocabSize = vocabSize;
    this.endOfText = endOfText;
    this.cacheBytes = cacheBytes;
  }

  /**
   * A generator of all the model's tokens.
   *
   * @param model of float32 precision; stays the caller's
   * @param endOfText ids of the tokens that end a text and are not part of it; none if nothing does
   */
  public static TextGenerator of(Gpt model, List<Integer> endOfText) {
    return new TextGenerator(model, model.config().vocabSize(), endOfText, CACHE_BYTES);
  }

  /**
   * The same without ids that a tokenizer does not know: vocabularies of models may be padded.
   *
   * @param size ids below it, and the end of the text, are used
   */
  public TextGenerator limitedTo(int size) {
    return new TextGenerator(model, Math.min(vocabSize, size), endOfText, cacheBytes);
  }

  /** The same with another bound on the memory for keys and values. */
  TextGenerator withCacheBytes(long bytes) {
    return new TextGenerator(model, vocabSize, endOfText, bytes);
  }

  /** Is told of every token as it comes. */
  @FunctionalInterface
  public interface TokenListener {

    /**
     * A sample has one more token, which is not the end of the text.
     *
     * @param sample from 0 to numSamples - 1
     */
    void generated(int sample, int id);
  }

  /**
   * Checks a prompt, as {@link #generate} does, before a model is read.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if it is empty, has ids that a model of
   *     this shape does not know, or if such a model continues no text
   */
  public static void requirePrompt(int[] prompt, ModelConfig config) {
    require(
        !config.head().isClassifier() && config.mask() == ModelConfig.Mask.CAUSAL,
        "the model is no causal language model (its head is a %s, its mask %s), so it cannot continue text:"
            + " use one with model.head.kind=language-model and model.mask=causal",
        config.head().kind().name().toLowerCase(Locale.ROOT).replace('_', ' '),
        config.mask().name().toLowerCase(Locale.ROOT));
    require(prompt.length > 0, "the prompt is empty: give it at least one character or token id");
    for (int position = 0; position < prompt.length; position++) {
      require(
          prompt[position] >= 0 && prompt[position] < config.vocabSize(),
          "token %d at position %d of the prompt is not in the model's vocabulary: use ids from 0 to %d",
          prompt[position],
          position,
          config.vocabSize() - 1);
    }
  }

  /**
   * Continues a prompt.
   *
   * @param prompt token ids, at least one
   * @return numSamples continuations, in order
   * @throws io.sparkformer.datasets.InvalidInputException as {@link #requirePrompt}, and if the
   *     model's output is not finite
   */
  public List<Continuation> generate(
      int[] prompt, SamplingOptions options, TokenListener listener) {
    requirePrompt(prompt, model.config());
    int contextLength = model.config().contextLength();
    if (prompt.length > contextLength) {
      LOG.warn(
          "the prompt has {} tokens, the model's context {}: the prompt's last {} are read",
          prompt.length,
          contextLength,
          contextLength);
    }
    int read = Math.min(prompt.length, contextLength);
    int[] start = Arrays.copyOfRange(prompt, prompt.length - read, prompt.length);
    int capacity = (int) Math.min(contextLength, (long) read + options.maxNewTokens());
    int batch = rowsAtOnce(options.numSamples(), capacity);
    List<Continuation> continuations = new ArrayList<>();
    for (int first = 0; first < options.numSamples(); first += batch) {
      List<Row> rows = new ArrayList<>();
      for (int i = first; i < Math.min(options.numSamples(), first + batch); i++) {
        rows.add(Row.of(start, options, Sampler.of(options, i)));
      }
      run(rows, read, capacity, first, listener);
      rows.forEach(row -> continuations.add(row.continuation()));
    }
    return continuations;
  }

  /**
   * Continues prompts of one length, one sample each.
   *
   * <p>Each has a random stream of its own, of the seed and the prompt: what it becomes does not
   * depend on the others, and two prompts do not make the same draws. Equal prompts become equal
   * texts; {@link #generate} gives several of one prompt.
   *
   * @param prompts token ids, at least one and at most contextLength a prompt
   */
  public List<Continuation> generateAll(List<int[]> prompts, SamplingOptions options) {
    List<Row> rows = new ArrayList<>();
    int read = prompts.get(0).length;
    for (int[] prompt : prompts) {
      requirePrompt(prompt, model.config());
      require(prompt.length == read, "prompts have %d and %d tokens", read, prompt.length);
      rows.add(Row.of(prompt, options, Sampler.ofPrompt(options, prompt)));
    }
    int contextLength = model.config().contextLength();
    int capacity = (int) Math.min(contextLength, (long) read + options.maxNewTokens());
    int batch = rowsAtOnce(rows.size(), capacity);
    for (int first = 0; first < rows.size(); first += batch) {
      List<Row> some = rows.subList(first, Math.min(rows.size(), first + batch));
      run(some, read, capacity, first, (sample, id) -> {});
    }
    return rows.stream().map(Row::continuation).toList();
  }

  private int rowsAtOnce(int samples, int capacity) {
    long fitting = cacheBytes / KeyValueCache.bytesPerRow(model.config(), capacity);
    return (int) Math.max(1, Math.min(samples, fitting));
  }

  private void run(
      List<Row> rows, int promptTokens, int capacity, int firstSample, TokenListener listener) {
    int contextLength = model.config().contextLength();
    try (KeyValueCache cache = KeyValueCache.of(model, rows.size(), capacity)) {
      float[] logits = cache.start(last(promptTokens, rows));
      while (advance(rows, logits, firstSample, listener)) {
        logits =
            cache.length() < contextLength
                ? cache.next(last(1, rows))
                : cache.start(last(Math.max(1, contextLength / 2), rows));
      }
    }
  }

  /** Gives every row that is not done its next token; whether some are still not done. */
  private boolean advance(List<Row> rows, float[] logits, int firstSample, TokenListener listener) {
    boolean running = false;
    for (int i = 0; i < rows.size(); i++) {
      Row row = rows.get(i);
      if (!row.isStopped()) {
        OptionalInt id = row.advance(logitsOf(i, logits), endOfText);
        if (id.isPresent()) {
          listener.generated(firstSample + i, id.getAsInt());
        }
        running |= !row.isStopped();
      }
    }
    return running;
  }

  /** A row's logits; ids that must not be drawn have minus infinity. */
  private float[] logitsOf(int row, float[] logits) {
    ModelConfig config = model.config();
    int from = row * config.vocabSize();
    float[] own = Arrays.copyOfRange(logits, from, from + config.vocabSize());
    Arrays.fill(own, vocabSize, own.length, Float.NEGATIVE_INFINITY);
    for (int id : endOfText) {
      if (id < own.length) {
        own[id] = logits[from + id];
      }
    }
    return own;
  }

  /** The last tokens of all rows [B, T]; rows that are done go on with what they have. */
  private static long[] last(int count, List<Row> rows) {
    long[] ids = new long[rows.size() * count];
    for (int i = 0; i < rows.size(); i++) {
      rows.get(i).copyLast(count, ids, i * count);
    }
    return ids;
  }
}
