package io.sparkformer.run;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.sparkformer.evaluation.EvaluationRecord;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.safetensors.TensorSource;
import io.sparkformer.safetensors.TensorWriter;
import io.sparkformer.train.Optimizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A copy, in host memory, of a model and, for a checkpoint, of its optimizer's state: what it
 * writes is that of the step it was taken at, whatever is trained meanwhile.
 */
final class Snapshot implements AutoCloseable {

  private final NDManager manager;
  private final ModelConfig config;
  private final TextProcessing processing;
  private final Optional<EvaluationRecord> evaluation;
  private final Map<String, NDArray> weights;
  private final Map<String, NDArray> moments;

  private Snapshot(
      Gpt model,
      TextProcessing processing,
      Optional<EvaluationRecord> evaluation,
      Map<String, NDArray> optimizerState,
      NDManager manager) {
    this.manager = manager;
    this.config = model.config();
    this.processing = processing;
    this.evaluation = evaluation;
    this.weights = copy(model.kernels(), model.weights());
    this.moments = copy(model.kernels(), optimizerState);
  }

  /**
   * Takes one; outlives the model and the optimizer.
   *
   * @param processing what stands between texts and the model
   * @param evaluation of this very model, if there was one
   */
  static Snapshot of(
      Gpt model,
      TextProcessing processing,
      Optional<EvaluationRecord> evaluation,
      Optional<Optimizer> optimizer) {
    NDManager manager = NDManager.newBaseManager(Device.cpu());
    try {
      return new Snapshot(
          model, processing, evaluation, optimizer.map(Optimizer::state).orElse(Map.of()), manager);
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  private Map<String, NDArray> copy(Kernels kernels, Map<String, NDArray> arrays) {
    Map<String, NDArray> copies = new LinkedHashMap<>();
    arrays.forEach(
        (name, array) -> copies.put(name, manager.create(array.getShape(), array.getDataType())));
    if (!arrays.isEmpty()) {
      kernels.copy(manager, List.copyOf(copies.values()), List.copyOf(arrays.values()));
    }
    return copies;
  }

  void writeModel(FileSystem fileSystem, Path directory) throws IOException {
    ModelDirectory.at(fileSystem, directory).save(config, weights, processing, TensorWriter.SINGLE);
  }

  /** The model, and how it did on the split that is monitored. */
  void writeEvaluated(FileSystem fileSystem, Path directory) throws IOException {
    if (evaluation.isPresent()) { // first: the model's own files end with what makes it one
      evaluation.get().write(fileSystem, directory);
    }
    writeModel(fileSystem, directory);
  }

  void writeOptimizer(FileSystem fileSystem, Path file) throws IOException {
    List<TensorSource> sources = new ArrayList<>();
    moments.forEach((name, array) -> sources.add(TensorSource.of(name, array)));
    TensorWriter.SINGLE.write(fileSystem, file, sources);
  }

  @Override
  public void close() {
    manager.close();
  }
}
