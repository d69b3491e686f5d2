package io.sparkformer.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.train.Metric;
import java.io.IOException;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries metrics from a training task to the driver while the task runs; accumulators would arrive
 * only at its end.
 *
 * <p>Metrics travel as JSON text: Spark's endpoint does not know the application's classes.
 */
public final class MetricsPlugin implements SparkPlugin {

  private static final Logger LOG = LoggerFactory.getLogger(MetricsPlugin.class);
  private static final JsonMapper JSON = new JsonMapper();

  private static volatile Consumer<Metric> listener = metric -> {};
  private static volatile PluginContext executorContext;

  /** Sets who is told, in the driver. */
  static void listen(Consumer<Metric> next) {
    listener = next;
  }

  /** Tells the driver, from a task; a metric that is lost on the way is still in metrics.jsonl. */
  static void send(Metric metric) {
    try {
      executorContext.send(JSON.writeValueAsString(metric));
    } catch (IOException e) {
      LOG.warn("the driver was not told of step {}: {}", metric.step(), e.getMessage());
    }
  }

  @Override
  public DriverPlugin driverPlugin() {
    return new DriverPlugin() {
      @Override
      public Object receive(Object message) throws JsonProcessingException {
        listener.accept(JSON.readValue((String) message, Metric.class));
        return "";
      }
    };
  }

  @Override
  public ExecutorPlugin executorPlugin() {
    return new ExecutorPlugin() {
      @Override
      public void init(PluginContext context, Map<String, String> extraConf) {
        executorContext = context;
      }
    };
  }
}
