/**
 * The jobs {@code train} and {@code doctor}. {@link TrainJob} checks what the driver can and what
 * executors find ({@link Preflight}), {@link TrainRetries} starts a barrier stage, and the next one
 * when ranks are lost, {@link TrainTask} is a rank on its executor, {@link RunPage} writes the
 * report. {@code doctor} is {@link Preflight} alone.
 *
 * <p>Uses {@code jobs}, {@code jobs.cluster}, {@code jobs.output}, whose lock a run holds, {@code
 * jobs.report}, in which it is seen, and of the modules below {@code run}, {@code recipe}, {@code
 * model}, {@code collective}, {@code torch}, and {@code datasets} and its packages. Begin with
 * {@link TrainJob#run}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.train;
