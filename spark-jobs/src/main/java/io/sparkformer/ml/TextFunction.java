package io.sparkformer.ml;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.model.Kernels;
import io.sparkformer.predict.TextReader;
import java.io.IOException;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.util.TaskCompletionListener;

/** A function of SQL: one text after the other. */
final class TextFunction<M extends AutoCloseable> implements UDF1<String, Row> {

  private static final long serialVersionUID = 1;

  private final ExecutorTask<M> work;
  private final OnError onError;

  private transient M model;
  private transient TextReader reader;

  TextFunction(ExecutorTask<M> work, OnError onError) {
    this.work = work;
    this.onError = onError;
  }

  @Override
  public Row call(String text) throws IOException {
    Row result;
    if (text == null) {
      result = work.task().failed(Window.NULL);
    } else if (text.isEmpty()) {
      result = work.task().failed(Window.EMPTY);
    } else if (TaskContext.get() == null) {
      result = onDriver(text);
    } else {
      if (model == null) {
        open();
      }
      result = result(text, model, reader);
    }
    return Window.hasFailed(result) ? onError.shown(result, "a row") : result;
  }

  private Row result(String text, M with, TextReader by) {
    try {
      int[] ids = by.read(text);
      return ids.length == 0
          ? work.task().failed(Window.EMPTY)
          : work.task().run(with, List.of(ids)).get(0);
    } catch (InvalidInputException e) {
      return work.task().failed(e.getMessage());
    }
  }

  /**
   * Spark computes constants and small tables there, by any number of threads with one function.
   */
  private Row onDriver(String text) throws IOException {
    try (ExecutorModels.Lease lease = work.lease()) {
      M shared = work.model(lease);
      return result(text, shared, work.task().reader(shared));
    }
  }

  private void open() throws IOException {
    Kernels.threads(TaskContext.get().cpus());
    ExecutorModels.Lease lease = work.lease();
    TaskCompletionListener close =
        ended -> {
          model = null;
          lease.close();
        };
    TaskContext.get().addTaskCompletionListener(close);
    model = work.model(lease);
    reader = work.task().reader(model);
  }
}
