package io.sparkformer.jobs.tokenize;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Reads shards by Megatron's description of them, with none of the code that writes them. */
final class ShardReading {

  private static final byte[] MAGIC = "MMIDIDX\0\0".getBytes(StandardCharsets.ISO_8859_1);

  private ShardReading() {}

  /**
   * The sequences of all shards of a kind, in order.
   *
   * @param kind {@code train}, {@code valid}, {@code train-label}, {@code valid-label}
   */
  static List<int[]> sequences(Path directory, String kind) throws IOException {
    List<int[]> sequences = new ArrayList<>();
    try (Stream<Path> files = Files.list(directory)) {
      List<Path> indexes =
          files
              .filter(f -> f.getFileName().toString().matches(kind + "-\\d{5}-of-\\d{5}\\.idx"))
              .sorted()
              .toList();
      for (Path index : indexes) {
        sequences.addAll(shard(index));
      }
    }
    return sequences;
  }

  /** The tokens of all shards of a kind. */
  static int[] tokens(Path directory, String kind) throws IOException {
    return sequences(directory, kind).stream().flatMapToInt(Arrays::stream).toArray();
  }

  private static List<int[]> shard(Path indexFile) throws IOException {
    ByteBuffer index =
        ByteBuffer.wrap(Files.readAllBytes(indexFile)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[MAGIC.length];
    index.get(magic);
    assertThat(magic).isEqualTo(MAGIC);
    assertThat(index.getLong()).isEqualTo(1);
    byte type = index.get();
    int width = type == 8 ? 2 : 4;
    assertThat(type).isIn((byte) 8, (byte) 4);
    int[] sizes = new int[(int) index.getLong()];
    long[] bounds = new long[(int) index.getLong()];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = index.getInt();
    }
    long offset = 0;
    for (int size : sizes) {
      assertThat(index.getLong()).isEqualTo(offset);
      offset += (long) size * width;
    }
    for (int i = 0; i < bounds.length; i++) {
      bounds[i] = index.getLong();
    }
    assertThat(index.hasRemaining()).isFalse();
    assertThat(bounds[0]).isZero();
    assertThat(bounds[bounds.length - 1]).isEqualTo(sizes.length);

    String name = indexFile.getFileName().toString().replace(".idx", ".bin");
    ByteBuffer bytes =
        ByteBuffer.wrap(Files.readAllBytes(indexFile.resolveSibling(name)))
            .order(ByteOrder.LITTLE_ENDIAN);
    assertThat(bytes.remaining()).isEqualTo(offset);
    List<int[]> sequences = new ArrayList<>();
    for (int size : sizes) {
      int[] sequence = new int[size];
      for (int i = 0; i < size; i++) {
        sequence[i] = width == 2 ? Short.toUnsignedInt(bytes.getShort()) : bytes.getInt();
      }
      sequences.add(sequence);
    }
    return sequences;
  }
}
