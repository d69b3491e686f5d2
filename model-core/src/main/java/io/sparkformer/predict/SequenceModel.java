package io.sparkformer.predict;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.TorchScriptExport;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A classifier of texts in the engine. Any number of threads may use it at once. */
public sealed interface SequenceModel extends AutoCloseable
    permits GptClassifier, TorchScriptClassifier {

  /**
   * Loads a model: one of ours or of HuggingFace's GPT-2, or a TorchScript module made elsewhere.
   *
   * @param path of a model directory; one with model.safetensors is ours, whatever else it holds
   * @param trust of TorchScript modules
   * @throws InvalidInputException if it is none, damaged, no classifier of sequences, or not
   *     trusted
   */
  static SequenceModel open(String path, Configuration hadoop, Device device, Trust trust)
      throws IOException {
    Path directory = Storage.path(path);
    return isTorchScript(directory, hadoop)
        ? TorchScriptClassifier.open(hadoop, directory, device, trust)
        : GptClassifier.open(hadoop, directory, device);
  }

  /**
   * Checks a model without loading its weights.
   *
   * @param trust of TorchScript modules
   * @throws InvalidInputException if it is none, no classifier of sequences, or not trusted
   */
  static Classes check(String path, Configuration hadoop, Trust trust) throws IOException {
    Path directory = Storage.path(path);
    return isTorchScript(directory, hadoop)
        ? TorchScriptClassifier.check(hadoop, directory, trust)
        : GptClassifier.check(hadoop, directory);
  }

  /**
   * Checks what DJL itself would run of a directory, also beside weights of ours.
   *
   * @throws InvalidInputException if it is not trusted
   */
  static void checkForDjl(String path, Configuration hadoop, Trust trust) throws IOException {
    TorchScriptDirectory.read(hadoop, Storage.path(path)).requireRunnableByDjl(trust);
  }

  private static boolean isTorchScript(Path directory, Configuration hadoop) throws IOException {
    FileSystem fileSystem = Storage.fileSystem(directory, hadoop);
    boolean ours = ModelDirectory.hasWeights(fileSystem, directory);
    boolean torchScript = !ours && TorchScriptDirectory.isOne(fileSystem, directory);
    if (!ours && !torchScript) {
      ModelDirectory.requireNoPickle(fileSystem, directory);
    }
    require(
        ours || torchScript || !fileSystem.exists(directory),
        "%s has neither %s nor a TorchScript module such as %s, so it is not a model directory: a"
            + " training run keeps its models in best/ and last/",
        directory,
        ModelDirectory.WEIGHTS,
        TorchScriptExport.MODULE);
    return torchScript;
  }

  /** What it can say. */
  Classes classes();

  /**
   * A reader for one thread.
   *
   * @param truncation where texts are cut that are longer than the context; as in training if empty
   */
  TextReader reader(Optional<Truncation> truncation);

  /**
   * Scores a batch.
   *
   * @param rows token ids as {@link #reader} gives them, at least one a row
   * @return a logit for each of the labels, of each row
   */
  float[][] logits(List<int[]> rows);

  @Override
  void close();
}
