package io.sparkformer.jobs.input;

import io.sparkformer.datasets.Storage;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.BitSet;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Which of a unit's documents with text are wanted: all, or those that a file names. */
public final class KeptDocuments {

  static final KeptDocuments ALL = new KeptDocuments(Optional.empty());

  private final Optional<BitSet> ordinals;

  private KeptDocuments(Optional<BitSet> ordinals) {
    this.ordinals = ordinals;
  }

  boolean has(int ordinal) {
    return ordinals.isEmpty() || ordinals.get().get(ordinal);
  }

  /**
   * Reads a unit's file; a unit without one has no document that is wanted.
   *
   * @param directory where the files are; empty if all documents are wanted
   */
  public static KeptDocuments of(String directory, int unit, Configuration configuration)
      throws IOException {
    if (directory.isEmpty()) {
      return ALL;
    }
    Path file = file(new Path(directory), unit);
    FileSystem fileSystem = Storage.fileSystem(file, configuration);
    if (!fileSystem.exists(file)) {
      return new KeptDocuments(Optional.of(new BitSet()));
    }
    try (InputStream in = fileSystem.open(file)) {
      return new KeptDocuments(Optional.of(BitSet.valueOf(in.readAllBytes())));
    }
  }

  public static void write(Path directory, int unit, BitSet ordinals, Configuration configuration)
      throws IOException {
    Path file = file(directory, unit);
    // Of several attempts at a task one may read while another writes.
    Path hidden = new Path(directory, "." + unit + "-" + UUID.randomUUID());
    FileSystem fileSystem = Storage.fileSystem(file, configuration);
    try (OutputStream out = fileSystem.create(hidden, true)) {
      out.write(ordinals.toByteArray());
    }
    if (!fileSystem.rename(hidden, file) && !fileSystem.exists(file)) {
      throw new IOException("cannot rename " + hidden + " to " + file);
    }
  }

  private static Path file(Path directory, int unit) {
    return new Path(directory, Integer.toString(unit));
  }
}
