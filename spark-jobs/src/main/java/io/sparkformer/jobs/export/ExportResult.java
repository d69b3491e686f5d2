package io.sparkformer.jobs.export;

import java.util.List;

/**
 * What was written.
 *
 * @param format its name as on the command line
 * @param parameters numbers in the model
 * @param moduleBytes of model.pt
 * @param labels names of a classifier's classes
 */
record ExportResult(
    String format,
    long parameters,
    long moduleBytes,
    List<String> labels,
    String model,
    String output,
    double seconds) {}
