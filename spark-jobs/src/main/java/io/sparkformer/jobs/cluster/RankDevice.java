package io.sparkformer.jobs.cluster;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import io.sparkformer.torch.TorchEngine;
import java.util.Optional;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/** Where a rank computes: the GPU that Spark gave its task, or the CPU. */
public final class RankDevice {

  private static final String GPU = "gpu";

  private RankDevice() {}

  /**
   * The device of this task.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if Spark gave it a GPU that the engine
   *     cannot use
   */
  public static Device ofThisTask() {
    Optional<String> address = gpuAddress();
    // Without a promise the engine's natives need not be asked, which may be CUDA's.
    int visible = address.isPresent() ? TorchEngine.get().getGpuCount() : 0;
    return choose(address, visible, host());
  }

  /** The address of the GPU that Spark gave this task. */
  public static Optional<String> gpuAddress() {
    ResourceInformation gpu = TaskContext.get().resourcesJMap().get(GPU);
    return Optional.ofNullable(gpu).map(given -> given.addresses()[0]);
  }

  /** The address of this executor, at which others reach it. */
  public static String host() {
    return SparkEnv.get().blockManager().blockManagerId().host();
  }

  /**
   * @param address as the discovery script printed it
   * @param visible GPUs that the engine sees
   */
  static Device choose(Optional<String> address, int visible, String host) {
    if (address.isEmpty()) {
      return Device.cpu();
    }
    String given = address.get();
    require(
        visible > 0,
        "Spark gave GPU %s of %s to this rank, but the engine there has no CUDA: build with -Pcuda and have a libtorch"
            + " for CUDA there (PYTORCH_LIBRARY_PATH, see Platforms in the README), or leave"
            + " spark.executor.resource.gpu.amount and spark.task.resource.gpu.amount away",
        given,
        host);
    if (visible == 1) {
      return Device.gpu(0); // CUDA_VISIBLE_DEVICES hides the others, and CUDA counts anew
    }
    require(
        given.matches("\\d{1,4}") && Integer.parseInt(given) < visible,
        "Spark gave GPU %s of %s to this rank, but the engine there sees GPUs 0 to %d: correct the discovery script or"
            + " CUDA_VISIBLE_DEVICES there",
        given,
        host,
        visible - 1);
    return Device.gpu(Integer.parseInt(given));
  }
}
