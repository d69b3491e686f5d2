package io.sparkformer;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;

import io.sparkformer.datasets.SharedData;
import io.sparkformer.model.SafeTensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;

/** Files of tensors, and how near tensors are to those of a reference. */
public final class SharedFiles {

  private SharedFiles() {}

  public static Map<String, SafeTensors.Entry> tensors(String name) throws IOException {
    return SafeTensors.read(localFiles(), hadoop(SharedData.beside(name)));
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
