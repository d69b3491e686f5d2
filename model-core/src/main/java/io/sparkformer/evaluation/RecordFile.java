package io.sparkformer.evaluation;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.Storage;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A record as a file of one JSON object with keys in snake_case. */
final class RecordFile {

  private static final ObjectMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  private RecordFile() {}

  static void write(FileSystem fileSystem, Path file, Object content) throws IOException {
    try (OutputStream out = fileSystem.create(file, true)) {
      JSON.writeValue(out, content);
    }
  }

  static <T> T read(FileSystem fileSystem, Path file, Class<T> type) throws IOException {
    require(
        fileSystem.exists(file),
        "%s does not exist: check the path of the training output",
        Storage.shown(file));
    try (InputStream in = fileSystem.open(file)) {
      T content = JSON.readValue(in, type);
      require(
          content != null,
          "%s is not what a training run writes (null): train again",
          Storage.shown(file));
      return content;
    } catch (JsonProcessingException | CharConversionException e) {
      throw new InvalidInputException(
          String.format(
              "%s is not what a training run writes (%s): train again",
              Storage.shown(file), Reason.of(e)),
          e);
    }
  }
}
