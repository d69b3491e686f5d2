/**
 * The ground of all modules: the user's mistakes ({@link InvalidInputException}), file systems
 * ({@link Storage}), the digest of files and fingerprints ({@link Sha256}), folders that go with
 * the JVM ({@link TemporaryFolder}), directories that processes share ({@link SharedDirectory}),
 * where native libraries lie ({@link NativeFolder}), reasons to quote ({@link Reason}), things to
 * close ({@link Closing}) and what takes long ({@link LongWork}).
 *
 * <p>Uses no other package of the project, and neither Spark nor an engine. Begin with {@link
 * InvalidInputException}: how a message to a user reads is said there.
 *
 * <p>Internal, but for {@link InvalidInputException}, which callers of the API may catch. The rest
 * is public for the packages beside it, since Java has no other way.
 */
package io.sparkformer.datasets;
