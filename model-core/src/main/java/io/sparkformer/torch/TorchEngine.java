package io.sparkformer.torch;

import ai.djl.engine.Engine;
import io.sparkformer.datasets.NativeFolder;
import java.util.Optional;

/** DJL's PyTorch engine. Whoever needs it gets it here. */
public final class TorchEngine {

  private static Optional<Engine> engine = Optional.empty();

  private TorchEngine() {}

  /**
   * The engine, started by the first call.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if there is no directory to unpack its
   *     libraries to
   */
  public static synchronized Engine get() {
    if (engine.isEmpty()) {
      engine = Optional.of(NativeFolder.load(() -> Engine.getEngine("PyTorch")));
    }
    return engine.get();
  }
}
