package io.sparkformer.ml;

import io.sparkformer.generate.SamplingOptions;
import io.sparkformer.generate.SamplingOptions.Choice;
import io.sparkformer.predict.LanguageModel;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.types.StructType;

/**
 * Continues prompts: adds a struct of {@code text}, {@code num_tokens} (new ones), {@code
 * stopped_by} (length or end-of-text) and {@code error}.
 *
 * <p>A prompt's continuation depends on the prompt, the options and the seed alone: not on its
 * batch, its partition or how often its task is tried. So equal prompts have equal continuations:
 * for another one, set another seed.
 */
public final class TextGenerator extends TextModel<TextGenerator> {

  private static final long serialVersionUID = 1;

  private static final int MAX_NEW_TOKENS = 200;

  private final IntParam maxNewTokens;
  private final DoubleParam temperature;
  private final IntParam topK;
  private final DoubleParam topP;
  private final BooleanParam greedy;
  private final LongParam seed;

  /** A model whose path is to be set. */
  public TextGenerator() {
    this(Identifiable$.MODULE$.randomUID("TextGenerator"));
  }

  public TextGenerator(String uid) {
    super(uid, "prompt", "generated");
    maxNewTokens = new IntParam(this, "maxNewTokens", "tokens of a continuation at most");
    temperature = new DoubleParam(this, "temperature", "below 1 more of the likely, above 1 less");
    topK = new IntParam(this, "topK", "draw from this many of the likeliest tokens; 0: from all");
    topP = new DoubleParam(this, "topP", "draw from the fewest tokens of this probability");
    greedy = new BooleanParam(this, "greedy", "take the likeliest token instead of drawing");
    seed = new LongParam(this, "seed", "decides the draws");
    setDefault(maxNewTokens, MAX_NEW_TOKENS);
    setDefault(temperature, 1.0);
    setDefault(topK, 0);
    setDefault(topP, 1.0);
    setDefault(greedy, false);
    setDefault(seed, 0L);
  }

  public IntParam maxNewTokens() {
    return maxNewTokens;
  }

  public DoubleParam temperature() {
    return temperature;
  }

  public IntParam topK() {
    return topK;
  }

  public DoubleParam topP() {
    return topP;
  }

  public BooleanParam greedy() {
    return greedy;
  }

  public LongParam seed() {
    return seed;
  }

  public TextGenerator setMaxNewTokens(int tokens) {
    return with(maxNewTokens, (Object) tokens);
  }

  public TextGenerator setTemperature(double value) {
    return with(temperature, (Object) value);
  }

  public TextGenerator setTopK(int tokens) {
    return with(topK, (Object) tokens);
  }

  public TextGenerator setTopP(double probability) {
    return with(topP, (Object) probability);
  }

  public TextGenerator setGreedy(boolean value) {
    return with(greedy, (Object) value);
  }

  public TextGenerator setSeed(long value) {
    return with(seed, (Object) value);
  }

  @Override
  TextTask<?> task(String path, Configuration hadoop) throws IOException {
    LanguageModel.check(path, hadoop);
    return new GenerateTask(
        new SamplingOptions(
            number(maxNewTokens),
            (Boolean) getOrDefault(greedy) ? Choice.MOST_LIKELY : Choice.DRAWN,
            (Double) getOrDefault(temperature),
            number(topK),
            (Double) getOrDefault(topP),
            (Long) getOrDefault(seed),
            1));
  }

  @Override
  StructType resultType() {
    return GenerateTask.TYPE;
  }

  /** Loads what was saved. */
  public static MLReader<TextGenerator> read() {
    return new SavedTextModel.Reader<>(TextGenerator.class, TextGenerator::new);
  }

  /** Loads what was saved. */
  public static TextGenerator load(String path) {
    return read().load(path);
  }
}
