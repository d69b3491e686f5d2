package io.sparkformer.jobs.dataset;

import io.sparkformer.datasets.tokens.SplitName;
import java.util.SortedMap;

/**
 * What merge prints.
 *
 * @param tokens by split
 */
record DatasetMergeResult(
    int merged, SortedMap<SplitName, Long> tokens, long bytes, String output) {}
