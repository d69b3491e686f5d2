package io.sparkformer.jobs.dataset;

import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.ShardFile;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A shard's files as a data set's manifest has them.
 *
 * @param stem their common name without ending
 */
record Shard(String stem, List<ShardFile> files) implements Serializable {

  /** A split's shards, in order: those of the text, then those of the labels. */
  static List<Shard> of(DatasetManifest.Split split) {
    List<Shard> shards = new ArrayList<>(of(split.files()));
    shards.addAll(of(split.labelFiles()));
    return shards;
  }

  /** The shards of files, in order. */
  static List<Shard> of(List<ShardFile> files) {
    Map<String, List<ShardFile>> byStem = new LinkedHashMap<>();
    for (ShardFile file : files) {
      byStem.computeIfAbsent(stemOf(file.name()), stem -> new ArrayList<>()).add(file);
    }
    return byStem.entrySet().stream().map(e -> new Shard(e.getKey(), e.getValue())).toList();
  }

  /** The .bin file. */
  Optional<ShardFile> tokens() {
    return ending(ShardFile.TOKENS_ENDING);
  }

  /** The .idx file. */
  Optional<ShardFile> index() {
    return ending(ShardFile.INDEX_ENDING);
  }

  /** The stem without the shard's number. */
  String prefix() {
    return stem.replaceFirst("-\\d+-of-\\d+$", "");
  }

  boolean isOfLabels() {
    return prefix().endsWith(ShardFile.LABELS);
  }

  private Optional<ShardFile> ending(String ending) {
    return files.stream().filter(file -> file.name().endsWith(ending)).findFirst();
  }

  private static String stemOf(String name) {
    int dot = name.lastIndexOf('.');
    return dot < 0 ? name : name.substring(0, dot);
  }
}
