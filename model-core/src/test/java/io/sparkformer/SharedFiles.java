package io.sparkformer;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;

import io.sparkformer.datasets.SharedData;
import io.sparkformer.safetensors.SafeTensors;
import io.sparkformer.safetensors.StoredTensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import org.apache.hadoop.fs.FSDataInputStream;

/** Files of tensors, and how near tensors are to those of a reference. */
public final class SharedFiles {

  private SharedFiles() {}

  public static Map<String, StoredTensor> tensors(String name) throws IOException {
    return SafeTensors.read(localFiles(), hadoop(SharedData.beside(name)));
  }

  public static float[] floats(StoredTensor tensor) {
    float[] values = new float[(int) tensor.size()];
    bytes(tensor, Float.BYTES).asFloatBuffer().get(values);
    return values;
  }

  public static long[] longs(StoredTensor tensor) {
    long[] values = new long[(int) tensor.size()];
    bytes(tensor, Long.BYTES).asLongBuffer().get(values);
    return values;
  }

  private static ByteBuffer bytes(StoredTensor tensor, int numberBytes) {
    byte[] bytes = new byte[(int) tensor.size() * numberBytes];
    try (FSDataInputStream in = localFiles().open(tensor.file())) {
      in.readFully(tensor.position(), bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
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
