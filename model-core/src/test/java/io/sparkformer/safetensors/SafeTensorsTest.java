package io.sparkformer.safetensors;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.gguf.SixteenBits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Numbers of tensors that are read and written in several pieces. */
class SafeTensorsTest {

  /** More than a piece when written (8 MiB) and eight when read (1 MiB), of two bytes each. */
  private static final int MANY = 4_400_003;

  /** More than a piece when read. */
  private static final int SOME = 300_001;

  @TempDir private Path directory;

  private final NDManager manager = Engine.getEngine("PyTorch").newBaseManager(Device.cpu());

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @EnumSource(
      value = NumberFormat.class,
      names = {"FP32", "FP16", "BF16"})
  void numbersOfAllPiecesAreReadAsTheyWereWritten(NumberFormat format) throws IOException {
    float[] many = random(MANY);
    float[] few = {1, -2, 0.5f};
    Map<String, StoredTensor> stored =
        write(
            format,
            TensorSource.of("first", manager.create(few)),
            TensorSource.of("many", manager.create(many)),
            TensorSource.of("last", manager.create(few, new Shape(3, 1))));

    assertThat(stored).containsOnlyKeys("first", "many", "last");
    assertThat(stored.get("many").dtype()).isEqualTo(format.key());
    assertThat(stored.get("last").shape()).containsExactly(3, 1);
    Map<String, float[]> numbers = read(stored);
    assertThat(numbers.get("first")).isEqualTo(few);
    assertThat(numbers.get("last")).isEqualTo(few);
    float[] read = numbers.get("many");
    for (int i = 0; i < MANY; i++) {
      float expected = rounded(format, many[i]);
      if (read[i] != expected) {
        assertThat(read[i]).as("number %d", i).isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = NumberFormat.class,
      names = {"FP32", "FP16", "BF16"})
  void zerosAreZerosInAllPieces(NumberFormat format) throws IOException {
    float[] rows = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    Map<String, StoredTensor> stored =
        write(
            format,
            TensorSource.zeros("zeros", MANY / 10, 10),
            TensorSource.of("rows", manager.create(rows, new Shape(2, 5))).withZeroRows(MANY / 5),
            TensorSource.of("end", manager.ones(new Shape(1))));

    assertThat(stored.get("zeros").shape()).containsExactly(MANY / 10, 10);
    assertThat(stored.get("rows").shape()).containsExactly(MANY / 5 + 2, 5);
    assertThat(SafeTensors.isZero(localFiles(), stored.get("zeros"))).isTrue();
    Map<String, float[]> numbers = read(stored);
    assertThat(numbers.get("rows")).startsWith(rows);
    for (int i = rows.length; i < numbers.get("rows").length; i++) {
      if (numbers.get("rows")[i] != 0) {
        assertThat(numbers.get("rows")[i]).as("number %d", i).isZero();
      }
    }
    assertThat(numbers.get("end")).containsExactly(1);
    StoredTensor end = stored.get("end");
    assertThat(Files.size(file())).isEqualTo(end.position() + end.bytes());
  }

  @Test
  void tensorsAreEqualToTheLastNumber() throws IOException {
    float[] numbers = random(SOME);
    float[] other = numbers.clone();
    other[SOME - 1] += 1;
    Map<String, StoredTensor> stored =
        write(
            NumberFormat.FP32,
            TensorSource.of("a", manager.create(numbers)),
            TensorSource.of("same", manager.create(numbers)),
            TensorSource.of("other", manager.create(other)),
            TensorSource.of("column", manager.create(numbers, new Shape(SOME, 1))));

    assertThat(equal(stored, "a", "same")).isTrue();
    assertThat(equal(stored, "a", "other")).isFalse();
    assertThat(equal(stored, "other", "a")).isFalse();
    assertThat(equal(stored, "a", "column")).isFalse();
  }

  @Test
  void theSameBytesInAnotherFormatAreOtherNumbers() throws IOException {
    StoredTensor half = write(NumberFormat.FP16, TensorSource.zeros("a", 4)).get("a");
    StoredTensor upper =
        new StoredTensor(half.name(), half.file(), half.position(), "BF16", half.shape());

    assertThat(SafeTensors.equal(localFiles(), half, half)).isTrue();
    assertThat(SafeTensors.equal(localFiles(), half, upper)).isFalse();
  }

  @Test
  void aSingleNumberAtTheEndIsNotOverlooked() throws IOException {
    float[] numbers = new float[SOME];
    numbers[SOME - 1] = 1e-30f;
    Map<String, StoredTensor> stored =
        write(
            NumberFormat.FP32,
            TensorSource.of("almost", manager.create(numbers)),
            TensorSource.zeros("zeros", SOME));

    assertThat(SafeTensors.isZero(localFiles(), stored.get("almost"))).isFalse();
    assertThat(SafeTensors.isZero(localFiles(), stored.get("zeros"))).isTrue();
  }

  private static boolean equal(Map<String, StoredTensor> stored, String a, String b)
      throws IOException {
    return SafeTensors.equal(localFiles(), stored.get(a), stored.get(b));
  }

  private Path file() {
    return directory.resolve("some.safetensors");
  }

  private Map<String, StoredTensor> write(NumberFormat format, TensorSource... tensors)
      throws IOException {
    new TensorWriter(format, Long.MAX_VALUE).write(localFiles(), hadoop(file()), List.of(tensors));
    return SafeTensors.read(localFiles(), hadoop(file()));
  }

  /** All numbers, as fp32. */
  private Map<String, float[]> read(Map<String, StoredTensor> stored) throws IOException {
    Map<String, NDArray> arrays = new HashMap<>();
    stored.forEach(
        (name, tensor) ->
            arrays.put(name, manager.ones(new Shape(tensor.shape()), DataType.FLOAT32)));
    SafeTensors.copyInto(localFiles(), arrays, stored, hadoop(directory));
    Map<String, float[]> numbers = new HashMap<>();
    arrays.forEach((name, array) -> numbers.put(name, array.toFloatArray()));
    return numbers;
  }

  private static float[] random(int count) {
    Random random = new Random(3);
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = random.nextFloat() * 200 - 100;
    }
    return numbers;
  }

  private static float rounded(NumberFormat format, float number) {
    return switch (format) {
      case FP32, FP64 -> number;
      case FP16 -> SixteenBits.ofFloat16(SixteenBits.float16(number) & 0xFFFF);
      case BF16 -> SixteenBits.ofBfloat16(SixteenBits.bfloat16(number) & 0xFFFF);
    };
  }
}
