package io.sparkformer.jobs.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
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
 * at their end. Every event names its run, whose listener alone is told.
 *
 * <p>Events travel as JSON text: Spark's endpoint does not know the application's classes.
 */
public final class RunEvents implements SparkPlugin {

  private static final Logger LOG = LoggerFactory.getLogger(RunEvents.class);
  public static final String PLUGINS = "spark.plugins";
  private static final String EARLIER_NAME = "io.sparkformer.jobs.RunEvents";

  private static final JsonMapper JSON = new JsonMapper();

  private static final Map<String, Consumer<RunEvent>> LISTENERS = new ConcurrentHashMap<>();
  private static volatile Optional<PluginContext> executorContext = Optional.empty();

  /** An event on its way. */
  private record Sent(String runId, RunEvent event) {}

  /** Whether an application's tasks can tell its driver something. */
  public static boolean areCarriedIn(SparkConf conf) {
    return Arrays.stream(conf.get(PLUGINS, "").split(","))
        .map(String::strip)
        .anyMatch(name -> name.equals(RunEvents.class.getName()) || name.equals(EARLIER_NAME));
  }

  /** Sets who is told of a run, in the driver, until {@link #forget}. */
  public static void listen(String runId, Consumer<RunEvent> listener) {
    LISTENERS.put(runId, listener);
  }

  /** Ends that; what is still on its way is told to nobody. */
  public static void forget(String runId) {
    LISTENERS.remove(runId);
  }

  /**
   * Tells the driver, from a task, if the application was opened with this plugin; what is lost on
   * the way is in the run's files too, and nothing depends on it.
   */
  public static void send(String runId, RunEvent event) {
    Optional<PluginContext> context = executorContext;
    if (context.isEmpty()) {
      return;
    }
    try {
      context.get().send(JSON.writeValueAsString(new Sent(runId, event)));
    } catch (IOException e) {
      LOG.warn("the driver was not told of {}: {}", event, e.getMessage());
    }
  }

  @Override
  public DriverPlugin driverPlugin() {
    return new DriverPlugin() {
      @Override
      public Object receive(Object message) throws JsonProcessingException {
        Sent sent = JSON.readValue((String) message, Sent.class);
        Optional.ofNullable(LISTENERS.get(sent.runId()))
            .ifPresent(listener -> listener.accept(sent.event()));
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
