package io.sparkformer.jobs.export;

import java.util.List;

/**
 * What was written.
 *
 * @param format its name as on the command line
 * @param dtype what numbers were written as, as on the command line
 * @param file the one with the weights
 * @param parameters numbers in the model
 * @param moduleBytes of that file
 * @param labels names of a classifier's classes
 */
record ExportResult(
    String format,
    String dtype,
    String file,
    long parameters,
    long moduleBytes,
    List<String> labels,
    String model,
    String output,
    double seconds) {}
