package io.sparkformer.model;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.InvalidInputException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The safetensors file format: u64 length of a JSON header, the header (name to dtype, shape,
 * data_offsets), the tensors' little-endian bytes.
 *
 * <p>Source: github.com/huggingface/safetensors, README "Format".
 */
public final class SafeTensors {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long MAX_HEADER_BYTES = 100_000_000; // the reference implementation's limit
  private static final int COPY_BYTES = 1 << 20;

  private SafeTensors() {}

  /**
   * One tensor.
   *
   * @param dtype the format's name of a type: F32, F16, BF16, I64, ...
   * @param shape sizes, outermost first
   * @param data little-endian numbers, row-major, from position to limit
   */
  @SuppressWarnings("ArrayRecordComponent") // Compared by no one.
  public record Entry(String dtype, long[] shape, ByteBuffer data) {}

  /**
   * Reads a whole file.
   *
   * @return entries in the file's order, their data in direct buffers
   * @throws InvalidInputException if the file is not a safetensors file or is cut short
   */
  public static Map<String, Entry> read(FileSystem fileSystem, Path file) throws IOException {
    long fileBytes = fileSystem.getFileStatus(file).getLen();
    try (FSDataInputStream in = fileSystem.open(file)) {
      require(fileBytes >= 8, "%s is not a safetensors file: it has %d bytes", file, fileBytes);
      long headerBytes = Long.reverseBytes(in.readLong());
      require(
          headerBytes > 1 && headerBytes <= Math.min(MAX_HEADER_BYTES, fileBytes - 8),
          "%s is not a safetensors file, or it is cut short: its header should have %d bytes, the file has %d",
          file,
          headerBytes,
          fileBytes);
      byte[] header = new byte[(int) headerBytes];
      in.readFully(header);
      Map<String, Entry> entries = new LinkedHashMap<>();
      long dataStart = 8 + headerBytes;
      for (Iterator<Map.Entry<String, JsonNode>> fields = parse(header, file).fields();
          fields.hasNext(); ) {
        Map.Entry<String, JsonNode> field = fields.next();
        if (!field.getKey().equals("__metadata__")) {
          entries.put(field.getKey(), readEntry(in, dataStart, fileBytes, file, field));
        }
      }
      return entries;
    }
  }

  private static JsonNode parse(byte[] header, Path file) throws IOException {
    try {
      return JSON.readTree(header);
    } catch (JsonProcessingException e) {
      throw new InvalidInputException(
          file + " is not a safetensors file: its header is not JSON", e);
    }
  }

  private static Entry readEntry(
      FSDataInputStream in,
      long dataStart,
      long fileBytes,
      Path file,
      Map.Entry<String, JsonNode> field)
      throws IOException {
    JsonNode node = field.getValue();
    long begin = node.path("data_offsets").path(0).asLong(-1);
    long end = node.path("data_offsets").path(1).asLong(-1);
    long[] shape = JSON.convertValue(node.path("shape"), long[].class);
    require(
        begin >= 0 && end >= begin && end - begin <= Integer.MAX_VALUE && shape != null,
        "%s: tensor '%s' has no usable data_offsets or shape",
        file,
        field.getKey());
    require(
        dataStart + end <= fileBytes,
        "%s is cut short: tensor '%s' ends at byte %d, the file has %d bytes: copy it again",
        file,
        field.getKey(),
        dataStart + end,
        fileBytes);
    ByteBuffer data = ByteBuffer.allocateDirect((int) (end - begin)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] chunk = new byte[COPY_BYTES];
    in.seek(dataStart + begin);
    while (data.hasRemaining()) {
      int count = Math.min(chunk.length, data.remaining());
      in.readFully(chunk, 0, count);
      data.put(chunk, 0, count);
    }
    return new Entry(node.path("dtype").asText(), shape, data.flip());
  }

  /**
   * Copies the tensors of a file into arrays of the same names, converted to the arrays' type; both
   * must be the same set.
   *
   * @throws InvalidInputException if a tensor is missing, superfluous, or of another shape
   */
  public static void copyInto(Map<String, NDArray> arrays, Map<String, Entry> entries, Path file) {
    for (String name : entries.keySet()) {
      require(
          arrays.containsKey(name),
          "%s: tensor '%s' has no place in a model of this config",
          file,
          name);
    }
    arrays.forEach(
        (name, array) -> {
          Entry entry = entries.get(name);
          require(entry != null, "%s has no tensor '%s', which the config asks for", file, name);
          require(
              Arrays.equals(entry.shape(), array.getShape().getShape()),
              "%s: tensor '%s' has shape %s, the config asks for %s",
              file,
              name,
              Arrays.toString(entry.shape()),
              Arrays.toString(array.getShape().getShape()));
          copy(entry, array, name, file);
        });
  }

  private static void copy(Entry entry, NDArray array, String name, Path file) {
    DataType type =
        switch (entry.dtype()) {
          case "F32" -> DataType.FLOAT32;
          case "F16" -> DataType.FLOAT16;
          case "BF16" -> DataType.BFLOAT16;
          case "F64" -> DataType.FLOAT64;
          default ->
              throw new InvalidInputException(
                  String.format(
                      "%s: tensor '%s' is of type %s: it must be F32, F16, BF16 or F64",
                      file, name, entry.dtype()));
        };
    require(
        entry.data().remaining() == array.size() * type.getNumOfBytes(),
        "%s: tensor '%s' has %d bytes, its shape asks for %d: copy the file again",
        file,
        name,
        entry.data().remaining(),
        array.size() * type.getNumOfBytes());
    try (NDManager scratch = array.getManager().newSubManager(Device.cpu())) {
      scratch
          .create(entry.data(), new Shape(entry.shape()), type)
          .toType(array.getDataType(), false)
          .copyTo(array);
    }
  }

  /** Writes float32 arrays as a file, replacing one that is there. */
  public static void write(FileSystem fileSystem, Path file, Map<String, NDArray> arrays)
      throws IOException {
    ObjectNode header = JSON.createObjectNode();
    header.putObject("__metadata__").put("format", "pt"); // transformers refuses files without it
    long offset = 0;
    for (Map.Entry<String, NDArray> named : arrays.entrySet()) {
      NDArray array = named.getValue();
      if (array.getDataType() != DataType.FLOAT32) {
        throw new IllegalArgumentException(named.getKey() + " is " + array.getDataType());
      }
      long end = offset + array.size() * Float.BYTES;
      ObjectNode node = header.putObject(named.getKey());
      node.put("dtype", "F32");
      node.set("shape", JSON.valueToTree(array.getShape().getShape()));
      node.putArray("data_offsets").add(offset).add(end);
      offset = end;
    }
    byte[] text = JSON.writeValueAsBytes(header);
    byte[] padded = Arrays.copyOf(text, (text.length + 7) / 8 * 8);
    Arrays.fill(padded, text.length, padded.length, (byte) ' ');
    try (OutputStream out = fileSystem.create(file, true);
        WritableByteChannel channel = Channels.newChannel(out)) {
      channel.write(
          ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(padded.length).flip());
      channel.write(ByteBuffer.wrap(padded));
      for (NDArray array : arrays.values()) {
        channel.write(array.toByteBuffer()); // one copy at a time
      }
    }
  }
}
