/**
 * The job {@code evaluate}: a model's figures on a whole split, in one task ({@link EvaluateJob}),
 * or a classifier's on a labelled table, on all executors ({@link TableEvaluation}), by the measure
 * of what it predicts ({@link TableMeasure}).
 *
 * <p>Uses {@code jobs}, {@code jobs.cluster}, {@code jobs.input} and {@code ml}, and of the modules
 * below {@code run}, {@code recipe}, {@code model}, {@code predict}, {@code evaluation}, and {@code
 * datasets} and its packages. Begin with {@link EvaluateCommand}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.evaluate;
