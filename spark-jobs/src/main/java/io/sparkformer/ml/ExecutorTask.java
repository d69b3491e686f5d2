package io.sparkformer.ml;

import ai.djl.Device;
import io.sparkformer.jobs.cluster.RankDevice;
import java.io.IOException;
import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * A task and the model it needs, as executors get them.
 *
 * @param version of the model's files
 * @param device auto or cpu
 */
record ExecutorTask<M extends AutoCloseable>(
    TextTask<M> task,
    String path,
    ModelVersion version,
    String device,
    Broadcast<SerializableConfiguration> configuration)
    implements Serializable {

  /**
   * The model, which stays until the lease is closed.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if another has taken its place since the
   *     driver planned the work
   */
  ExecutorModels.Lease lease() throws IOException {
    Device where =
        device.equals("cpu") || TaskContext.get() == null ? Device.cpu() : RankDevice.ofThisTask();
    return ExecutorModels.lease(
        new ExecutorModels.Key(task.getClass(), path, version, where.toString()),
        () -> load(where));
  }

  private M load(Device where) throws IOException {
    Configuration hadoop = configuration.value().value();
    Path directory = new Path(path);
    version.requireOf(directory, hadoop);
    M model = task.load(path, hadoop, where);
    try {
      version.requireOf(directory, hadoop); // what was read is of neither, else
      return model;
    } catch (IOException | RuntimeException e) {
      try {
        model.close();
      } catch (Exception unclosed) { // AutoCloseable allows any
        e.addSuppressed(unclosed);
      }
      throw e;
    }
  }

  /** The leased model. */
  @SuppressWarnings("unchecked") // The task loaded it.
  M model(ExecutorModels.Lease lease) {
    return (M) lease.model();
  }
}
