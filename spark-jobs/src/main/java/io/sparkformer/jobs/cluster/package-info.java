/**
 * Spark as jobs use it: how an application is opened ({@link SparkContexts}) and completed for
 * ranks ({@link RankSettings}), executors on this machine ({@link LocalExecutors}), barrier stages
 * ({@link BarrierStage}), the Spark jobs of a session that are ours ({@link JobGroup}), passes over
 * a corpus ({@link CorpusPass}), who is lost and why ({@link ExecutorMonitor}), what tasks tell the
 * driver while they run ({@link RunEvents}), progress, and what of a failure is a user's to mend
 * ({@link Failure}).
 *
 * <p>Uses {@code datasets}, and {@code recipe}, {@code run} and {@code torch} of model-core; no
 * job. Begin with {@link SparkContexts}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.cluster;
