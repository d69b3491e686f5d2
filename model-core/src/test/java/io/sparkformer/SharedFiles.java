package io.sparkformer;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.sparkformer.datasets.Storage;
import io.sparkformer.model.SafeTensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/** Reference files that lie beside the repository; tests that need them are skipped without. */
public final class SharedFiles {

  private SharedFiles() {}

  public static Path file(String name) {
    Path repository = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(repository.resolve("model-core")) && repository.getParent() != null) {
      repository = repository.getParent();
    }
    Path file = repository.resolveSibling("shared").resolve(name);
    assumeTrue(
        Files.exists(file),
        "skipped: the shared reference file " + name + " is not beside the repository");
    return file;
  }

  public static Map<String, SafeTensors.Entry> tensors(String name) throws IOException {
    return SafeTensors.read(localFiles(), hadoop(file(name)));
  }

  public static org.apache.hadoop.fs.Path hadoop(Path path) {
    return new org.apache.hadoop.fs.Path(path.toUri());
  }

  public static FileSystem localFiles() {
    return Storage.fileSystem(new org.apache.hadoop.fs.Path("file:///"), new Configuration());
  }

  public static float[] floats(SafeTensors.Entry entry) {
    float[] values = new float[entry.data().remaining() / Float.BYTES];
    littleEndian(entry).asFloatBuffer().get(values);
    return values;
  }

  public static long[] longs(SafeTensors.Entry entry) {
    long[] values = new long[entry.data().remaining() / Long.BYTES];
    littleEndian(entry).asLongBuffer().get(values);
    return values;
  }

  private static ByteBuffer littleEndian(SafeTensors.Entry entry) {
    return entry.data().duplicate().order(java.nio.ByteOrder.LITTLE_ENDIAN);
  }

  /** ||actual - expected|| / ||expected||. */
  public static double relativeError(float[] actual, float[] expected) {
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      difference += Math.pow((double) actual[i] - expected[i], 2);
      norm += Math.pow(expected[i], 2);
    }
    return Math.sqrt(difference / norm);
  }

  public static double largestDifference(float[] actual, float[] expected) {
    double largest = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs((double) actual[i] - expected[i]));
    }
    return largest;
  }
}
