package io.sparkformer.exchange;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A model directory that transformers wrote, and what it says of it: see
 * make_exchange_references.py.
 */
final class TransformersCase {

  private static final ObjectMapper JSON = new ObjectMapper();

  private TransformersCase() {}

  /** Names of the cases that begin so. */
  static List<String> named(String prefix) throws IOException {
    try (Stream<Path> cases = Files.list(all())) {
      return cases
          .map(path -> path.getFileName().toString())
          .filter(name -> name.startsWith(prefix))
          .sorted()
          .toList();
    }
  }

  /** Makes the directory as a user has it. */
  static Path copy(String name, Path into) throws IOException {
    Path directory = Files.createDirectories(into.resolve(name));
    Files.copy(all().resolve(Tokenizer.FILE_NAME), directory.resolve(Tokenizer.FILE_NAME));
    try (Stream<Path> files = Files.list(all().resolve(name))) {
      for (Path file : files.filter(path -> !path.endsWith("expected.json")).toList()) {
        Files.copy(
            file,
            directory.resolve(file.getFileName()),
            java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      }
    }
    return directory;
  }

  static JsonNode expected(String name) throws IOException {
    return JSON.readTree(all().resolve(name).resolve("expected.json").toFile());
  }

  static int[] ids(JsonNode array) {
    return JSON.convertValue(array, int[].class);
  }

  static float[] floats(JsonNode array) {
    return JSON.convertValue(array, float[].class);
  }

  /** A file beside the cases. */
  static Path file(String name) {
    return all().resolve(name);
  }

  private static Path all() {
    try {
      return Path.of(
              TransformersCase.class
                  .getResource("/io/sparkformer/exchange/" + Tokenizer.FILE_NAME)
                  .toURI())
          .getParent();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
