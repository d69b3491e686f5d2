package io.sparkformer.safetensors;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.InvalidInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How tensors are spread over files, and headers that contradict themselves. */
class ShardsTest {

  private static final String INDEX = "model.safetensors.index.json";

  @TempDir private Path directory;

  /** Each number of a shape has four bytes. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "10 10 10 10 | 160 | 0 1 2 3",
        "10 10 10 10 | 159 | 0 1 2; 3",
        "10 10 10 10 | 80 | 0 1; 2 3",
        "10 10 10 10 | 79 | 0; 1; 2; 3",
        "10 100 10 10 | 80 | 0; 1; 2 3",
        "100 10 | 399 | 0; 1",
        "5 5 10 15 | 80 | 0 1 2; 3",
        "1 1 | 1 | 0; 1",
      })
  void aShardIsFilledAsFarAsItIsAllowed(String sizes, long maxShardBytes, String expected)
      throws IOException {
    List<TensorSource> tensors = new ArrayList<>();
    for (String size : sizes.split(" ", -1)) {
      tensors.add(TensorSource.zeros("" + tensors.size(), Long.parseLong(size)));
    }

    writer(maxShardBytes).writeModel(localFiles(), hadoop(directory), "model", tensors);

    List<String> shards = new ArrayList<>();
    for (Path file : files(".safetensors")) {
      shards.add(String.join(" ", SafeTensors.read(localFiles(), hadoop(file)).keySet()));
    }
    assertThat(String.join("; ", shards)).isEqualTo(expected);
    int count = shards.size();
    assertThat(files("").get(0).getFileName())
        .hasToString(
            count == 1 ? "model.safetensors" : "model-00001-of-%05d.safetensors".formatted(count));
    assertThat(Files.exists(directory.resolve(INDEX))).isEqualTo(count > 1);
  }

  @Test
  void theIndexCountsAndIsSortedByName() throws IOException {
    List<TensorSource> tensors =
        List.of(
            TensorSource.zeros("c", 3, 5), TensorSource.zeros("a", 7), TensorSource.zeros("b", 2));

    new TensorWriter(NumberFormat.BF16, 30)
        .writeModel(localFiles(), hadoop(directory), "model", tensors);

    JsonNode index = new ObjectMapper().readTree(directory.resolve(INDEX).toFile());
    assertThat(index.at("/metadata/total_size").asLong()).isEqualTo(48);
    assertThat(index.at("/metadata/total_parameters").asLong()).isEqualTo(24);
    assertThat(index.path("weight_map"))
        .hasToString(
            "{\"a\":\"model-00002-of-00002.safetensors\",\"b\":\"model-00002-of-00002.safetensors\","
                + "\"c\":\"model-00001-of-00002.safetensors\"}");
    assertThat(SafeTensors.readShards(localFiles(), hadoop(directory.resolve(INDEX))))
        .containsOnlyKeys("a", "b", "c");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"../a.safetensors\"", "\"/a.safetensors\"", "\"\"", "3", "null"})
  void aShardIsAFileBesideItsIndex(String shard) throws IOException {
    Files.writeString(directory.resolve(INDEX), "{\"weight_map\": {\"a\": %s}}".formatted(shard));

    assertThatThrownBy(() -> SafeTensors.readShards(localFiles(), hadoop(directory.resolve(INDEX))))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageEndingWith(
            "%s: tensor 'a' is in %s, which is no name of a file beside it: copy the model again",
            INDEX, shard);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "F32 | [3] | [3] asks for 12",
        "F32 | [1] | [1] asks for 4",
        "BF16 | [4, 2] | [4, 2] asks for 16",
        "F64 | [] | [] asks for 8",
        "F32 | [4294967296, 4294967296] | [4294967296, 4294967296] asks for 73786976294838210000",
      })
  void aShapeThatAsksForOtherBytesThanThereAreIsRefused(String dtype, String shape, String message)
      throws IOException {
    int bytes = dtype.equals("F64") ? 16 : 8;
    Path file =
        write(
            "{\"a\": {\"dtype\": \"%s\", \"shape\": %s, \"data_offsets\": [0, %d]}}"
                .formatted(dtype, shape, bytes));

    refused(file)
        .hasMessageEndingWith(
            "some.safetensors: tensor 'a' has %d bytes, its shape %s: copy the file again",
            bytes, message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"shape\": [2], \"data_offsets\": [8, 0]",
        "\"shape\": [2], \"data_offsets\": [-8, 0]",
        "\"shape\": [2], \"data_offsets\": [0]",
        "\"shape\": [2]",
        "\"shape\": 2, \"data_offsets\": [0, 8]",
        "\"data_offsets\": [0, 8]",
        "\"shape\": [-2], \"data_offsets\": [0, 8]",
        "\"shape\": [2.5], \"data_offsets\": [0, 8]",
        "\"shape\": [\"2\"], \"data_offsets\": [0, 8]",
        "\"shape\": [2, null], \"data_offsets\": [0, 8]",
        "\"shape\": [-1, -2], \"data_offsets\": [0, 8]",
      })
  void placesAndShapesThatAreNoneAreRefused(String parts) throws IOException {
    refused(write("{\"a\": {\"dtype\": \"F32\", %s}}".formatted(parts)))
        .hasMessageEndingWith(
            "some.safetensors: tensor 'a' has no usable data_offsets or shape: copy it again");
  }

  @ParameterizedTest
  @ValueSource(longs = {19, 1L << 40, Long.MAX_VALUE, -1, 1, 0})
  void aHeaderThatCannotBeInTheFileIsRefused(long length) throws IOException {
    refused(write(length, "{}"))
        .hasMessageEndingWith(
            "is not a safetensors file, or it is cut short: its header should have %s bytes, the file has 26: copy it again",
            Long.toUnsignedString(length));
  }

  @Test
  void aHeaderMayFillTheFile() throws IOException {
    Path file =
        Files.write(directory.resolve("empty"), new byte[] {2, 0, 0, 0, 0, 0, 0, 0, '{', '}'});
    assertThat(SafeTensors.read(localFiles(), hadoop(file))).isEmpty();
  }

  @Test
  void aFileWithoutALengthIsRefused() throws IOException {
    Path file = Files.write(directory.resolve("some.safetensors"), new byte[7]);
    refused(file).hasMessageEndingWith("is not a safetensors file: it has 7 bytes: copy it again");
  }

  private static AbstractThrowableAssert<?, ?> refused(Path file) {
    return assertThatThrownBy(() -> SafeTensors.read(localFiles(), hadoop(file)))
        .isInstanceOf(InvalidInputException.class);
  }

  private static TensorWriter writer(long maxShardBytes) {
    return new TensorWriter(NumberFormat.FP32, maxShardBytes);
  }

  private List<Path> files(String end) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> !file.getFileName().toString().startsWith(".")) // checksums
          .filter(file -> file.toString().endsWith(end))
          .sorted()
          .toList();
    }
  }

  private Path write(String header) throws IOException {
    return write(header.length(), header);
  }

  /** A header, said to have a length, and 16 bytes of numbers. */
  private Path write(long length, String header) throws IOException {
    byte[] text = header.getBytes(StandardCharsets.US_ASCII);
    ByteBuffer bytes =
        ByteBuffer.allocate(Long.BYTES + text.length + 16).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(length).put(text);
    return Files.write(directory.resolve("some.safetensors"), bytes.array());
  }
}
