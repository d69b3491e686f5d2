package io.sparkformer.jobs.bench;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.datasets.TemporaryFolder;
import io.sparkformer.jobs.JobCommand;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code sparkformer bench}: this machine's speed, in turn with another program's. */
@Command(
    name = "bench",
    sortOptions = false,
    description =
        "Measures training, generation, memory, tokenizing or scoring on this machine; only the works score-job and score-memory start Spark.")
public final class BenchCommand implements JobCommand, Callable<BenchResult> {

  private static final Logger LOG = LoggerFactory.getLogger(BenchCommand.class);

  private static final int JOB_ROWS = 1_000_000;
  private static final int[] MEMORY_ROWS = {100_000, 1_000_000, 5_000_000};

  /** The model alone needs fewer rows for a rate. */
  private static final int MODEL_PART = 10;

  @Option(
      names = "--work",
      defaultValue = "train",
      paramLabel = "WORK",
      description =
          "train, classify, generate, load (--model, until its first token, in turn with reading its files), memory, allreduce, tokenize, score (a model alone), score-job (the whole job, in turn with its model alone), score-memory. Default: ${DEFAULT-VALUE}.")
  private String workName;

  private BenchWork.Kind work;

  @Option(
      names = "--size",
      defaultValue = "mid",
      paramLabel = "small|mid|big",
      description = "Of the model and its batches. Default: ${DEFAULT-VALUE}.")
  private BenchWork.Size size;

  @Option(
      names = "--precision",
      defaultValue = "fp32",
      paramLabel = "fp32|bf16",
      description = "Of training. Default: ${DEFAULT-VALUE}.")
  private Precision precision;

  @Option(
      names = "--threads",
      defaultValue = "2",
      paramLabel = "N",
      description = "Of one operator. Default: ${DEFAULT-VALUE}.")
  private int threads;

  @Option(
      names = "--steps",
      defaultValue = "0",
      paramLabel = "N",
      description = "Steps, tokens or rows of a round; 0: some that suit the work.")
  private int steps;

  @Option(
      names = "--workers",
      defaultValue = "1",
      paramLabel = "N",
      description =
          "Ranks that train or sum together, processes of this machine. Default: ${DEFAULT-VALUE}.")
  private int workers;

  @Option(
      names = "--transport",
      defaultValue = "memory",
      paramLabel = "memory|tcp",
      description =
          "Between ranks: as on one host, or as between hosts. Default: ${DEFAULT-VALUE}.")
  private BenchRanks.Transport transport;

  @Option(
      names = "--mb",
      defaultValue = "43",
      paramLabel = "MB",
      description = "Of an all-reduce; its rate is in GB/s. Default: ${DEFAULT-VALUE}.")
  private double megabytes;

  @Option(
      names = "--rounds",
      defaultValue = "3",
      paramLabel = "N",
      description = "Each is ours, then the peer's. Default: ${DEFAULT-VALUE}.")
  private int rounds;

  @Option(
      names = "--peer",
      paramLabel = "COMMAND",
      description =
          "A shell command that does the same work and prints a JSON line with tokens_per_s, rows_per_s (classify, score) or gb_per_s (allreduce).")
  private String peer = "";

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Of the work load: a language model's directory.")
  private Optional<String> model = Optional.empty();

  @Option(
      names = "--tokenizer",
      defaultValue = "gpt2",
      paramLabel = "gpt2|cl100k_base|o200k_base",
      description =
          "Whose vocabulary is tokenized with, in turn with jtokkit. Default: ${DEFAULT-VALUE}.")
  private String tokenizer;

  @Option(
      names = "--input",
      arity = "1..*",
      paramLabel = "FILE",
      description =
          "Text files to tokenize, as one text; without: generated texts, the worst cases among them.")
  private List<Path> inputs = List.of();

  /** A side of a round. */
  private interface Own {
    double rate() throws IOException, InterruptedException;
  }

  @Override
  public BenchResult call() throws Exception {
    require(rounds > 0, "--rounds is %d: it must be at least 1", rounds);
    require(threads > 0, "--threads is %d: it must be at least 1", threads);
    require(steps >= 0, "--steps is %d: it must be at least 0", steps);
    work = BenchWork.Kind.of(workName);
    if (work == BenchWork.Kind.TOKENIZE) {
      return tokenized();
    }
    require(megabytes >= 0.001, "--mb is %s: it must be at least 0.001", megabytes);
    int ranks = work == BenchWork.Kind.ALLREDUCE ? Math.max(2, workers) : workers;
    require(
        ranks == 1 || work == BenchWork.Kind.TRAIN || work == BenchWork.Kind.ALLREDUCE,
        "--workers is %d: only training and all-reduce have several, give 1",
        workers);
    require(ranks > 0, "--workers is %d: it must be at least 1", workers);
    Kernels.threads(threads);
    if (work.isScoring()) {
      return scored();
    }
    if (work == BenchWork.Kind.LOAD) {
      return loaded();
    }
    if (ranks > 1) {
      BenchRanks.Plan plan =
          new BenchRanks.Plan(work, size, precision, threads, steps, megabytes, transport, ranks);
      try (BenchRanks all = BenchRanks.start(plan)) {
        return rounds(ranks, all::round);
      }
    }
    try (BenchWork bench = BenchWork.of(work, size, precision, steps, 1)) {
      return switch (work) {
        case MEMORY -> result(1, List.of(), List.of(), List.of(), bench.memory());
        case GENERATE -> rounds(1, bench::generatedPerSecond);
        default -> rounds(1, bench::trainedPerSecond);
      };
    }
  }

