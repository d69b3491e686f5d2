package io.sparkformer.jobs;

import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.SparkPlugin;

/** The name that {@code spark.plugins} has in sessions configured before the plugin moved. */
public final class RunEvents implements SparkPlugin {

  private final SparkPlugin moved = new io.sparkformer.jobs.cluster.RunEvents();

  @Override
  public DriverPlugin driverPlugin() {
    return moved.driverPlugin();
  }

  @Override
  public ExecutorPlugin executorPlugin() {
    return moved.executorPlugin();
  }
}
