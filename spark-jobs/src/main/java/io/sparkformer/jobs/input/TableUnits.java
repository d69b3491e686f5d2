package io.sparkformer.jobs.input;

import io.sparkformer.datasets.tokens.DatasetManifest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.Partition;
import org.apache.spark.rdd.UnionPartition;
import org.apache.spark.sql.execution.datasources.FilePartition;
import org.apache.spark.sql.execution.datasources.PartitionedFile;

/**
 * A plan's partitions in an order of their own, cut into units.
 *
 * <p>Splits of files are ordered by the file's full path and their place in it, each once. If any
 * partition is something else (a shuffle of a view's query, a database's connection), the plan's
 * order is kept and each partition is a unit.
 *
 * @param partitions for each unit, the numbers of the plan's partitions
 * @param files bytes by path; empty if there are other partitions
 * @param state what tells the files from others: their splits with the times of their change
 */
record TableUnits(List<List<Integer>> partitions, Map<String, Long> files, String state) {

  private record Split(int partition, String path, PartitionedFile file) {}

  static TableUnits of(Partition[] partitions, long unitBytes) {
    List<Split> splits = new ArrayList<>();
    for (Partition partition : partitions) {
      Partition own = ofOneTable(partition);
      if (!(own instanceof FilePartition files) || files.files().length != 1) {
        return new TableUnits(
            Arrays.stream(partitions).map(p -> List.of(p.index())).toList(), Map.of(), "");
      }
      PartitionedFile file = files.files()[0];
      splits.add(new Split(partition.index(), file.toPath().toString(), file));
    }
    splits.sort(
        Comparator.comparing(Split::path)
            .thenComparingLong(split -> split.file().start())
            .thenComparingInt(Split::partition));
    return ofFiles(splits, unitBytes);
  }

  private static TableUnits ofFiles(List<Split> splits, long unitBytes) {
    List<List<Integer>> units = new ArrayList<>();
    Map<String, Long> files = new TreeMap<>();
    Set<List<Object>> seen = new HashSet<>();
    StringBuilder state = new StringBuilder();
    long bytes = 0;
    for (Split split : splits) {
      PartitionedFile file = split.file();
      if (!seen.add(List.of(split.path(), file.start()))) {
        continue; // Inputs overlap.
      }
      if (units.isEmpty() || bytes + file.length() > unitBytes) {
        units.add(new ArrayList<>());
        bytes = 0;
      }
      units.get(units.size() - 1).add(split.partition());
      bytes += file.length();
      state.append(file).append(' ').append(file.modificationTime()).append('\n');
      files.merge(split.path(), file.length(), Long::sum);
    }
    return new TableUnits(units, files, state.toString());
  }

  long bytes() {
    return files.values().stream().mapToLong(Long::longValue).sum();
  }

  /** The files in order, or else the inputs themselves. */
  List<DatasetManifest.Source> sources(List<String> inputs) {
    Map<String, Long> named = new LinkedHashMap<>(files);
    if (files.isEmpty()) {
      inputs.forEach(input -> named.put(input, 0L));
    }
    return named.entrySet().stream()
        .map(e -> new DatasetManifest.Source(e.getKey(), e.getValue()))
        .toList();
  }

  /** Several tables are read as a union of their plans. */
  private static Partition ofOneTable(Partition partition) {
    return partition instanceof UnionPartition<?> union
        ? ofOneTable(union.parentPartition())
        : partition;
  }
}
