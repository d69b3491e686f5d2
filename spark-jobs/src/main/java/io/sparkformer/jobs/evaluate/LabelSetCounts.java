package io.sparkformer.jobs.evaluate;

import io.sparkformer.evaluation.LabelSetReport;
import io.sparkformer.evaluation.LabelSetReport.LabelCounts;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.sql.Row;

/** Rows of a scored table whose texts have any number of labels, as far as they were counted. */
final class LabelSetCounts implements Serializable {

  private static final long serialVersionUID = 1;

  /** What 1 - p is at most where a double's p is 1. */
  private static final double LEAST_PROBABILITY = 0x1p-54;

  private final LinkedHashMap<String, Integer> ids = new LinkedHashMap<>();
  private final long[] hits;
  private final long[] actual;
  private final long[] found;
  private final TreeSet<String> unknown = new TreeSet<>();
  private double lossSum;
  private long exact;
  private long rows;
  private long skipped;

  LabelSetCounts(List<String> labels) {
    labels.forEach(label -> ids.putIfAbsent(label, ids.size())); // two may have one name
    this.hits = new long[labels.size()];
    this.actual = new long[labels.size()];
    this.found = new long[labels.size()];
  }

  /**
   * Counts a row.
   *
   * @param row the labels that are right, all labels, how likely these are, the labels that hold
   */
  LabelSetCounts counting(Row row) {
    if (row.isNullAt(0) || row.isNullAt(1)) {
      skipped++;
      return this;
    }
    Set<String> right = new HashSet<>(row.<String>getList(0));
    List<String> names = row.getList(1);
    List<Double> probabilities = row.getList(2);
    Set<String> holding = new HashSet<>(row.<String>getList(3));
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      int label = ids.get(name);
      boolean isRight = right.contains(name);
      boolean holds = holding.contains(name);
      hits[label] += isRight && holds ? 1 : 0;
      actual[label] += isRight ? 1 : 0;
      found[label] += holds ? 1 : 0;
      double likelihood = isRight ? probabilities.get(i) : 1 - probabilities.get(i);
      lossSum -= Math.log(Math.max(likelihood, LEAST_PROBABILITY));
    }
    exact += right.equals(holding) ? 1 : 0;
    rows++;
    right.removeAll(names);
    right.forEach(label -> blame(String.valueOf(label)));
    return this;
  }

  /** Takes the counts of other rows as well. */
  LabelSetCounts merged(LabelSetCounts other) {
    for (int label = 0; label < hits.length; label++) {
      hits[label] += other.hits[label];
      actual[label] += other.actual[label];
      found[label] += other.found[label];
    }
    lossSum += other.lossSum;
    exact += other.exact;
    rows += other.rows;
    skipped += other.skipped;
    other.unknown.forEach(this::blame);
    return this;
  }

  /** One is enough, and the same whichever rows were counted first. */
  private void blame(String label) {
    unknown.add(label);
    if (unknown.size() > 1) {
      unknown.pollLast();
    }
  }

  /** A label of the table that the model does not have. */
  Optional<String> unknown() {
    return unknown.stream().findFirst();
  }

  /** Rows with labels and a result. */
  long rows() {
    return rows;
  }

  long skipped() {
    return skipped;
  }

  Figures figures() {
    List<LabelCounts> counts = new ArrayList<>();
    ids.forEach((name, id) -> counts.add(new LabelCounts(name, hits[id], actual[id], found[id])));
    LabelSetReport report = LabelSetReport.of(counts, exact, rows);
    return new Figures.OfLabelSets(lossSum / rows / hits.length, report.accuracy(), report);
  }
}
