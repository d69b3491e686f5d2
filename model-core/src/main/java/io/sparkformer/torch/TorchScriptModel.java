package io.sparkformer.torch;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** A TorchScript module that was made elsewhere. Any number of threads may use it at once. */
public final class TorchScriptModel implements AutoCloseable {

  private static final String ENGINE = "PyTorch";

  /** The device on which it was saved need not be here. */
  private static final Map<String, String> OPTIONS = Map.of("mapLocation", "true");

  private final Model model;

  private TorchScriptModel(Model model) {
    this.model = model;
  }

  /**
   * Loads a module.
   *
   * @param file on a local disk
   * @throws InvalidInputException if it is none
   */
  public static TorchScriptModel load(Path file, Device device) throws IOException {
    TorchEngine.get(); // An engine that does not start is no fault of the file.
    Model model = Model.newInstance("torchscript", device, ENGINE);
    try {
      return TorchModule.running(() -> load(model, file));
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  private static TorchScriptModel load(Model model, Path file) {
    try {
      model.load(file.getParent(), file.getFileName().toString(), OPTIONS);
      return new TorchScriptModel(model);
    } catch (IOException | MalformedModelException | EngineException e) {
      String reason = Reason.of(e);
      throw new InvalidInputException(
          String.format(
              "%s is not a TorchScript module, or damaged (%s): save it with torch.jit.save, or copy it again",
              file, reason),
          e);
    }
  }

  /** The manager that inputs may be made with. */
  public NDManager manager() {
    return model.getNDManager();
  }

  /**
   * Runs the module without autograd.
   *
   * @return what it returns under the name logits, or first; attached to the inputs' manager
   */
  public NDArray forward(NDList inputs) {
    return TorchModule.running(
        () -> {
          NDList outputs =
              model.getBlock().forward(new ParameterStore(manager(), false), inputs, false);
          return outputs.stream()
              .filter(array -> "logits".equals(array.getName()))
              .findFirst()
              .orElse(outputs.get(0));
        });
  }

  @Override
  public void close() {
    model.close();
  }
}
