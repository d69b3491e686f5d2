/**
 * What jobs read: text files ({@link TextSource}) and tables of Spark SQL ({@link TableSource}) as
 * documents in a fixed order, cut into units that one task reads ({@link Source}, {@link
 * UnitTask}), without nulls, empty ones and malformed bytes ({@link CleanDocuments}); and tables as
 * rows ({@link TableInput}).
 *
 * <p>Units, and the documents in them, depend on the input and on the units' size alone, never on
 * executors or cores.
 *
 * <p>Uses {@code datasets} and its packages {@code pretokenizer}, {@code text} and {@code tokens}.
 * Begin with {@link Sources#open}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.input;
