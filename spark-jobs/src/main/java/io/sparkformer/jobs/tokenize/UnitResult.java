package io.sparkformer.jobs.tokenize;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.tokens.DatasetManifest.Skipped;
import io.sparkformer.datasets.tokens.ShardFile;
import io.sparkformer.datasets.tokens.SplitName;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What was made of a unit; beside its files, in {@value #FILE_NAME}, it makes the unit complete.
 *
 * @param documents those that begin in the unit
 * @param firstMalformed where the first malformed part is; empty if there is none
 */
record UnitResult(
    Part train, Part valid, long documents, Skipped skipped, long malformed, String firstMalformed)
    implements Serializable {

  static final String FILE_NAME = "unit.json";

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * What a split has of a unit.
   *
   * @param files a .bin and an .idx file; none if there is nothing
   * @param labelFiles likewise
   */
  record Part(
      long tokens,
      long documents,
      long characters,
      long bytes,
      ArrayList<ShardFile> files,
      ArrayList<ShardFile> labelFiles)
      implements Serializable {

    static final Part NONE = new Part(0, 0, 0, 0, new ArrayList<>(), new ArrayList<>());
  }

  Part part(SplitName split) {
    return split == SplitName.TRAIN ? train : valid;
  }

  void write(FileSystem fileSystem, Path directory) throws IOException {
    try (OutputStream out = fileSystem.create(new Path(directory, FILE_NAME), true)) {
      JSON.writeValue(out, this);
    }
  }

  /** Reads a unit that is complete. */
  static Optional<UnitResult> read(FileSystem fileSystem, Path directory) throws IOException {
    Path file = new Path(directory, FILE_NAME);
    if (!fileSystem.exists(file)) {
      return Optional.empty();
    }
    try (InputStream in = fileSystem.open(file)) {
      return Optional.of(JSON.readValue(in, UnitResult.class));
    }
  }
}
