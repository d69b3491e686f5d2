package io.sparkformer.safetensors;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Writes tensors, replacing files that are there. Nothing but the arrays and a piece of a file is
 * in memory.
 *
 * @param format of the numbers in the files
 * @param maxShardBytes a file's tensors are not more together, but for a lone larger one
 */
public record TensorWriter(NumberFormat format, long maxShardBytes) {

  /** Single precision, in one file. */
  public static final TensorWriter SINGLE = new TensorWriter(NumberFormat.FP32, Long.MAX_VALUE);

  /** What is converted and written at once. */
  private static final int PIECE_BYTES = 8 << 20;

  private static final String SUFFIX = ".safetensors";
  private static final String INDEX = ".index.json";

  public TensorWriter {
    require(maxShardBytes > 0, "--max-shard-size is %d: it must be at least 1", maxShardBytes);
  }

  /**
   * Writes one file.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if a number is too large for the format
   */
  public void write(FileSystem fileSystem, Path file, List<TensorSource> tensors)
      throws IOException {
    byte[] header = HeaderJson.write(tensors, format);
    try (OutputStream out = fileSystem.create(file, true);
        WritableByteChannel channel = Channels.newChannel(out);
        TensorBytes kernels = new TensorBytes()) {
      channel.write(
          ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).flip());
      channel.write(ByteBuffer.wrap(header));
      for (TensorSource tensor : tensors) {
        write(tensor, channel, kernels);
      }
    }
  }

  private void write(TensorSource tensor, WritableByteChannel channel, TensorBytes kernels)
      throws IOException {
    long atOnce = PIECE_BYTES / format.bytes();
    long given = tensor.array().map(NDArray::size).orElse(0L);
    for (long first = 0; first < given; first += atOnce) {
      long count = Math.min(atOnce, given - first);
      channel.write(kernels.of(tensor.array().orElseThrow(), first, count, format, tensor.name()));
    }
    byte[] zeros = new byte[(int) Math.min(tensor.size() - given, atOnce) * format.bytes()];
    for (long left = tensor.size() - given; left > 0; left -= atOnce) {
      channel.write(ByteBuffer.wrap(zeros, 0, (int) Math.min(left, atOnce) * format.bytes()));
    }
  }

  /**
   * Writes a model's weights: NAME.safetensors or, if they do not fit one file,
   * NAME-00001-of-00002.safetensors and so on with NAME.safetensors.index.json.
   *
   * @param name of the files, without their ends
   */
  public void writeModel(
      FileSystem fileSystem, Path directory, String name, List<TensorSource> tensors)
      throws IOException {
    deleteOlder(fileSystem, directory, name);
    List<List<TensorSource>> shards = shards(tensors);
    if (shards.size() == 1) {
      write(fileSystem, new Path(directory, name + SUFFIX), tensors);
      return;
    }
    Map<String, String> shardOf = new LinkedHashMap<>();
    for (int i = 0; i < shards.size(); i++) {
      String file =
          String.format(Locale.ROOT, "%s-%05d-of-%05d%s", name, i + 1, shards.size(), SUFFIX);
      write(fileSystem, new Path(directory, file), shards.get(i));
      shards.get(i).forEach(tensor -> shardOf.put(tensor.name(), file));
    }
    Path index = new Path(directory, name + SUFFIX + INDEX);
    long numbers = tensors.stream().mapToLong(TensorSource::size).sum();
    try (OutputStream out = fileSystem.create(index, true)) {
      out.write(new ShardIndex(index, shardOf).json(numbers * format.bytes(), numbers));
    }
  }

  /** Of two forms side by side readers take one, which may be the older. */
  private static void deleteOlder(FileSystem fileSystem, Path directory, String name)
      throws IOException {
    FileStatus[] files =
        fileSystem.exists(directory) ? fileSystem.listStatus(directory) : new FileStatus[0];
    String shard = Pattern.quote(name) + "-[0-9]{5}-of-[0-9]{5}" + Pattern.quote(SUFFIX);
    for (FileStatus file : files) {
      String found = file.getPath().getName();
      if (found.matches(shard)
          || found.equals(name + SUFFIX)
          || found.equals(name + SUFFIX + INDEX)) {
        fileSystem.delete(file.getPath(), false);
      }
    }
  }

  private List<List<TensorSource>> shards(List<TensorSource> tensors) {
    List<List<TensorSource>> shards = new ArrayList<>();
    long bytes = 0;
    for (TensorSource tensor : tensors) {
      long more = tensor.size() * format.bytes();
      if (shards.isEmpty() || bytes + more > maxShardBytes) {
        shards.add(new ArrayList<>());
        bytes = 0;
      }
      shards.get(shards.size() - 1).add(tensor);
      bytes += more;
    }
    return shards;
  }
}
