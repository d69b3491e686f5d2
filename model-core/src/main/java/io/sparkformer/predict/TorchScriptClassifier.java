package io.sparkformer.predict;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.TemporaryFolder;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.torch.TorchScriptModel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A classifier of texts that was made elsewhere and saved as TorchScript: forward(input_ids,
 * attention_mask), and token_type_ids if serving.properties says includeTokenTypes=true, all int64
 * [B, T] and padded on the right, to logits [B, labels].
 */
public final class TorchScriptClassifier implements SequenceModel {

  private final TorchScriptModel model;
  private final TorchScriptDirectory directory;
  private final Optional<java.nio.file.Path> copy;

  private TorchScriptClassifier(
      TorchScriptModel model, TorchScriptDirectory directory, Optional<java.nio.file.Path> copy) {
    this.model = model;
    this.directory = directory;
    this.copy = copy;
  }

  static Classes check(Configuration hadoop, Path path, Trust trust) throws IOException {
    TorchScriptDirectory directory = TorchScriptDirectory.read(hadoop, path);
    directory.requireWhole();
    directory.requireTrusted(trust);
    return directory.classes();
  }

  static TorchScriptClassifier open(Configuration hadoop, Path path, Device device, Trust trust)
      throws IOException {
    TorchScriptDirectory directory = TorchScriptDirectory.read(hadoop, path);
    directory.requireTrusted(trust);
    Path module = directory.fileSystem().makeQualified(directory.module());
    boolean local = "file".equals(module.toUri().getScheme());
    Optional<java.nio.file.Path> copy =
        local ? Optional.empty() : Optional.of(copied(directory.fileSystem(), module));
    TorchScriptModel model;
    try {
      model =
          TorchScriptModel.load(
              copy.map(folder -> folder.resolve(module.getName()))
                  .orElseGet(() -> java.nio.file.Path.of(module.toUri())),
              device);
    } catch (IOException | RuntimeException e) {
      copy.ifPresent(TemporaryFolder::delete);
      throw e;
    }
    TorchScriptClassifier classifier = new TorchScriptClassifier(model, directory, copy);
    try {
      classifier.tryOut();
    } catch (RuntimeException e) {
      classifier.close();
      throw e;
    }
    return classifier;
  }

  private static java.nio.file.Path copied(FileSystem fileSystem, Path module) throws IOException {
    java.nio.file.Path folder = TemporaryFolder.create("model-");
    try (InputStream in = fileSystem.open(module)) {
      Files.copy(in, folder.resolve(module.getName()));
    } catch (IOException e) {
      TemporaryFolder.delete(folder);
      throw new InvalidInputException(
          String.format(
              "%s cannot be copied to %s (%s): make room there, or choose another directory with"
                  + " -Djava.io.tmpdir=DIRECTORY in spark.executor.extraJavaOptions (a local master: spark.driver.extraJavaOptions)",
              module, folder, e.getMessage()),
          e);
    }
    return folder;
  }

  /** One call by one thread: DJL prepares a module in its first, and what is wrong shows here. */
  private void tryOut() {
    try {
      logits(List.of(new int[] {0, 0}, new int[] {0}));
    } catch (InvalidInputException e) {
      throw e;
    } catch (RuntimeException e) {
      String reason = Reason.of(e);
      throw new InvalidInputException(
          String.format(
              "%s does not run with %s (%s): it must be forward(input_ids, attention_mask) of int64"
                  + " [batch, length]; if it takes token_type_ids as well, write includeTokenTypes=true into a"
                  + " serving.properties beside it",
              directory.module(),
              directory.inputs() == TorchScriptDirectory.Inputs.TWO ? "two inputs" : "three inputs",
              reason),
          e);
    }
  }

  @Override
  public Classes classes() {
    return directory.classes();
  }

  @Override
  public TextReader reader(Optional<Truncation> truncation) {
    return directory.reading().reader(truncation);
  }

  @Override
  public float[][] logits(List<int[]> rows) {
    int longest = rows.stream().mapToInt(row -> row.length).max().orElseThrow();
    long[] ids = new long[rows.size() * longest];
    long[] mask = new long[ids.length];
    for (int i = 0; i < rows.size(); i++) {
      int[] row = rows.get(i);
      int first = i * longest;
      for (int t = 0; t < row.length; t++) {
        ids[first + t] = row[t];
      }
      Arrays.fill(mask, first, first + row.length, 1);
      Arrays.fill(ids, first + row.length, first + longest, directory.reading().padding());
    }
    Shape shape = new Shape(rows.size(), longest);
    try (NDManager step = model.manager().newSubManager()) {
      NDList inputs = new NDList(step.create(ids, shape), step.create(mask, shape));
      if (directory.inputs() == TorchScriptDirectory.Inputs.WITH_TOKEN_TYPES) {
        inputs.add(step.zeros(shape, DataType.INT64));
      }
      NDArray logits = model.forward(inputs);
      requireFits(logits.getShape(), rows.size());
      return GptClassifier.rows(logits.toType(DataType.FLOAT32, false).toFloatArray(), rows.size());
    }
  }

  private void requireFits(Shape shape, int rows) {
    int labels = classes().labels().size();
    require(
        shape.equals(new Shape(rows, labels)),
        "%s gives logits of shape %s for %d texts, but config.json beside it names %d labels, which asks for"
            + " (%d, %d): give a classifier of whole texts, and id2label a name for each of its classes",
        directory.module(),
        shape,
        rows,
        labels,
        rows,
        labels);
  }

  @Override
  public void close() {
    try {
      model.close();
    } finally {
      copy.ifPresent(TemporaryFolder::delete);
    }
  }
}