  private BenchResult loaded() throws IOException, InterruptedException {
    require(model.isPresent(), "--work load asks for --model: give a language model's directory");
    BenchLoading loading = new BenchLoading(model.get());
    return rounds(1, loading::mbPerSecond, Optional.of(loading::filesMbPerSecond))
        .with(loading.memory());
  }

  private BenchResult scored() throws IOException, InterruptedException {
    BenchScoring scoring = new BenchScoring(size, TemporaryFolder.create("bench-"));
    return switch (work) {
      case SCORE -> rounds(1, () -> scoring.batchedPerSecond(steps, threads));
      case SCORE_JOB -> {
        int rows = steps > 0 ? steps : JOB_ROWS;
        yield rounds(
            1,
            () -> scoring.job(rows, threads).rowsPerSecond(),
            Optional.of(() -> scoring.batchedPerSecond(rows / MODEL_PART, threads)));
      }
      default -> {
        List<BenchWork.Memory> memory = new ArrayList<>();
        for (int rows : MEMORY_ROWS) {
          scoring.job(rows, threads);
          memory.add(BenchWork.Memory.sample(rows));
          LOG.info("{}", memory.get(memory.size() - 1));
        }
        yield result(1, List.of(), List.of(), List.of(), memory);
      }
    };
  }

  private BenchResult rounds(int ranks, Own own) throws IOException, InterruptedException {
    return rounds(
        ranks, own, peer.isEmpty() ? Optional.<Own>empty() : Optional.<Own>of(this::peerRate));
  }

  private BenchResult rounds(int ranks, Own own, Optional<Own> other)
      throws IOException, InterruptedException {
    List<Double> ours = new ArrayList<>();
    List<Double> theirs = new ArrayList<>();
    List<Double> ratios = new ArrayList<>();
    for (int round = 1; round <= rounds; round++) {
      double rate = own.rate();
      ours.add(rate);
      LOG.info("round {}: ours {} {}", round, number(rate), unit());
      if (other.isPresent()) {
        double theirRate = other.get().rate();
        theirs.add(theirRate);
        ratios.add(rate / theirRate);
        LOG.info(
            "round {}: peer {} {}, ratio {}",
            round,
            number(theirRate),
            unit(),
            number(rate / theirRate));
      }
    }
    return result(ranks, ours, theirs, ratios, List.of());
  }

  private BenchResult result(
      int ranks,
      List<Double> ours,
      List<Double> theirs,
      List<Double> ratios,
      List<BenchWork.Memory> memory) {
    return new BenchResult(
        work.label(),
        lower(size),
        lower(precision),
        ranks,
        threads,
        unit(),
        median(ours),
        median(theirs),
        median(ratios),
        ratios,
        memory,
        List.of());
  }

  private BenchResult tokenized() throws IOException {
    List<BenchTexts.Measured> texts =
        BenchTexts.of(tokenizer, inputs).measure(rounds, line -> LOG.info("{}", line));
    BenchTexts.Measured first = texts.get(0);
    return new BenchResult(
        work.label(),
        tokenizer,
        "",
        1,
        1,
        "MB/s",
        first.mbPerS(),
        first.peerMbPerS(),
        first.ratio(),
        first.ratios(),
        List.of(),
        texts);
  }

  private String unit() {
    return switch (work) {
      case ALLREDUCE -> "GB/s";
      case LOAD -> "MB/s";
      case CLASSIFY, SCORE, SCORE_JOB -> "rows/s";
      default -> "tokens/s";
    };
  }

  private double peerRate() throws IOException, InterruptedException {
    String key = unit().toLowerCase(Locale.ROOT).replace("/", "_per_");
    Process process =
        new ProcessBuilder("sh", "-c", peer).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int code = process.waitFor();
    String last = output.lines().reduce("", (before, line) -> line);
    require(
        code == 0 && last.startsWith("{"),
        "--peer '%s' ended with code %d and the line '%s': it must print JSON with %s",
        peer,
        code,
        last,
        key);
    JsonNode rate = new JsonMapper().readTree(last).path(key);
    require(rate.isNumber(), "--peer '%s' printed no rate: %s", peer, last);
    return rate.asDouble();
  }

  private static double median(List<Double> values) {
    return values.isEmpty() ? 0 : values.stream().sorted().toList().get(values.size() / 2);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value < 100 ? "%.2f" : "%,.0f", value);
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
