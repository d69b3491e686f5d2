/**
 * What a run looks like: {@code loss.png} and {@code learning-rate.png} ({@link TrainingCurves}),
 * and {@code report.html}, all of it on one page ({@link RunReport}), from the files that training
 * wrote.
 *
 * <p>Uses {@code jobs.picture}, and {@code run}, {@code evaluation}, {@code model}, {@code
 * datasets} and {@code datasets.tokens}; Spark is not needed. Begin with {@link RunReport}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.report;
