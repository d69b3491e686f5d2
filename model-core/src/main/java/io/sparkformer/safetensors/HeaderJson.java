package io.sparkformer.safetensors;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import java.io.CharConversionException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** The header of a safetensors file. */
final class HeaderJson {

  private static final String METADATA = "__metadata__";
  private static final int LENGTH_BYTES = 8;
  private static final long MAX_BYTES = 100_000_000; // the reference implementation's limit

  /** A name that stands twice is a mistake. */
  static final ObjectMapper JSON =
      new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

  private HeaderJson() {}

  static Map<String, StoredTensor> read(FileSystem fileSystem, Path file) throws IOException {
    FileStatus status = fileSystem.getFileStatus(file);
    require(status.isFile(), "%s is a directory, not a safetensors file: copy it again", file);
    long fileBytes = status.getLen();
    try (FSDataInputStream in = fileSystem.open(file)) {
      require(
          fileBytes >= LENGTH_BYTES,
          "%s is not a safetensors file: it has %d bytes: copy it again",
          file,
          fileBytes);
      long headerBytes = Long.reverseBytes(in.readLong());
      require(
          headerBytes > 1 && headerBytes <= Math.min(MAX_BYTES, fileBytes - LENGTH_BYTES),
          "%s is not a safetensors file, or it is cut short: its header should have %s bytes, the file has %d:"
              + " copy it again",
          file,
          Long.toUnsignedString(headerBytes),
          fileBytes);
      byte[] header = new byte[(int) headerBytes];
      in.readFully(header);
      Map<String, StoredTensor> tensors = new LinkedHashMap<>();
      List<long[]> offsets = new ArrayList<>();
      long dataStart = LENGTH_BYTES + headerBytes;
      for (Map.Entry<String, JsonNode> field : parse(header, file).properties()) {
        if (!field.getKey().equals(METADATA)) {
          tensors.put(
              field.getKey(), tensor(file, field.getKey(), field.getValue(), dataStart, fileBytes));
          offsets.add(JSON.convertValue(field.getValue().path("data_offsets"), long[].class));
        }
      }
      requireWhole(file, offsets, fileBytes - dataStart);
      return tensors;
    }
  }

  /** Tensors lie one behind the other: else one would be read as another's numbers. */
  private static void requireWhole(Path file, List<long[]> offsets, long dataBytes) {
    offsets.sort(
        Comparator.comparingLong((long[] each) -> each[0]).thenComparingLong(each -> each[1]));
    long reached = 0;
    for (long[] each : offsets) {
      require(
          each[0] == reached,
          "%s: its tensors overlap, or leave a gap, at byte %d of the data: copy it again",
          file,
          Math.min(each[0], reached));
      reached = each[1];
    }
    require(
        reached == dataBytes,
        "%s: its tensors have %d bytes, its data %d: copy it again",
        file,
        reached,
        dataBytes);
  }

  private static JsonNode parse(byte[] header, Path file) throws IOException {
    try {
      return JSON.readTree(header);
    } catch (JsonProcessingException | CharConversionException e) {
      throw new InvalidInputException(
          String.format(
              "%s is not a safetensors file: its header is not JSON (%s): copy it again",
              file, Reason.of(e)),
          e);
    }
  }

  private static StoredTensor tensor(
      Path file, String name, JsonNode node, long dataStart, long fileBytes) {
    long begin = node.path("data_offsets").path(0).asLong(-1);
    long end = node.path("data_offsets").path(1).asLong(-1);
    JsonNode sizes = node.path("shape");
    boolean usable =
        node.path("data_offsets").size() == 2 && begin >= 0 && end >= begin && sizes.isArray();
    for (JsonNode offset : node.path("data_offsets")) {
      usable &= offset.isIntegralNumber() && offset.canConvertToLong();
    }
    for (JsonNode size : sizes) {
      usable &= size.canConvertToLong() && size.isIntegralNumber() && size.asLong() >= 0;
    }
    require(
        usable, "%s: tensor '%s' has no usable data_offsets or shape: copy it again", file, name);
    require(
        end <= fileBytes - dataStart,
        "%s is cut short: tensor '%s' ends at byte %d of the data, the file has %d: copy it again",
        file,
        name,
        end,
        fileBytes - dataStart);
    long[] shape = JSON.convertValue(sizes, long[].class);
    StoredTensor tensor =
        new StoredTensor(name, file, dataStart + begin, node.path("dtype").asText(), shape);
    if (NumberFormat.of(tensor.dtype()).isPresent()) {
      requireSize(tensor, end - begin);
    }
    return tensor;
  }

  private static void requireSize(StoredTensor tensor, long bytes) {
    double asked =
        Arrays.stream(tensor.shape()).asDoubleStream().reduce(1, (a, b) -> a * b)
            * tensor.format().bytes();
    require(
        asked == bytes,
        "%s: tensor '%s' has %d bytes, its shape %s asks for %.0f: copy the file again",
        tensor.file(),
        tensor.name(),
        bytes,
        Arrays.toString(tensor.shape()),
        asked);
  }

  /** The first bytes of a file of these tensors, which follow it in their order. */
  static byte[] write(List<TensorSource> tensors, NumberFormat format) throws IOException {
    ObjectNode header = JSON.createObjectNode();
    header.putObject(METADATA).put("format", "pt"); // transformers refuses files without it
    long offset = 0;
    for (TensorSource tensor : tensors) {
      long end = offset + tensor.size() * format.bytes();
      ObjectNode node = header.putObject(tensor.name()).put("dtype", format.key());
      node.set("shape", JSON.valueToTree(tensor.shape()));
      node.putArray("data_offsets").add(offset).add(end);
      offset = end;
    }
    byte[] text = JSON.writeValueAsBytes(header);
    byte[] padded = Arrays.copyOf(text, (text.length + 7) / 8 * 8);
    Arrays.fill(padded, text.length, padded.length, (byte) ' ');
    return padded;
  }
}
