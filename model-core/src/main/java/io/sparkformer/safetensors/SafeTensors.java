package io.sparkformer.safetensors;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.ndarray.NDArray;
import io.sparkformer.safetensors.PieceReader.Piece;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The safetensors file format: u64 length of a JSON header, the header (name to dtype, shape,
 * data_offsets), the tensors' little-endian bytes.
 *
 * <p>Source: github.com/huggingface/safetensors, README "Format".
 */
public final class SafeTensors {

  private SafeTensors() {}

  /**
   * Reads a file's header.
   *
   * @return the tensors by name, in the file's order
   * @throws io.sparkformer.datasets.InvalidInputException if the file is not a safetensors file, is
   *     cut short, or its header contradicts itself
   */
  public static Map<String, StoredTensor> read(FileSystem fileSystem, Path file)
      throws IOException {
    return HeaderJson.read(fileSystem, file);
  }

  /**
   * Reads the headers of a model's shards.
   *
   * @param index names the shard of each tensor: model.safetensors.index.json
   * @throws io.sparkformer.datasets.InvalidInputException if a shard is missing or damaged, or the
   *     shards do not hold exactly what the index says
   */
  public static Map<String, StoredTensor> readShards(FileSystem fileSystem, Path index)
      throws IOException {
    return ShardIndex.read(fileSystem, index).tensors(fileSystem);
  }

  /**
   * Checks, by headers alone, that tensors fill arrays of the same names.
   *
   * @param shapes of the arrays, by name
   * @param tensors by the arrays' names
   * @param place of the tensors, for messages
   * @throws io.sparkformer.datasets.InvalidInputException if a tensor is missing, superfluous, of
   *     another shape or of a type that is not read
   */
  public static void requireFit(
      Map<String, long[]> shapes, Map<String, StoredTensor> tensors, Path place) {
    tensors.forEach(
        (name, tensor) ->
            require(
                shapes.containsKey(name),
                "%s: tensor '%s' has no place in a model of this config: name the right architectures there, or copy both again from one place",
                tensor.file(),
                tensor.name()));
    shapes.forEach(
        (name, shape) -> {
          require(
              tensors.containsKey(name),
              "%s has no tensor '%s', which the config asks for: the two are not of one model, or"
                  + " the copy is not complete: copy both again from one place",
              place,
              name);
          tensors.get(name).requireShape(shape);
          tensors.get(name).format();
        });
  }

  /**
   * Copies tensors into arrays of the same names, converted to the arrays' type. Nothing but the
   * arrays and a piece of a file is in memory.
   *
   * @param arrays on any device
   * @param tensors of the arrays' shapes
   * @throws io.sparkformer.datasets.InvalidInputException as {@link #requireFit}
   */
  public static void copyInto(
      FileSystem fileSystem,
      Map<String, NDArray> arrays,
      Map<String, StoredTensor> tensors,
      Path place)
      throws IOException {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    arrays.forEach((name, array) -> shapes.put(name, array.getShape().getShape()));
    requireFit(shapes, tensors, place);
    List<Map.Entry<String, StoredTensor>> ordered =
        tensors.entrySet().stream()
            .sorted(
                Comparator.comparing((Map.Entry<String, StoredTensor> e) -> e.getValue().file())
                    .thenComparing(e -> e.getValue().position()))
            .toList();
    List<NDArray> targets = ordered.stream().map(named -> arrays.get(named.getKey())).toList();
    List<StoredTensor> stored = ordered.stream().map(Map.Entry::getValue).toList();
    try (TensorBytes kernels = new TensorBytes();
        PieceReader pieces = new PieceReader(fileSystem, stored)) {
      for (Optional<Piece> next = pieces.next(); next.isPresent(); next = pieces.next()) {
        Piece piece = next.get();
        kernels.fill(
            targets.get(piece.tensor()),
            piece.first(),
            piece.bytes(),
            stored.get(piece.tensor()).format());
      }
    }
  }

  /**
   * Whether two tensors are the same numbers in the same format.
   *
   * <p>Reads no further than to the first difference.
   */
  public static boolean equal(FileSystem fileSystem, StoredTensor a, StoredTensor b)
      throws IOException {
    if (!a.dtype().equals(b.dtype()) || !Arrays.equals(a.shape(), b.shape())) {
      return false;
    }
    try (PieceReader left = new PieceReader(fileSystem, List.of(a));
        PieceReader right = new PieceReader(fileSystem, List.of(b))) {
      Optional<Piece> one = left.next();
      Optional<Piece> other = right.next();
      while (one.isPresent() && one.get().bytes().equals(other.orElseThrow().bytes())) {
        one = left.next();
        other = right.next();
      }
      return one.isEmpty();
    }
  }

  /** Whether a tensor is zero throughout. */
  public static boolean isZero(FileSystem fileSystem, StoredTensor tensor) throws IOException {
    try (PieceReader pieces = new PieceReader(fileSystem, List.of(tensor))) {
      for (Optional<Piece> next = pieces.next(); next.isPresent(); next = pieces.next()) {
        ByteBuffer bytes = next.get().bytes();
        while (bytes.hasRemaining()) {
          if (bytes.get() != 0) {
            return false;
          }
        }
      }
      return true;
    }
  }
}
