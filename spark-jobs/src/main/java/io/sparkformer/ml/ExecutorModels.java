package io.sparkformer.ml;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of this JVM: each is loaded once for each device, shared by all tasks that want it,
 * and closed when none has wanted it for a while.
 *
 * <p>A while, since between a stage's tasks, and between a stream's batches, there is a moment in
 * which none runs.
 */
public final class ExecutorModels {

  private static final Logger LOG = LoggerFactory.getLogger(ExecutorModels.class);
  private static final long IDLE_SECONDS = 60;

  private static final Map<Key, Entry> ENTRIES = new HashMap<>();
  private static final ScheduledExecutorService CLOSER =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread thread = new Thread(work, "idle-models");
            thread.setDaemon(true);
            return thread;
          });

  private ExecutorModels() {}

  /**
   * What makes models different.
   *
   * @param task what it is loaded for
   * @param version of the files
   */
  record Key(Class<?> task, String path, ModelVersion version, String device) {}

  /** Loads a model. */
  @FunctionalInterface
  interface Loader {
    AutoCloseable load() throws IOException;
  }

  /** A task's hold on a model, which is not closed before it is. */
  static final class Lease implements AutoCloseable {
    private final Key key;
    private final Entry entry;
    private final boolean loaded;

    private Lease(Key key, Entry entry, boolean loaded) {
      this.key = key;
      this.entry = entry;
      this.loaded = loaded;
    }

    AutoCloseable model() {
      return entry.model;
    }

    /** Whether it was for this lease that the model was loaded. */
    boolean isFirst() {
      return loaded;
    }

    @Override
    public void close() {
      release(key, entry);
    }
  }

  private static final class Entry {
    private AutoCloseable model;
    private int users;
    private long idleSinceNanos;
  }

  /** The model, loaded if need be; other tasks that want it wait for that. */
  static Lease lease(Key key, Loader loader) throws IOException {
    closeOlder(key);
    Entry entry;
    synchronized (ENTRIES) {
      entry = ENTRIES.computeIfAbsent(key, k -> new Entry());
      entry.users++;
    }
    boolean loaded = false;
    try {
      synchronized (entry) {
        if (entry.model == null) {
          entry.model = loader.load();
          loaded = true;
        }
      }
      return new Lease(key, entry, loaded);
    } catch (IOException | RuntimeException | Error e) {
      release(key, entry);
      throw e;
    }
  }

  private static void release(Key key, Entry entry) {
    synchronized (ENTRIES) {
      entry.users--;
      entry.idleSinceNanos = System.nanoTime();
    }
    Future<?> unused =
        CLOSER.schedule(() -> closeIfIdle(key, entry), IDLE_SECONDS, TimeUnit.SECONDS);
  }

  private static void closeIfIdle(Key key, Entry entry) {
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - entry.idleSinceNanos);
    boolean idle;
    synchronized (ENTRIES) {
      idle = entry.users == 0 && seconds >= IDLE_SECONDS && ENTRIES.remove(key, entry);
    }
    if (idle) {
      close(entry);
    }
  }

  /** A model whose files were replaced is not wanted again. */
  private static void closeOlder(Key key) {
    closeIdle(other -> other.path().equals(key.path()) && !other.version().equals(key.version()));
  }

  /** Closes all that no task uses, as at the end of an application whose JVM goes on. */
  public static void closeIdle() {
    closeIdle(key -> true);
  }

  private static void closeIdle(Predicate<Key> which) {
    List<Entry> idle = new ArrayList<>();
    synchronized (ENTRIES) {
      ENTRIES
          .entrySet()
          .removeIf(
              found -> {
                boolean closed = found.getValue().users == 0 && which.test(found.getKey());
                if (closed) {
                  idle.add(found.getValue());
                }
                return closed;
              });
    }
    idle.forEach(ExecutorModels::close);
  }

  /** Models that are loaded in this JVM. */
  static int loaded() {
    synchronized (ENTRIES) {
      return ENTRIES.size();
    }
  }

  private static void close(Entry entry) {
    try {
      if (entry.model != null) {
        entry.model.close();
      }
    } catch (Exception e) { // AutoCloseable allows any
      LOG.warn("a model was not closed: {}", e.toString());
    }
  }
}
