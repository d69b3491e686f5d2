package io.sparkformer.datasets.synthetic;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.TemporaryFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/**
 * Built-in data sets, written as the tokenize job writes its own: whatever reads those reads these.
 *
 * <p>The same spec gives the same bytes on every machine.
 */
public final class SyntheticData {

  private static final Map<SyntheticSpec, Path> LOCAL = new ConcurrentHashMap<>();

  private SyntheticData() {}

  /**
   * A data set on the local disk: made when it is first asked for, shared by all of the JVM, and
   * deleted when it exits. Safe for many threads.
   *
   * @return its directory
   * @throws InvalidInputException if there is no room for it
   */
  public static Path local(SyntheticSpec spec) {
    return LOCAL.computeIfAbsent(spec, SyntheticData::writeLocal);
  }

  /**
   * Writes a data set.
   *
   * @param directory made if need be
   */
  public static void write(
      SyntheticSpec spec, FileSystem fileSystem, org.apache.hadoop.fs.Path directory)
      throws IOException {
    fileSystem.mkdirs(directory);
    SyntheticWriter writer = new SyntheticWriter(fileSystem, directory);
    if (spec instanceof SyntheticSpec.Reversal reversal) {
      writer.write(reversal);
    } else {
      writer.write((SyntheticSpec.Sentences) spec);
    }
  }

  private static Path writeLocal(SyntheticSpec spec) {
    try {
      Path folder = TemporaryFolder.create("synthetic-");
      org.apache.hadoop.fs.Path directory = new org.apache.hadoop.fs.Path(folder.toUri());
      write(spec, Storage.fileSystem(directory, new Configuration()), directory);
      return folder;
    } catch (IOException | UncheckedIOException e) {
      throw new InvalidInputException(
          String.format(
              "a built-in data set cannot be written to %s (%s): make room there, or choose another"
                  + " directory with -Djava.io.tmpdir=DIRECTORY in spark.executor.extraJavaOptions (a"
                  + " local master: spark.driver.extraJavaOptions)",
              System.getProperty("java.io.tmpdir"), e.getMessage()),
          e);
    }
  }
}
