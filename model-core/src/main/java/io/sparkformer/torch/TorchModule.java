package io.sparkformer.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.hadoop.util.ShutdownHookManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A TorchScript module in the engine. This is the only class that uses DJL's JNI layer. */
public final class TorchModule implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TorchModule.class);

  /** Both modes are the thread's own in the engine; with the optimizer on, bf16 backward fails. */
  private static final ThreadLocal<Boolean> MODES =
      ThreadLocal.withInitial(
          () -> {
            JniUtils.setGraphExecutorOptimize(false);
            JniUtils.setGradMode(true);
            return true;
          });

  /**
   * Held for reading by every call. When the JVM ends, its last hook takes it for writing: the
   * engine must not be at work while the C library destroys the engine's globals.
   */
  private static final ReentrantReadWriteLock RUNNING = new ReentrantReadWriteLock();

  private static final int LAST_CALL_SECONDS = 20;

  /** Those before it, of this program, Spark and Hadoop, may still need the engine. */
  private static final int LAST_HOOK = 1;

  static {
    ShutdownHookManager.get().addShutdownHook(TorchModule::awaitLastCall, LAST_HOOK);
  }

  private final PtSymbolBlock module;

  private TorchModule(PtSymbolBlock module) {
    this.module = module;
  }

  /** Compiles an archive. */
  public static TorchModule load(NDManager manager, byte[] archive) {
    MODES.get();
    try {
      // The last argument: no length precedes the archive.
      return new TorchModule(
          JniUtils.loadModule(
              (PtNDManager) manager, new ByteArrayInputStream(archive), false, false));
    } catch (IOException e) {
      throw new UncheckedIOException("reading from memory failed", e);
    }
  }

  public static void threads(int threads) {
    TorchEngine.get(); // The engine sets its own number when it starts.
    JniUtils.setNumThreads(threads);
  }

  public static void seed(long seed) {
    JniUtils.setSeed(seed);
  }

  /** A list of arrays in the engine; the arrays stay the caller's. */
  public static final class NativeList implements AutoCloseable {
    private final IValue list;

    public NativeList(List<NDArray> arrays) {
      this.list = listOf(arrays);
    }

    @Override
    public void close() {
      list.close();
    }
  }

  private static IValue listOf(List<NDArray> arrays) {
    return IValue.listFrom(arrays.toArray(new PtNDArray[0]));
  }

  /**
   * Runs a method without autograd.
   *
   * @param arguments NDArray, {@code List<NDArray>}, NativeList, Long, Double, String or Boolean
   *     each; stay the caller's
   */
  public NDArray call(NDManager manager, String method, Object... arguments) {
    return call(method, arguments, result -> result.toTensor((PtNDManager) manager));
  }

  /** As {@link #call}, of a method that returns a list. */
  public NDList callForList(NDManager manager, String method, Object... arguments) {
    return call(method, arguments, result -> result.toNDList((PtNDManager) manager));
  }

  private <T> T call(String method, Object[] arguments, Function<IValue, T> converted) {
    IValue[] values = new IValue[arguments.length];
    List<IValue> own = new ArrayList<>(arguments.length);
    return running(
        () -> {
          try {
            for (int i = 0; i < values.length; i++) {
              values[i] = value(arguments[i], own);
            }
            try (IValue result = IValueUtils.runMethod(module, method, values)) {
              return converted.apply(result);
            }
          } finally {
            own.forEach(IValue::close);
          }
        });
  }

  /** Calls the engine, which must not be at work when the JVM ends. */
  static <T> T running(Supplier<T> call) {
    MODES.get();
    RUNNING.readLock().lock();
    try {
      return call.get();
    } finally {
      RUNNING.readLock().unlock();
    }
  }

  @SuppressWarnings("unchecked")
  private static IValue value(Object argument, List<IValue> own) {
    if (argument instanceof NativeList list) {
      return list.list;
    }
    IValue value;
    if (argument instanceof PtNDArray array) {
      value = IValue.from(array);
    } else if (argument instanceof List<?> arrays) {
      value = listOf((List<NDArray>) arrays);
    } else if (argument instanceof Long number) {
      value = IValue.from(number);
    } else if (argument instanceof Double number) {
      value = IValue.from(number);
    } else if (argument instanceof String text) {
      value = IValue.from(text);
    } else {
      value = IValue.from((boolean) argument);
    }
    own.add(value);
    return value;
  }

  /**
   * Runs a method with autograd.
   *
   * @param inputs arguments in order; arrays of one name that ends in [] are one list argument, and
   *     the name module_method:NAME selects the method
   * @return what it returns, attached to the first input's manager
   */
  public NDList forward(NDList inputs) {
    return running(() -> IValueUtils.forward(module, inputs, true));
  }

  @SuppressWarnings("LockNotBeforeTry") // Never released: no further call may start.
  private static void awaitLastCall() {
    try {
      if (!RUNNING.writeLock().tryLock(LAST_CALL_SECONDS, TimeUnit.SECONDS)) {
        LOG.warn("the engine is still at work after {} s", LAST_CALL_SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    module.close();
  }
}
