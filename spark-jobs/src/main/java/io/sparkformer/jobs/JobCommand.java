package io.sparkformer.jobs;

/**
 * A job of the command line: a picocli {@code @Command} that is a {@code Callable} of its result, a
 * record, or that only groups commands.
 *
 * <p>{@link Main} finds jobs as services, so that it knows none of them: a new one adds a line to
 * {@code META-INF/services/io.sparkformer.jobs.JobCommand}, where it stands in the order of {@code
 * --help}.
 */
public interface JobCommand {}
