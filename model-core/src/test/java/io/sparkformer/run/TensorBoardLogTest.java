package io.sparkformer.run;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.datasets.tokens.SplitName;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardLogTest {

  private static final double TIME = 1_700_000_000.5;

  private static final Clock CLOCK =
      Clock.fixed(Instant.ofEpochMilli(1_700_000_000_500L), ZoneOffset.UTC);

  @TempDir Path directory;

  /** The first twelve bytes begin every file that TensorFlow writes; the others are Python's. */
  @Test
  void recordsAreTheKnownBytes() throws IOException {
    try (TensorBoardLog log = create(List.of())) {
      log.append(metric(Metric.Event.TRAIN, 300, SplitName.TRAIN, 2.5));
    }

    assertThat(HexFormat.of().formatHex(Files.readAllBytes(file())))
        .isEqualTo(
            "1800000000000000a37f4b22"
                + "0900002040fc54d9411a0d627261696e2e4576656e743a32"
                + "2b353110"
                + "2100000000000000017becf6"
                + "0900002040fc54d94110ac022a130a110a0a747261696e2f6c6f737315000020403cf09030");
    assertThat(file().getFileName()).hasToString("events.out.tfevents.1700000000.sparkformer");
  }

  @Test
  void everyRecordHasItsChecksumsAndNumbers() throws IOException {
    Metric earlier =
        new Metric(
            Metric.Event.TRAIN,
            5,
            0.5,
            SplitName.TRAIN,
            3,
            null,
            null,
            null,
            0.01,
            1.5,
            1000.0,
            20.0,
            TIME - 60);
    Metric evaluation =
        new Metric(
            Metric.Event.EVALUATION,
            1L << 40,
            null,
            SplitName.VALID,
            Double.NaN,
            0.75,
            0.5,
            0.25,
            null,
            null,
            null,
            null,
            TIME);
    try (TensorBoardLog log = create(List.of(earlier))) {
      log.append(metric(Metric.Event.EVALUATION, 10, SplitName.TRAIN, 2));
      log.append(evaluation);
    }

    List<Event> events = read(file());
    assertThat(events)
        .extracting(event -> event.wallTime)
        .containsExactly(TIME, TIME - 60, TIME, TIME);
    assertThat(events.get(0).version).isEqualTo("brain.Event:2");
    assertThat(events.get(1).step).isEqualTo(5);
    assertThat(events.get(1).scalars)
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "train/loss", 3f,
                "train/lr", 0.01f,
                "train/grad_norm", 1.5f,
                "train/tokens_per_second", 1000f,
                "train/step_ms", 20f,
                "train/epoch", 0.5f));
    assertThat(events.get(2).scalars).isEqualTo(Map.of("evaluation/train/loss", 2f));
    assertThat(events.get(3).step).isEqualTo(1L << 40);
    assertThat(events.get(3).scalars)
        .isEqualTo(
            Map.of(
                "evaluation/valid/loss", Float.NaN,
                "evaluation/valid/accuracy", 0.75f,
                "evaluation/valid/macro_f1", 0.5f,
                "evaluation/valid/weighted_f1", 0.25f));
  }

  @Test
  void whatIsAppendedIsVisibleBeforeTheEnd() throws IOException {
    try (TensorBoardLog log = create(List.of())) {
      log.append(metric(Metric.Event.EVALUATION, 1, SplitName.VALID, 1));
      assertThat(read(file())).hasSize(2);
    }
  }

  @Test
  void theFilesOfEarlierAttemptsAreReplacedAndNoOthers() throws IOException {
    Path events = Files.createDirectories(directory.resolve("tensorboard"));
    Files.createFile(events.resolve("events.out.tfevents.1600000000.sparkformer"));
    Path others = Files.createFile(events.resolve("events.out.tfevents.1600000000.host.1.0"));
    create(List.of()).close();

    try (Stream<Path> files = Files.list(events)) {
      assertThat(files).containsExactlyInAnyOrder(others, file());
    }
  }

  private static Metric metric(Metric.Event event, long step, SplitName split, double loss) {
    return new Metric(
        event, step, null, split, loss, null, null, null, null, null, null, null, TIME);
  }

  private TensorBoardLog create(List<Metric> earlier) throws IOException {
    return TensorBoardLog.create(localFiles(), hadoop(directory), earlier, CLOCK);
  }

  private Path file() {
    return directory.resolve("tensorboard/events.out.tfevents.1700000000.sparkformer");
  }

  /** An Event message as far as it is used here. */
  private static final class Event {
    private double wallTime;
    private long step;
    private String version = "";
    private final Map<String, Float> scalars = new TreeMap<>();
  }

  private static List<Event> read(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<Event> events = new ArrayList<>();
    while (bytes.hasRemaining()) {
      byte[] length = new byte[8];
      bytes.get(length);
      assertThat(bytes.getInt()).isEqualTo(maskedChecksum(length));
      byte[] data =
          new byte[(int) ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong()];
      bytes.get(data);
      assertThat(bytes.getInt()).isEqualTo(maskedChecksum(data));
      events.add(event(ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN)));
    }
    return events;
  }

  /** Bit by bit, with the polynomial of RFC 3720, reflected. */
  private static int maskedChecksum(byte[] data) {
    int checksum = -1;
    for (byte next : data) {
      checksum ^= next & 0xff;
      for (int bit = 0; bit < 8; bit++) {
        checksum = (checksum >>> 1) ^ ((checksum & 1) * 0x82f63b78);
      }
    }
    checksum = ~checksum;
    return ((checksum >>> 15) | (checksum << 17)) + 0xa282ead8;
  }

  private static Event event(ByteBuffer in) {
    Event event = new Event();
    while (in.hasRemaining()) {
      switch ((int) varint(in)) {
        case 1 << 3 | 1 -> event.wallTime = in.getDouble();
        case 2 << 3 -> event.step = varint(in);
        case 3 << 3 | 2 -> event.version = text(in);
        case 5 << 3 | 2 -> summary(slice(in), event.scalars);
        default -> throw new AssertionError("an unknown field of an event");
      }
    }
    return event;
  }

  private static void summary(ByteBuffer in, Map<String, Float> scalars) {
    while (in.hasRemaining()) {
      assertThat(varint(in)).isEqualTo(1 << 3 | 2);
      ByteBuffer value = slice(in);
      assertThat(varint(value)).isEqualTo(1 << 3 | 2);
      String tag = text(value);
      assertThat(varint(value)).isEqualTo(2 << 3 | 5);
      scalars.put(tag, value.getFloat());
      assertThat(value.hasRemaining()).isFalse();
    }
  }

  private static ByteBuffer slice(ByteBuffer in) {
    int length = (int) varint(in);
    ByteBuffer slice = in.slice(in.position(), length).order(ByteOrder.LITTLE_ENDIAN);
    in.position(in.position() + length);
    return slice;
  }

  private static String text(ByteBuffer in) {
    return StandardCharsets.UTF_8.decode(slice(in)).toString();
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    int shift = 0;
    byte next;
    do {
      next = in.get();
      value |= (next & 0x7fL) << shift;
      shift += 7;
    } while (next < 0);
    return value;
  }
}
