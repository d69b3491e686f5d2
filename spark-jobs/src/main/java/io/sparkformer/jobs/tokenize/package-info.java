/**
 * The job {@code tokenize}: a corpus to a token data set. {@link TokenizeJob} goes on with the
 * units that are missing, {@link CorpusAnalysis} finds what depends on the whole corpus, {@link
 * EncodeTask} tokenizes a unit on an executor ({@link ShuffledUnits} where documents are shuffled),
 * {@link SplitWriter} writes its shards, {@link DatasetAssembly} puts the data set together.
 *
 * <p>Uses {@code jobs}, {@code jobs.cluster}, {@code jobs.input}, {@code jobs.output}, and {@code
 * datasets} and its packages. Begin with {@link TokenizeJob#run}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.tokenize;
