package io.sparkformer.jobs.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.spark.SparkConf;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries events from training tasks to the driver while they run; accumulators would arrive only
 * at their end.
 *
 * <p>Events travel as JSON text: Spark's endpoint does not know the application's classes.
 */
public final class RunEvents implements SparkPlugin {

  private static final Logger LOG = LoggerFactory.getLogger(RunEvents.class);
  public static final String PLUGINS = "spark.plugins";

  private static final JsonMapper JSON = new JsonMapper();

  private static volatile Consumer<RunEvent> listener = event -> {};
  private static volatile Optional<PluginContext> executorContext = Optional.empty();

  /** Whether an application's tasks can tell its driver something. */
  public static boolean areCarriedIn(SparkConf conf) {
    return List.of(conf.get(PLUGINS, "").split(",")).contains(RunEvents.class.getName());
  }

  /** Sets who is told, in the driver. */
  public static void listen(Consumer<RunEvent> next) {
    listener = next;
  }

  /**
   * Tells the driver, from a task, if the application was opened with this plugin; what is lost on
   * the way is in the run's files too, and nothing depends on it.
   */
  public static void send(RunEvent event) {
    Optional<PluginContext> context = executorContext;
    if (context.isEmpty()) {
      return;
    }
    try {
      context.get().send(JSON.writerFor(RunEvent.class).writeValueAsString(event));
    } catch (IOException e) {
      LOG.warn("the driver was not told of {}: {}", event, e.getMessage());
    }
  }

  @Override
  public DriverPlugin driverPlugin() {
    return new DriverPlugin() {
      @Override
      public Object receive(Object message) throws JsonProcessingException {
        listener.accept(JSON.readValue((String) message, RunEvent.class));
        return "";
      }
    };
  }

  @Override
  public ExecutorPlugin executorPlugin() {
    return new ExecutorPlugin() {
      @Override
      public void init(PluginContext context, Map<String, String> extraConf) {
        executorContext = Optional.of(context);
      }

      @Override
      public void shutdown() {
        executorContext = Optional.empty(); // this JVM may open another application
      }
    };
  }
}
