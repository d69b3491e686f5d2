package io.sparkformer.jobs.bench;

import java.util.List;

/**
 * What was measured; medians over rounds.
 *
 * @param workers ranks
 * @param unit of rates
 * @param rate ours
 * @param peerRate the peer's; 0 without
 * @param ratio ours over the peer's of the same round; 0 without
 * @param ratios of every round
 * @param memory of the works {@code memory}, {@code score-memory} and {@code load}
 * @param texts of the work {@code tokenize}, whose rates above are those of the first text
 */
record BenchResult(
    String work,
    String size,
    String precision,
    int workers,
    int threads,
    String unit,
    double rate,
    double peerRate,
    double ratio,
    List<Double> ratios,
    List<BenchWork.Memory> memory,
    List<BenchTexts.Measured> texts) {

  /** The same with samples of memory. */
  BenchResult with(List<BenchWork.Memory> samples) {
    return new BenchResult(
        work, size, precision, workers, threads, unit, rate, peerRate, ratio, ratios, samples,
        texts);
  }
}
