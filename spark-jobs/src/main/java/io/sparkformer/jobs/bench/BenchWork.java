package io.sparkformer.jobs.bench;

import ai.djl.Device;
import io.sparkformer.collective.Collective;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.generate.SamplingOptions;
import io.sparkformer.generate.TextGenerator;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.Precision;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.recipe.RecipeFile;
import io.sparkformer.train.GradientAllReduce;
import io.sparkformer.train.Optimizer;
import io.sparkformer.train.Trainer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What {@code bench} times: one model of a fixed size, trained on one random batch. */
final class BenchWork implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(BenchWork.class);
  private static final int VOCAB_SIZE = 65;
  private static final int LABELS = 3;
  private static final int LEAST_TOKENS = 4;
  private static final int MEMORY_STEPS = 10_000;
  private static final int MEMORY_SAMPLES = 10;
  private static final double MB = 1 << 20;

  /** What to do. */
  enum Kind {
    TRAIN,
    CLASSIFY,
    GENERATE,
    LOAD,
    ALLREDUCE,
    MEMORY,
    TOKENIZE,
    SCORE,
    SCORE_JOB,
    SCORE_MEMORY;

    /** By the name that users write. */
    static Kind of(String name) {
      return Arrays.stream(values())
          .filter(kind -> kind.label().equals(name))
          .findFirst()
          .orElseThrow(
              () ->
                  new InvalidInputException(
                      "--work is '%s': use one of %s"
                          .formatted(
                              name,
                              String.join(
                                  ", ", Arrays.stream(values()).map(Kind::label).toList()))));
    }

    String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    boolean isScoring() {
      return this == SCORE || this == SCORE_JOB || this == SCORE_MEMORY;
    }
  }

  /** Shapes that the project's figures are stated for. */
  enum Size {
    SMALL(3, 4, 32, 8, 32, 300),
    MID(4, 4, 128, 64, 12, 60),
    BIG(6, 6, 384, 256, 4, 12);

    private final int numLayers;
    private final int numHeads;
    private final int embeddingDim;
    private final int contextLength;
    private final int rows;
    private final int steps;

    Size(int numLayers, int numHeads, int embeddingDim, int contextLength, int rows, int steps) {
      this.numLayers = numLayers;
      this.numHeads = numHeads;
      this.embeddingDim = embeddingDim;
      this.contextLength = contextLength;
      this.rows = rows;
      this.steps = steps;
    }

    ModelConfig model() {
      return ModelConfig.gpt2(VOCAB_SIZE, contextLength, numLayers, numHeads, embeddingDim)
          .with(Head.OWN);
    }
  }

  /**
   * The process after some steps.
   *
   * @param step updates done, or rows scored
   * @param residentMb memory that the system counts, native included
   * @param heapMb Java objects in use, after a collection
   */
  record Memory(long step, double residentMb, double heapMb) {

    /** This process, now. */
    static Memory sample(long step) throws IOException {
      System.gc();
      double heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / MB;
      double resident =
          Files.readAllLines(Path.of("/proc/self/status")).stream()
              .filter(line -> line.startsWith("VmRSS:"))
              .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
              .findFirst()
              .orElse(0);
      return new Memory(step, resident, heap);
    }
  }

  private final Size size;
  private final int steps;
  private final Gpt model;
  private final Optimizer optimizer;
  private final Recipe recipe;
  private final TokenBatch batch;
  private Trainer trainer;
  private long step;

  private BenchWork(Size size, int steps, Gpt model, Optimizer optimizer, Recipe recipe) {
    this.size = size;
    this.steps = steps;
    this.model = model;
    this.optimizer = optimizer;
    this.recipe = recipe;
    this.trainer = Trainer.alone(recipe, model, optimizer);
    this.batch =
        model.config().head().isClassifier()
            ? labelled(size)
            : TokenBatch.full(randomIds(0), randomIds(1), size.rows, size.contextLength);
  }

  /**
   * A rank's work; each rank has one micro-batch of a step.
   *
   * @param kind training of a classifier, or of a language model for any other
   */
  static BenchWork of(Kind kind, Size size, Precision precision, int steps, int workers) {
    ModelConfig config =
        kind == Kind.CLASSIFY
            ? size.model().with(Head.ofSequences(LABELS, Head.Pooling.LAST))
            : size.model();
    Recipe defaults =
        RecipeFile.defaults()
            .with(
                List.of(
                    "schedule.kind=constant",
                    "training.micro-batch-size=" + size.rows,
                    "training.global-batch-size=" + size.rows * workers))
            .bind(DataShape.ofVocabulary(VOCAB_SIZE));
    Recipe recipe =
        new Recipe(
            config,
            defaults.data(),
            defaults.training(),
            defaults.loss(),
            defaults.optimizer(),
            defaults.schedule(),
            defaults.evaluation(),
            defaults.checkpoint());
    Gpt model = Gpt.initialized(config, precision, Device.cpu(), 0);
    Optimizer optimizer = Optimizer.of(model, recipe.optimizer(), Set.of());
    return new BenchWork(size, steps, model, optimizer, recipe);
  }

  /** What ranks that train together sum. */
  Collective.Shape shape() {
    int microBatches = recipe.training().gradAccumSteps();
    return GradientAllReduce.shape(model, microBatches);
  }

  /** Trains together with others from now on. */
  void connect(Collective ranks) {
    int microBatches = recipe.training().gradAccumSteps();
    trainer.close();
    trainer =
        new Trainer(recipe, model, optimizer, GradientAllReduce.over(ranks, model, microBatches));
  }

  /** Rows of 4 tokens up to the context, one of them that long, with a label each. */
  private TokenBatch labelled(Size shape) {
    long[] lengths =
        new Random(2).longs(shape.rows, LEAST_TOKENS, shape.contextLength + 1L).toArray();
    lengths[0] = shape.contextLength;
    long[] labels = new Random(3).longs(shape.rows, 0, LABELS).toArray();
    return new TokenBatch(randomIds(0), labels, lengths, shape.rows, shape.contextLength);
  }

  private long[] randomIds(long seed) {
    Random random = new Random(seed);
    return random.longs((long) size.rows * size.contextLength, 0, VOCAB_SIZE).toArray();
  }

  /**
   * Tokens, or a classifier's rows, a second of whole training steps of all ranks, by the median.
   */
  double trainedPerSecond() {
    int counted = steps > 0 ? steps : size.steps;
    for (int i = 0; i < Math.max(5, counted / 5); i++) {
      trainOne();
    }
    double[] seconds = new double[counted];
    for (int i = 0; i < counted; i++) {
      long started = System.nanoTime();
      trainOne();
      seconds[i] = (System.nanoTime() - started) / 1e9;
    }
    Arrays.sort(seconds);
    double items = model.config().head().isClassifier() ? batch.rows() : batch.tokens();
    return items * recipe.training().gradAccumSteps() / seconds[counted / 2];
  }

  private void trainOne() {
    trainer.step((number, microBatch) -> batch, step++);
  }

  /** Tokens a second of one sample, from a prompt of one token. */
  double generatedPerSecond() {
    int tokens = steps > 0 ? steps : 256;
    TextGenerator generator = TextGenerator.of(model, List.of());
    SamplingOptions options =
        new SamplingOptions(tokens, SamplingOptions.Choice.DRAWN, 1.0, 0, 1.0, 1, 1);
    generator.generate(new int[] {0}, options, (row, id) -> {});
    long started = System.nanoTime();
    generator.generate(new int[] {0}, options, (row, id) -> {});
    return tokens / ((System.nanoTime() - started) / 1e9);
  }

  /** Memory over many training steps, at even distances. */
  List<Memory> memory() throws IOException {
    int all = steps > 0 ? steps : MEMORY_STEPS;
    List<Memory> samples = new ArrayList<>();
    for (int i = 1; i <= all; i++) {
      trainOne();
      if (i % Math.max(1, all / MEMORY_SAMPLES) == 0) {
        Memory sample = Memory.sample(step);
        samples.add(sample);
        LOG.info(
            String.format(
                Locale.ROOT,
                "step %,d: resident %.1f MB, heap %.1f MB",
                sample.step(),
                sample.residentMb(),
                sample.heapMb()));
      }
    }
    return samples;
  }

  @Override
  public void close() {
    trainer.close();
    optimizer.close();
    model.close();
  }
}
