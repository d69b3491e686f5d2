package io.sparkformer.ml;

import ai.djl.Device;
import io.sparkformer.predict.TextReader;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;

/**
 * What is done with texts, on executors.
 *
 * @param <M> the model that does it, which many threads may use at once
 */
interface TextTask<M extends AutoCloseable> extends Serializable {

  /** Loads a model directory. */
  M load(String path, Configuration hadoop, Device device) throws IOException;

  /** A reader for one thread. */
  TextReader reader(M model);

  /**
   * Puts rows through the model.
   *
   * @param rows token ids, at least one a row
   * @return a struct of {@link #type} for each, in their order
   */
  List<Row> run(M model, List<int[]> rows);

  /** The struct of a text that there is no result for: the error, its last field, alone. */
  default Row failed(String error) {
    Object[] values = new Object[type().length()];
    values[values.length - 1] = error;
    return RowFactory.create(values);
  }

  /** The names of what a struct counts as in summaries: labels, for one. */
  List<String> outcomes(Row result);

  StructType type();
}
