package io.sparkformer.ml;

import ai.djl.Device;
import io.sparkformer.jobs.cluster.RankDevice;
import java.io.IOException;
import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
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
    String version,
    String device,
    Broadcast<SerializableConfiguration> configuration)
    implements Serializable {

  static <M extends AutoCloseable> ExecutorTask<M> of(
      TextTask<M> task,
      Path path,
      String device,
      Broadcast<SerializableConfiguration> configuration)
      throws IOException {
    return new ExecutorTask<>(
        task, path.toString(), version(path, configuration.value().value()), device, configuration);
  }

  /** What changes when the files do. */
  private static String version(Path path, Configuration hadoop) throws IOException {
    StringBuilder version = new StringBuilder();
    for (FileStatus file : path.getFileSystem(hadoop).listStatus(path)) {
      version.append(file.getPath().getName()).append(' ').append(file.getLen()).append(' ');
      version.append(file.getModificationTime()).append('\n');
    }
    return version.toString();
  }

  /** The model, which stays until the lease is closed. */
  ExecutorModels.Lease lease() throws IOException {
    Device where =
        device.equals("cpu") || TaskContext.get() == null ? Device.cpu() : RankDevice.ofThisTask();
    return ExecutorModels.lease(
        new ExecutorModels.Key(task.getClass(), path, version, where.toString()),
        () -> task.load(path, configuration.value().value(), where));
  }

  /** The leased model. */
  @SuppressWarnings("unchecked") // The task loaded it.
  M model(ExecutorModels.Lease lease) {
    return (M) lease.model();
  }
}
