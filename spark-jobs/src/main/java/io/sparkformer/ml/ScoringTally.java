package io.sparkformer.ml;

import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.spark.util.AccumulatorV2;

/**
 * What tasks have done, added up by Spark: once for each task of a job whose last stage scores,
 * however often it was tried.
 */
public final class ScoringTally extends AccumulatorV2<ScoringTally.Counts, ScoringTally.Counts> {

  private static final long serialVersionUID = 1;

  private Counts total = Counts.NONE;

  /**
   * Sums.
   *
   * @param rows rows of the table
   * @param errors those without a result
   * @param tokens that the model read
   * @param slots the same with padding
   * @param loads models loaded
   * @param readNanos spent on making tokens of texts
   * @param runNanos spent in the model
   * @param outcomes rows by what they were found to be, which may be several things or none
   */
  public record Counts(
      long rows,
      long errors,
      long tokens,
      long slots,
      long loads,
      long readNanos,
      long runNanos,
      SortedMap<String, Long> outcomes)
      implements java.io.Serializable {

    static final Counts NONE = new Counts(0, 0, 0, 0, 0, 0, 0, new TreeMap<>());

    static Counts ofLoad() {
      return new Counts(0, 0, 0, 0, 1, 0, 0, new TreeMap<>());
    }

    Counts plus(Counts other) {
      SortedMap<String, Long> all = new TreeMap<>(outcomes);
      other.outcomes.forEach((outcome, rows) -> all.merge(outcome, rows, Long::sum));
      return new Counts(
          rows + other.rows,
          errors + other.errors,
          tokens + other.tokens,
          slots + other.slots,
          loads + other.loads,
          readNanos + other.readNanos,
          runNanos + other.runNanos,
          all);
    }
  }

  @Override
  public boolean isZero() {
    return total.rows() == 0 && total.loads() == 0;
  }

  @Override
  public ScoringTally copy() {
    ScoringTally copy = new ScoringTally();
    copy.total = total;
    return copy;
  }

  @Override
  public void reset() {
    total = Counts.NONE;
  }

  @Override
  public void add(Counts counts) {
    total = total.plus(counts);
  }

  @Override
  public void merge(AccumulatorV2<Counts, Counts> other) {
    total = total.plus(other.value());
  }

  @Override
  public Counts value() {
    return total;
  }
}
