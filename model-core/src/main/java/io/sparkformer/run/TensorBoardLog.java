package io.sparkformer.run;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32C;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The metrics as TensorBoard reads them: {@code tensorboard/events.out.tfevents.*}, visible to
 * readers as soon as a metric is written.
 *
 * <p>A file of records: length as little-endian uint64, its masked CRC-32C, that many bytes, their
 * masked CRC-32C. A record is an Event message. Sources: tensorflow's record_writer.h, event.proto,
 * summary.proto.
 */
final class TensorBoardLog implements Closeable {

  static final String DIRECTORY = "tensorboard";

  private static final String PREFIX = "events.out.tfevents.";
  private static final String SUFFIX = ".sparkformer";
  private static final String VERSION = "brain.Event:2";

  private static final int MASK_DELTA = 0xa282ead8;

  private static final int VARINT = 0;
  private static final int FIXED_64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED_32 = 5;

  private static final int EVENT_WALL_TIME = 1;
  private static final int EVENT_STEP = 2;
  private static final int EVENT_FILE_VERSION = 3;
  private static final int EVENT_SUMMARY = 5;
  private static final int SUMMARY_VALUE = 1;
  private static final int VALUE_TAG = 1;
  private static final int VALUE_SIMPLE = 2;

  private final FSDataOutputStream out;

  private TensorBoardLog(FSDataOutputStream out) {
    this.out = out;
  }

  /**
   * Starts a file, replacing those that earlier attempts of the run left.
   *
   * @param directory the run's
   * @param earlier metrics to begin with: those of the run that is resumed
   */
  static TensorBoardLog create(FileSystem fileSystem, Path directory, List<Metric> earlier)
      throws IOException {
    return create(fileSystem, directory, earlier, Clock.systemUTC());
  }

  static TensorBoardLog create(
      FileSystem fileSystem, Path directory, List<Metric> earlier, Clock clock) throws IOException {
    Path events = new Path(directory, DIRECTORY);
    fileSystem.mkdirs(events);
    for (FileStatus file : fileSystem.listStatus(events)) {
      String name = file.getPath().getName();
      if (name.startsWith(PREFIX) && name.endsWith(SUFFIX)) {
        fileSystem.delete(file.getPath(), false);
      }
    }
    String name =
        String.format(Locale.ROOT, "%s%010d%s", PREFIX, clock.instant().getEpochSecond(), SUFFIX);
    TensorBoardLog log = new TensorBoardLog(fileSystem.create(new Path(events, name), true));
    log.out.write(record(version(clock.millis() / 1e3)));
    for (Metric metric : earlier) {
      log.write(metric);
    }
    log.out.hflush();
    return log;
  }

  void append(Metric metric) throws IOException {
    write(metric);
    out.hflush();
  }

  private void write(Metric metric) throws IOException {
    out.write(record(event(metric)));
  }

  private static byte[] version(double wallTime) {
    return new Message()
        .number(EVENT_WALL_TIME, wallTime)
        .bytes(EVENT_FILE_VERSION, VERSION.getBytes(StandardCharsets.US_ASCII))
        .toBytes();
  }

  private static byte[] event(Metric metric) {
    Message summary = new Message();
    for (Map.Entry<String, Double> scalar : scalars(metric).entrySet()) {
      byte[] value =
          new Message()
              .bytes(VALUE_TAG, scalar.getKey().getBytes(StandardCharsets.UTF_8))
              .number(VALUE_SIMPLE, scalar.getValue().floatValue())
              .toBytes();
      summary.bytes(SUMMARY_VALUE, value);
    }
    return new Message()
        .number(EVENT_WALL_TIME, metric.timeSeconds())
        .number(EVENT_STEP, metric.step())
        .bytes(EVENT_SUMMARY, summary.toBytes())
        .toBytes();
  }

  /** Frames the bytes of a message. */
  private static byte[] record(byte[] data) {
    ByteBuffer record =
        ByteBuffer.allocate(Long.BYTES + Integer.BYTES + data.length + Integer.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    record.putLong(data.length);
    record.putInt(maskedChecksum(record.array(), 0, Long.BYTES));
    record.put(data);
    record.putInt(maskedChecksum(data, 0, data.length));
    return record.array();
  }

  /** Masked, since a checksum of data that holds its own checksum says little. */
  private static int maskedChecksum(byte[] data, int offset, int length) {
    CRC32C checksum = new CRC32C();
    checksum.update(data, offset, length);
    return Integer.rotateRight((int) checksum.getValue(), 15) + MASK_DELTA;
  }

  /** A metric's numbers under the tags by which TensorBoard groups them. */
  private static Map<String, Double> scalars(Metric metric) {
    Map<String, Double> scalars = new LinkedHashMap<>();
    String group =
        switch (metric.event()) {
          case TRAIN -> "train/";
          case EVALUATION -> "evaluation/" + metric.split() + "/";
        };
    scalars.put(group + "loss", metric.loss());
    put(scalars, group + "accuracy", metric.accuracy());
    put(scalars, group + "macro_f1", metric.macroF1());
    put(scalars, group + "weighted_f1", metric.weightedF1());
    put(scalars, group + "lr", metric.lr());
    put(scalars, group + "grad_norm", metric.gradNorm());
    put(scalars, group + "tokens_per_second", metric.tokensPerSecond());
    put(scalars, group + "step_ms", metric.stepMs());
    put(scalars, group + "epoch", metric.epoch());
    return scalars;
  }

  private static void put(Map<String, Double> scalars, String tag, Double value) {
    if (value != null) {
      scalars.put(tag, value);
    }
  }

  @Override
  public void close() throws IOException {
    out.close();
  }

  /** A protocol buffers message. Source: protobuf.dev/programming-guides/encoding. */
  private static final class Message {
    private final ByteArrayOutputStream fields = new ByteArrayOutputStream();

    Message number(int field, double value) {
      return fixed(field, FIXED_64, Long.BYTES, Double.doubleToLongBits(value));
    }

    Message number(int field, float value) {
      return fixed(field, FIXED_32, Integer.BYTES, Float.floatToIntBits(value));
    }

    Message number(int field, long value) {
      key(field, VARINT);
      varint(value);
      return this;
    }

    Message bytes(int field, byte[] value) {
      key(field, BYTES);
      varint(value.length);
      fields.writeBytes(value);
      return this;
    }

    private Message fixed(int field, int type, int bytes, long bits) {
      key(field, type);
      for (int i = 0; i < bytes; i++) {
        fields.write((int) (bits >>> (Byte.SIZE * i)));
      }
      return this;
    }

    private void key(int field, int type) {
      varint((long) field << 3 | type);
    }

    private void varint(long value) {
      long rest = value;
      for (; (rest & ~0x7fL) != 0; rest >>>= 7) {
        fields.write((int) (rest & 0x7f) | 0x80);
      }
      fields.write((int) rest);
    }

    byte[] toBytes() {
      return fields.toByteArray();
    }
  }
}
