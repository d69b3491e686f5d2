package io.sparkformer.jobs;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code sparkformer bench}: this machine's speed, in turn with another program's. */
@Command(
    name = "bench",
    sortOptions = false,
    description = "Measures training, generation or memory on this machine, without Spark.")
final class BenchCommand implements Callable<BenchCommand.Result> {

  private static final Logger LOG = LoggerFactory.getLogger(BenchCommand.class);

  @Option(
      names = "--work",
      defaultValue = "train",
      paramLabel = "train|generate|memory",
      description = "What to do. Default: ${DEFAULT-VALUE}.")
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
      description = "Steps or tokens of a round; 0: some that suit the size.")
  private int steps;

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
          "A shell command that does the same work and prints a JSON line with tokens_per_s.")
  private String peer = "";

  /**
   * What was measured; medians over rounds.
   *
   * @param tokensPerSecond ours
   * @param peerTokensPerSecond the peer's; 0 without
   * @param ratio ours over the peer's of the same round; 0 without
   * @param ratios of every round
   * @param memory of the work {@code memory}
   */
  record Result(
      String work,
      String size,
      String precision,
      int threads,
      double tokensPerSecond,
      double peerTokensPerSecond,
      double ratio,
      List<Double> ratios,
      List<BenchWork.Memory> memory) {}

  @Override
  public Result call() throws Exception {
    require(rounds > 0, "--rounds is %d: it must be at least 1", rounds);
    require(threads > 0, "--threads is %d: it must be at least 1", threads);
    require(steps >= 0, "--steps is %d: it must be at least 0", steps);
    Kernels.threads(threads);
    List<Double> ours = new ArrayList<>();
    List<Double> theirs = new ArrayList<>();
    List<Double> ratios = new ArrayList<>();
    List<BenchWork.Memory> memory = List.of();
    try (BenchWork bench = BenchWork.of(size, precision, steps)) {
      if (work == BenchWork.Kind.MEMORY) {
        memory = bench.memory();
      }
      for (int round = 1; round <= rounds && work != BenchWork.Kind.MEMORY; round++) {
        double own =
            work == BenchWork.Kind.TRAIN ? bench.trainedPerSecond() : bench.generatedPerSecond();
        ours.add(own);
        LOG.info("round {}: ours {} tokens/s", round, number(own));
        if (!peer.isEmpty()) {
          double other = peerTokensPerSecond();
          theirs.add(other);
          ratios.add(own / other);
          LOG.info(
              "round {}: peer {} tokens/s, ratio {}", round, number(other), number(own / other));
        }
      }
    }
    return new Result(
        lower(work),
        lower(size),
        lower(precision),
        threads,
        median(ours),
        median(theirs),
        median(ratios),
        ratios,
        memory);
  }

  private double peerTokensPerSecond() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder("sh", "-c", peer).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int code = process.waitFor();
    String last = output.lines().reduce("", (before, line) -> line);
    require(
        code == 0 && last.startsWith("{"),
        "--peer '%s' ended with code %d and the line '%s': it must print JSON with tokens_per_s",
        peer,
        code,
        last);
    JsonNode json = new JsonMapper().readTree(last);
    require(
        json.path("tokens_per_s").isNumber(),
        "--peer '%s' printed no tokens_per_s: %s",
        peer,
        last);
    return json.path("tokens_per_s").asDouble();
  }

  private static double median(List<Double> values) {
    return values.isEmpty() ? 0 : values.stream().sorted().toList().get(values.size() / 2);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value < 100 ? "%.2f" : "%,.0f", value);
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
