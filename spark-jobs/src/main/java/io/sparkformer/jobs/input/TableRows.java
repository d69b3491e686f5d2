package io.sparkformer.jobs.input;

import java.util.Iterator;
import org.apache.spark.sql.catalyst.InternalRow;

/**
 * A partition of Spark SQL's while it is read; never leaves its task.
 *
 * @param partition its number in the plan
 */
record TableRows(int partition, Iterator<InternalRow> rows) {}
