/**
 * The command line: {@link Main}, the exit codes ({@link ExitCode}), and the options that several
 * jobs have ({@link CorpusArguments}, {@link TableArguments}, {@link ModelArguments}, {@link
 * OutputArguments}, {@link GivenText}).
 *
 * <p>Every job has a package of its own below this one, its room, with command, job, tasks and
 * result. {@link Main} finds the commands as services of {@link JobCommand}, so that it imports
 * none of them. Rooms stand on {@code jobs.cluster}, {@code jobs.input}, {@code jobs.output} and
 * {@code jobs.picture}, and import no other room, but for {@code jobs.train}, which ends with
 * {@code jobs.report}, and {@code jobs.bench}, which measures all.
 *
 * <p>Uses these but for {@code jobs.picture}, and {@code datasets}, {@code datasets.tokenizer},
 * {@code predict} and {@code model}. Begin with {@link Main}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs;
