package io.sparkformer.ml;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.TemporaryFolder;
import io.sparkformer.model.ModelDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWriter;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWriter;
import scala.Option;

/**
 * A text model as it is saved: Spark's metadata, and a copy of the model's files in {@code model/},
 * so that what is saved needs nothing else.
 */
final class SavedTextModel {

  private static final String FILES = "model";
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Copies of the files that were loaded, on the driver: Spark deletes what is overwritten before a
   * stage is asked to save itself, and it may be its own files.
   */
  private static final Map<String, java.nio.file.Path> KEPT = new ConcurrentHashMap<>();

  private SavedTextModel() {}

  /** Saves. */
  static final class Writer extends MLWriter {
    private final TextModel<?> saved;

    Writer(TextModel<?> saved) {
      this.saved = saved;
    }

    @Override
    public void saveImpl(String path) {
      saved.requireModelPath();
      Configuration hadoop = sc().hadoopConfiguration();
      try {
        Path source = source(saved.getOrDefault(saved.modelPath()), hadoop);
        DefaultParamsWriter.saveMetadata(saved, path, sc(), Option.empty(), Option.empty());
        copy(source, new Path(path, FILES), hadoop);
      } catch (IOException e) {
        throw new UncheckedIOException("the model's files were not copied", e);
      }
    }

    /** Where the files are, though what is overwritten may have been they. */
    private static Path source(String modelPath, Configuration hadoop) throws IOException {
      Path path = Storage.path(modelPath);
      if (isThere(path, hadoop)) {
        return path;
      }
      java.nio.file.Path kept = KEPT.get(modelPath);
      require(
          kept != null,
          "%s: no such model directory, so it cannot be saved: set modelPath to one",
          modelPath);
      return new Path(kept.toUri());
    }

    private static boolean isThere(Path path, Configuration hadoop) throws IOException {
      FileSystem fileSystem = Storage.fileSystem(path, hadoop);
      return fileSystem.exists(path) && fileSystem.listStatus(path).length > 0;
    }
  }

  private static void copy(Path from, Path to, Configuration hadoop) throws IOException {
    FileSystem source = from.getFileSystem(hadoop);
    FileSystem target = Storage.fileSystem(to, hadoop);
    target.mkdirs(to);
    FileStatus[] files = source.listStatus(from);
    // A directory with it is taken for a whole model.
    Arrays.sort(
        files,
        Comparator.comparing(file -> file.getPath().getName().equals(ModelDirectory.CONFIG)));
    for (FileStatus file : files) {
      if (file.isFile()) {
        Path copy = new Path(to, file.getPath().getName());
        FileUtil.copy(source, file.getPath(), target, copy, false, hadoop);
      }
    }
  }

  /** Whether a stage is a model: it is not saved without this param, which estimators lack. */
  static boolean isModel(DefaultParamsReader.Metadata metadata) {
    try {
      return JSON.readTree(metadata.metadataJson()).path("paramMap").has("modelPath");
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("Spark's metadata is no JSON", e);
    }
  }

  /** Loads what {@link Writer} saved. */
  static final class Reader<T extends TextModel<T>> extends MLReader<T> {
    private final Class<T> type;
    private final String olderName;
    private final Function<String, T> ofUid;

    Reader(Class<T> type, Function<String, T> ofUid) {
      this(type, type.getName(), ofUid);
    }

    /**
     * Of a class that had another name.
     *
     * @param olderName full, which what was saved then has
     */
    Reader(Class<T> type, String olderName, Function<String, T> ofUid) {
      this.type = type;
      this.olderName = olderName;
      this.ofUid = ofUid;
    }

    private static void keep(Path files, Configuration hadoop) throws IOException {
      java.nio.file.Path folder = TemporaryFolder.create("saved-");
      copy(files, new Path(folder.toUri()), hadoop);
      java.nio.file.Path before = KEPT.put(files.toString(), folder);
      if (before != null) {
        TemporaryFolder.delete(before);
      }
    }

    @Override
    public T load(String path) {
      DefaultParamsReader.Metadata metadata = DefaultParamsReader.loadMetadata(path, sc(), "");
      boolean older = metadata.className().equals(olderName);
      require(
          !older || isModel(metadata),
          "%s holds an estimator: load it with that class, %s",
          path,
          olderName);
      metadata = DefaultParamsReader.loadMetadata(path, sc(), older ? olderName : type.getName());
      T model = ofUid.apply(metadata.uid());
      metadata.getAndSetParams(model, Option.empty());
      Path files = new Path(path, FILES);
      try {
        keep(files, sc().hadoopConfiguration());
      } catch (IOException e) {
        throw new UncheckedIOException("the model's files cannot be read", e);
      }
      return model.setModelPath(files.toString());
    }
  }
}
